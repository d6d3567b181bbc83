"""The last column of a repair file, and cells that no spreadsheet runs and that come back as they were sent."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.repair_column import as_sent, harmless, link_header, repaired_upload, repairs

ID = "01a1f84a-95c0-7d95-8d48-471400000000"
CELLS = st.text(st.sampled_from("'=+-@\t\r\n|%＝＋－＠ 0123.,aé\"") | st.characters(exclude_categories=["Cs"]))


def written(cell: str) -> str:
    return str(pl.DataFrame({"cell": [cell]}).select(harmless(pl.col("cell"))).item())


def read(cell: str) -> str:
    return str(pl.DataFrame({"cell": [cell]}).select(as_sent(pl.col("cell"))).item())


@given(CELLS)
def test_every_cell_comes_back_as_it_was_sent(cell: str) -> None:
    assert read(written(cell)) == cell


@given(CELLS)
def test_no_cell_begins_as_a_formula_but_a_plain_number(cell: str) -> None:
    made = written(cell)
    assert not made.startswith(tuple("=@\t\r\n|%＝＋－＠"))
    assert not made.startswith(("+", "-")) or made[1:].replace(".", "").replace(",", "").isdigit()


@pytest.mark.parametrize(
    "cell", ["", "Voorbeeld", "-12,50", "+31612345678", "-", "12-2", "'t Hoekje", "d'Artagnan", "a=1"]
)
def test_little_is_changed(cell: str) -> None:
    assert written(cell) == ("'-" if cell == "-" else cell)


@pytest.mark.parametrize(
    ("cell", "made"),
    [("=1+1", "'=1+1"), ("'=1+1", "''=1+1"), ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"), ("\t=1", "'\t=1")],
)
def test_what_runs_is_made_text(cell: str, made: str) -> None:
    assert written(cell) == made


def test_nothing_stays_nothing() -> None:
    frame = pl.DataFrame({"cell": [None]}, schema={"cell": pl.String})
    assert frame.select(harmless(pl.col("cell"))).item() is None
    assert frame.select(as_sent(pl.col("cell"))).item() is None


def test_the_header_names_the_upload_and_is_known_again() -> None:
    assert repaired_upload(link_header(ID)) == ID
    assert repaired_upload(f"  Bevindingen (herstel van {ID.upper()}) ") == ID
    assert repairs(["soort", link_header(ID), "bedrag"]) == ID
    assert repairs(["soort", "bevindingen"]) is None


@pytest.mark.parametrize(
    "header", ["bevindingen", "bevindingen (herstel van mij)", f"herstel van {ID}", f"x {link_header(ID)}"]
)
def test_another_header_is_no_link(header: str) -> None:
    assert repaired_upload(header) is None
