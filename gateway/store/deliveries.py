"""The delivery table is the queue: putting in, looking, and an operator's verbs. Claims: `claims.py`.

Fairness is start-time fair queuing: a delivery gets a `turn` when it is put in. The virtual time of a destination is
the lowest turn that waits there; the k-th parcel of a partner gets base + k, the base being the virtual time or the
turn after that partner's last, whichever is later. So the eighth row of a small landlord does not wait behind sixty
thousand of an energy company, and many small files gain nothing over one large file.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.lifecycle import (
    DeliveryEvent,
    DeliveryState,
    next_delivery_state,
)
from gateway.stages.schedule import Kind
from gateway.store import destinations
from gateway.store.schema import CLAIMABLE_SQL, CLAIMED_SQL, STUCK_SQL, delivery, delivery_attempt, upload

CHANNEL: Final = "delivery"
"""Notify this in the transaction that puts deliveries in: `db.notify(conn, CHANNEL)`."""
_AT_ONCE: Final = 500
"""Parameters in one IN list: below SQLite's limit."""


class NewDelivery(Struct, frozen=True, kw_only=True):
    """One delivery to put in. `idempotency_key` is a UUID; rows are positions 0 up to `row_count` of its parcel.

    `state`: where it begins (lifecycle.DELIVERY_BEGINS).
    """

    idempotency_key: str
    kind: Kind
    destination: str
    partner: str
    created_at: dt.datetime
    due_at: dt.datetime
    row_count: int
    threatening: bool = False
    ordering_key: str | None = None
    upload_no: int | None = None
    attempt_no: int | None = None
    parcel_no: int | None = None
    overeenkomst: str | None = None
    overeenkomst_version: int | None = None
    gemeentecode: str | None = None
    soort: str | None = None
    signaaltype: str | None = None
    opdrachtgever: str | None = None
    relay_id: int | None = None
    state: DeliveryState = DeliveryState.QUEUED


def enqueue(conn: Connection, new: Sequence[NewDelivery]) -> list[int]:
    """Put deliveries in, in the transaction that creates what they carry; their ids, in the order given.

    The order given is the order of the turns within a partner and destination.
    """
    if not new:
        return []
    destinations.ensure(conn, {n.destination for n in new})
    ids = _new_ids(conn, len(new))
    turns = _turns(conn, new)
    fixed = {"position_from": 0, "refused_count": 0, "attempts": 0}
    rows = [
        {**{name: getattr(n, name) for name in NewDelivery.__struct_fields__}, **fixed}
        | {"id": id_, "root_id": id_, "turn": turn, "position_to": n.row_count, "kind": n.kind.value}
        | {"state": int(n.state)}
        for n, id_, turn in zip(new, ids, turns, strict=True)
    ]
    conn.execute(sa.insert(delivery), rows)
    return ids


def _new_ids(conn: Connection, number: int) -> list[int]:
    """Ids in advance, so that a root can name itself. SQLite has one writer: the next numbers are ours."""
    if conn.dialect.name == "postgresql":
        sequence = sa.text("SELECT nextval('delivery_id_seq') FROM generate_series(1, :number)")
        return sorted(conn.execute(sequence, {"number": number}).scalars())
    last = conn.execute(sa.select(sa.func.coalesce(sa.func.max(delivery.c.id), 0))).scalar_one()
    return list(range(last + 1, last + 1 + number))


def _turns(conn: Connection, new: Sequence[NewDelivery]) -> list[int]:
    following: dict[tuple[str, bool, str], int] = {}
    turns = []
    for n in new:
        flow = (n.destination, n.threatening, n.partner)
        if flow not in following:
            following[flow] = next_turn(conn, n.destination, n.partner, threatening=n.threatening)
        turns.append(following[flow])
        following[flow] += 1
    return turns


def next_turn(conn: Connection, to: str, partner: str, *, threatening: bool) -> int:
    """The next turn of `partner` at a destination; possibly threatening deliveries have turns of their own."""
    here = (delivery.c.destination == to) & (delivery.c.threatening == threatening) & sa.text(CLAIMABLE_SQL)
    waiting = sa.select(delivery.c.turn).where(here).limit(1)
    queued = delivery.c.state == int(DeliveryState.QUEUED)  # what failed and waits must not turn time back
    head = conn.execute(waiting.where(queued).order_by(delivery.c.turn)).scalar()
    if head is None:
        head = conn.execute(waiting.order_by(delivery.c.turn.desc())).scalar()
    own = conn.execute(waiting.where(delivery.c.partner == partner).order_by(delivery.c.turn.desc())).scalar()
    return max(head or 0, 0 if own is None else own + 1)


