"""The records of a block by the engine: columnar, every record counted and none padded unseen.

The engine pads short records and takes every stray quote for a fault, so it reads the plain case and says when it
cannot be sure; then the field count of each record is checked, and a block with odd quotes is read record by record.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from gateway.stages.dialect import Dialect
from gateway.stages.line_ends import line_feeds, lone_returns

_ENGINE_ERRORS: Final = (pl.exceptions.ComputeError, pl.exceptions.SchemaError, pl.exceptions.NoDataError)
_NO_TEXT: Final = "\0"
"""A delimiter that cannot occur: files with NUL are refused."""


def positions(dialect: Dialect) -> list[str]:
    """The names of the columns: "0" and on."""
    return [str(position) for position in range(len(dialect.columns))]


def read_records(block: bytes, dialect: Dialect) -> pl.DataFrame:
    """Whole records in UTF-8 as text columns named by position, and `misfit`: too few fields, or too many filled ones.

    Quotes are removed; a field beyond the header is dropped, an absent one is null. A line without anything in it may
    be skipped. Raises UnicodeDecodeError for bytes that are not UTF-8.
    """
    names = positions(dialect)
    if not block:
        return pl.DataFrame(schema={**dict.fromkeys(names, pl.String), "misfit": pl.Boolean})
    quoted = b'"' in block
    try:
        frame = pl.read_csv(
            block,
            separator=dialect.delimiter,
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            null_values=[""] if quoted else None,
            quote_char='"' if quoted else None,
            extra_columns="raise",
        )
    except _ENGINE_ERRORS:
        block.decode()
        return _one_by_one(block, dialect, names)
    if frame[names[-1]].null_count() == 0 or _nothing_padded(frame, block, dialect, quoted=quoted):
        return frame.insert_column(frame.width, _FALSE.new_from_index(0, frame.height))
    return _one_by_one(block, dialect, names)


_FALSE: Final = pl.Series("misfit", [False])


def _one_by_one(block: bytes, dialect: Dialect, names: list[str]) -> pl.DataFrame:
    """A block of which some record has too few or too many fields, as far as the engine can tell."""
    read = _read_records if b'"' in block else _read_lines
    frame = read(block, dialect, names)
    if frame["misfit"].any() and lone_returns(block):
        # Joined to a file with other line ends, perhaps.
        other = read(line_feeds(block), dialect, names)
        if other["misfit"].sum() < frame["misfit"].sum():
            return other
    return frame


def _nothing_padded(frame: pl.DataFrame, block: bytes, dialect: Dialect, *, quoted: bool) -> bool:
    """No record has too many fields, so none has too few when the delimiters add up."""
    inside = 0
    if quoted:
        counts = frame.select(pl.all().str.count_matches(dialect.delimiter, literal=True).sum())
        inside = sum(counts.row(0))
    return block.count(dialect.delimiter.encode()) - inside == frame.height * (frame.width - 1)


def _read_lines(block: bytes, dialect: Dialect, names: list[str]) -> pl.DataFrame:
    """A block without quotes: one line is one record, and its delimiters can be counted."""
    frame = pl.read_csv(
        block,
        separator=dialect.delimiter,
        has_header=False,
        schema=dict.fromkeys(names, pl.String()),
        quote_char=None,
        extra_columns="ignore",
        missing_columns="insert",
    )
    lines = pl.read_csv(
        block, separator=_NO_TEXT, has_header=False, schema={"line": pl.String()}, quote_char=None
    ).select(pl.col("line").str.strip_chars_end("\r"))
    line = pl.col("line")
    too_few = _delimiters(line, dialect) < dialect.least_fields - 1
    too_many = _delimiters(line.str.strip_chars_end(dialect.delimiter), dialect) > len(names) - 1
    return frame.with_columns(lines.select(misfit=(too_few | too_many).fill_null(value=False)))


def _delimiters(line: pl.Expr, dialect: Dialect) -> pl.Expr:
    return line.str.count_matches(dialect.delimiter, literal=True)


def _read_records(block: bytes, dialect: Dialect, names: list[str]) -> pl.DataFrame:
    """A block with quotes where no quote belongs, or with fields too many or too few: slow, but forgiving."""
    most, least = len(names), dialect.least_fields
    columns: list[list[str | None]] = [[] for _ in names]
    misfit: list[bool] = []
    for record in _records(block.decode(), dialect.delimiter):
        misfit.append(bool(record) and (len(record) < least or any(record[most:])))
        for position, column in enumerate(columns):
            column.append((record[position] or None) if position < len(record) else None)
    data = dict(zip(names, columns, strict=True))
    return pl.DataFrame(data, schema=dict.fromkeys(names, pl.String)).with_columns(
        misfit=pl.Series(misfit, dtype=pl.Boolean)
    )


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    # The limit per field guards against memory; a block is bounded already. It is a setting of the whole process.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    # A carriage return alone ends no record; another control character in its place is just as wrong in a field.
    text = re.sub("\r(?!\n)", "\v", text)
    return csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)
