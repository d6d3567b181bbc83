"""The calendar: working days in the Netherlands (not Saturday, Sunday or a public holiday), and years back.

Source: Algemene termijnenwet art. 3 lid 1 (the recognised holidays) and lid 2 (Good Friday counts as one).
"""

import datetime as dt
from collections.abc import Set as AbstractSet

_DAY = dt.timedelta(days=1)


def easter(year: int) -> dt.date:
    """Easter Sunday of a Gregorian `year` (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return dt.date(year, month, day + 1)


def public_holidays(year: int) -> frozenset[dt.date]:
    """The public holidays of one `year` (since 2014: Koningsdag is 27 April, or 26 when that is a Sunday)."""
    sunday = easter(year)
    king = dt.date(year, 4, 27)
    return frozenset(
        {
            dt.date(year, 1, 1),
            sunday - 2 * _DAY,
            sunday + _DAY,
            king - _DAY if king.weekday() == 6 else king,
            dt.date(year, 5, 5),
            sunday + 39 * _DAY,
            sunday + 50 * _DAY,
            dt.date(year, 12, 25),
            dt.date(year, 12, 26),
        }
    )


def is_workday(day: dt.date, holidays: AbstractSet[dt.date]) -> bool:
    """Whether `day` is a working day; `holidays` must cover its year."""
    return day.weekday() < 5 and day not in holidays


def add_workdays(day: dt.date, count: int, *, holidays: AbstractSet[dt.date]) -> dt.date:
    """The `count`-th working day after `day` (which itself does not count); raises ValueError below 1."""
    if count < 1:
        raise ValueError("count of working days must be at least 1")
    while count:
        day += _DAY
        count -= is_workday(day, holidays)
    return day


def years_before(day: dt.date, years: int) -> dt.date:
    """The same day `years` earlier; 29 February becomes 1 March where it does not exist."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return dt.date(day.year - years, 3, 1)
