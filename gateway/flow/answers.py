"""What answers of receivers do: transitions, splits, refused rows, breakers; in the caller's transaction.

A claim that is no longer held is passed over: whoever took it over settles it.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from sqlalchemy import Connection

from contracts.outcomes import Outcome
from gateway import log
from gateway.flow.kit import Kit
from gateway.flow.recheck import new_key
from gateway.lifecycle import DeliveryEvent
from gateway.stages.directory import Directory
from gateway.stages.maintenance import outside_maintenance
from gateway.stages.schedule import (
    BreakerPolicy,
    Decision,
    Kind,
    NotSent,
    Sign,
    Tried,
    after_answer,
    decide,
    decide_unsent,
    halves,
    sign_of,
)
from gateway.store import claims, destinations, reshape
from gateway.store.claims import Claimed, Move
from gateway.store.destinations import Destination
from gateway.store.reshape import Child

OnSettled = Callable[[Connection, Kit, Sequence[int]], None]
"""Told, in the transaction, the roots of parcels of signalen of which nothing is unfinished any more."""
SUCCESS_NOTED_EVERY: Final = dt.timedelta(minutes=1)
"""`last_success_at` is for people; writing it for each of a thousand deliveries a second would cost a tenth of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One attempt that ended. `absent`: the receiver said by query that it has no such parcel."""

    claimed: Claimed
    outcome: Outcome | NotSent
    ended_at: dt.datetime
    absent: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """An event to emit once the transaction is committed."""

    name: str
    fields: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    level: int = logging.INFO

    def emit(self) -> None:
        """Emit it."""
        log.emit(self.name, level=self.level, **self.fields)


def fraction(kit: Kit) -> float:
    """A throw of the dice in [0, 1)."""
    return int.from_bytes(kit.dice(4), "big") / 2**32


def record(
    conn: Connection, kit: Kit, directory: Directory, ended: Sequence[Ended], *, on_settled: OnSettled
) -> list[LogLine]:
    """Write what became of attempts, those of claims that are still held; the events to emit after the commit."""
    if not ended:
        return []
    held = claims.still_held(conn, [e.claimed for e in ended])
    mine = [e for e in ended if e.claimed.delivery.id in held]
    decided = [(e, _decide(kit, directory, e)) for e in mine]
    claims.move(conn, [_move(e, decision) for e, decision in decided])
    for e, decision in decided:
        claims.put_refusals(conn, e.claimed.delivery, decision.refusals)
        if decision.event is DeliveryEvent.SPLIT:
            _split(conn, kit, e)
    settle(conn, kit, [e.claimed.delivery for e, d in decided if d.event in _FINISH], on_settled)
    lines = _remember(conn, kit, mine)
    return [_line(e, decision) for e, decision in decided] + lines


_FINISH: Final = {DeliveryEvent.ACCEPT, DeliveryEvent.REFUSE}


def settle(conn: Connection, kit: Kit, finished: Sequence[claims.Candidate], on_settled: OnSettled) -> None:
    """Tell which roots of parcels are settled, now that these deliveries are finished."""
    roots = {c.root_id for c in finished if c.kind == Kind.SIGNALEN.value}
    if roots:
        settled = reshape.settled_roots(conn, roots)
        if settled:
            on_settled(conn, kit, settled)


def _decide(kit: Kit, directory: Directory, e: Ended) -> Decision:
    d = e.claimed.delivery
    tried = Tried(
        kind=Kind(d.kind),
        row_count=d.row_count,
        attempt=e.claimed.n,
        created_at=d.created_at,
        unknown_since=None if e.absent else d.unknown_since,
    )
    dice = fraction(kit)
    if isinstance(e.outcome, NotSent):
        unsent = decide_unsent(tried, e.outcome, now=e.ended_at, fraction=dice)
        # It is certain that nothing arrived, and nothing failed: what may go on goes at once, after the gate.
        return replace(unsent, due_at=e.ended_at) if e.absent and unsent.event is DeliveryEvent.RETURN else unsent
    decision = decide(tried, e.outcome, now=e.ended_at, fraction=dice)
    systeem = directory.systemen.get(d.destination)
    if decision.due_at is None or systeem is None:
        return decision
    return replace(decision, due_at=outside_maintenance(decision.due_at, systeem.onderhoud, fraction=dice))


def _move(e: Ended, decision: Decision) -> Move:
    d = e.claimed.delivery
    unknown_since = None if e.absent else d.unknown_since
    if decision.event is DeliveryEvent.LOSE and unknown_since is None:
        unknown_since = e.ended_at
    refused = d.row_count if decision.event is DeliveryEvent.REFUSE else len(decision.refusals)
    return Move(
        id=d.id,
        claim_id=e.claimed.claim_id,
        n=e.claimed.n,
        event=decision.event,
        ended_at=e.ended_at,
        due_at=decision.due_at or e.ended_at,
        outcome=decision.outcome,
        reason=decision.reason,
        receipt=decision.receipt,
        refused_count=refused,
        first_sent_at=_first_sent_at(e, decision),
        unknown_since=unknown_since if decision.event is DeliveryEvent.LOSE else None,
    )


def _first_sent_at(e: Ended, decision: Decision) -> dt.datetime | None:
    """The claim marked it as sent; only a return, or a dead letter of content that never left, takes that back."""
    stayed = isinstance(e.outcome, NotSent) and decision.event is not DeliveryEvent.LOSE
    before = e.claimed.delivery.first_sent_at
    return before if stayed or before is not None else e.claimed.claimed_at


def _split(conn: Connection, kit: Kit, e: Ended) -> None:
    d = e.claimed.delivery
    children = [
        Child(idempotency_key=new_key(kit), position_from=start, position_to=end)
        for start, end in halves(d.position_from, d.position_to)
    ]
    reshape.add_children(conn, d.id, children, due_at=e.ended_at)


# What an answer says about its destination.


def breaker_policy(kit: Kit) -> BreakerPolicy:
    """The breaker of the settings."""
    work = kit.settings.work
    return BreakerPolicy(failures=work.breaker_failures, pause=dt.timedelta(seconds=work.breaker_open_seconds))


def _remember(conn: Connection, kit: Kit, ended: Sequence[Ended]) -> list[LogLine]:
    """Fold the answers into the breakers. Looks first and locks only what changes: most answers change nothing."""
    said: dict[str, list[Ended]] = defaultdict(list)
    for e in sorted(ended, key=lambda e: e.ended_at):
        if not isinstance(e.outcome, NotSent):
            said[e.claimed.delivery.destination].append(e)
    known = destinations.read(conn, said.keys())
    changing = [key for key, d in known.items() if _fold(kit, d, said[key]) != d]
    if not changing:
        return []
    locked = destinations.lock(conn, changing)
    after = {key: _fold(kit, d, said[key]) for key, d in locked.items()}
    destinations.save(conn, after.values())
    return [line for key, d in locked.items() for line in _breaker_line(kit, d, after[key], said[key][-1].ended_at)]


def _fold(kit: Kit, known: Destination, ended: Sequence[Ended]) -> Destination:
    for e in ended:
        assert not isinstance(e.outcome, NotSent)
        breaker = after_answer(known.breaker, e.outcome, now=e.ended_at, policy=breaker_policy(kit))
        match sign_of(e.outcome):
            case Sign.ANSWERS:
                known = Destination(
                    key=known.key, paused=known.paused, breaker=breaker, last_success_at=_noted(known, e.ended_at)
                )
            case Sign.THROTTLES | Sign.FAILS as sign:
                since = known.unreachable_since or (e.ended_at if sign is Sign.FAILS else None)
                known = Destination(
                    key=known.key,
                    paused=known.paused,
                    breaker=breaker,
                    last_success_at=known.last_success_at,
                    unreachable_since=since,
                )
            case other:
                assert_never(other)
    return known


def _noted(known: Destination, now: dt.datetime) -> dt.datetime:
    last = known.last_success_at
    return last if last is not None and now - last < SUCCESS_NOTED_EVERY else now


def _breaker_line(kit: Kit, before: Destination, after: Destination, now: dt.datetime) -> list[LogLine]:
    limit = kit.settings.work.breaker_failures
    was, is_ = before.breaker.failures >= limit, after.breaker.failures >= limit
    if is_ and after.breaker != before.breaker and after.breaker.open_until is not None:
        pause = (after.breaker.open_until - now).total_seconds()
        return [LogLine(log.BREAKER_OPENED, {"destination": after.key, "seconds": pause}, logging.WARNING)]
    return [LogLine(log.BREAKER_CLOSED, {"destination": after.key})] if was and not is_ else []


# What operations read.


def _line(e: Ended, decision: Decision) -> LogLine:
    d = e.claimed.delivery
    ids: dict[str, str | int | float | bool | None] = {"delivery_id": d.id}
    to = ids | {"destination": d.destination, "reason": decision.reason}
    match decision.event:
        case DeliveryEvent.ACCEPT:
            sizes = {"rows": d.row_count, "refused": len(decision.refusals)}
            return LogLine(log.DELIVERY_ACCEPTED, ids | {"destination": d.destination} | sizes)
        case DeliveryEvent.REFUSE:
            return LogLine(log.DELIVERY_REFUSED, to)
        case DeliveryEvent.DEFER | DeliveryEvent.RETURN:
            seconds = 0.0 if decision.due_at is None else (decision.due_at - e.ended_at).total_seconds()
            return LogLine(log.DELIVERY_DEFERRED, to | {"seconds": round(seconds, 1)})
        case DeliveryEvent.LOSE:
            return LogLine(log.DELIVERY_UNKNOWN, to, logging.WARNING)
        case DeliveryEvent.SPLIT:
            return LogLine(log.DELIVERY_SPLIT, ids | {"rows": d.row_count})
        case DeliveryEvent.DIE:
            return LogLine(log.DELIVERY_DEAD, ids | {"reason": decision.reason}, logging.ERROR)
        case _:
            raise AssertionError(f"an attempt cannot end in {decision.event}")
