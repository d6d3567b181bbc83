"""The process itself: workbooks as programs write them become CSV; hostile ones end it, and nothing else."""

import csv
import datetime as dt
import io
import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from gateway.flow.workbook import opened_workbook
from gateway.sheets import Opened, Request
from gateway.stages.unreadable import UnreadableError
from tests.files import MIB, a_zip, an_ods, an_xlsx, raw_ods, raw_xlsx, xlsx_of


def a_request(
    *,
    memory_bytes: int = 1024 * MIB,
    cpu_seconds: int = 60,
    unpacked_bytes: int = 64 * MIB,
    cells: int = 1_000_000,
    blad: str | None = None,
) -> Request:
    return Request(
        memory_bytes=memory_bytes,
        cpu_seconds=cpu_seconds,
        unpacked_bytes=unpacked_bytes,
        cells=cells,
        blad=blad,
    )


def opened(data: bytes, request: Request | None = None) -> tuple[Opened, list[list[str]]]:
    with opened_workbook([data], request or a_request()) as (said, pieces):
        text = b"".join(pieces).decode()
    return said, list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def refused(data: bytes, request: Request | None = None) -> tuple[str, str | None]:
    with pytest.raises(UnreadableError) as caught:
        opened(data, request)
    return caught.value.code, caught.value.vorm


def test_a_workbook_of_excel_becomes_csv() -> None:
    said, rows = opened(an_xlsx([["soort", "bedrag"], ["huur", 250.75], ["zorg", 12]]))
    assert said == Opened(vorm="xlsx", blad="Blad1", bladen=("Blad1",), zonder_uitkomst=0)
    assert rows == [["soort", "bedrag"], ["huur", "250,75"], ["zorg", "12"]]


def test_a_workbook_of_libreoffice_becomes_csv() -> None:
    said, rows = opened(an_ods([["soort", "bedrag"], ["huur", 250.75], ["zorg", 12]]))
    assert said == Opened(vorm="ods", blad="Blad1", bladen=("Blad1",), zonder_uitkomst=0)
    assert rows == [["soort", "bedrag"], ["huur", "250,75"], ["zorg", "12"]]


