"""From bytes to frames of text: columnar, one block at a time, every record counted and none padded unseen.

The engine pads short records and takes every stray quote for a fault, so it reads the plain case and says when it
cannot be sure; then the field count of each record is checked, and a block with odd quotes is read record by record.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from contracts.layout import SAMENGESTELD
from contracts.profiel import Profiel
from gateway.stages.compose import expand
from gateway.stages.cut import DEFAULT_BLOCK_BYTES, BlockCutter, OpenQuoteError, RecordTooLongError
from gateway.stages.dialect import HEAD_BYTES, Dialect, FileFinding, detect, encoding_of
from gateway.stages.frames import MARKS, RAW, SEPARATORS, SUBSTITUTE, fits_raw
from gateway.stages.source import Bron

_ENGINE_ERRORS: Final = (pl.exceptions.ComputeError, pl.exceptions.SchemaError, pl.exceptions.NoDataError)
_NO_TEXT: Final = "\0"
"""A delimiter that cannot occur: files with NUL are refused."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of reading: rows in one file, bytes in one block (and so in one record)."""

    max_rows: int
    block_bytes: int = DEFAULT_BLOCK_BYTES


_SEPARATORS: Final = SEPARATORS.encode()


@dataclass(frozen=True)
class Records:
    """One block: `raw` (schema RAW, marks behind it) is what is read, `sent` the same records as sent.

    `sent` has `row_no` and one text column per position, "0" and on, up to the last column of the header.
    """

    raw: pl.DataFrame
    sent: pl.DataFrame


Piece = Dialect | Records | FileFinding
"""What `read_file` yields: how the file is read (again when that becomes clearer), a block of records, a finding."""


def read_file(
    chunks: Iterable[bytes],
    *,
    required: AbstractSet[str],
    limits: Limits,
    bron: Bron | None = None,
    profiel: Profiel | None = None,
) -> Iterator[Piece]:
    """Read a whole file from chunks of any size, holding one block at a time.

    `bron`: what the bytes were written out from; `profiel` decides what it names. First a Dialect, then blocks. A
    FileFinding whose rule is Fatal is the last thing yielded: rows seen before it must be refused with the file. Others
    (`regel_zonder_einde`, `bestand_zonder_regels`) are remarks.
    """
    source = iter(chunks)
    head = _head(source)
    dialect = detect(head[:HEAD_BYTES], required=required, bron=bron, profiel=profiel)
    yield dialect
    if isinstance(dialect, Dialect):
        yield from _Body(dialect, limits).read(_with(head[dialect.header_bytes :], source))


def _head(source: Iterator[bytes]) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < HEAD_BYTES and (chunk := next(source, None)) is not None:
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


