"""Records below the header that are no rows: blank ones, the header again, totals. They are left out, and told.

All are looked for in whole columns. A plain block costs one comparison of a column and two looks at its empty fields.
"""

from typing import Final

import polars as pl

from contracts.layout import KOLOM, Vorm
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.records import positions

_OF_SOMEBODY: Final = (
    *("postcode", "achternaam", "naam", "kenmerk", "straat", "adres", "woonplaats", "postcode_woonplaats"),
    *("klantnummer", "polisnummer", "bsn", "geboortedatum", "telefoon", "email"),
)
"""What is filled in a row about somebody, the surest first. A total has none of them."""
_AT_LEAST: Final = 2
"""Of so many of these columns at least; with fewer, a total cannot be told from a row."""
_TOTAL: Final = (
    r"(?i)^[\s*=#>-]*(?:sub|sub-|eind|groot|generaal\s+|grand\s+)?\s?(?:totaal|totalen|totale|total|totals|som|sum)\b"
)
_NOTHING: Final = " \t\r\n\v\f\u00a0\u202f\u2007\u001a\ufeff"
"""Blanks, the byte order mark where files were joined, and the character that ends a file of DOS."""
_NO_WORD: Final = r"(?i)^(?:[^\p{L}]|eur|euro|€)*$"


class RowFilter:
    """Keeps the rows of the blocks of one file, and counts what it leaves out."""

    def __init__(self, dialect: Dialect) -> None:
        self._names = positions(dialect)
        self._headers = {
            str(n): text.strip(_NOTHING)
            for n, (text, name) in enumerate(zip(dialect.headers, dialect.columns, strict=False))
            if name is not None
        }
        self._last = next(reversed(self._headers), None)
        place = {name: str(n) for n, name in enumerate(dialect.columns) if name is not None}
        self._somebody = [place[name] for name in _OF_SOMEBODY if name in place]
        amounts = {place[name] for name in place if name in KOLOM and KOLOM[name].vorm is Vorm.BEDRAG}
        self._amounts = [name for name in self._names if name in amounts]
        self._headers_seen = _Seen("kopregel_herhaald")
        self._totals_seen = _Seen("totaalregel_overgeslagen")

    def rows_of(self, frame: pl.DataFrame, *, rows_before: int) -> pl.DataFrame:
        """`frame` (text columns by position, `misfit`) without the records that are no rows."""
        if all(frame[name].null_count() for name in self._names):
            frame = frame.filter(~pl.all_horizontal(pl.col(self._names).is_null()))
        headers, (blanks, totals) = self._repeated(frame), self._no_somebody(frame)
        left_out = [numbers for numbers in (headers, blanks, totals) if numbers.len()]
        if not left_out:
            return frame
        out = pl.concat(left_out)
        self._headers_seen.add(headers, out, rows_before)
        self._totals_seen.add(totals, out, rows_before)
        keep = pl.repeat(value=True, n=frame.height, eager=True).scatter(out, values=False)
        return frame.filter(keep)

    def told(self) -> list[FileFinding]:
        """What was left out of the whole file."""
        return [finding for seen in (self._headers_seen, self._totals_seen) if (finding := seen.finding())]

    def _repeated(self, frame: pl.DataFrame) -> pl.Series:
        """The places of records that are the header again."""
        if self._last is None:
            return _NONE
        alike = frame[self._last] == self._headers[self._last]
        if not alike.any():
            return _NONE
        here = alike.arg_true()
        rows = frame[here]
        same = [rows[name].str.strip_chars(_NOTHING) == text for name, text in self._headers.items()]
        return here.filter(2 * pl.DataFrame(_numbered(same)).sum_horizontal() > len(same))

    def _no_somebody(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The places of blank records and of totals."""
        here = self._candidates(frame)
        if here.is_empty():
            return here, here
        cells = frame[here].select(pl.col(self._names).str.strip_chars(_NOTHING).fill_null(""), "misfit")
        empty = pl.col(self._names) == ""
        word = pl.col(self._names).str.contains(_TOTAL)
        of_nobody = pl.all_horizontal((pl.col(n) == "") | pl.col(n).str.contains(_TOTAL) for n in self._somebody)
        in_wrong_place = pl.col("misfit") & pl.all_horizontal(word | pl.col(self._names).str.contains(_NO_WORD))
        total = pl.any_horizontal(word) & (of_nobody | in_wrong_place)
        if self._amounts:
            others = [name for name in self._names if name not in self._amounts]
            total |= pl.all_horizontal(pl.col(others) == "") & pl.any_horizontal(pl.col(self._amounts) != "")
        found = cells.select(blank=pl.all_horizontal(empty), total=total)
        return here.filter(found["blank"]), here.filter(found["total"] & ~found["blank"])

    def _candidates(self, frame: pl.DataFrame) -> pl.Series:
        """The places of records in which all columns of somebody but one are empty, or begin with a blank.

        All but two in a record that stops early: a word and a number.
        """
        if len(self._somebody) < _AT_LEAST:
            return _NONE
        if not any(_has_empty(frame[name]) for name in self._somebody[:2]):
            return _NONE
        looks_empty = [frame[name].is_null() | (frame[name] < _FIRST_MARK) for name in self._somebody]
        empty = pl.DataFrame(_numbered(looks_empty)).sum_horizontal()
        least = len(self._somebody) - 1
        return ((empty >= least) | (frame["misfit"] & (empty >= least - 1))).arg_true()


class _Seen:
    """How many records were left out for one reason, and how many rows came before the first."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._count = 0
        self._row_no: int | None = None

    def add(self, these: pl.Series, left_out: pl.Series, rows_before: int) -> None:
        """`these`: places in the block; `left_out`: all that are no rows."""
        self._count += these.len()
        if self._row_no is None and these.len():
            first = int(these[0])
            self._row_no = rows_before + first + 1 - int((left_out < first).sum())

    def finding(self) -> FileFinding | None:
        """What the partner hears; None when there was nothing."""
        return FileFinding(code=self._code, vorm=str(self._count), row_no=self._row_no) if self._count else None


_NONE: Final = pl.Series("", [], dtype=pl.UInt32)


_FIRST_MARK: Final = "!"
"""The first character that is not a blank: what comes before it begins with a blank."""


def _has_empty(column: pl.Series) -> bool:
    return bool(column.null_count()) or bool((column < _FIRST_MARK).any())


def _numbered(series: list[pl.Series]) -> list[pl.Series]:
    """The series under names of their own, null as false."""
    return [one.fill_null(value=False).alias(str(n)) for n, one in enumerate(series)]
