"""What may be sent when, and what follows an answer: slots, breaker, outcome → event, leases, pieces.

Pure: moments and dice are arguments. `gateway/retry.py` holds the waits, `gateway/lifecycle.py` the states;
this file decides which event an outcome is. `deploy/guarantees.md` says the same in prose.
"""

import datetime as dt
import enum
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, RowRefusal, Unknown
from gateway import retry
from gateway.lifecycle import DeliveryEvent
from gateway.retry import Cause


@dataclass(frozen=True, slots=True)
class DestinationLimit:
    """How many parcels may be on the wire to a destination, over all workers; `closed`: pause or maintenance."""

    slots: int
    closed: bool = False


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """After `failures` in a row leave alone for `pause`; each failed probe doubles it, up to `longest`."""

    failures: int
    pause: dt.timedelta
    longest: dt.timedelta = dt.timedelta(minutes=5)  # one probe in five minutes bothers nobody and is back soon


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of a destination: failures in a row, and until when it is left alone."""

    failures: int = 0
    open_until: dt.datetime | None = None

    def is_open(self, now: dt.datetime) -> bool:
        """Whether nothing may be sent now."""
        return self.open_until is not None and now < self.open_until


CLOSED: Final = Breaker()


class Sign(enum.Enum):
    """What an answer says about its destination."""

    ANSWERS = "answers"
    FAILS = "fails"
    THROTTLES = "throttles"


def sign_of(outcome: Outcome) -> Sign:
    """What `outcome` says about the destination: lost answers and server errors are failures, a refusal is not."""
    match outcome:
        case Accepted() | Refused():
            return Sign.ANSWERS
        case Deferred():
            return Sign.THROTTLES if outcome.retry_after is not None and not outcome.unreachable else Sign.FAILS
        case Unknown():
            return Sign.ANSWERS if outcome.pending else Sign.FAILS
        case _:
            assert_never(outcome)


def after_answer(breaker: Breaker, outcome: Outcome, *, now: dt.datetime, policy: BreakerPolicy) -> Breaker:
    """The breaker after one answer. Answers of before it opened change nothing while it is open."""
    sign = sign_of(outcome)
    held = _held_back(outcome, now)
    if breaker.is_open(now):
        return breaker if held is None or sign is not Sign.THROTTLES else _longer(breaker, held)
    match sign:
        case Sign.ANSWERS:
            return CLOSED
        case Sign.THROTTLES:
            return _longer(breaker, held or now)
        case Sign.FAILS:
            failed = Breaker(breaker.failures + 1, _pause_end(breaker.failures + 1, now, policy))
            return failed if held is None else _longer(failed, held)
        case _:
            assert_never(sign)


def _held_back(outcome: Outcome, now: dt.datetime) -> dt.datetime | None:
    if not isinstance(outcome, Deferred) or outcome.retry_after is None:
        return None
    return now + retry.honour(outcome.retry_after, fraction=0.0)


def _pause_end(failures: int, now: dt.datetime, policy: BreakerPolicy) -> dt.datetime | None:
    if failures < policy.failures:
        return None
    doublings = min(failures - policy.failures, 16)
    return now + min(policy.pause * (1 << doublings), policy.longest)


def _longer(breaker: Breaker, until: dt.datetime) -> Breaker:
    return Breaker(breaker.failures, until if breaker.open_until is None else max(breaker.open_until, until))


def free_slots(
    limit: DestinationLimit, breaker: Breaker, *, in_flight: int, now: dt.datetime, policy: BreakerPolicy
) -> int:
    """How many parcels may be claimed for a destination: none when closed or open, one probe when half open."""
    if limit.closed or breaker.is_open(now):
        return 0
    allowed = 1 if breaker.failures >= policy.failures else limit.slots
    return max(0, allowed - in_flight)


def share(free: Mapping[str, int], slots: int) -> dict[str, int]:
    """Deal `slots` of this worker over destinations, at most `free` each, one at a time in the order given."""
    dealt = dict.fromkeys(free, 0)
    left = slots
    while left > 0:
        hungry = [key for key, most in free.items() if dealt[key] < most][:left]
        if not hungry:
            break
        for key in hungry:
            dealt[key] += 1
        left -= len(hungry)
    return {key: number for key, number in dealt.items() if number}


class Kind(enum.StrEnum):
    """What a delivery carries."""

    SIGNALEN = "signalen"
    TERUGKOPPELING = "terugkoppeling"


GONE: Final = frozenset({"410", "http_410", "gone"})
"""Codes by which a webhook says that it will never be there again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What deciding needs to know of one attempt.

    `unknown_since`: set while an earlier attempt may have arrived; the caller clears it when the receiver said
    by query that it has no such parcel.
    """

    kind: Kind
    row_count: int
    attempt: int
    created_at: dt.datetime
    unknown_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The event that an outcome is, when to go on (None: not by itself), and what to keep of the answer."""

    event: DeliveryEvent
    due_at: dt.datetime | None = None
    outcome: str
    reason: str | None = None
    receipt: str | None = None
    refusals: tuple[RowRefusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """An attempt that ended before anything left: our own trouble. `repairable`: waiting may mend it."""

    reason: str
    repairable: bool = True


def decide_unsent(tried: Tried, unsent: NotSent, *, now: dt.datetime, fraction: float) -> Decision:
    """What follows an attempt that did not leave: back to where it was, a dead letter when waiting mends nothing."""
    if tried.unknown_since is not None:
        return _lost(tried, unsent.reason, now=now, fraction=fraction)
    if not unsent.repairable:
        return Decision(event=DeliveryEvent.DIE, outcome="not_sent", reason=unsent.reason)
    wait = retry.wait(Cause.NOT_SENT, attempt=tried.attempt, fraction=fraction)
    return Decision(event=DeliveryEvent.RETURN, due_at=now + wait, outcome="not_sent", reason=unsent.reason)


def decide(tried: Tried, outcome: Outcome, *, now: dt.datetime, fraction: float) -> Decision:
    """What follows `outcome`; `fraction` in [0, 1) is the dice of the wait.

    While an earlier attempt may have arrived, an answer that is only about this one settles nothing.
    """
    match outcome:
        case Accepted():
            return _accepted(tried, outcome)
        case Refused(kind=RefusalKind.BATCH) if tried.kind is Kind.SIGNALEN:
            return _refused(tried, outcome)
        case Refused() if tried.kind is Kind.TERUGKOPPELING:
            return _feedback_refused(tried, outcome, now=now, fraction=fraction)
        case Refused() if tried.unknown_since is not None:
            return _lost(tried, outcome.code, now=now, fraction=fraction)
        case Refused():
            return Decision(event=DeliveryEvent.DIE, outcome="refused", reason=outcome.code)
        case Deferred() if tried.unknown_since is not None:
            return _lost(tried, outcome.reason, now=now, fraction=fraction, retry_after=outcome.retry_after)
        case Deferred():
            wait = _wait(Cause.DEFERRED, tried, fraction, outcome.retry_after)
            return Decision(event=DeliveryEvent.DEFER, due_at=now + wait, outcome="deferred", reason=outcome.reason)
        case Unknown():
            return _lost(tried, outcome.reason, now=now, fraction=fraction)
        case _:
            assert_never(outcome)


def _accepted(tried: Tried, outcome: Accepted) -> Decision:
    """Accepted, unless the receiver refused every row: then nothing was delivered, and the counts must say so."""
    refusals = {r.position: r for r in outcome.refusals if 0 <= r.position < tried.row_count}
    all_refused = tried.kind is Kind.SIGNALEN and len(refusals) == tried.row_count > 0
    return Decision(
        event=DeliveryEvent.REFUSE if all_refused else DeliveryEvent.ACCEPT,
        outcome="refused" if all_refused else "duplicate" if outcome.duplicate else "accepted",
        receipt=outcome.receipt,
        refusals=tuple(refusals[position] for position in sorted(refusals)),
    )


def _refused(tried: Tried, outcome: Refused) -> Decision:
    if tried.row_count > 1:
        return Decision(event=DeliveryEvent.SPLIT, outcome="refused", reason=outcome.code)
    refusal = RowRefusal(position=0, code=outcome.code)
    return Decision(event=DeliveryEvent.REFUSE, outcome="refused", reason=outcome.code, refusals=(refusal,))


def _feedback_refused(tried: Tried, outcome: Refused, *, now: dt.datetime, fraction: float) -> Decision:
    """A webhook repeats harmlessly by its id and is repaired by its partner: tried for days."""
    if outcome.code in GONE or retry.given_up(Cause.FEEDBACK_REFUSED, age=now - tried.created_at):
        return Decision(event=DeliveryEvent.DIE, outcome="refused", reason=outcome.code)
    wait = retry.wait(Cause.FEEDBACK_REFUSED, attempt=tried.attempt, fraction=fraction)
    return Decision(event=DeliveryEvent.DEFER, due_at=now + wait, outcome="refused", reason=outcome.code)


def _lost(
    tried: Tried, reason: str, *, now: dt.datetime, fraction: float, retry_after: float | None = None
) -> Decision:
    age = now - (tried.unknown_since or now)
    wait = retry.wait_by_age(Cause.UNKNOWN, age=age, fraction=fraction)
    if retry_after is not None:
        wait = max(wait, retry.honour(retry_after, fraction=fraction))
    return Decision(event=DeliveryEvent.LOSE, due_at=now + wait, outcome="unknown", reason=reason)


def _wait(cause: Cause, tried: Tried, fraction: float, retry_after: float | None) -> dt.timedelta:
    if retry_after is not None:
        return retry.honour(retry_after, fraction=fraction)
    return retry.wait(cause, attempt=tried.attempt, fraction=fraction)


def clock_jumped(*, last_ms: int | None, now_ms: int, lease_ms: int) -> bool:
    """Whether the database's clock moved by more than a lease, either way, since this process last looked.

    Looks are a second apart, so a larger step means that the clock was set or that everything stood still: nobody
    could renew, and taking over would call running attempts dead. The first look of a process (None) cannot tell.
    """
    return last_ms is not None and abs(now_ms - last_ms) > lease_ms


def halves(position_from: int, position_to: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two halves of a range of at least two positions, end excluded."""
    middle = (position_from + position_to) // 2
    return (position_from, middle), (middle, position_to)


def pieces(position_from: int, position_to: int, *, at_most: int) -> list[tuple[int, int]]:
    """The range cut into as few and even pieces of at most `at_most` positions as possible, end excluded."""
    rows = position_to - position_from
    number = max(1, -(-rows // at_most))
    edges = [position_from + rows * n // number for n in range(number + 1)]
    return list(itertools.pairwise(edges))
