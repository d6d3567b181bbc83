"""When something may be sent, and what follows an answer."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, RowRefusal, Unknown
from contracts.overeenkomst import Onderhoud
from gateway.lifecycle import DeliveryEvent
from gateway.stages.maintenance import AMSTERDAM, closed_until, outside_maintenance
from gateway.stages.schedule import (
    CLOSED,
    Breaker,
    BreakerPolicy,
    DestinationLimit,
    Kind,
    Tried,
    after_answer,
    clock_jumped,
    decide,
    free_slots,
    halves,
    pieces,
    share,
)

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
VPS = Onderhoud(dag=2, van=dt.time(5), tot=dt.time(7), weken="even")
POLICY = BreakerPolicy(failures=3, pause=dt.timedelta(seconds=30))

outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Accepted),
    st.builds(Refused, code=st.just("x"), kind=st.sampled_from(RefusalKind)),
    st.builds(Deferred, reason=st.just("x"), retry_after=st.none() | st.floats(0, 1e9), unreachable=st.booleans()),
    st.builds(Unknown, reason=st.just("x")),
)


def local(*when: int, fold: int = 0) -> dt.datetime:
    return dt.datetime(*when, tzinfo=AMSTERDAM, fold=fold).astimezone(dt.UTC)  # type: ignore[misc, arg-type]


def tried(**kw: Any) -> Tried:
    defaults: dict[str, Any] = {"kind": Kind.SIGNALEN, "row_count": 8, "attempt": 1, "created_at": NOW}
    return Tried(**defaults | kw)


def event_of(outcome: Outcome, **kw: Any) -> DeliveryEvent:
    return decide(tried(**kw), outcome, now=NOW, fraction=0.5).event


class TestMaintenance:
    """VPS: Tuesdays 05:00-07:00 in even weeks."""

    def test_an_even_week_is_closed_from_start_up_to_end(self) -> None:
        # 2026-11-24 is a Tuesday in ISO week 48.
        assert closed_until([VPS], local(2026, 11, 24, 5)) == local(2026, 11, 24, 7)
        assert closed_until([VPS], local(2026, 11, 24, 5) - SECOND) is None
        assert closed_until([VPS], local(2026, 11, 24, 7)) is None

    def test_an_odd_week_is_open(self) -> None:
        assert closed_until([VPS], local(2026, 11, 17, 6)) is None

    def test_week_53_and_week_1_are_both_odd(self) -> None:
        assert closed_until([VPS], local(2026, 12, 29, 6)) is None
        assert closed_until([VPS], local(2027, 1, 5, 6)) is None
        assert closed_until([VPS], local(2027, 1, 12, 6)) == local(2027, 1, 12, 7)

    def test_wall_time_counts_in_summer_and_winter(self) -> None:
        assert closed_until([VPS], dt.datetime(2026, 11, 24, 4, 30, tzinfo=dt.UTC)) is not None
        assert closed_until([VPS], dt.datetime(2026, 7, 7, 3, 30, tzinfo=dt.UTC)) is not None
        assert closed_until([VPS], dt.datetime(2026, 7, 7, 5, 30, tzinfo=dt.UTC)) is None

    def test_over_midnight_it_belongs_to_the_week_it_starts_in(self) -> None:
        sunday = Onderhoud(dag=7, van=dt.time(23), tot=dt.time(2), weken="even")
        # Sunday 2026-11-29 ends week 48; its window runs into Monday of week 49.
        assert closed_until([sunday], local(2026, 11, 30, 1)) == local(2026, 11, 30, 2)
        assert closed_until([sunday], local(2026, 11, 23, 1)) is None

    def test_the_skipped_hour_is_empty_and_the_double_hour_lasts_twice(self) -> None:
        nightly = Onderhoud(dag=7, van=dt.time(2), tot=dt.time(3))
        assert closed_until([nightly], local(2026, 3, 29, 3)) is None
        first, second = local(2026, 10, 25, 2, 30), local(2026, 10, 25, 2, 30, fold=1)
        assert second - first == dt.timedelta(hours=1)
        assert closed_until([nightly], first) == closed_until([nightly], second) == local(2026, 10, 25, 3)

    def test_windows_that_touch_are_one(self) -> None:
        later = Onderhoud(dag=2, van=dt.time(7), tot=dt.time(8))
        assert closed_until([VPS, later], local(2026, 11, 24, 5, 30)) == local(2026, 11, 24, 8)

    def test_a_whole_week_of_windows_ends_anyhow(self) -> None:
        always = [Onderhoud(dag=day, van=dt.time(0), tot=dt.time(0)) for day in range(1, 8)]
        assert closed_until(always, NOW) is not None

    @given(st.integers(0, 4 * 366 * 24 * 60).map(lambda minute: NOW + minute * dt.timedelta(minutes=1)))
    def test_the_end_lies_ahead_and_is_open(self, moment: dt.datetime) -> None:
        end = closed_until([VPS], moment)
        assert end is None or (end > moment and closed_until([VPS], end) is None)

    def test_a_due_time_inside_moves_to_just_after(self) -> None:
        inside = local(2026, 11, 24, 6)
        assert outside_maintenance(inside, [VPS], fraction=0.5) == local(2026, 11, 24, 7) + 30 * SECOND
        assert outside_maintenance(NOW, [VPS], fraction=0.5) == NOW


class TestBreaker:
    """Left alone after failures in a row; one probe; its own per destination."""

    FAILED = Deferred(reason="refused", unreachable=True)

    def run(self, *outcomes: Outcome, start: Breaker = CLOSED, at: dt.datetime = NOW) -> Breaker:
        for outcome in outcomes:
            start = after_answer(start, outcome, now=at, policy=POLICY)
        return start

    def test_it_opens_at_the_third_failure_in_a_row(self) -> None:
        assert not self.run(self.FAILED, self.FAILED).is_open(NOW)
        assert self.run(self.FAILED, Unknown(reason="lost"), Deferred(reason="http_503")).is_open(NOW)
        assert not self.run(self.FAILED, self.FAILED, Accepted(), self.FAILED).is_open(NOW)

    def test_a_refusal_is_an_answer(self) -> None:
        assert self.run(self.FAILED, self.FAILED, Refused(code="x")) == CLOSED

    def test_half_open_lets_one_through_and_its_success_closes(self) -> None:
        opened = self.run(*[self.FAILED] * 3)
        later = NOW + 31 * SECOND
        limit = DestinationLimit(4)
        assert free_slots(limit, opened, in_flight=0, now=NOW, policy=POLICY) == 0
        assert free_slots(limit, opened, in_flight=0, now=later, policy=POLICY) == 1
        assert free_slots(limit, opened, in_flight=1, now=later, policy=POLICY) == 0
        closed = self.run(Accepted(), start=opened, at=later)
        assert free_slots(limit, closed, in_flight=1, now=later, policy=POLICY) == 3

    def test_a_success_of_before_it_opened_masks_nothing(self) -> None:
        opened = self.run(*[self.FAILED] * 3)
        assert self.run(Accepted(), start=opened) == opened

    def test_failed_probes_double_the_pause_up_to_the_longest(self) -> None:
        breaker, now, pauses = self.run(*[self.FAILED] * 3), NOW, []
        for _ in range(6):
            assert breaker.open_until is not None
            pauses.append((breaker.open_until - now).total_seconds())
            now = breaker.open_until
            breaker = self.run(self.FAILED, start=breaker, at=now)
        assert pauses == [30, 60, 120, 240, 300, 300]

    def test_throttling_holds_back_and_is_no_failure(self) -> None:
        held = self.run(Deferred(reason="throttled", retry_after=20))
        assert held == Breaker(0, NOW + 20 * SECOND)
        assert self.run(Deferred(reason="throttled", retry_after=60), start=held).open_until == NOW + 60 * SECOND
        assert free_slots(DestinationLimit(4), held, in_flight=0, now=NOW + 20 * SECOND, policy=POLICY) == 4

    def test_closed_by_pause_or_maintenance_gives_nothing(self) -> None:
        assert free_slots(DestinationLimit(4, closed=True), CLOSED, in_flight=0, now=NOW, policy=POLICY) == 0

    @given(st.lists(outcomes, max_size=30))
    def test_it_never_promises_more_than_the_limit_or_less_than_none(self, answers: list[Outcome]) -> None:
        breaker = self.run(*answers)
        for in_flight in range(6):
            assert 0 <= free_slots(DestinationLimit(4), breaker, in_flight=in_flight, now=NOW, policy=POLICY) <= 4


class TestShare:
    """Slots of one worker are dealt over destinations one at a time."""

    def test_a_busy_destination_does_not_starve_another(self) -> None:
        assert share({"vps": 100, "ris": 2, "webhook": 1}, 8) == {"vps": 5, "ris": 2, "webhook": 1}

    @given(st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=6), st.integers(0, 40))
    def test_all_is_dealt_and_nobody_gets_too_much(self, free: dict[str, int], slots: int) -> None:
        dealt = share(free, slots)
        assert sum(dealt.values()) == min(slots, sum(free.values()))
        assert all(0 < number <= free[key] for key, number in dealt.items())


class TestDecide:
    """Outcome → event."""

    @pytest.mark.parametrize(
        ("outcome", "kw", "event"),
        [
            (Accepted(), {}, DeliveryEvent.ACCEPT),
            (Refused(code="x"), {}, DeliveryEvent.SPLIT),
            (Refused(code="x"), {"row_count": 1}, DeliveryEvent.REFUSE),
            (Refused(code="x", kind=RefusalKind.CONTRACT), {}, DeliveryEvent.DIE),
            (Deferred(reason="x", unreachable=True), {}, DeliveryEvent.DEFER),
            (Unknown(reason="x"), {}, DeliveryEvent.LOSE),
            (Refused(code="x"), {"unknown_since": NOW}, DeliveryEvent.SPLIT),
            (Refused(code="x", kind=RefusalKind.CONTRACT), {"unknown_since": NOW}, DeliveryEvent.LOSE),
            (Deferred(reason="x"), {"unknown_since": NOW}, DeliveryEvent.LOSE),
            (Accepted(), {"unknown_since": NOW}, DeliveryEvent.ACCEPT),
        ],
    )
    def test_signalen(self, outcome: Outcome, kw: dict[str, Any], event: DeliveryEvent) -> None:
        assert event_of(outcome, **kw) is event

    @given(outcomes, st.integers(1, 9), st.integers(1, 10_000), st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)))
    def test_unknown_is_never_reported_as_anything_else(
        self, outcome: Outcome, rows: int, attempt: int, age: dt.timedelta
    ) -> None:
        """Only the receiver's word on the parcel itself ends it: it took it, or it refused its content."""
        event = event_of(outcome, row_count=rows, attempt=attempt, created_at=NOW - age, unknown_since=NOW - age)
        settled = {DeliveryEvent.ACCEPT, DeliveryEvent.REFUSE, DeliveryEvent.SPLIT}
        if event is not DeliveryEvent.LOSE:
            assert event in settled
            assert isinstance(outcome, Accepted) or (isinstance(outcome, Refused) and outcome.kind is RefusalKind.BATCH)

    @given(st.integers(1, 100_000), st.timedeltas(dt.timedelta(0), dt.timedelta(days=3650)), st.booleans())
    def test_an_unreachable_system_never_dead_letters(self, attempt: int, age: dt.timedelta, unreachable: bool) -> None:
        outcome = Deferred(reason="x", unreachable=unreachable)
        for kind in Kind:
            decision = decide(tried(kind=kind, attempt=attempt, created_at=NOW - age), outcome, now=NOW, fraction=0.999)
            assert decision.event is DeliveryEvent.DEFER
            assert decision.due_at is not None
            assert NOW < decision.due_at <= NOW + dt.timedelta(minutes=15)

    def test_rows_refused_by_the_receiver_are_kept_once_and_in_range(self) -> None:
        refusals = tuple(RowRefusal(position=p, code="a") for p in (3, 1, 3, 99, -1))
        decision = decide(tried(row_count=4), Accepted(refusals=refusals, receipt="r"), now=NOW, fraction=0)
        assert [r.position for r in decision.refusals] == [1, 3]
        assert (decision.event, decision.receipt) == (DeliveryEvent.ACCEPT, "r")

    def test_all_rows_refused_is_a_refusal(self) -> None:
        refusals = tuple(RowRefusal(position=p, code="a") for p in range(3))
        assert event_of(Accepted(refusals=refusals), row_count=3) is DeliveryEvent.REFUSE

    def test_one_refused_row_keeps_the_receivers_code(self) -> None:
        decision = decide(tried(row_count=1), Refused(code="V12"), now=NOW, fraction=0)
        assert decision.refusals == (RowRefusal(position=0, code="V12"),)

    @pytest.mark.parametrize("kind", list(RefusalKind))
    def test_feedback_is_tried_for_days_and_gone_is_gone(self, kind: RefusalKind) -> None:
        feedback: dict[str, Any] = {"kind": Kind.TERUGKOPPELING, "row_count": 1}
        refused = Refused(code="http_404", kind=kind)
        assert event_of(refused, **feedback, created_at=NOW - dt.timedelta(days=4)) is DeliveryEvent.DEFER
        assert event_of(refused, **feedback, created_at=NOW - dt.timedelta(days=5)) is DeliveryEvent.DIE
        assert event_of(Refused(code="http_410", kind=kind), **feedback) is DeliveryEvent.DIE

    def test_retry_after_is_honoured(self) -> None:
        decision = decide(tried(attempt=9), Deferred(reason="x", retry_after=2), now=NOW, fraction=0)
        assert decision.due_at == NOW + 2 * SECOND

    @given(outcomes, st.floats(0, 0.999), st.sampled_from([None, NOW - dt.timedelta(hours=1)]))
    def test_exactly_what_goes_on_by_itself_has_a_due_time(
        self, outcome: Outcome, fraction: float, unknown_since: dt.datetime | None
    ) -> None:
        decision = decide(tried(unknown_since=unknown_since), outcome, now=NOW, fraction=fraction)
        assert (decision.due_at is not None) == (decision.event in {DeliveryEvent.DEFER, DeliveryEvent.LOSE})


class TestLeasesAndPieces:
    """The clock of leases, and cutting."""

    @pytest.mark.parametrize(
        ("last", "now", "jumped"),
        [(None, 10**9, False), (1000, 2000, False), (1000, 32_000, True), (40_000, 5_000, True), (1000, 31_000, False)],
    )
    def test_a_jump_is_more_than_a_lease_either_way(self, last: int | None, now: int, jumped: bool) -> None:
        assert clock_jumped(last_ms=last, now_ms=now, lease_ms=30_000) is jumped

    @given(st.integers(0, 1000), st.integers(2, 1000))
    def test_halves_cover_the_range(self, start: int, rows: int) -> None:
        (a, b), (c, d) = halves(start, start + rows)
        assert a == start < b == c < d == start + rows
        assert abs((b - a) - (d - c)) <= 1

    @given(st.integers(0, 1000), st.integers(1, 1000), st.integers(1, 600))
    def test_pieces_cover_the_range_in_as_few_as_possible(self, start: int, rows: int, most: int) -> None:
        cut = pieces(start, start + rows, at_most=most)
        assert [p for a, b in cut for p in range(a, b)] == list(range(start, start + rows))
        assert len(cut) == -(-rows // most)
        assert all(0 < b - a <= most for a, b in cut)
