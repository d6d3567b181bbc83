"""Files too large to keep, made when they are wanted, each with what is expected of it.

`python -m tests.corpus.made NAME` makes one and reads it in a process of its own, and prints one line of JSON: where
the reading differs from what is expected, and the most memory that the process held, in MiB.
"""

import codecs
import gzip
import json
import resource
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import IO, BinaryIO, Final

from tests.builders import a_csv, a_row
from tests.corpus.compare import differences
from tests.corpus.expected import Bestandsbevinding, Expected, Gelezen, Regel
from tests.corpus.observed import LIMITS, MIB, observe

PEAK_MIB: Final = 600
"""The most that reading any of these files may take, everything that the process loads included."""
MOST_MIB: Final = 6 * 1024
"""Where the process is stopped, so that a defect does not take the whole machine."""
BOMB_MIB: Final = 64
"""Bound on unpacked bytes for the files that unpack to more."""

Write = Callable[[BinaryIO], None]


@dataclass(frozen=True, kw_only=True)
class Made:
    """`unpacked_mib`: the bound under which it is read; None: the usual one."""

    wat: str
    write: Write
    expected: Expected
    unpacked_mib: int | None = None


_HEADER, _ROW = a_csv([a_row()]).splitlines(keepends=True)
_ROWS: Final = a_csv([a_row(kenmerk="S-1"), a_row(kenmerk="S-2")])
_MUELLER: Final = a_row(kenmerk="S-9", achternaam="Müller", voorvoegsel="")


def _pieces(*pieces: bytes | Iterable[bytes]) -> Write:
    """Write bytes, and runs of bytes one after another."""
    return lambda file: file.writelines(chain.from_iterable([p] if isinstance(p, bytes) else p for p in pieces))


