"""The usual days of delivery (domain rule 4); a file outside them gets one warning."""

import datetime as dt


def outside_window(day: dt.date, *, from_day: int, until_day: int) -> bool:
    """Whether `day` lies outside the days of the month `from_day` up to and including `until_day`."""
    return not from_day <= day.day <= until_day
