"""What a file is, from its first bytes: a `Dialect`, or the `FileFinding` that refuses it.

In one fixed order: what it is not, its characters, its line ends, its header and delimiter, its columns, its amounts
and dates. A profile decides what it names. Nothing here looks at more than the head.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from contracts.layout import KOLOMMEN, SAMENGESTELD
from contracts.profiel import Bestandsvorm, Profiel
from gateway.stages.column_names import Strength
from gateway.stages.dialect import HEAD_BYTES, Dialect, FileFinding
from gateway.stages.encoding import (
    BOM,
    UTF_8,
    UTF_16,
    CharacterSetChangedError,
    byte_order,
    encoding_of_head,
    from_utf_16,
    like_utf_16,
)
from gateway.stages.formats import Formats, detect_formats
from gateway.stages.header import Header, default_delimiters, find_header
from gateway.stages.line_ends import returns_end_records, with_line_feeds
from gateway.stages.source import PLAIN, Bron, foreign

_OF_OURS: Final = (";",)
"""What a workbook or JSON is written out with."""


@dataclass(frozen=True)
class Opened:
    """A file whose head was read: how it is written, and everything below its header."""

    dialect: Dialect | FileFinding
    body: Iterator[bytes]


def open_file(
    chunks: Iterable[bytes], *, required: AbstractSet[str], bron: Bron | None = None, profiel: Profiel | None = None
) -> Opened:
    """Detect how a file is written; the body comes in UTF-8 or in 8 bits, each line end a line feed or CRLF.

    The body raises CharacterSetChangedError as `encoding.from_utf_16`.
    """
    bron = bron or PLAIN
    source = iter(chunks)
    head = _head(source)
    csv = bron.vorm is Bestandsvorm.CSV
    tekenset = profiel.tekenset if profiel and csv else None
    order = byte_order(head, tekenset) if csv else None
    refusal = _refusal(head, order, csv=csv)
    if refusal is not None:
        return Opened(refusal, iter(()))
    if order is not None:
        source = from_utf_16(_with(head, source), order)
        try:
            head = _head(source)
        except CharacterSetChangedError:
            return Opened(character_set_changed(), iter(()))
    encoding = UTF_16 if order is not None else encoding_of_head(head[:HEAD_BYTES], tekenset)
    lone = returns_end_records(head[:HEAD_BYTES])
    if lone:
        source = with_line_feeds(_with(head, source))
        head = _head(source)
    found = _detected(head, encoding, required=required, bron=bron, profiel=profiel, lone=lone)
    if isinstance(found, FileFinding):
        return Opened(found, iter(()))
    return Opened(found, _with(head[found.header_bytes :], source))


def character_set_changed(row_no: int | None = None) -> FileFinding:
    """The finding that a file goes on in other characters than it began with."""
    return FileFinding(code="bestand_tekenset_wisselt", row_no=row_no)


def _head(source: Iterator[bytes]) -> bytes:
    """The first HEAD_BYTES and what came with them, or a whole file that is smaller."""
    parts: list[bytes] = []
    size = 0
    while size < HEAD_BYTES and (chunk := next(source, None)) is not None:
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


def _with(first: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from source


def _refusal(head: bytes, order: str | None, *, csv: bool) -> FileFinding | None:
    if order == "utf-32":
        return FileFinding(code="bestand_tekenset_onbekend", vorm="UTF-32")
    if order is not None:
        return None
    if not _unmarked(head).strip():
        return FileFinding(code="bestand_leeg")
    if csv and (what := foreign(head)):
        return FileFinding(code="bestand_geen_csv", vorm=what)
    return of_zero_byte(head[:HEAD_BYTES]) if b"\0" in head[:HEAD_BYTES] else None


def of_zero_byte(data: bytes, *, row_no: int | None = None) -> FileFinding:
    """What the first zero byte in 8-bit text is a sign of."""
    if like_utf_16(data[max(data.index(0) - 1, 0) :]):
        return character_set_changed(row_no)
    return FileFinding(code="bestand_nul_tekens", row_no=row_no)


def _unmarked(head: bytes) -> bytes:
    while head.startswith(BOM):
        head = head.removeprefix(BOM)
    return head


def _detected(
    head: bytes, encoding: str, *, required: AbstractSet[str], bron: Bron, profiel: Profiel | None, lone: bool
) -> Dialect | FileFinding:
    plain = _unmarked(head)
    mark, cut_off = len(head) - len(plain), len(head) >= HEAD_BYTES
    plain = plain[:HEAD_BYTES]
    if not plain.strip():
        return FileFinding(code="bestand_leeg")
    text = UTF_8 if encoding == UTF_16 else encoding
    csv = bron.vorm is Bestandsvorm.CSV
    header = find_header(
        plain,
        text,
        cut_off=cut_off,
        delimiters=default_delimiters(profiel) if csv else _OF_OURS,
        profiel=profiel,
        in_records=not csv,
    )
    if isinstance(header, FileFinding):
        return header
    absent = _absent(header, required, profiel)
    if absent is not None:
        return absent
    formats = detect_formats(plain[header.end :], text, header, profiel=profiel)
    if isinstance(formats, FileFinding):
        return formats
    return _dialect(header, formats, mark=mark, encoding=encoding, bron=bron, profiel=profiel, lone=lone)


def _absent(header: Header, required: AbstractSet[str], profiel: Profiel | None) -> FileFinding | None:
    """The required columns that are nowhere: not in the file, not in a composed column, not a constant."""
    known = set(header.columns) | set(profiel.constanten if profiel else ())
    for composed in SAMENGESTELD.keys() & known:
        known.update(SAMENGESTELD[composed])
    absent = [kolom.naam for kolom in KOLOMMEN if kolom.naam in required and kolom.naam not in known]
    return FileFinding(code="bestand_kolom_ontbreekt", vorm=", ".join(absent)) if absent else None


def _dialect(
    header: Header, formats: Formats, *, mark: int, encoding: str, bron: Bron, profiel: Profiel | None, lone: bool
) -> Dialect:
    return Dialect(
        encoding=encoding,
        delimiter=header.delimiter,
        columns=header.columns,
        headers=header.texts,
        header_line=header.line,
        header_bytes=mark + header.end,
        decimal=formats.decimal,
        date_order=formats.date_order,
        cents=formats.cents,
        evidence=formats.evidence,
        bron=bron,
        profiel=profiel,
        lone_returns=lone,
        by_profile=_by(header, Strength.PROFILE),
        by_synonym=_by(header, Strength.SYNONYM, Strength.SECOND_CHOICE),
    )


def _by(header: Header, *strengths: Strength) -> tuple[int, ...]:
    return tuple(n for n, strength in enumerate(header.strengths) if strength in strengths)


def detect(
    head: bytes, *, required: AbstractSet[str], bron: Bron | None = None, profiel: Profiel | None = None
) -> Dialect | FileFinding:
    """The dialect of a file that begins so (up to HEAD_BYTES; a whole file when it is smaller)."""
    return open_file([head], required=required, bron=bron, profiel=profiel).dialect
