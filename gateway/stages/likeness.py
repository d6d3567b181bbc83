"""A file of which no column is recognised by its name: where its table begins, and what its columns are most like."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl
from msgspec.structs import replace

from contracts.profiel import Bestandsvorm, Profiel
from gateway.stages.column_names import header_key
from gateway.stages.detect import detect
from gateway.stages.dialect import DELIMITERS, FileFinding
from gateway.stages.parse import Limits, Records, read_file
from gateway.stages.source import Bron
from gateway.stages.suggest import looks_like_values, suggestions

PLACEHOLDER: Final = "kenmerk"
"""The column of a proposal of which nothing is known."""
_WIDEST: Final = 200
"""Columns that are looked at."""
_TITLES: Final = 40
"""Records above which a header may stand."""
_BLANKS: Final = 10
"""Blank lines that may stand above it."""
_ROWS: Final = 1_000_000
"""More than the first bytes of a file can hold."""


def sample(head: bytes, bron: Bron, profiel: Profiel | None) -> pl.DataFrame:
    """The records at the beginning of a file as sent: one text column per place, "0" and on."""
    pieces = read_file([head], required=frozenset(), limits=Limits(max_rows=_ROWS), bron=bron, profiel=profiel)
    return next((piece.sent.drop("row_no") for piece in pieces if isinstance(piece, Records)), pl.DataFrame())


def by_likeness(head: bytes, bron: Bron, profiel: Profiel, *, today: dt.date) -> Profiel | None:
    """`profiel` with a line of header, or none, and the likeliest columns; None when there is no table to see.

    Of the first record that is as wide as the table: names of columns, or values already.
    """
    records, delimiter = _widest(head, bron, profiel)
    if records.is_empty():
        return None
    if bron.vorm is Bestandsvorm.CSV:
        profiel = replace(profiel, scheidingsteken=delimiter)
    filled = [sum(1 for text in row if text) for row in records.head(_TITLES).iter_rows()]
    if max(filled) == 1:
        return None
    top = next(n for n, number in enumerate(filled) if 2 * number > max(filled))
    texts = [(text or "").strip() for text in records.row(top)]
    if looks_like_values(texts, today=today):
        return replace(profiel, kopregel=0, kolommen=_likeliest((), records.slice(top), today))
    kolommen = _likeliest(texts, records.slice(top + 1), today)
    return _on_its_line(top + 1, head, bron, replace(profiel, kolommen=kolommen))


def _widest(head: bytes, bron: Bron, profiel: Profiel) -> tuple[pl.DataFrame, str]:
    """All records by place, split by the delimiter that gives most fields; and that delimiter."""
    best: tuple[pl.DataFrame, str] = pl.DataFrame(), ";"
    most = 0
    places = {"1": PLACEHOLDER, str(_WIDEST): "facturen"}
    for delimiter in DELIMITERS if bron.vorm is Bestandsvorm.CSV else (";",):
        tried = replace(profiel, kopregel=0, kolommen=places, scheidingsteken=delimiter)
        records = sample(head, bron, tried)
        filled = sum(records.height - records[name].null_count() for name in records.columns)
        if filled > most:
            best, most = (records, delimiter), filled
    return best


def _likeliest(headers: Sequence[str], records: pl.DataFrame, today: dt.date) -> dict[str, str]:
    """Header, or place, → the column that it is most likely; one at least, since a profile needs one."""
    times = Counter(map(header_key, headers))
    found = suggestions(headers, [None] * records.width, records, today=today)
    named = {headers[one.place] if headers else str(one.place + 1): one.column for one in found}
    once = {header: column for header, column in named.items() if header and times[header_key(header)] <= 1}
    return once or {next((text for text in headers if times[header_key(text)] == 1 and text), "1"): PLACEHOLDER}


def _on_its_line(first: int, head: bytes, bron: Bron, profiel: Profiel) -> Profiel | None:
    """The profile with the line of its header: lines without a record may stand above it."""
    for line in range(first, first + _BLANKS):
        tried = replace(profiel, kopregel=line)
        found = detect(head, required=frozenset(), bron=bron, profiel=tried)
        if not isinstance(found, FileFinding) or found.code != "bestand_geen_kopregel":
            return tried
    return None