def a_book_of_everything() -> bytes:
    """One row per kind of cell, in the second column, from the third row on."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row, value in enumerate(
        [
            "0363",
            "regel een\nregel twee",
            'met "aanhaling"; en punt',
            dt.date(2026, 10, 1),
            dt.datetime(2026, 10, 1, 14, 30),  # noqa: DTZ001 - a workbook knows no zones
            True,
            False,
            0.1 + 0.2,
            1e15,
            "#N/A",
            "#DIV/0!",
            "=1+1",
            "é€ß",
            "a\tb",
        ],
        3,
    ):
        sheet.cell(row, 2, value)
    sheet.cell(17, 2, 0.21).number_format = "0%"
    sheet.cell(18, 2, 29586).number_format = "[$-413]d mmmm yyyy;@"
    sheet.cell(19, 2, 363).number_format = "0000"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


EVERYTHING = [
    "0363",
    "regel een\nregel twee",
    'met "aanhaling"; en punt',
    "2026-10-01",
    "2026-10-01 14:30:00",
    "Ja",
    "Nee",
    "0,3",
    "1000000000000000",
    "#N/B",
    "#DEEL/0!",
    "",
    "é€ß",
    "a\tb",
    "0,21",
    "1980-12-31",
    "363",
]


def test_every_kind_of_cell_is_read_and_stands_where_it_stood() -> None:
    said, rows = opened(a_book_of_everything())
    assert rows == [["", ""], ["", ""], *(["", text] for text in EVERYTHING)]
    assert said.zonder_uitkomst == 1


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_every_kind_of_cell_is_read_as_libreoffice_writes_it(form: str) -> None:
    """The same workbook, opened and saved by LibreOffice 7.4 beside this file."""
    said, rows = opened(Path(__file__).with_name(f"libreoffice.{form}").read_bytes())
    computed = [text or "2" for text in EVERYTHING]  # it works the formula out
    if form == "ods":
        computed[5:7] = ["1", "0"]  # it saves the truth of Excel as a formula whose result is a number
    assert rows == [["", ""], ["", ""], *(["", text] for text in computed)]
    assert (said.vorm, said.zonder_uitkomst) == (form, 0)


def test_the_first_visible_sheet_with_data_is_read() -> None:
    book = xlsx_of({"Verborgen": [["a"]], "Leeg": [], "Signalen": [["b"]], "Meer": [["c"]]}, hidden=["Verborgen"])
    said, rows = opened(book)
    assert (said.blad, rows) == ("Signalen", [["b"]])
    assert said.bladen == ("Verborgen", "Leeg", "Signalen", "Meer")


@pytest.mark.parametrize("blad", ["Verborgen", " verborgen "])
def test_the_sheet_that_is_asked_for_is_read(blad: str) -> None:
    book = xlsx_of({"Signalen": [["b"]], "Verborgen": [["a"]]}, hidden=["Verborgen"])
    assert opened(book, a_request(blad=blad))[1] == [["a"]]


def test_a_sheet_that_is_not_there_is_named() -> None:
    assert refused(an_xlsx([["a"]]), a_request(blad="Signalen")) == (
        "bestand_werkblad_ontbreekt",
        "met de naam Signalen",
    )


def test_a_workbook_without_data_gives_nothing() -> None:
    said, rows = opened(xlsx_of({"Leeg": []}))
    assert (said.blad, rows) == ("Leeg", [])


FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
MANY = (
    '<table:table table:name="a"><table:table-row table:number-rows-repeated="1000000"><table:table-cell'
    ' office:value="1" table:number-columns-repeated="16000"/></table:table-row></table:table>'
)


def a_column(rows: int) -> str:
    """More text than a pipe holds."""
    return "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, rows + 1))


def test_one_cell_far_away_is_refused_with_its_place() -> None:
    assert refused(raw_xlsx(FAR)) == (
        "bestand_werkblad_te_groot",
        "het werkblad loopt door tot cel XFD1048576",
    )


def test_cells_that_stand_for_billions_are_refused() -> None:
    assert refused(raw_ods(MANY)) == ("bestand_werkblad_te_groot", "er zijn te veel cellen")


def test_what_is_not_counted_meets_the_limit_of_memory() -> None:
    assert refused(raw_xlsx(FAR.replace('"', "'")), a_request(memory_bytes=300 * MIB)) == (
        "bestand_werkblad_te_groot",
        "openen kost meer dan 300 MiB geheugen",
    )


def test_a_workbook_that_takes_more_memory_than_it_may_is_ended() -> None:
    assert refused(raw_xlsx(a_column(500_000)), a_request(memory_bytes=60 * MIB)) == (
        "bestand_werkblad_te_groot",
        "openen kost meer dan 60 MiB geheugen",
    )


def test_what_the_library_itself_refuses_is_damaged() -> None:
    spaces = (
        '<table:table table:name="a"><table:table-row><table:table-cell office:value-type="string"><text:p>'
        '<text:s text:c="4000000000"/></text:p></table:table-cell></table:table-row></table:table>'
    )
    for data in (raw_ods(spaces), raw_ods(MANY.replace('"1000000"', "'1000000'"))):
        assert refused(data, a_request(memory_bytes=300 * MIB))[0] == "bestand_ingepakt_beschadigd"


def test_a_workbook_that_takes_too_long_is_ended() -> None:
    assert refused(raw_xlsx(a_column(900_000)), a_request(cpu_seconds=1)) == (
        "bestand_werkblad_te_groot",
        "openen duurt langer dan 1 seconden",
    )


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    data = raw_xlsx("", **{"xl/sharedStrings.xml": bytes(200 * MIB)})
    assert refused(data) == ("bestand_ingepakt_te_groot", "64 MiB")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (raw_xlsx('<row r="1"><c r="A1"><v>1</v>'), "bestand_ingepakt_beschadigd"),
        (raw_xlsx("", **{"xl/workbook.xml": b"<workbook"}), "bestand_ingepakt_beschadigd"),
        (raw_xlsx("", **{"xl/worksheets/sheet1.xml": b""}), "bestand_ingepakt_beschadigd"),
        (raw_xlsx('<row r="1"><c r="A1" t="s"><v>99</v></c></row>'), "bestand_ingepakt_beschadigd"),
        (an_xlsx([["a"]])[:-40], "bestand_ingepakt_beschadigd"),
        (a_zip({"[Content_Types].xml": b"", "xl/x.xml": b""}), "bestand_ingepakt_beschadigd"),
        (a_zip({"[Content_Types].xml": b"", "xl/workbook.bin": b""}), "bestand_geen_csv"),
        (a_zip({"[Content_Types].xml": b"", "word/document.xml": b""}), "bestand_geen_csv"),
        (a_zip({"a.csv": b"soort"}), "bestand_ingepakt_meer"),
        (b"PK\x03\x04", "bestand_ingepakt_beschadigd"),
    ],
)
def test_what_is_no_workbook_is_told(data: bytes, code: str) -> None:
    assert refused(data)[0] == code


def test_nothing_of_a_file_is_told_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    refused(raw_xlsx(FAR.replace('"', "'")), a_request(memory_bytes=300 * MIB))  # the library says so itself
    assert capfd.readouterr().err == ""


def test_the_process_is_gone_when_its_reader_leaves(before: set[str]) -> None:
    with opened_workbook([raw_xlsx(a_column(300_000))], a_request()) as (_, pieces):
        assert next(pieces)
        assert children() > before
    assert children() == before


def test_the_process_is_gone_when_its_bytes_fail(before: set[str]) -> None:
    def failing() -> Iterator[bytes]:
        yield an_xlsx([["a"]])[:100]
        assert children() > before
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), opened_workbook(failing(), a_request()):
        raise AssertionError
    assert children() == before


def children() -> set[str]:
    """Processes that this one started by this thread, as Linux tells them."""
    return set((Path("/proc/thread-self") / "children").read_text().split())


@pytest.fixture
def before() -> set[str]:
    """Those that others in this test run had started."""
    return children()


def test_a_process_that_is_killed_refuses_the_file(before: set[str]) -> None:
    """As the system does when memory is short; what was read so far does not count as all."""
    with opened_workbook([raw_xlsx(a_column(300_000))], a_request()) as (_, pieces):
        assert next(pieces)
        (child,) = children() - before
        os.kill(int(child), signal.SIGKILL)
        with pytest.raises(UnreadableError) as caught:
            list(pieces)
    assert caught.value.code == "bestand_werkblad_te_groot"


def a_country() -> bytes:
    """200,000 rows of 16 cells, half of them texts, as Excel writes them."""
    text = "".join(f'<c r="{column}%d" t="inlineStr"><is><t>tekst %d</t></is></c>' for column in "ABCDEFGH")
    number = "".join(f'<c r="{column}%d"><v>%d.5</v></c>' for column in "IJKLMNOP")
    out = io.BytesIO(raw_xlsx(""))
    with zipfile.ZipFile(out) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    head, tail = members.pop("xl/worksheets/sheet1.xml").split(b"</sheetData>")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(head)
            for n in range(1, 200_001):
                sheet.write((f'<row r="{n}">' + (text + number) % ((n,) * 32) + "</row>").encode())
            sheet.write(b"</sheetData>" + tail)
    return out.getvalue()


def test_the_rows_of_the_whole_country_need_half_a_gigabyte() -> None:
    """And of their reader no more than a piece at a time."""
    request = a_request(memory_bytes=512 * MIB, unpacked_bytes=1024 * MIB, cells=5_000_000)
    rows = largest = 0
    with opened_workbook([a_country()], request) as (_, pieces):
        for piece in pieces:
            rows += piece.count(b"\r\n")
            largest = max(largest, len(piece))
    assert rows == 200_000
    assert largest <= MIB
