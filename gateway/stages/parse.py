"""From bytes to frames of text: one block at a time, what is no row left out and told, rows numbered.

A row's number is its place among the records below the header, from 1: blank lines, a header that is repeated and
totals are no rows.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from contracts.layout import SAMENGESTELD
from contracts.profiel import Profiel
from gateway.stages.compose import expand
from gateway.stages.cut import DEFAULT_BLOCK_BYTES, BlockCutter, OpenQuoteError, RecordTooLongError, in_halves
from gateway.stages.detect import character_set_changed, of_zero_byte, open_file
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.encoding import (
    ASCII,
    CharacterSetChangedError,
    as_utf_8,
    encoding_of,
    without_surrogates,
)
from gateway.stages.formats import OrderWatch
from gateway.stages.frames import MARKS, RAW, SEPARATORS, SUBSTITUTE, fits_raw
from gateway.stages.no_rows import RowFilter
from gateway.stages.records import positions, read_records
from gateway.stages.repair_column import without_marks
from gateway.stages.source import Bron


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of reading: rows in one file, bytes in one block (and so in one record)."""

    max_rows: int
    block_bytes: int = DEFAULT_BLOCK_BYTES


MAX_CELLS: Final = 4_000_000
"""In one frame. The engine takes 16 bytes for each, empty ones too: a block of line feeds alone takes gigabytes."""
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
    opened = open_file(chunks, required=required, bron=bron, profiel=profiel)
    yield opened.dialect
    if isinstance(opened.dialect, Dialect):
        yield from _Body(opened.dialect, limits).read(opened.body)


class _Body:
    """Everything after the header line. Counts rows; settles the character set at the first byte above 127."""

    def __init__(self, dialect: Dialect, limits: Limits) -> None:
        self._dialect = dialect
        self._limits = limits
        self._rows = 0
        self._filter = RowFilter(dialect)
        self._order = OrderWatch(dialect)

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
        except CharacterSetChangedError:
            raise _RefusedError(character_set_changed()) from None
        except OpenQuoteError as cut_off:
            yield from self._block(cut_off.complete)
            raise _RefusedError(FileFinding(code="bestand_aanhalingsteken_open", row_no=self._rows + 1)) from None
        yield from self._block(rest)
        yield from self._remarks(ended=ended)

    def _remarks(self, *, ended: bool) -> Iterator[FileFinding]:
        yield from self._filter.told()
        if self._rows == 0:
            yield FileFinding(code="bestand_zonder_regels")
        elif not ended:
            yield FileFinding(code="regel_zonder_einde", row_no=self._rows)

    def _block(self, block: bytes) -> Iterator[Piece]:
        if b"\0" in block:
            row_no = self._rows + 1 + block.count(b"\n", 0, block.index(0))
            raise _RefusedError(of_zero_byte(block, row_no=row_no))
        if self._dialect.encoding == ASCII and (encoding := encoding_of(block)) != ASCII:
            self._dialect = replace(self._dialect, encoding=encoding)
            yield self._dialect
        parts = in_halves(block, most_lines=MAX_CELLS // len(self._dialect.columns))
        del block  # it is large: whoever takes it decides how long it lives
        for part in parts:
            records = [self._parsed(part)]
            del part
            self._rows += records[0].raw.height
            if self._rows > self._limits.max_rows:
                raise _RefusedError(FileFinding(code="bestand_te_veel_regels", vorm=str(self._limits.max_rows)))
            if question := self._order.question(records[0].raw):
                raise _RefusedError(question)
            if records[0].raw.height:
                yield records.pop()

    def _parsed(self, block: bytes) -> Records:
        try:
            return parse_block(block, self._dialect, self._filter, rows_before=self._rows)
        except UnicodeDecodeError as error:
            mended = without_surrogates(block)
            if mended != block:
                return self._parsed(mended)
            row_no = self._rows + 1 + block.count(b"\n", 0, error.start)
            raise _RefusedError(character_set_changed(row_no)) from None


class _RefusedError(Exception):
    def __init__(self, finding: FileFinding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def parse_block(block: bytes, dialect: Dialect, rows: RowFilter, *, rows_before: int) -> Records:
    """Whole records → frames, rows numbered from `rows_before` + 1.

    Lines without any value (empty, or delimiters or spaces alone, as Excel leaves below a table), headers and totals
    are left out by `rows`, which counts them. Text is as it was sent, quotes removed, in a repair file without what we
    added; a field beyond the header is dropped, an absent one null, and either marks the row `misfit` (empty fields too
    many at the end do not). Raises UnicodeDecodeError for bytes that are not UTF-8 where the dialect says so.
    """
    frame = read_records(_without_separators(as_utf_8(block, dialect.encoding)), dialect)
    if dialect.repairs is not None:
        frame = without_marks(frame, dialect.headers)
    frame = rows.rows_of(frame, rows_before=rows_before)
    row_no = pl.int_range(rows_before + 1, rows_before + 1 + frame.height, dtype=pl.UInt32, eager=True).alias("row_no")
    sent = pl.DataFrame([row_no, *(frame[name] for name in positions(dialect))])
    return Records(raw=_as_raw(frame, dialect, row_no), sent=sent)


def _without_separators(block: bytes) -> bytes:
    # Looking for a byte that is not there is far quicker than translating.
    if not any(byte in block for byte in _SEPARATORS):
        return block
    return block.translate(bytes.maketrans(_SEPARATORS, SUBSTITUTE.encode() * len(_SEPARATORS)))


def _as_raw(frame: pl.DataFrame, dialect: Dialect, row_no: pl.Series) -> pl.DataFrame:
    """Put together from whole columns: asking the engine for it costs more than a small file."""
    named = {name: frame[str(position)].alias(name) for position, name in enumerate(dialect.columns) if name}
    waarden = dialect.profiel.waarden if dialect.profiel else {}
    composed = [name for name in named if name in SAMENGESTELD]
    if composed or waarden:
        expanded = expand(pl.DataFrame(list(named.values())), composed, waarden)
        named = {column.name: column for column in expanded.get_columns()}
    named |= {"row_no": row_no, "misfit": frame["misfit"]}
    nothing = _NULL.new_from_index(0, frame.height)
    columns = [named[name] if name in named else nothing.alias(name) for name in RAW]
    return fits_raw(pl.DataFrame([*columns, *(named[mark] for mark in MARKS if mark in named)]))


_NULL: Final = pl.Series("", [None], dtype=pl.String)
