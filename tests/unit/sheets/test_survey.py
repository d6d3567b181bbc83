"""Cells are counted before they are opened: what real programs write, exactly; what asks for more, in time."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.profiel import Bestandsvorm
from gateway.sheets.survey import CONTENT, Survey, survey
from gateway.sheets.zips import Archive
from gateway.stages.unreadable import UnreadableError
from tests.files import MIB, a_zip, an_ods, an_xlsx, raw_ods, raw_xlsx

SHEET = "xl/worksheets/sheet1.xml"


def seen(data: bytes, vorm: Bestandsvorm) -> Survey:
    return survey(Archive(io.BytesIO(data)), vorm, limit=64 * MIB)


def xlsx(sheet: str) -> tuple[int, str]:
    part = seen(raw_xlsx(sheet), Bestandsvorm.XLSX).parts[SHEET]
    return part.cells, part.last


def ods(tables: str) -> int:
    return seen(raw_ods(tables), Bestandsvorm.ODS).parts[CONTENT].cells


@settings(deadline=None)
@given(rows=st.integers(1, 30), columns=st.integers(1, 60))
def test_a_sheet_of_excel_is_counted(rows: int, columns: int) -> None:
    part = seen(an_xlsx([["x"] * columns] * rows), Bestandsvorm.XLSX).parts[SHEET]
    assert part.cells == rows * columns


@settings(deadline=None)
@given(rows=st.integers(1, 10), columns=st.integers(1, 20))
def test_a_sheet_of_libreoffice_is_counted(rows: int, columns: int) -> None:
    assert seen(an_ods([["x", 1.5] * columns] * rows), Bestandsvorm.ODS).parts[CONTENT].cells == rows * 2 * columns


@pytest.mark.parametrize(
    ("sheet", "cells", "last"),
    [
        ("", 0, "0"),
        ('<row r="1"><c r="A1"><v>1</v></c></row>', 1, "A1"),
        ('<row r="1"><c r="XFD1"><v>1</v></c></row>', 16384, "XFD1"),
        (
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" t="s"><v>0</v></c></row>',
            16384 * 1048576,
            "XFD1048576",
        ),
        (  # a border to the last row, and a format to the last column, hold nothing
            '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row><row r="1048576"><c r="B1048576" s="1"/></row>',
            1,
            "A1",
        ),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="ZZ1" s="1"></c></row>', 1, "A1"),
        ('<row r="2"><c s="2" r="AB2" t="inlineStr"><is><t>x</t></is></c></row>', 56, "AB2"),
    ],
)
def test_only_cells_that_hold_something_count(sheet: str, cells: int, last: str) -> None:
    assert xlsx(sheet) == (cells, last)


@pytest.mark.parametrize(
    ("rows", "cells"),
    [
        ("", 0),
        ("<table:table-row><table:table-cell/></table:table-row>", 0),
        (  # as LibreOffice ends every sheet and every row
            (
                '<table:table-row><table:table-cell office:value="1"/><table:table-cell'
                ' table:number-columns-repeated="16383"/></table:table-row><table:table-row'
                ' table:number-rows-repeated="1048575"><table:table-cell table:number-columns-repeated="16384"/>'
                "</table:table-row>"
            ),
            1,
        ),
        (
            (
                '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value="1"'
                ' table:number-columns-repeated="16000"/></table:table-row>'
            ),
            16_000_000_000,
        ),
        (
            (
                '<table:table-row><table:table-cell table:number-columns-repeated="9"/><table:table-cell'
                ' office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
            ),
            10,
        ),
        (
            (
                '<table:table-row table:number-rows-repeated="4"><table:table-cell/></table:table-row><table:table-row>'
                '<table:covered-table-cell/><table:table-cell table:formula="of:=1" /></table:table-row>'
            ),
            10,
        ),
    ],
)
def test_repeated_rows_and_cells_count_as_often_as_they_are_repeated(rows: str, cells: int) -> None:
    assert ods(f'<table:table table:name="a">{rows}</table:table>') == cells


def test_all_sheets_of_libreoffice_count_for_they_are_opened_together() -> None:
    table = (
        '<table:table table:name="a"><table:table-row table:number-rows-repeated="10"><table:table-cell'
        ' office:value="1" table:number-columns-repeated="3"/></table:table-row></table:table>'
    )
    assert ods(table * 2) == 60


@settings(deadline=None, max_examples=20)
@given(columns=st.integers(1, 30), rows=st.integers(40_000, 45_000))
def test_pieces_cut_anywhere_count_the_same(columns: int, rows: int) -> None:
    """More than one MiB of XML, so the pieces are cut inside cells."""
    row = "".join(f'<c r="{chr(64 + n) if n < 27 else f"A{chr(38 + n)}"}7"><v>1</v></c>' for n in range(1, columns + 1))
    filler = '<row r="8" spans="1:3"></row>' * rows
    assert xlsx(f'{filler}<row r="7">{row}</row>')[0] == 7 * columns


def test_all_parts_together_have_one_limit() -> None:
    data = raw_xlsx("", **{"xl/media/a.png": bytes(5 * MIB), "xl/media/b.png": bytes(5 * MIB)})
    archive = Archive(io.BytesIO(data))
    with pytest.raises(UnreadableError) as refused:
        survey(archive, Bestandsvorm.XLSX, limit=9 * MIB)
    assert refused.value.code == "bestand_ingepakt_te_groot"
    assert survey(archive, Bestandsvorm.XLSX, limit=11 * MIB).parts


def test_a_password_on_a_workbook_of_libreoffice_is_told() -> None:
    data = a_zip({"META-INF/manifest.xml": b"<manifest:file-entry><manifest:encryption-data>"})
    with pytest.raises(UnreadableError) as refused:
        seen(data, Bestandsvorm.ODS)
    assert refused.value.code == "bestand_ingepakt_versleuteld"


def test_a_dtd_is_refused() -> None:
    data = raw_xlsx("", **{"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook/>'})
    with pytest.raises(UnreadableError) as refused:
        seen(data, Bestandsvorm.XLSX)
    assert refused.value.code == "bestand_ingepakt_beschadigd"


@pytest.mark.parametrize(
    ("cell", "without"),
    [
        ('<c r="A1"><f>1+1</f><v></v></c>', 1),
        ('<c r="A1"><f>1+1</f><v /></c>', 1),
        ('<c r="A1"><f>1+1</f></c>', 1),
        ('<c r="A1"><f t="shared" si="0"/></c>', 1),
        ('<c r="A1"><f>1+1</f><v>2</v></c>', 0),
        ('<c r="A1" t="str"><f>""</f><v></v></c>', 0),
    ],
)
def test_formulas_without_a_result_are_counted(cell: str, without: int) -> None:
    assert seen(raw_xlsx(f'<row r="1">{cell}</row>'), Bestandsvorm.XLSX).parts[SHEET].without_result == without
