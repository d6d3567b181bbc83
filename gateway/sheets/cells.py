"""What stands in a cell, as the text that a person would write into a CSV."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from gateway.stages.csv_text import decimal_text, truth_text

Cell = str | float | bool | dt.date | dt.time | dt.timedelta
"""What the library gives; an int is a float here, a date-time a date. An empty cell is ""."""

_DAY: Final = dt.timedelta(days=1)
_SECOND: Final = dt.timedelta(seconds=1)


def texts(rows: Iterable[list[Cell]], *, before: int) -> Iterator[list[str]]:
    """Rows of text, with `before` empty columns in front of each."""
    empty = [""] * before
    for row in rows:
        yield [*empty, *[cell if type(cell) is str else _TEXT[type(cell)](cell) for cell in row]]


def _date_time(value: dt.datetime) -> str:
    # A moment is a fraction of a day, so its seconds are seldom exact.
    rounded = (value + _SECOND / 2).replace(microsecond=0) if value.year < dt.MAXYEAR else value
    return rounded.date().isoformat() if rounded.time() == dt.time() else rounded.isoformat(" ", "seconds")


def _duration(value: dt.timedelta) -> str:
    """Hours, minutes and seconds, as many hours as there are: 36:00:00."""
    seconds = round(value / _SECOND)
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _time(value: dt.time) -> str:
    return value.isoformat("seconds")


def _truth(value: bool) -> str:
    return truth_text(value=value)


_TEXT: Final[dict[type, Callable[[Any], str]]] = {
    str: str,
    int: str,
    float: decimal_text,
    bool: _truth,
    dt.date: dt.date.isoformat,
    dt.datetime: _date_time,
    dt.time: _time,
    dt.timedelta: _duration,
}
