"""How a file was written: character set, delimiter, header, decimal mark and date order, from its first bytes.

A file says none of this, so it is read off: the answer is a `Dialect`, or the `FileFinding` that refuses the file.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from contracts.layout import KOLOM, KOLOMMEN, Vorm
from contracts.overeenkomst import Signaalpartner
from contracts.profiel import Datumvolgorde, Profiel
from contracts.signaal import Soort
from gateway.stages.cut import last_record_end
from gateway.stages.source import PLAIN, Bron

HEAD_BYTES: Final = 1 << 20
"""How much of a file `detect` looks at."""
MAX_COLUMNS: Final = 16_384
"""As many as a sheet of Excel has. The engine takes kilobytes for each: a file of delimiters alone takes gigabytes."""
_SAMPLE_LINES: Final = 200
_DELIMITERS: Final = (";", ",", "\t", "|")
_DELIMITER_NAMES: Final = {";": "puntkomma", ",": "komma", "\t": "tab", "|": "verticale streep"}
_ENCODING_NAMES: Final = {"ascii": "ASCII", "utf-8": "UTF-8", "cp1252": "Windows-1252"}
_BOM: Final = b"\xef\xbb\xbf"
_QUOTED: Final = re.compile(rb'"[^"]*"')
_LONE_CR: Final = re.compile(rb"\r(?![\r\n])")

_MAGIC: Final = (
    (b"PK\x03\x04", "een Excel-werkmap (.xlsx) of een ZIP-bestand"),
    (b"\xd0\xcf\x11\xe0", "een oude Excel-werkmap (.xls)"),
    (b"%PDF", "een PDF-bestand"),
    (b"\x1f\x8b", "een gecomprimeerd bestand (gzip)"),
    (b"7z\xbc\xaf", "een gecomprimeerd bestand (7-Zip)"),
    (b"{\\rtf", "een tekstverwerkerdocument (RTF)"),
    (b"<?xml", "een XML-bestand"),
    (b"<!DOCTYPE", "een webpagina (HTML)"),
    (b"<html", "een webpagina (HTML)"),
)


@dataclass(frozen=True, kw_only=True)
class FileFinding:
    """A finding about the file as a whole. `vorm` fills the message, never a value of a row; `row_no`: where."""

    code: str
    vorm: str | None = None
    row_no: int | None = None


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How to read one file.

    `columns`: per position the layout column or composed column (`layout.SAMENGESTELD`), or None for one that is
    ignored. `headers`: as sent, empty when the file has none; `header_line`: the line of the file they stand on, from
    1, or 0. `encoding` is "ascii" until a byte above 127 decides. `header_bytes`: where the first record starts.
    `cents`: an amount counts cents. `profiel`: the partner's profile by which the file is read.
    """

    encoding: str
    delimiter: str
    columns: tuple[str | None, ...]
    decimal: str
    header_bytes: int
    headers: tuple[str, ...] = ()
    header_line: int = 1
    bron: Bron = PLAIN
    date_order: Datumvolgorde = Datumvolgorde.DMJ
    cents: bool = False
    profiel: Profiel | None = None

    @property
    def iso_dates(self) -> bool:
        """Dates start with their year."""
        return self.date_order is Datumvolgorde.JMD

    @property
    def known(self) -> frozenset[str]:
        """The layout columns and composed columns that the file has."""
        return frozenset(name for name in self.columns if name is not None)


def read_as(dialect: Dialect) -> str:
    """One Dutch sentence that says how the file was read."""
    ignored = sum(1 for name in dialect.columns if name is None)
    return (
        f"gelezen als: {_ENCODING_NAMES[dialect.encoding]}, {_DELIMITER_NAMES[dialect.delimiter]}, "
        f"decimale {'komma' if dialect.decimal == ',' else 'punt'}, "
        f"datums {'jjjj-mm-dd' if dialect.iso_dates else 'dd-mm-jjjj'}, "
        f"{len(dialect.known)} kolommen herkend, {ignored} genegeerd"
    )


def required_columns(partner: Signaalpartner, soorten: AbstractSet[Soort]) -> frozenset[str]:
    """Columns that a file of `partner` must have: required for all `soorten` it may send and without a constant."""
    return frozenset(
        kolom.naam
        for kolom in KOLOMMEN
        if soorten and soorten <= kolom.verplicht and not partner.constanten.get(kolom.naam)
    )


def detect(
    head: bytes, *, required: AbstractSet[str], bron: Bron | None = None, profiel: Profiel | None = None
) -> Dialect | FileFinding:
    """Read the dialect off the first bytes of a file (up to HEAD_BYTES; a whole file when it is smaller)."""
    refusal = _not_a_csv(head)
    if refusal is not None:
        return refusal
    encoding = _encoding(head)
    found = _header(head, encoding)
    if found is None:
        return FileFinding(code="bestand_geen_kopregel")
    delimiter, columns, header_bytes = found
    if _LONE_CR.search(_QUOTED.sub(b"", head[:header_bytes].strip())):
        # Read on, the lines up to the first line feed would be a part of the header, and lost.
        return FileFinding(code="bestand_regeleinde_onbekend")
    if len(columns) > MAX_COLUMNS:
        return FileFinding(code="bestand_regel_te_lang")
    wrong = _wrong_columns(columns, required)
    if wrong is not None:
        return wrong
    sample = _sample(head[header_bytes:], encoding, delimiter)
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        columns=columns,
        decimal=_decimal(sample, columns, delimiter),
        date_order=Datumvolgorde.JMD if _iso_dates(sample, columns) else Datumvolgorde.DMJ,
        header_bytes=header_bytes,
        bron=bron or PLAIN,
        profiel=profiel,
    )


