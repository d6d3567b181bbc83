"""Dates as people and programs write them.

Day first unless the file says otherwise; four digits first are a year in every file. A year of two digits is a year
from 79 years before the day of receipt up to 20 after it, and of a birth date the last one that is not later than that
day. Five digits are days as Excel counts them (from 30-12-1899, so that 60 is the 29 February 1900 that never was).
"""

import datetime as dt
from functools import partial
from typing import Final

import polars as pl

from contracts.profiel import Datumvolgorde
from gateway.stages.columns import Reading, lost, text, value
from gateway.stages.split import Form, split

_QUICK: Final = {
    Datumvolgorde.DMJ: "%d-%m-%Y",
    Datumvolgorde.JMD: "%Y-%m-%d",
    Datumvolgorde.MDJ: "%m-%d-%Y",
}
_YEARS_AHEAD: Final = 20
_EXCEL_DAY_0: Final = dt.date(1899, 12, 30)

_TIME: Final = (
    r"(?i)(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]\.?m\.?)?(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?"
    r"(?: ?uur)?)$"
)
_MONTHS: Final = (
    ("jan", "januari", "january"),
    ("feb", "febr", "februari", "february"),
    ("mrt", "maart", "mar", "march"),
    ("apr", "april"),
    ("mei", "may"),
    ("jun", "juni", "june"),
    ("jul", "juli", "july"),
    ("aug", "augustus", "august"),
    ("sep", "sept", "september"),
    ("okt", "oct", "oktober", "october"),
    ("nov", "november"),
    ("dec", "december"),
)
_MONTH_OF: Final = {name: str(number) for number, names in enumerate(_MONTHS, 1) for name in names}
_NAMES: Final = "|".join(sorted(_MONTH_OF, key=len, reverse=True))

_D, _M, _Y = "(?P<d>[0-9]{1,2})", "(?P<m>[0-9]{1,2})", "(?P<y>[0-9]{4})"
_SHORT_Y: Final = "(?P<short>[0-9]{2})"
_MARK: Final = "[-/.]"
_CENTURY: Final = "(?:19|20)[0-9]{2}"
_NAMED: Final = rf"(?i)^(?:(?:ma|di|wo|do|vr|za|zo)[a-z]{{0,7}}\.?,?)?{_D}[-/.]*(?P<name>{_NAMES})[-/.,']*"
_YEAR_FIRST: Final = (
    Form(rf"^{_Y}{_MARK}{_M}{_MARK}{_D}$"),
    Form(r"^(?P<y>[0-9]{4})(?P<m>0[0-9]|1[0-2])(?P<d>[0-9]{2})$"),
)
_BY_NAME: Final = (Form(f"{_NAMED}{_Y}$"), Form(f"{_NAMED}{_SHORT_Y}$"), Form("^(?P<serial>[0-9]{5})(?:[.,][0-9]+)?$"))
_LAST: Final = (Form("(?s)^.*$"),)
_FORMS: Final = {
    Datumvolgorde.DMJ: (
        Form(f"^{_D}{_MARK}{_M}{_MARK}{_Y}$"),
        *_YEAR_FIRST,
        Form(f"^{_D}{_MARK}{_M}{_MARK}{_SHORT_Y}$"),
        Form(f"^(?P<d>[0-9]{{2}})(?P<m>[0-9]{{2}})(?P<y>{_CENTURY})$"),
        *_BY_NAME,
        *_LAST,
    ),
    # The year of two digits could stand first or last.
    Datumvolgorde.JMD: (Form(f"^{_D}{_MARK}{_M}{_MARK}{_Y}$"), *_YEAR_FIRST, *_BY_NAME, *_LAST),
    Datumvolgorde.MDJ: (
        Form(f"^{_M}{_MARK}{_D}{_MARK}{_Y}$"),
        *_YEAR_FIRST,
        Form(f"^{_M}{_MARK}{_D}{_MARK}{_SHORT_Y}$"),
        *_BY_NAME,
        *_LAST,
    ),
}
_PARTS: Final = ("d", "m", "name", "y", "short", "serial")


def date(name: str, *, birth: bool = False) -> Reading:
    """A date; `birth`: of a birth date, that lies in the past."""
    plain = text(name)
    # The engine's parser lets spaces and signs before a number pass, so the thorough way does too.
    day = plain.str.replace(_TIME, "").str.replace_all(r"[\s+]", "")
    usual = value(name).is_between(dt.date(1000, 1, 1), dt.date(9999, 12, 31))
    return Reading(
        quick=lambda d: plain.str.to_date(_QUICK[d.date_order], strict=False, cache=False),
        doubt=lambda _: lost(name) | (plain.str.len_bytes() != 10) | ~usual,  # dd-mm-jjjj
        bare=day,
        thorough=lambda dialect, received_on: pl.col(f"b:{name}").map_batches(
            partial(_read, order=dialect.date_order, received_on=received_on, birth=birth), return_dtype=pl.Date
        ),
    )


def excel_number(name: str) -> pl.Expr:
    """The date was a number of days."""
    return value(name).is_not_null() & pl.col(f"b:{name}").str.contains("^[0-9]{5}(?:[.,][0-9]+)?$")


def short_year(name: str) -> pl.Expr:
    """The year of the date had two digits."""
    short = rf"^[0-9]{{1,2}}{_MARK}[0-9]{{1,2}}{_MARK}[0-9]{{2}}$|[a-z][-/.,']*[0-9]{{2}}$"
    return value(name).is_not_null() & pl.col(f"b:{name}").str.contains(f"(?i){short}")


def _read(texts: pl.Series, *, order: Datumvolgorde, received_on: dt.date, birth: bool) -> pl.Series:
    apart = split(texts.drop_nulls().unique(), _FORMS[order], _PARTS)
    month = pl.coalesce("m", pl.col("name").str.to_lowercase().replace_strict(_MONTH_OF, default=None))
    dates = apart.select("text", _date(_year(month, received_on, birth=birth), month).alias("date"))
    return texts.to_frame("text").join(dates, on="text", how="left", maintain_order="left")["date"]


def _year(month: pl.Expr, received_on: dt.date, *, birth: bool) -> pl.Expr:
    """The year in full, as text."""
    last = received_on if birth else dt.date(received_on.year + _YEARS_AHEAD, 12, 31)
    century = last.year // 100 * 100
    short, number = pl.col("short").cast(pl.Int32, strict=False), pl.lit(10_000)
    in_year = month.cast(pl.Int32, strict=False) * 100 + pl.col("d").cast(pl.Int32, strict=False)
    in_time = short * number + in_year <= (last.year - century) * number + last.month * 100 + last.day
    full = pl.when(in_time).then(short + century).otherwise(short + century - 100)
    return pl.coalesce("y", full.cast(pl.String))


def _date(year: pl.Expr, month: pl.Expr) -> pl.Expr:
    written = (year + "-" + month + "-" + pl.col("d")).str.to_date("%Y-%m-%d", strict=False, cache=False)
    counted = pl.lit(_EXCEL_DAY_0) + pl.duration(days=pl.col("serial").cast(pl.Int64, strict=False))
    return pl.coalesce(written, counted.cast(pl.Date))
