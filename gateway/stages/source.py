"""Bron: what kind of file the records came in, told from its first bytes and never from its name."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from contracts.profiel import Bestandsvorm

Verpakking = Literal["zip", "gzip"]

ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""A member, an empty archive, a part of one (APPNOTE.TXT 4.3)."""
GZIP_MAGIC: Final = b"\x1f\x8b"
OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"
"""An OLE container: an old workbook, or a new one behind a password."""
ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
"""The name in an OLE container of a workbook behind a password (MS-OFFCRYPTO 2.3.4.4)."""
BOM: Final = b"\xef\xbb\xbf"
UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")

_FOREIGN: Final = (
    (OLE_MAGIC, "een oude Excel-werkmap (.xls)"),
    (b"%PDF", "een PDF-bestand"),
    (b"7z\xbc\xaf", "een ingepakt bestand van 7-Zip"),
    (b"Rar!\x1a", "een ingepakt bestand van RAR"),
    (b"\xfd7zXZ", "een ingepakt bestand (xz)"),
    (b"(\xb5/\xfd", "een ingepakt bestand (zstd)"),
    (b"\x89PNG", "een afbeelding"),
    (b"\xff\xd8\xff", "een afbeelding"),
    (b"{\\rtf", "een tekstverwerkerdocument (RTF)"),
    (b"<?xml", "een XML-bestand"),
    (b"<!doctype", "een webpagina (HTML)"),
    (b"<html", "een webpagina (HTML)"),
    (b"<table", "een webpagina (HTML)"),
)
"""What begins so is not read, and what it is; in lower case where it is text."""
_PACKED: Final = (
    *((magic, "een Excel-werkmap (.xlsx) of een ZIP-bestand") for magic in ZIP_MAGIC),
    (GZIP_MAGIC, "een ingepakt bestand (gzip)"),
)
_ARRAY: Final = re.compile(rb'\[\s*(?:[\[{"\]]|\Z)')
"""Not every `[`: some databases export headers as `[kenmerk];[bedrag]`."""
_OBJECT: Final = re.compile(rb'\{\s*(?:["}]|\Z)')

_ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_ODF_TYPE: Final = b"application/vnd.oasis.opendocument."


@dataclass(frozen=True, kw_only=True)
class Bron:
    """What the records came in.

    `verpakt`: inside a ZIP or gzip (a workbook is a ZIP of its own, and is not called packed). `blad`: the sheet that
    was read; `bladen`: all of them, in order, hidden ones too. `tekenset`: of a JSON file that was not in UTF-8.
    """

    vorm: Bestandsvorm
    verpakt: Verpakking | None = None
    blad: str | None = None
    bladen: tuple[str, ...] = ()
    tekenset: str | None = None


PLAIN: Final = Bron(vorm=Bestandsvorm.CSV)
"""A CSV file as it is."""


def packing(head: bytes) -> Verpakking | None:
    """Which packing begins so. A workbook is a ZIP as well: `zip_form` tells them apart."""
    if head.startswith(ZIP_MAGIC):
        return "zip"
    return "gzip" if head.startswith(GZIP_MAGIC) else None


def foreign(head: bytes) -> str | None:
    """What this file is when its first bytes are not text to be read, in Dutch for the partner; None: it may be text.

    ZIP and gzip are told too: whoever asks has unpacked what can be.
    """
    start = head.removeprefix(BOM).lstrip()[:16]
    for magic, what in (*_PACKED, *_FOREIGN):
        if start.startswith(magic) or start.lower().startswith(magic):
            return what
    return None


def text_form(head: bytes) -> Bestandsvorm:
    """CSV, JSON or JSON_REGELS, for a file that `foreign` does not know."""
    start = _as_utf8(head[:65536]).lstrip()
    if _ARRAY.match(start):
        return Bestandsvorm.JSON
    return Bestandsvorm.JSON_REGELS if _OBJECT.match(start) else Bestandsvorm.CSV


def _as_utf8(head: bytes) -> bytes:
    if not head.startswith(UTF_16_BOMS):
        return head.removeprefix(BOM)
    return head[: len(head) & ~1].decode("utf-16", "replace").encode("utf-8", "replace")


def zip_form(names: Collection[str], mimetype: bytes) -> Bestandsvorm | str | None:
    """What a ZIP with these members is: a workbook, another document (in Dutch, not read), or None: a plain ZIP.

    `mimetype`: the text of the member of that name, empty without one.
    """
    if mimetype.startswith(_ODF_TYPE):
        return Bestandsvorm.ODS if mimetype.startswith(_ODS_TYPE) else "een document van LibreOffice of OpenOffice"
    if "[Content_Types].xml" in names:
        return _office_form(names)
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        return "een werkblad van Numbers"
    return None


def _office_form(names: Collection[str]) -> Bestandsvorm | str:
    if "xl/workbook.bin" in names:
        return "een Excel-werkmap in binaire vorm (.xlsb)"
    if any(name.startswith("xl/") for name in names):
        return Bestandsvorm.XLSX
    return "een document van Word of PowerPoint"
