"""Builders of files that partners send: workbooks by openpyxl and odfpy, ZIPs by zipfile; hostile ones by hand."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from gateway.flow.unpack import UnpackLimits

MIB = 1 << 20
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def limits(
    *, unpacked_bytes: int = 64 * MIB, cells: int = 1_000_000, memory_bytes: int = 1024 * MIB, cpu_seconds: int = 60
) -> UnpackLimits:
    return UnpackLimits(unpacked_bytes=unpacked_bytes, cells=cells, memory_bytes=memory_bytes, cpu_seconds=cpu_seconds)


def a_zip(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def an_xlsx(rows: Sequence[Sequence[Any]], *, sheet: str = "Blad1") -> bytes:
    return xlsx_of({sheet: rows})


def xlsx_of(sheets: Mapping[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def an_ods(rows: Sequence[Sequence[str | float]], *, sheet: str = "Blad1") -> bytes:
    document = OpenDocumentSpreadsheet()
    table = Table(name=sheet)
    for row in rows:
        line = TableRow()
        for value in row:
            kind = {"valuetype": "string"} if isinstance(value, str) else {"valuetype": "float", "value": str(value)}
            cell = TableCell(**kind)
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def raw_xlsx(sheet: str, **more: bytes) -> bytes:
    """A workbook of one sheet with this XML between <sheetData> and its end."""
    return a_zip(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": (
                f'<Relationships xmlns="{_PACKAGE_RELATIONS}"><Relationship Id="rId1"'
                f' Type="{_OFFICE_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ).encode(),
            "xl/workbook.xml": (
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE_RELATIONS}"><sheets>'
                '<sheet name="Blad1" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ).encode(),
            "xl/_rels/workbook.xml.rels": (
                f'<Relationships xmlns="{_PACKAGE_RELATIONS}"><Relationship Id="rId1"'
                f' Type="{_OFFICE_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
            ).encode(),
            "xl/worksheets/sheet1.xml": (
                f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>'.encode()
            ),
            **more,
        }
    )


def raw_ods(tables: str) -> bytes:
    """A workbook of LibreOffice with this XML between <office:spreadsheet> and its end."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    return a_zip(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b"<manifest:manifest/>",
            "content.xml": (
                f'<office:document-content {spaces} xmlns:calcext="urn:x"><office:body><office:spreadsheet>{tables}'
                "</office:spreadsheet></office:body></office:document-content>"
            ).encode(),
        }
    )
