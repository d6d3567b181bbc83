"""What becomes of a delivery before anything was sent, or after a definite answer: stopped, rerouted, cut in parts."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.lifecycle import UNFINISHED, DeliveryEvent, DeliveryState, next_delivery_state
from gateway.store.claims import Candidate
from gateway.store.schema import delivery


def close(conn: Connection, candidate: Candidate, event: DeliveryEvent, *, now: dt.datetime, reason: str) -> None:
    """STOP, SPLIT or SUPERSEDE a candidate of this transaction; raises IllegalTransitionError for an unknown one."""
    before = DeliveryState(candidate.state)
    closed = {"state": int(next_delivery_state(before, event)), "settled_at": now, "last_reason": reason}
    _update(conn, candidate, closed)


def reroute(conn: Connection, candidate: Candidate, *, to: str, gemeentecode: str, turn: int) -> None:
    """Another destination or gemeente for a candidate that was never sent."""
    _update(conn, candidate, {"destination": to, "gemeentecode": gemeentecode, "turn": turn})


def set_version(conn: Connection, candidate: Candidate, version: int) -> None:
    """The version of the overeenkomst that allows this attempt."""
    _update(conn, candidate, {"overeenkomst_version": version})


def _update(conn: Connection, candidate: Candidate, values: Mapping[str, Any]) -> None:
    unmoved = (delivery.c.id == candidate.id) & (delivery.c.state == candidate.state)
    if conn.execute(sa.update(delivery).where(unmoved).values(values)).rowcount != 1:
        raise RuntimeError("a locked candidate was moved by another")


class Child(Struct, frozen=True, kw_only=True):
    """A part of a parcel: its own key, and its range of the root's positions, end excluded."""

    idempotency_key: str
    position_from: int
    position_to: int


def add_children(
    conn: Connection, parent_id: int, children: Sequence[Child], *, due_at: dt.datetime, turn: int | None = None
) -> None:
    """Parts of a parcel that was closed as split: like the parent, at its turn (or `turn` and on), never sent."""
    for n, child in enumerate(children):
        own: dict[str, Any] = {
            "idempotency_key": child.idempotency_key,
            "state": int(DeliveryState.QUEUED),
            "parent_id": parent_id,
            "position_from": child.position_from,
            "position_to": child.position_to,
            "row_count": child.position_to - child.position_from,
            "refused_count": 0,
            "attempts": 0,
        }
        if turn is not None:
            own["turn"] = turn + n
        moment = sa.literal(due_at, type_=delivery.c.due_at.type).label("due_at")
        columns = [sa.literal(value).label(name) for name, value in own.items()]
        kept = [delivery.c[name] for name in _INHERITED if name not in own]
        source = sa.select(*columns, moment, *kept).where(delivery.c.id == parent_id)
        conn.execute(sa.insert(delivery).from_select([*own, "due_at", *(c.name for c in kept)], source))


_INHERITED: Final = (
    "kind",
    "destination",
    "threatening",
    "turn",
    "partner",
    "upload_no",
    "attempt_no",
    "parcel_no",
    "root_id",
    "overeenkomst",
    "overeenkomst_version",
    "gemeentecode",
    "soort",
    "signaaltype",
    "opdrachtgever",
    "created_at",
)


def settled_roots(conn: Connection, root_ids: Collection[int]) -> list[int]:
    """Those of `root_ids` of whose tree nothing is unfinished."""
    t = delivery.c
    unfinished = t.state.in_(sorted(int(state) for state in UNFINISHED))
    query = (
        sa.select(t.root_id)
        .where(t.root_id.in_(sorted(root_ids)))
        .group_by(t.root_id)
        .having(sa.func.sum(sa.case((unfinished, 1), else_=0)) == 0)
        .order_by(t.root_id)
    )
    return list(conn.execute(query).scalars())