def _many(piece: bytes, times: int) -> Iterator[bytes]:
    """`piece` so many times, in writes of about a MiB."""
    at_once = max(1, MIB // len(piece))
    yield from repeat(piece * at_once, times // at_once)
    yield piece * (times % at_once)


def _refused(code: str, *, regel: int | None = None) -> Expected:
    return Expected(wat="", bron="", bestand=(Bestandsbevinding(code=code, regel=regel),))


def _read(rijen: int, *regels: Regel, tekenset: str | None = None, bestand: str | None = None) -> Expected:
    findings = () if bestand is None else (Bestandsbevinding(code=bestand),)
    return Expected(wat="", bron="", rijen=rijen, gelezen=Gelezen(tekenset=tekenset), regel=regels, bestand=findings)


def _row_with(before: bytes, cell: bytes, times: int) -> Write:
    start, end = _ROW.split(b"Dorpsstraat")
    return lambda file: _pieces(_HEADER, start, before, _many(cell, times), before, end)(file)


def _late(rows: int, encoding: str) -> Write:
    last = a_csv([_MUELLER], encoding=encoding).splitlines(keepends=True)[1]
    return lambda file: _pieces(_HEADER, _many(_ROW, rows), last)(file)


def _switching(file: BinaryIO) -> None:
    first, last = (a_csv([_MUELLER], encoding=e).splitlines(keepends=True)[1] for e in ("utf-8", "cp1252"))
    _pieces(_HEADER, _many(first, 20_000), last)(file)


def _zip(name: str, write: Callable[[IO[bytes]], None], *others: tuple[str, bytes]) -> Write:
    def into(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for other, data in others:
                archive.writestr(other, data)
            with archive.open(name, "w", force_zip64=True) as member:
                write(member)

    return into


def _gzip(write: Write) -> Write:
    def into(file: BinaryIO) -> None:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packed:
            write(packed)  # type: ignore[arg-type]  # written to as any file

    return into


_CONTENT_TYPES: Final = (
    b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    b'<Override PartName="/xl/workbook.xml" ContentType='
    b'"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    b'<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    b'"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_OFFICE: Final = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEETML: Final = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _relation(id_: bytes, kind: bytes, target: bytes) -> bytes:
    return (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="' + id_ + b'" Type="' + _OFFICE + b"/" + kind + b'" Target="' + target + b'"/>'
        b"</Relationships>"
    )


_XLSX: Final = (
    ("[Content_Types].xml", _CONTENT_TYPES),
    ("_rels/.rels", _relation(b"r1", b"officeDocument", b"xl/workbook.xml")),
    (
        "xl/workbook.xml",
        b'<workbook xmlns="' + _SHEETML + b'" xmlns:r="' + _OFFICE + b'"><sheets>'
        b'<sheet name="Blad1" sheetId="1" r:id="r1"/></sheets></workbook>',
    ),
    ("xl/_rels/workbook.xml.rels", _relation(b"r1", b"worksheet", b"worksheets/sheet1.xml")),
)


def _xlsx(*pieces: bytes | Iterable[bytes]) -> Write:
    """A workbook whose only sheet holds these pieces of XML."""
    sheet = (b'<worksheet xmlns="' + _SHEETML + b'"><sheetData>', *pieces, b"</sheetData></worksheet>")
    return lambda file: _zip("xl/worksheets/sheet1.xml", _pieces(*sheet), *_XLSX)(file)  # type: ignore[arg-type]  # written to as any file


_ODS: Final = (
    b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    b' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    b' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    b'<table:table table:name="Blad1"><table:table-row table:number-rows-repeated="1048576">'
    b'<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p>'
    b"</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
    b"</office:document-content>"
)
_ODS_TYPE: Final = ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")


def _many_members(file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.csv", b"")


def _names(number: int) -> bytes:
    return b"".join(b";k%d" % n for n in range(number))


_TOO_LONG: Final = partial(_refused, "bestand_regel_te_lang")
_TOO_LARGE: Final = _refused("bestand_ingepakt_te_groot")
_SHORT: Final = partial(Regel, gaat_door=False, codes=frozenset({"veldaantal"}))
_LAST: Final = partial(Regel, gaat_door=True, codes=frozenset[str](), velden={"achternaam": "Müller"})

MADE: Final[dict[str, Made]] = {
    "cell_100_mib.csv": Made(
        wat="A street of 100 MiB.",
        write=_row_with(b"", b"x", 100 * MIB),
        expected=_TOO_LONG(regel=1),
    ),
    "cell_100_mib_quoted.csv": Made(
        wat="A street of 100 MiB in quotes, with line ends in it.",
        write=_row_with(b'"', b"Dorpsstraat\r\n", 8 * MIB),
        expected=_TOO_LONG(regel=1),
    ),
    "unclosed_quote_100_mib.csv": Made(
        wat="A quote that opens in the first row and never closes, and 100 MiB of rows behind it.",
        write=lambda file: _pieces(_HEADER, _ROW.replace(b"Dorps", b'"Dorps'), _many(_ROW, MIB))(file),
        expected=_TOO_LONG(regel=1),
    ),
    "quotes_50_mib.csv": Made(
        wat="Fifty MiB of quotes.",
        write=lambda file: _pieces(_HEADER, _many(b'"', 50 * MIB))(file),
        expected=_TOO_LONG(regel=1),
    ),
    "no_line_end_100_mib.csv": Made(
        wat="One letter, 100 MiB long.",
        write=lambda file: _pieces(_many(b"x", 100 * MIB))(file),
        expected=_refused("bestand_geen_kopregel"),
    ),
    "twenty_thousand_columns.csv": Made(
        wat="More columns than a sheet of Excel has.",
        write=_pieces(_HEADER.rstrip(), _names(20_000), b"\r\n", _ROW),
        expected=_TOO_LONG(),
    ),
    "million_columns.csv": Made(
        wat="A million columns.",
        write=_pieces(_HEADER.rstrip(), _names(1_000_000), b"\r\n", _ROW),
        expected=_TOO_LONG(),
    ),
    "ten_million_blank_lines.csv": Made(
        wat="Two rows, and ten million blank lines.",
        write=lambda file: _pieces(_ROWS, _many(b"\r\n", 10_000_000))(file),
        expected=_read(2),
    ),
    "ten_million_carriage_returns.csv": Made(
        wat="Two rows, and ten million carriage returns; no line feed anywhere.",
        write=lambda file: _pieces(_ROWS.replace(b"\r\n", b"\r"), _many(b"\r", 10_000_000))(file),
        expected=_read(2),
    ),
    "ten_million_empty_rows.csv": Made(
        wat="Two rows, and ten million rows of delimiters alone.",
        write=lambda file: _pieces(_ROWS, _many(b";" * _HEADER.count(b";") + b"\r\n", 10_000_000))(file),
        expected=_read(2),
    ),
    "million_short_rows.csv": Made(
        wat="A million lines of one letter under a header of many columns.",
        write=lambda file: _pieces(_HEADER, _many(b"x\r\n", 1_000_000))(file),
        expected=_read(1_000_000, _SHORT(nr=1), _SHORT(nr=1_000_000)),
    ),
    "short_rows_under_many_columns.csv": Made(
        wat="Two hundred thousand lines of one letter under five hundred columns: a small file, many absent fields.",
        write=lambda file: _pieces(_HEADER.rstrip(), _names(500), b"\r\n", _many(b"x\r\n", 200_000))(file),
        expected=_read(200_000, _SHORT(nr=1), _SHORT(nr=200_000)),
    ),
    "blank_lines_under_many_columns.csv": Made(
        wat="A million blank lines under five hundred columns.",
        write=lambda file: _pieces(_HEADER.rstrip(), _names(500), b"\r\n", _many(b"\r\n", 1_000_000))(file),
        expected=_read(0, bestand="bestand_zonder_regels"),
    ),
    "three_million_blank_lines_utf16.csv": Made(
        wat="Two rows and three million blank lines in UTF-16.",
        write=lambda file: _pieces(
            codecs.BOM_UTF16_LE, _ROWS.decode().encode("utf-16-le"), _many("\r\n".encode("utf-16-le"), 3_000_000)
        )(file),
        expected=_read(2, tekenset="utf-16"),
    ),
    "million_empty_objects.json": Made(
        wat="A million JSON objects without members.",
        write=lambda file: _pieces(b"[", _many(b"{},", 1_000_000), b"{}]")(file),
        expected=_refused("bestand_leeg"),
    ),
    "million_title_lines.csv": Made(
        wat="A million lines of text above the header.",
        write=lambda file: _pieces(_many(b"Parameter = waarde\r\n", 1_000_000), _ROWS)(file),
        expected=_refused("bestand_geen_kopregel"),
    ),
    "windows_1252_after_4_mib.csv": Made(
        wat="Four MiB of ASCII before the first byte of Windows-1252.",
        write=_late(40_000, "cp1252"),
        expected=_read(40_001, _LAST(nr=40_001), tekenset="cp1252"),
    ),
    "utf8_after_4_mib.csv": Made(
        wat="Four MiB of ASCII before the first letter of UTF-8.",
        write=_late(40_000, "utf-8"),
        expected=_read(40_001, _LAST(nr=40_001), tekenset="utf-8"),
    ),
    "switch_after_2_mib.csv": Made(
        wat="Two MiB of UTF-8, and then a row in Windows-1252.",
        write=_switching,
        expected=_refused("bestand_tekenset_wisselt", regel=20_001),
    ),
    "other_order_after_4_mib.csv": Made(
        wat="Four MiB of dates that fit both orders, and then one that fits the month first only.",
        write=lambda file: _pieces(_HEADER, _many(_ROW, 40_000), _ROW.replace(b"01-10-2026", b"09-15-2026"))(file),
        expected=_refused("bestand_datumvolgorde"),
    ),
    "bomb.zip": Made(
        wat="A ZIP of a few hundred KiB that unpacks to 200 MiB of rows.",
        write=_zip("signalen.csv", lambda file: _pieces(_HEADER, _many(_ROW, 2 * MIB))(file)),  # type: ignore[arg-type]  # written to as any file
        expected=_TOO_LARGE,
        unpacked_mib=BOMB_MIB,
    ),
    "bomb.csv.gz": Made(
        wat="A gzip of a few hundred KiB that unpacks to 200 MiB of rows.",
        write=_gzip(lambda file: _pieces(_HEADER, _many(_ROW, 2 * MIB))(file)),
        expected=_TOO_LARGE,
        unpacked_mib=BOMB_MIB,
    ),
    "bomb.xlsx": Made(
        wat="A workbook whose sheet is 200 MiB of empty rows.",
        write=_xlsx(b'<row r="1"/>' * 1000, _many(b" ", 200 * MIB)),
        expected=_TOO_LARGE,
        unpacked_mib=BOMB_MIB,
    ),
    "repeated_cells.ods": Made(
        wat="An ods of one cell that is repeated over the whole sheet: seventeen thousand million cells.",
        write=_zip("content.xml", lambda file: _pieces(_ODS)(file), _ODS_TYPE),  # type: ignore[arg-type]  # written to as any file
        expected=_refused("bestand_werkblad_te_groot"),
    ),
    "twenty_thousand_files.zip": Made(
        wat="A ZIP of twenty thousand empty files.",
        write=_many_members,
        expected=_refused("bestand_ingepakt_meer"),
    ),
    "deep.json": Made(
        wat="Five million brackets that open.",
        write=lambda file: _pieces(b'[{"kenmerk": ', _many(b"[", 5_000_000))(file),
        expected=_refused("bestand_json_ongeldig"),
    ),
    "deep_objects.json": Made(
        wat="A million objects inside one another.",
        write=lambda file: _pieces(b"[", _many(b'{"a":', 1_000_000))(file),
        expected=_refused("bestand_json_ongeldig"),
    ),
    "text_100_mib.json": Made(
        wat="A JSON text of 100 MiB.",
        write=lambda file: _pieces(b'[{"kenmerk": "', _many(b"x", 100 * MIB), b'"}]')(file),
        expected=_refused("bestand_json_ongeldig"),
    ),
}


def peak_mib() -> int:
    """The most memory this process held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(name: str) -> None:
    """Make it, read it, print the answer."""
    made = MADE[name]
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MIB * MIB, MOST_MIB * MIB))
    limits = LIMITS if made.unpacked_mib is None else replace(LIMITS, unpacked_bytes=made.unpacked_mib * MIB)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("wb") as file:
            made.write(file)
        lines = differences(made.expected, observe(path, made.expected, limits=limits))
    print(json.dumps({"differences": lines, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main(sys.argv[1])
