"""Claiming deliveries and moving what was claimed: leases, limits, order, compare-and-set on every transition.

A claim is (delivery id, claim id). The claim id is new for every claim, so a worker whose lease ran out can write
nothing more: each later transition names it. PostgreSQL: a destination is locked (SKIP LOCKED) while its slots are
counted, so its limit holds over any number of workers. SQLite: one writer at a time.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.outcomes import RowRefusal
from gateway.lifecycle import CLAIMABLE, UNFINISHED, DeliveryEvent, DeliveryState, next_delivery_state
from gateway.stages.schedule import BreakerPolicy, DestinationLimit, Kind, free_slots, share
from gateway.store import destinations
from gateway.store.many import UpdateMany
from gateway.store.schema import (
    CLAIMABLE_SQL,
    CLAIMED_SQL,
    delivery,
    delivery_attempt,
    moment_to_us,
    row_refusal,
)

DESTINATIONS_AT_ONCE: Final = 64
"""Destinations looked at in one claim; hundreds of webhooks may be due at one tick, so the next claim goes on."""
_CLAIMED: Final = int(DeliveryState.CLAIMED)


class Candidate(Struct, frozen=True, kw_only=True):
    """A delivery that may be claimed, as it was before."""

    id: int
    idempotency_key: str
    kind: str
    destination: str
    state: int
    partner: str
    threatening: bool
    row_count: int
    position_from: int
    position_to: int
    attempts: int
    root_id: int
    upload_no: int | None
    attempt_no: int | None
    parcel_no: int | None
    overeenkomst: str | None
    overeenkomst_version: int | None
    gemeentecode: str | None
    soort: str | None
    signaaltype: str | None
    opdrachtgever: str | None
    relay_id: int | None
    created_at: dt.datetime
    first_sent_at: dt.datetime | None
    unknown_since: dt.datetime | None


class Claimed(Struct, frozen=True, kw_only=True):
    """A claim: the delivery as it was before, and the `n`-th attempt at it. From `claimed_at` it counts as sent.

    `reporter`: the OIN of the signaalpartner, by which the receiver knows who reports; the caller fills it in.
    """

    delivery: Candidate
    claim_id: str
    n: int
    claimed_at: dt.datetime
    reporter: str | None = None


class Picked(Struct, frozen=True, kw_only=True):
    """Candidates, locked until the transaction ends; `contended`: another worker held a destination just now."""

    candidates: tuple[Candidate, ...]
    contended: bool


class Move(Struct, frozen=True, kw_only=True):
    """One transition of a claimed delivery and the end of its attempt. Unset moments and texts become NULL."""

    id: int
    claim_id: str
    n: int
    event: DeliveryEvent
    ended_at: dt.datetime
    due_at: dt.datetime
    outcome: str
    reason: str | None
    receipt: str | None = None
    refused_count: int = 0
    first_sent_at: dt.datetime | None = None
    unknown_since: dt.datetime | None = None


def waiting_destinations(conn: Connection) -> list[str]:
    """Destinations with something claimable, due or not: one index step each, however long the queue is."""
    return list(conn.execute(_WAITING).scalars())


def pick(
    conn: Connection,
    *,
    now: dt.datetime,
    slots: int,
    limits: Mapping[str, DestinationLimit],
    policy: BreakerPolicy,
    paused_partners: Collection[str] = (),
) -> Picked:
    """Up to `slots` candidates: due, in order, within the limits, dealt over destinations one at a time.

    A destination that `limits` does not name gets nothing.
    """
    if not limits:
        return Picked(candidates=(), contended=False)
    known = destinations.lock_free(conn, limits.keys())
    flying: dict[str, int] = dict(conn.execute(_IN_FLIGHT).all())
    found: dict[str, list[Candidate]] = {}
    for key, limit in limits.items():
        if key not in known or known[key].paused:
            continue
        free = free_slots(limit, known[key].breaker, in_flight=flying.get(key, 0), now=now, policy=policy)
        if free and (candidates := _due(conn, key, now, min(free, slots), paused_partners)):
            found[key] = candidates
    urgent_first = sorted(found, key=lambda key: not found[key][0].threatening)
    dealt = share({key: len(found[key]) for key in urgent_first}, slots)
    chosen = tuple(candidate for key, number in dealt.items() for candidate in found[key][:number])
    return Picked(candidates=chosen, contended=len(known) < len(limits))


def _due(
    conn: Connection, key: str, now: dt.datetime, number: int, paused_partners: Collection[str]
) -> list[Candidate]:
    query = _DUE if not paused_partners else _DUE.where(delivery.c.partner.not_in(sorted(paused_partners)))
    rows = conn.execute(query, {"key": key, "now": now, "number": number})
    return _candidates(rows)


def _candidates(rows: Iterable[Sequence[Any]]) -> list[Candidate]:
    return [Candidate(**dict(zip(_NAMES, row, strict=True))) for row in rows]


_NAMES: Final = Candidate.__struct_fields__
_COLUMNS: Final = [delivery.c[name] for name in _NAMES]
_older: Final = delivery.alias("older")
_IN_ORDER: Final = delivery.c.ordering_key.is_(None) | ~sa.exists().where(
    (_older.c.ordering_key == delivery.c.ordering_key)
    & (_older.c.id < delivery.c.id)
    & _older.c.state.in_(sorted(int(state) for state in UNFINISHED))
)
_DUE: Final = (
    sa.select(*_COLUMNS)
    .where(delivery.c.destination == sa.bindparam("key"), sa.text(f"delivery.{CLAIMABLE_SQL}"))
    .where(delivery.c.due_at <= sa.bindparam("now", type_=delivery.c.due_at.type), _IN_ORDER)
    .order_by(delivery.c.threatening.desc(), delivery.c.turn, delivery.c.id)
    .limit(sa.bindparam("number", type_=sa.Integer))
    .with_for_update(skip_locked=True, of=delivery)
)
_IN_FLIGHT: Final = (
    sa.select(delivery.c.destination, sa.func.count()).where(sa.text(CLAIMED_SQL)).group_by(delivery.c.destination)
)
_WAITING: Final = sa.text(
    f"""
    WITH RECURSIVE waiting(key) AS (
      SELECT min(destination) FROM delivery WHERE {CLAIMABLE_SQL}
      UNION ALL
      SELECT (SELECT min(destination) FROM delivery WHERE {CLAIMABLE_SQL} AND destination > waiting.key)
      FROM waiting WHERE waiting.key IS NOT NULL
    ) SELECT key FROM waiting WHERE key IS NOT NULL
    """  # noqa: S608  # the predicate is a constant of the schema
)


def unsent_pairs(conn: Connection) -> list[tuple[str, str]]:
    """(gemeentecode, destination) of parcels of signalen that wait and were never sent."""
    pairs = sa.select(delivery.c.gemeentecode, delivery.c.destination).where(_NEVER_SENT).distinct()
    return sorted((code or "", to) for code, to in conn.execute(pairs))


def unsent(conn: Connection, *, gemeentecode: str, destination: str, limit: int) -> list[Candidate]:
    """Those of one pair, locked until the transaction ends, without those that another transaction holds."""
    pair = (delivery.c.gemeentecode == gemeentecode) & (delivery.c.destination == destination) & _NEVER_SENT
    query = sa.select(*_COLUMNS).where(pair).order_by(delivery.c.id).limit(limit)
    return _candidates(conn.execute(query.with_for_update(skip_locked=True)))


_NEVER_SENT: Final = sa.and_(
    sa.text(CLAIMABLE_SQL),
    delivery.c.state != int(DeliveryState.UNKNOWN),
    delivery.c.kind == Kind.SIGNALEN.value,
    delivery.c.first_sent_at.is_(None),
)


def take(
    conn: Connection,
    candidates: Sequence[Candidate],
    *,
    now: dt.datetime,
    worker: str,
    claim_id: str,
    lease_until_ms: int,
) -> list[Claimed]:
    """Claim candidates of this transaction and open their attempts.

    Each is marked as sent from here on: once this is committed nobody can know that it did not leave.
    """
    if not candidates:
        return []
    ids = [c.id for c in candidates]
    taken = conn.execute(_TAKE, {"ids": ids, "claim": claim_id, "by": worker, "until": lease_until_ms, "now": now})
    if taken.rowcount != len(ids):
        raise RuntimeError("a locked candidate was moved by another")  # a defect: roll back rather than send
    conn.execute(_OPEN_ATTEMPTS, {"ids": ids, "now": now})
    return [Claimed(delivery=c, claim_id=claim_id, n=c.attempts + 1, claimed_at=now) for c in candidates]


def claim(
    conn: Connection,
    *,
    now: dt.datetime,
    worker: str,
    claim_id: str,
    slots: int,
    lease_until_ms: int,
    limits: Mapping[str, DestinationLimit],
    policy: BreakerPolicy,
) -> list[Claimed]:
    """`pick` and `take` without a gate between them: for what needs no permission, and for measuring."""
    picked = pick(conn, now=now, slots=slots, limits=limits, policy=policy)
    return take(conn, picked.candidates, now=now, worker=worker, claim_id=claim_id, lease_until_ms=lease_until_ms)


_IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
_NOW: Final = sa.bindparam("now", type_=delivery.c.first_sent_at.type)
_TAKE: Final = (
    sa.update(delivery)
    .where(delivery.c.id.in_(_IDS), delivery.c.state.in_(sorted(int(state) for state in CLAIMABLE)))
    .values(
        state=_CLAIMED,
        claim_id=sa.bindparam("claim"),
        worker=sa.bindparam("by"),
        lease_until_ms=sa.bindparam("until"),
        attempts=delivery.c.attempts + 1,
        first_sent_at=sa.func.coalesce(delivery.c.first_sent_at, _NOW),
    )
)
_OPEN_ATTEMPTS: Final = sa.insert(delivery_attempt).from_select(
    ["delivery_id", "n", "worker", "started_at"],
    sa.select(delivery.c.id, delivery.c.attempts, delivery.c.worker, _NOW).where(delivery.c.id.in_(_IDS)),
)


def still_held(conn: Connection, claims: Collection[Claimed]) -> set[int]:
    """Ids of the deliveries that these claims still hold, locked until the transaction ends."""
    mine = {c.delivery.id: c.claim_id for c in claims}
    rows = conn.execute(_HELD, {"ids": sorted(mine)})
    return {id_ for id_, claim_id in rows if mine[id_] == claim_id}


def move(conn: Connection, moves: Sequence[Move]) -> None:
    """Make transitions of claims that `still_held` named; compare-and-set all the same."""
    if _MOVE(conn, [_values(m) for m in moves]) != len(moves):
        raise RuntimeError("a held claim was moved by another")  # a defect: roll back rather than lose a count
    close_attempts(conn, [AttemptEnd(m.id, m.n, m.ended_at, m.outcome, m.reason) for m in moves])


class AttemptEnd(NamedTuple):
    """How the `n`-th attempt at a delivery ended."""

    delivery_id: int
    n: int
    ended_at: dt.datetime
    outcome: str
    reason: str | None


def close_attempts(conn: Connection, ends: Sequence[AttemptEnd]) -> None:
    """Write the ends of attempts."""
    _CLOSE_ATTEMPT(conn, [end._asdict() | {"ended_at": moment_to_us(end.ended_at)} for end in ends])


def _values(m: Move) -> dict[str, Any]:
    to = next_delivery_state(DeliveryState.CLAIMED, m.event)
    return {
        "id": m.id,
        "claim_id": m.claim_id,
        "state": int(to),
        "due_at": moment_to_us(m.due_at),
        "settled_at": None if to in UNFINISHED else moment_to_us(m.ended_at),
        "first_sent_at": None if m.first_sent_at is None else moment_to_us(m.first_sent_at),
        "unknown_since": None if m.unknown_since is None else moment_to_us(m.unknown_since),
        "last_outcome": m.outcome,
        "last_reason": m.reason,
        "receipt": m.receipt,
        "refused_count": m.refused_count,
    }


_HELD: Final = (
    sa.select(delivery.c.id, delivery.c.claim_id)
    .where(delivery.c.id.in_(_IDS), sa.text(CLAIMED_SQL))
    .order_by(delivery.c.id)
    .with_for_update()
)
_MOVE: Final = UpdateMany(
    "delivery",
    keys={"id": "bigint", "claim_id": "text"},
    values={
        "state": "smallint",
        "due_at": "bigint",
        "settled_at": "bigint",
        "first_sent_at": "bigint",
        "unknown_since": "bigint",
        "last_outcome": "text",
        "last_reason": "text",
        "receipt": "text",
        "refused_count": "integer",
    },
    constant=", claim_id = NULL, worker = NULL, lease_until_ms = NULL",
    condition=CLAIMED_SQL,
)
_CLOSE_ATTEMPT: Final = UpdateMany(
    "delivery_attempt",
    keys={"delivery_id": "bigint", "n": "integer"},
    values={"ended_at": "bigint", "outcome": "text", "reason": "text"},
    condition="n > 0",
)


def put_refusals(conn: Connection, delivery_: Candidate, refusals: Sequence[RowRefusal]) -> None:
    """Keep the rows that the receiver definitively refused; positions of `refusals` count within the delivery."""
    if refusals:
        rows = [
            {
                "root_id": delivery_.root_id,
                "position": delivery_.position_from + refusal.position,
                "delivery_id": delivery_.id,
                "code": refusal.code,
            }
            for refusal in refusals
        ]
        conn.execute(sa.insert(row_refusal), rows)
