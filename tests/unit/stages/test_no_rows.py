"""Records that are no rows: blank ones, the header again, totals; and rows that only look like one."""

import pytest

from gateway.stages.dialect import FileFinding
from tests.unit.stages.test_any_file import Records, pieces

HEADER = "kenmerk;achternaam;straat;postcode;bedrag;opmerking\n"
ROW = "S-1;Voorbeeld;Dorpsstraat;1012 AB;250,75;\n"


def read(body: str, *, header: str = HEADER) -> tuple[int, list[FileFinding]]:
    found = pieces((header + body).encode())
    rows = sum(piece.raw.height for piece in found if isinstance(piece, Records))
    return rows, [piece for piece in found if isinstance(piece, FileFinding)]


def total(row_no: int, count: int = 1) -> list[FileFinding]:
    return [FileFinding(code="totaalregel_overgeslagen", vorm=str(count), row_no=row_no)]


@pytest.mark.parametrize(
    "line",
    [
        "Totaal;;;;250,75;",
        "TOTAAL:;;;;250,75;",
        ";;;Totaal;250,75;",
        ";;;;250,75;Totaal",
        ";Subtotaal;;;250,75;",
        "Eindtotaal (12 regels);;;;250,75;",
        "*** Totaal aantal: 12 ***;;;;;",
        "Som;;;;250,75;",
        "Grand total;;;;250,75;",
        ";;;;250,75;",
        "Totaal;250,75",
        "Totaal; € 1.250,75",
    ],
)
def test_a_total_is_left_out_and_told_with_its_place(line: str) -> None:
    assert read(ROW * 3 + line + "\n") == (3, total(4))


def test_totals_in_between_are_counted_and_the_first_is_placed() -> None:
    body = ROW * 2 + "Subtotaal;;;;1,00;\n" + ROW + "Subtotaal;;;;1,00;\n;;;;;\nTotaal;;;;2,00;\n"
    assert read(body) == (3, total(3, 3))


@pytest.mark.parametrize(
    "line",
    [
        "S-2;Totaal;Dorpsstraat;1012 AB;250,75;",
        "S-2;Som;;;250,75;",
        ";Totaal;Dorpsstraat;;250,75;",
        "S-2;;;;250,75;Totaal",
        "Sommer;;;;250,75;",
        ";Totaalplein;;;250,75;",
        ";;;;250,75;onbekend",
        "*** einde lijst ***",
    ],
)
def test_what_may_be_somebody_is_a_row(line: str) -> None:
    assert read(ROW + line + "\n" + ROW) == (3, [])


def test_a_total_cannot_be_told_where_a_file_has_next_to_nothing_of_somebody() -> None:
    assert read("huur;Totaal\n", header="soort;kenmerk\n") == (1, [])


@pytest.mark.parametrize("again", [HEADER, "\ufeff" + HEADER, HEADER.replace(";", " ;", 1)])
def test_the_header_again_is_counted(again: str) -> None:
    told = FileFinding(code="kopregel_herhaald", vorm="2", row_no=2)
    assert read(ROW + again + ROW + again) == (2, [told])


def test_a_row_that_holds_the_name_of_one_column_is_a_row() -> None:
    assert read(ROW + "S-2;Voorbeeld;straat;1012 AB;bedrag;\n") == (2, [])


@pytest.mark.parametrize("line", ["", ";;;;;", "  ;;  ; ;;", "\t;;;;;", "   ", "\u00a0;;;;;", "\x1a", ";;;;;;;;;"])
def test_a_line_with_nothing_in_it_is_no_row(line: str) -> None:
    assert read(ROW + (line + "\n") * 3 + ROW + line + "\n") == (2, [])


def test_header_and_total_in_one_block_are_placed_among_the_rows() -> None:
    body = HEADER + ROW + HEADER + ROW + "Totaal;;;;2,00;\n" + ROW
    assert read(body) == (3, [FileFinding(code="kopregel_herhaald", vorm="2", row_no=1), *total(3)])
