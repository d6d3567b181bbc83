"""When work is tried again: ONE table of schedules; `deploy/guarantees.md` shows the same figures, tied by a test.

A wait doubles from `first` to `longest` and is jittered between half of it and the whole, so that parcels which
failed together do not come back together. Dice are an argument: a fraction in [0, 1).
"""

import datetime as dt
import enum
import math
from dataclasses import dataclass
from typing import Final


class Cause(enum.StrEnum):
    """Why something is tried again."""

    DEFERRED = "deferred"
    UNKNOWN = "unknown"
    FEEDBACK_REFUSED = "feedback_refused"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """First and longest wait; `give_up_after` counts from the making of the delivery, None: never."""

    first: dt.timedelta
    longest: dt.timedelta
    give_up_after: dt.timedelta | None = None


SCHEDULES: Final[dict[Cause, Schedule]] = {
    # A system of a gemeente is never given up: its rows wait and operations are alerted (domain rule 4).
    Cause.DEFERRED: Schedule(first=dt.timedelta(seconds=10), longest=dt.timedelta(minutes=15)),
    # Short: while it is unknown the partner has no answer and no proof.
    Cause.UNKNOWN: Schedule(first=dt.timedelta(seconds=5), longest=dt.timedelta(minutes=5)),
    # A webhook that answers 4xx may be repaired by its partner within days, as Standard Webhooks expects.
    Cause.FEEDBACK_REFUSED: Schedule(
        first=dt.timedelta(minutes=1), longest=dt.timedelta(hours=1), give_up_after=dt.timedelta(days=5)
    ),
    Cause.NOT_SENT: Schedule(first=dt.timedelta(seconds=2), longest=dt.timedelta(minutes=1)),
}

LONGEST_RETRY_AFTER: Final = dt.timedelta(days=1)
"""A receiver that names more is taken at this: a wrong header must not park signalen for a year."""

_SPREAD: Final = 0.1
"""Retry-After is a promise not to come earlier; up to a tenth is added so that all do not come at once."""


def wait(cause: Cause, *, attempt: int, fraction: float) -> dt.timedelta:
    """The wait after the `attempt`-th (from 1) failed attempt; `fraction` in [0, 1) is the dice."""
    schedule = SCHEDULES[cause]
    doublings = min(max(attempt, 1) - 1, 32)
    return _jittered(min(schedule.first * (1 << doublings), schedule.longest), fraction)


def wait_by_age(cause: Cause, *, age: dt.timedelta, fraction: float) -> dt.timedelta:
    """The wait for something that has been so for `age`: as long again, within the schedule; doubles by itself."""
    schedule = SCHEDULES[cause]
    return _jittered(min(max(age, schedule.first), schedule.longest), fraction)


def honour(retry_after: float, *, fraction: float) -> dt.timedelta:
    """The wait for a receiver's Retry-After in seconds: never shorter, up to a tenth longer, at most a day."""
    if not math.isfinite(retry_after) or retry_after < 0:
        retry_after = 0.0
    named = min(retry_after, LONGEST_RETRY_AFTER.total_seconds())
    return dt.timedelta(seconds=named * (1 + _SPREAD * fraction))


def given_up(cause: Cause, *, age: dt.timedelta) -> bool:
    """Whether a delivery made `age` ago is tried no longer."""
    limit = SCHEDULES[cause].give_up_after
    return limit is not None and age >= limit


def _jittered(whole: dt.timedelta, fraction: float) -> dt.timedelta:
    return whole * (0.5 + 0.5 * fraction)
