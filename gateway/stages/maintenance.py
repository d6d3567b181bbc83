"""Maintenance windows of receiving systems: weekly, in Europe/Amsterdam, in every, even or odd ISO weeks."""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from contracts.overeenkomst import Onderhoud

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_DAY: Final = dt.timedelta(days=1)


def closed_until(windows: Sequence[Onderhoud], moment: dt.datetime) -> dt.datetime | None:
    """The end (UTC) of the maintenance that `moment` lies in, windows that touch taken as one; None outside.

    The start belongs to a window, the end does not. `tot` at or before `van` means the next day; the week is that of
    the day it starts on (ISO 8601). Wall times are Europe/Amsterdam: a window in the hour that the clock skips is
    empty, one in the hour that comes twice lasts both.
    """
    end: dt.datetime | None = None
    probe = moment
    for _ in range(2 * len(windows) + 1):
        ends = [e for window in windows if (e := _end_if_inside(window, probe)) is not None]
        if not ends:
            return end
        end = probe = max(ends)
    return end


def _end_if_inside(window: Onderhoud, moment: dt.datetime) -> dt.datetime | None:
    today = moment.astimezone(AMSTERDAM).date()
    for day in (today - _DAY, today):
        if day.isoweekday() != window.dag or not _in_week(window.weken, day):
            continue
        start, end = _bounds(window, day)
        if start <= moment < end:
            return end
    return None


def _in_week(weeks: str, day: dt.date) -> bool:
    return weeks == "alle" or (weeks == "even") == (day.isocalendar().week % 2 == 0)


def _bounds(window: Onderhoud, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    last = day if window.tot > window.van else day + _DAY
    start = dt.datetime.combine(day, window.van, AMSTERDAM)
    end = dt.datetime.combine(last, window.tot, AMSTERDAM).replace(fold=1)
    return start.astimezone(dt.UTC), end.astimezone(dt.UTC)


def outside_maintenance(due_at: dt.datetime, windows: Sequence[Onderhoud], *, fraction: float) -> dt.datetime:
    """`due_at`, or within a minute after the maintenance that it falls in."""
    end = closed_until(windows, due_at)
    return due_at if end is None else end + dt.timedelta(minutes=1) * fraction
