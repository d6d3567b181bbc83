"""Backpressure counts per partner, never below zero, and says how long to wait."""

import datetime as dt

import pytest

from gateway.errors import DiskFullError, TooLargeError, TooManyError
from gateway.flow.limits import Limits, check_room, check_size
from tests.builders import a_partner
from tests.conftest import FakeClock

PARTNER = a_partner(max_per_minuut=3, max_gelijktijdig=2, max_bytes=10)
OTHER = a_partner("stroomnet", number=2, max_per_minuut=1)


def test_a_burst_up_to_the_rate_then_one_per_interval(clock: FakeClock) -> None:
    limits = Limits(clock)
    for _ in range(3):
        limits.spend(PARTNER)
    with pytest.raises(TooManyError) as refused:
        limits.spend(PARTNER)
    limits.spend(OTHER)
    assert refused.value.retry_after == pytest.approx(20)
    clock.advance(seconds=refused.value.retry_after)
    limits.spend(PARTNER)
    with pytest.raises(TooManyError):
        limits.spend(PARTNER)


def test_reports_have_a_wider_rate_of_their_own(clock: FakeClock) -> None:
    limits = Limits(clock)
    for _ in range(30):
        limits.spend_report(PARTNER)
    with pytest.raises(TooManyError, match="verwerkingsverslagen"):
        limits.spend_report(PARTNER)
    limits.spend(PARTNER)


def test_a_clock_that_is_set_back_gives_nothing_away(clock: FakeClock) -> None:
    limits = Limits(clock)
    for _ in range(3):
        limits.spend(PARTNER)
    clock.advance(days=-1)
    with pytest.raises(TooManyError):
        limits.spend(PARTNER)
    clock.advance(seconds=20)
    limits.spend(PARTNER)


def test_a_long_silence_saves_no_more_than_one_burst(clock: FakeClock) -> None:
    limits = Limits(clock)
    limits.spend(PARTNER)
    clock.now += dt.timedelta(days=7)
    for _ in range(3):
        limits.spend(PARTNER)
    with pytest.raises(TooManyError):
        limits.spend(PARTNER)


def test_places_come_back_also_after_an_error(clock: FakeClock) -> None:
    limits = Limits(clock)
    with limits.place(PARTNER), limits.place(OTHER):
        with pytest.raises(ZeroDivisionError), limits.place(PARTNER):
            raise ZeroDivisionError
        with limits.place(PARTNER), pytest.raises(TooManyError), limits.place(PARTNER):
            pass
    with limits.place(PARTNER), limits.place(PARTNER):
        pass


def test_size_and_room_are_inclusive() -> None:
    check_size(PARTNER, 10)
    with pytest.raises(TooLargeError) as refused:
        check_size(PARTNER, 11)
    assert refused.value.limit == 10

    class Room:
        def __init__(self, free: int | None) -> None:
            self.free = free

        def free_bytes(self) -> int | None:
            return self.free

    check_room(Room((1 << 20) + 5), watermark_mib=1, expected=5)  # type: ignore[arg-type]  # only asked for its room
    check_room(Room(None), watermark_mib=1, expected=5)  # type: ignore[arg-type]
    with pytest.raises(DiskFullError):
        check_room(Room((1 << 20) + 4), watermark_mib=1, expected=5)  # type: ignore[arg-type]
