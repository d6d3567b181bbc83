"""The waits: jitter within bounds, doubling, Retry-After, and the page that promises them."""

import datetime as dt
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.retry import LONGEST_RETRY_AFTER, SCHEDULES, Cause, given_up, honour, wait, wait_by_age

GUARANTEES = Path(__file__).parents[2] / "deploy" / "guarantees.md"
fractions = st.floats(min_value=0, max_value=1, exclude_max=True)
_UNITS = {"s": 1, "min": 60, "h": 3600}


def _seconds(text: str) -> float:
    number, unit = text.split()
    return int(number) * _UNITS[unit]


@pytest.mark.parametrize("cause", list(Cause))
def test_the_page_promises_what_the_table_says(cause: Cause) -> None:
    line = re.search(rf"^\| {cause} \|(.*)\|(.*)\|(.*)\|$", GUARANTEES.read_text("utf-8"), re.MULTILINE)
    assert line is not None
    first, longest, end = (cell.strip() for cell in line.groups())
    schedule = SCHEDULES[cause]
    assert (schedule.first.total_seconds(), schedule.longest.total_seconds()) == (_seconds(first), _seconds(longest))
    days = None if schedule.give_up_after is None else schedule.give_up_after.days
    assert end == ("never" if days is None else f"after {days} days: dead letter")


@given(st.sampled_from(Cause), st.integers(1, 10_000), fractions)
def test_a_wait_lies_between_half_and_the_whole(cause: Cause, attempt: int, fraction: float) -> None:
    schedule = SCHEDULES[cause]
    whole = min(schedule.first * 2 ** min(attempt - 1, 40), schedule.longest)
    assert whole / 2 <= wait(cause, attempt=attempt, fraction=fraction) <= whole


def test_waits_double_up_to_the_longest() -> None:
    waits = [wait(Cause.DEFERRED, attempt=n, fraction=0.999999999).total_seconds() for n in (1, 2, 3, 8, 99)]
    assert waits == pytest.approx([10, 20, 40, 900, 900])


@given(st.timedeltas(dt.timedelta(0), dt.timedelta(days=30)), fractions)
def test_what_is_unknown_is_asked_at_least_every_five_minutes(age: dt.timedelta, fraction: float) -> None:
    assert (
        dt.timedelta(seconds=2.5) <= wait_by_age(Cause.UNKNOWN, age=age, fraction=fraction) <= dt.timedelta(minutes=5)
    )


@given(st.floats(min_value=0, max_value=86_400), fractions)
def test_retry_after_is_never_shortened(seconds: float, fraction: float) -> None:
    waited = honour(seconds, fraction=fraction).total_seconds()
    assert seconds - 1e-6 <= waited <= seconds * 1.1 + 1e-6


@pytest.mark.parametrize(("named", "taken"), [(-5, 0), (math.nan, 0), (math.inf, 0), (1e12, 86_400)])
def test_nonsense_in_retry_after_parks_nothing_for_ever(named: float, taken: float) -> None:
    assert honour(named, fraction=0.0) == dt.timedelta(seconds=taken)
    assert honour(named, fraction=0.0) <= LONGEST_RETRY_AFTER


def test_only_refused_feedback_is_ever_given_up() -> None:
    ages = {cause: given_up(cause, age=dt.timedelta(days=3650)) for cause in Cause}
    assert ages == {cause: cause is Cause.FEEDBACK_REFUSED for cause in Cause}
    assert not given_up(Cause.FEEDBACK_REFUSED, age=dt.timedelta(days=4, hours=23))
    assert given_up(Cause.FEEDBACK_REFUSED, age=dt.timedelta(days=5))