def _not_a_csv(head: bytes) -> FileFinding | None:
    if not head.removeprefix(_BOM).strip():
        return FileFinding(code="bestand_leeg")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return FileFinding(code="bestand_tekenset_onbekend", vorm="UTF-16")
    start = head.removeprefix(_BOM).lstrip()
    for magic, what in _MAGIC:
        if start.startswith(magic):
            return FileFinding(code="bestand_geen_csv", vorm=what)
    if b"\0" in head:
        return _nul_bytes(head)
    if b"\n" not in head and b"\r" in head:
        return FileFinding(code="bestand_regeleinde_onbekend")
    return None


def _nul_bytes(head: bytes) -> FileFinding:
    # Text in UTF-16 without a BOM has a NUL in every other byte.
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    if max(even, odd) > len(head[:4096]) // 4:
        return FileFinding(code="bestand_tekenset_onbekend", vorm="UTF-16")
    return FileFinding(code="bestand_nul_tekens")


def _encoding(head: bytes) -> str:
    if head.startswith(_BOM):
        return "utf-8"
    return encoding_of(head, cut_off=True)


def encoding_of(data: bytes, *, cut_off: bool = False) -> str:
    """ "ascii", "utf-8" or, for anything else, "cp1252". `cut_off`: the last character may be incomplete."""
    if data.isascii():
        return "ascii"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        incomplete = error.reason == "unexpected end of data" and error.end == len(data)
        return "utf-8" if cut_off and incomplete else "cp1252"
    return "utf-8"


def _column_name(text: str) -> str | None:
    name = re.sub(r"[\s\-]+", "_", text.strip().strip("\ufeff").lower())
    return name if name in KOLOM else None


def _header(head: bytes, encoding: str) -> tuple[str, tuple[str | None, ...], int] | None:
    """(delimiter, columns, offset of the first record) of the first line that is not empty and not Excel's `sep=`."""
    offset = len(_BOM) if head.startswith(_BOM) else 0
    while offset < len(head):
        end = _line_end(head, offset)
        line = head[offset:end].decode(encoding, "replace").strip("\r\n")
        if line.strip() and not re.fullmatch(r'"?sep=."?', line, re.IGNORECASE):
            return _best_split(line, end)
        offset = end
    return None


def _line_end(head: bytes, offset: int) -> int:
    """The offset after the first line end outside quotes; each quote is counted once, however many lines there are."""
    counted, quotes = offset, 0
    end = head.find(b"\n", offset)
    while end >= 0:
        quotes += head.count(b'"', counted, end)
        if quotes % 2 == 0:
            return end + 1
        counted, end = end, head.find(b"\n", end + 1)
    return len(head)


def _best_split(line: str, end: int) -> tuple[str, tuple[str | None, ...], int] | None:
    best: tuple[str, tuple[str | None, ...]] | None = None
    for delimiter in _DELIMITERS:
        try:
            names = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
        except csv.Error:  # a field longer than the reader takes: no name of a column
            continue
        columns = tuple(_column_name(name) for name in names)
        if best is None or _known(columns) > _known(best[1]):
            best = (delimiter, columns)
    if best is None or _known(best[1]) == 0:
        return None
    return best[0], best[1], end


def _known(columns: tuple[str | None, ...]) -> int:
    return sum(1 for name in columns if name is not None)


def _wrong_columns(columns: tuple[str | None, ...], required: AbstractSet[str]) -> FileFinding | None:
    twice = sorted(name for name, times in Counter(columns).items() if name is not None and times > 1)
    if twice:
        return FileFinding(code="bestand_kolom_dubbel", vorm=", ".join(twice))
    absent = [kolom.naam for kolom in KOLOMMEN if kolom.naam in required and kolom.naam not in columns]
    if absent:
        return FileFinding(code="bestand_kolom_ontbreekt", vorm=", ".join(absent))
    return None


def _sample(body: bytes, encoding: str, delimiter: str) -> list[list[str]]:
    # The end of the head may be the middle of a record.
    text = body[: last_record_end(body, 0, len(body)) or len(body)].decode(encoding, "replace")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    sample: list[list[str]] = []
    try:
        sample.extend(row for row, _ in zip(rows, range(_SAMPLE_LINES), strict=False))
    except csv.Error:
        return sample
    return sample


def _values(sample: list[list[str]], columns: tuple[str | None, ...], vorm: Vorm) -> list[str]:
    places = [n for n, name in enumerate(columns) if name is not None and KOLOM[name].vorm is vorm]
    return [row[n].strip() for row in sample for n in places if n < len(row)]


def _decimal(sample: list[list[str]], columns: tuple[str | None, ...], delimiter: str) -> str:
    values = _values(sample, columns, Vorm.BEDRAG)
    comma = sum(1 for value in values if re.search(r",\d{1,2}$", value))
    point = sum(1 for value in values if re.search(r"\.\d{1,2}$", value))
    if comma == point:
        return "." if delimiter == "," else ","
    return "," if comma > point else "."


def _iso_dates(sample: list[list[str]], columns: tuple[str | None, ...]) -> bool:
    values = _values(sample, columns, Vorm.DATUM)
    iso = sum(1 for value in values if re.match(r"\d{4}-", value))
    return 2 * iso > sum(1 for value in values if value)