def _with(first: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from source


class _Body:
    """Everything after the header line. Counts rows; settles the character set at the first byte above 127."""

    def __init__(self, dialect: Dialect, limits: Limits) -> None:
        self._dialect = dialect
        self._limits = limits
        self._rows = 0

    def read(self, chunks: Iterator[bytes]) -> Iterator[Piece]:
        try:
            yield from self._pieces(chunks)
        except _RefusedError as refused:
            yield refused.finding

    def _pieces(self, chunks: Iterator[bytes]) -> Iterator[Piece]:
        cutter = BlockCutter(self._limits.block_bytes)
        try:
            for chunk in chunks:
                blocks = cutter.feed(chunk)
                while blocks:
                    yield from self._block(blocks.pop(0))
            rest, ended = cutter.finish()
        except RecordTooLongError:
            raise _RefusedError(FileFinding(code="bestand_regel_te_lang", row_no=self._rows + 1)) from None
        except OpenQuoteError as cut_off:
            yield from self._block(cut_off.complete)
            raise _RefusedError(FileFinding(code="bestand_aanhalingsteken_open", row_no=self._rows + 1)) from None
        yield from self._block(rest)
        yield from self._remarks(ended=ended)

    def _remarks(self, *, ended: bool) -> Iterator[FileFinding]:
        if self._rows == 0:
            yield FileFinding(code="bestand_zonder_regels")
        elif not ended:
            yield FileFinding(code="regel_zonder_einde", row_no=self._rows)

    def _block(self, block: bytes) -> Iterator[Piece]:
        if b"\0" in block:
            raise _RefusedError(FileFinding(code="bestand_nul_tekens", row_no=self._rows + 1))
        if self._dialect.encoding == "ascii" and (encoding := encoding_of(block)) != "ascii":
            self._dialect = replace(self._dialect, encoding=encoding)
            yield self._dialect
        try:
            records = parse_block(block, self._dialect, first_row_no=self._rows + 1)
        except UnicodeDecodeError as error:
            row_no = self._rows + 1 + block.count(b"\n", 0, error.start)
            raise _RefusedError(FileFinding(code="bestand_tekenset_wisselt", row_no=row_no)) from None
        del block
        self._rows += records.raw.height
        if self._rows > self._limits.max_rows:
            raise _RefusedError(FileFinding(code="bestand_te_veel_regels", vorm=str(self._limits.max_rows)))
        pieces = [records] if records.raw.height else []
        del records  # a block is large: whoever takes it decides how long it lives
        if pieces:
            yield pieces.pop()


class _RefusedError(Exception):
    def __init__(self, finding: FileFinding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def parse_block(block: bytes, dialect: Dialect, *, first_row_no: int) -> Records:
    """Whole records → frames, rows numbered from `first_row_no`.

    Lines without any value (empty, or delimiters alone, as Excel leaves below a table) are skipped and not counted.
    Text is as it was sent, quotes removed; a field beyond the header is dropped, an absent one null, and either marks
    the row `misfit` (one empty field too many at the end does not). Raises UnicodeDecodeError for bytes that are not
    UTF-8 where the dialect says so.
    """
    if dialect.encoding == "cp1252":
        # Five bytes have no meaning in Windows-1252; they become U+FFFD, which the rules see as a lost character.
        block = block.decode("cp1252", "replace").encode()
    block = _without_separators(block)
    names = [str(position) for position in range(len(dialect.columns))]
    frame = _read(block, dialect, names)
    frame = frame.filter(~pl.all_horizontal(pl.col(names).is_null())) if _may_have_blanks(frame, names) else frame
    row_no = pl.int_range(first_row_no, first_row_no + pl.len(), dtype=pl.UInt32).alias("row_no")
    return Records(raw=_as_raw(frame, dialect, row_no), sent=frame.select(row_no, *names))


def _without_separators(block: bytes) -> bytes:
    # Looking for a byte that is not there is far quicker than translating.
    if not any(byte in block for byte in _SEPARATORS):
        return block
    return block.translate(bytes.maketrans(_SEPARATORS, SUBSTITUTE.encode() * len(_SEPARATORS)))


def _may_have_blanks(frame: pl.DataFrame, names: list[str]) -> bool:
    return all(frame[name].null_count() for name in names)


def _as_raw(frame: pl.DataFrame, dialect: Dialect, row_no: pl.Expr) -> pl.DataFrame:
    place = {name: str(position) for position, name in enumerate(dialect.columns) if name is not None}
    named = frame.select(pl.col(position).alias(name) for name, position in place.items())
    waarden = dialect.profiel.waarden if dialect.profiel else {}
    samengesteld = [name for name in place if name in SAMENGESTELD]
    if samengesteld or waarden:
        named = expand(named, samengesteld, waarden)
    absent = [name for name in RAW if name not in {"row_no", "misfit", *named.columns}]
    raw = frame.select(row_no, "misfit").with_columns(
        *named.get_columns(), *(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    )
    return fits_raw(raw.select(*RAW, *(mark for mark in MARKS if mark in raw.columns)))


def _read(block: bytes, dialect: Dialect, names: list[str]) -> pl.DataFrame:
    """Text columns named by position, and `misfit`."""
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
        return _read_records(block, dialect, names) if quoted else _read_lines(block, dialect, names)
    if frame[names[-1]].null_count() == 0 or _nothing_padded(frame, block, dialect, quoted=quoted):
        return frame.with_columns(misfit=pl.lit(value=False))
    return _read_records(block, dialect, names) if quoted else _read_lines(block, dialect, names)


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
    line, most = pl.col("line"), len(names) - 1
    count = line.str.count_matches(dialect.delimiter, literal=True)
    empty_last = (count == most + 1) & line.str.ends_with(dialect.delimiter)
    return frame.with_columns(lines.select(misfit=((count != most) & ~empty_last).fill_null(value=False)))


def _read_records(block: bytes, dialect: Dialect, names: list[str]) -> pl.DataFrame:
    """A block with quotes where no quote belongs, or with fields too many or too few: slow, but forgiving."""
    most = len(names)
    columns: list[list[str | None]] = [[] for _ in names]
    misfit: list[bool] = []
    for record in _records(block.decode(), dialect.delimiter):
        misfit.append(bool(record) and len(record) != most and not (len(record) == most + 1 and not record[-1]))
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
