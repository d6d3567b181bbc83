"""What reading a layout column is: a quick way for plain text, a thorough way for text that is not plain.

The text of column x stands in the working frame as "x", its value as "v:x"; where a text is in doubt, "b:x" is that
text without the marks that mean nothing, and null elsewhere.
"""

import datetime as dt
import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from contracts.layout import KOLOM
from gateway.stages.dialect import Dialect


def text(name: str) -> pl.Expr:
    """The text of a layout column, stripped, null when empty, the partner's constant filled in."""
    return pl.col(name)


def value(name: str) -> pl.Expr:
    """The typed value of a layout column; null when empty or unreadable."""
    return pl.col(f"v:{name}")


def bare(name: str) -> pl.Expr:
    """A text in doubt without marks that mean nothing, null for plain text; for rules that are judged in doubt only."""
    return pl.col(f"b:{name}")


def unreadable(name: str) -> pl.Expr:
    """There is text, and it cannot be read."""
    return text(name).is_not_null() & value(name).is_null()


def one_of(expr: pl.Expr, members: Iterable[enum.StrEnum]) -> pl.Expr:
    """`expr` is the name of a member. Plain text on purpose: of members the engine makes a type of its own."""
    return expr.is_in(sorted(member.value for member in members))


IS_ZORG: Final = pl.col("is_zorg")
"""In the working frame: the row's soort is zorg; never null."""


Quick = Callable[[Dialect], pl.Expr]
Thorough = Callable[[Dialect, dt.date], pl.Expr]
"""Of the dialect and the day of receipt."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to read one column.

    `quick` reads text in its plainest form. `doubt` says per row that the text is not plain, and so may not be what
    `quick` made of it; null counts as no. Those texts are stripped and read again by `thorough`, which may build on
    `bare`. On plain text both agree: a property test holds them to it.
    """

    quick: Quick
    doubt: Quick
    bare: pl.Expr
    thorough: Thorough


def lost(name: str) -> pl.Expr:
    """Per row: the text gave no value."""
    return value(name).is_null() & text(name).is_not_null()


def unlike(name: str, pattern: str) -> pl.Expr:
    """Per row: the text has another form than `pattern`."""
    return ~text(name).str.contains(pattern)


def long(name: str) -> pl.Expr:
    """Per row: the text may be longer than the column takes."""
    return text(name).str.len_bytes() > KOLOM[name].max_lengte


def as_sent(name: str) -> Quick:
    """The text is the value."""
    return lambda _: text(name)


def only(expr: pl.Expr, pattern: str) -> pl.Expr:
    """`expr` where it has the form of `pattern`, else null."""
    return pl.when(expr.str.contains(pattern)).then(expr)


def pattern(name: str, plain: str, thorough: pl.Expr, *, bared: pl.Expr | None = None) -> Reading:
    """Text of one form: plain as it stands, otherwise what `thorough` makes of it."""
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: unlike(name, plain) | long(name),
        bare=text(name) if bared is None else bared,
        thorough=lambda _dialect, _day: thorough,
    )


DISTINCT_AT_MOST: Final = 500
"""Distinct texts of one column that a library judges in one block; it takes tens of microseconds for each."""


Way = Callable[[pl.Series], pl.Series]
"""Text to text of the same rows; null where it cannot tell."""


def settled(expr: pl.Expr, *ways: Way) -> pl.Expr:
    """What the first of `ways` that can tell makes of each text; each sees only what the ones before it left.

    Ways from quick to slow: an expression would do the work of all for every text.
    """

    def settle(texts: pl.Series) -> pl.Series:
        result = ways[0](texts)
        for way in ways[1:]:
            left = result.is_null() & texts.is_not_null()
            if not left.any():
                break
            result = put(way(texts.filter(left)), left, result)
        return result

    return expr.map_batches(settle, return_dtype=pl.String)


def put(new: pl.Series, rows: pl.Series, old: pl.Series | None) -> pl.Series:
    """`new` at `rows`, in their order; `old`, or null, at the others."""
    place = pl.select(pl.when(rows).then(rows.cum_sum() - 1)).to_series()
    spread = new.gather(place)
    return spread if old is None else spread.zip_with(rows, old)


def way(make: Callable[[pl.Expr], pl.Expr]) -> Way:
    """A way that is an expression of the text."""
    expr = make(pl.col("text"))
    return lambda texts: texts.to_frame("text").select(expr.alias("text")).to_series()


def judge(judge_one: Callable[[str], str | None], *, beyond: bool) -> Way:
    """Each distinct text by itself, up to `DISTINCT_AT_MOST`; the others as they are when `beyond`, or null."""

    def each(texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique(maintain_order=True).head(DISTINCT_AT_MOST).to_list()
        found = [judge_one(one) for one in distinct]
        return texts.replace_strict(distinct, found, default=texts if beyond else None, return_dtype=pl.String)

    return each