class DeliveryView(Struct, frozen=True, kw_only=True):
    """One delivery as operations see it: never a resident's data."""

    id: int
    root_id: int
    parent_id: int | None
    kind: str
    destination: str
    state: DeliveryState
    threatening: bool
    partner: str
    upload_no: int | None
    gemeentecode: str | None
    overeenkomst: str | None
    overeenkomst_version: int | None
    row_count: int
    refused_count: int
    attempts: int
    created_at: dt.datetime
    due_at: dt.datetime
    first_sent_at: dt.datetime | None
    unknown_since: dt.datetime | None
    settled_at: dt.datetime | None
    last_outcome: str | None
    last_reason: str | None
    receipt: str | None


class AttemptView(Struct, frozen=True, kw_only=True):
    """One attempt at a delivery; `ended_at` None: under way."""

    n: int
    worker: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    outcome: str | None
    reason: str | None


_VIEW: Final = [delivery.c[name] for name in DeliveryView.__struct_fields__]


def find(conn: Connection, delivery_id: int) -> DeliveryView | None:
    """One delivery, or None."""
    return next(iter(_views(conn, sa.select(*_VIEW).where(delivery.c.id == delivery_id))), None)


def listing(
    conn: Connection,
    *,
    state: DeliveryState | None = None,
    destination: str | None = None,
    partner: str | None = None,
    upload_no: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[DeliveryView]:
    """Deliveries with an id above `after`, oldest first; None means any."""
    wanted: dict[str, Any] = {"state": state, "destination": destination, "partner": partner, "upload_no": upload_no}
    query = sa.select(*_VIEW).where(delivery.c.id > after).order_by(delivery.c.id).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(delivery.c[name] == value)
    return _views(conn, query)


def attempts(conn: Connection, delivery_id: int) -> list[AttemptView]:
    """All attempts at a delivery, in order."""
    columns = [delivery_attempt.c[name] for name in AttemptView.__struct_fields__]
    query = sa.select(*columns).where(delivery_attempt.c.delivery_id == delivery_id).order_by(delivery_attempt.c.n)
    return [AttemptView(**row) for row in conn.execute(query).mappings()]


def late_threatening(conn: Connection, *, before: dt.datetime) -> list[tuple[int, dt.datetime]]:
    """Possibly threatening deliveries that no system has yet, received before `before`: id, received at; oldest first.

    The moment is that of the upload: a long wait for processing counts too.
    """
    t = delivery.c
    since = sa.func.coalesce(upload.c.received_at, t.created_at, type_=t.created_at.type)
    late = (t.kind == Kind.SIGNALEN.value) & t.threatening & (since < before)
    query = sa.select(t.id, since).outerjoin_from(delivery, upload, upload.c.no == t.upload_no).where(late)
    found = [(id_, at) for state in _UNFINISHED for id_, at in conn.execute(query.where(sa.text(f"delivery.{state}")))]
    return sorted(found, key=lambda one: (one[1], one[0]))


_UNFINISHED: Final = (CLAIMABLE_SQL, CLAIMED_SQL, STUCK_SQL)
"""Each has its own small index. What awaits its partner's word is unfinished too, and never threatening."""


def _views(conn: Connection, query: sa.Select[Any]) -> list[DeliveryView]:
    return [DeliveryView(**{**row, "state": DeliveryState(row["state"])}) for row in conn.execute(query).mappings()]


def replay(conn: Connection, ids: Collection[int], *, now: dt.datetime) -> int:
    """Dead letters go on, under the same key; returns how many were dead."""
    return _move(conn, ids, DeliveryState.DEAD, DeliveryEvent.REPLAY, {"due_at": now, "last_reason": "replay"})


def hold(conn: Connection, ids: Collection[int]) -> int:
    """Hold back what is queued or retrying; returns how many. What may have arrived cannot be held.

    What waits for its partner's word waits already, and `release` does not let it go.
    """
    return sum(
        _move(conn, ids, state, DeliveryEvent.HOLD, {}) for state in (DeliveryState.QUEUED, DeliveryState.RETRYING)
    )


def release(conn: Connection, ids: Collection[int], *, now: dt.datetime) -> int:
    """Let go what was held; returns how many."""
    return _move(conn, ids, DeliveryState.HELD, DeliveryEvent.RELEASE, {"due_at": now})


def _move(
    conn: Connection, ids: Collection[int], state: DeliveryState, event: DeliveryEvent, values: Mapping[str, Any]
) -> int:
    to = {"state": int(next_delivery_state(state, event)), **values}
    wanted = sorted(ids)
    return sum(
        conn.execute(
            sa.update(delivery)
            .where(delivery.c.id.in_(wanted[start : start + _AT_ONCE]) & (delivery.c.state == int(state)))
            .values(to)
        ).rowcount
        for start in range(0, len(wanted), _AT_ONCE)
    )
