"""Leases of claims, on the database's clock: renewed while an attempt runs, taken over when they run out."""

import datetime as dt
from collections.abc import Collection
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.lifecycle import DeliveryEvent, DeliveryState, next_delivery_state
from gateway.store.claims import AttemptEnd, Claimed, close_attempts
from gateway.store.schema import CLAIMED_SQL, delivery

LEASE_RAN_OUT: Final = "lease_ran_out"


class TakenOver(Struct, frozen=True, kw_only=True):
    """A delivery whose worker was gone."""

    id: int
    worker: str


def renew(conn: Connection, held: Collection[Claimed], *, lease_until_ms: int) -> int:
    """Prolong the leases of claims that are still held; returns how many those were."""
    if not held:
        return 0
    ids, claim_ids = [c.delivery.id for c in held], sorted({c.claim_id for c in held})
    mine = delivery.c.id.in_(ids) & delivery.c.claim_id.in_(claim_ids) & sa.text(CLAIMED_SQL)
    return conn.execute(sa.update(delivery).where(mine).values(lease_until_ms=lease_until_ms)).rowcount


def prolong_all(conn: Connection, *, now_ms: int, lease_until_ms: int) -> int:
    """After a jump of the database's clock: no lease has run out, and none lasts longer than one from now."""
    t = delivery.c
    off = sa.text(CLAIMED_SQL) & ((t.lease_until_ms < now_ms) | (t.lease_until_ms > lease_until_ms))
    return conn.execute(sa.update(delivery).where(off).values(lease_until_ms=lease_until_ms)).rowcount


def shorten(conn: Connection, *, longest_ms: int, lease_until_ms: int) -> int:
    """Cut leases that end after `longest_ms`: they were given by a clock that was set back since."""
    off = sa.text(CLAIMED_SQL) & (delivery.c.lease_until_ms > longest_ms)
    return conn.execute(sa.update(delivery).where(off).values(lease_until_ms=lease_until_ms)).rowcount


def take_over(conn: Connection, *, now: dt.datetime, now_ms: int | None) -> list[TakenOver]:
    """Claims whose lease ran out (`now_ms` None: all) become unknown, due at once; their attempts are closed."""
    t = delivery.c
    late = sa.text(CLAIMED_SQL) if now_ms is None else sa.text(CLAIMED_SQL) & (t.lease_until_ms < now_ms)
    dead = conn.execute(
        sa.select(t.id, t.worker, t.attempts, t.claim_id).where(late).order_by(t.id).with_for_update(skip_locked=True)
    ).all()
    if not dead:
        return []
    lost = int(next_delivery_state(DeliveryState.CLAIMED, DeliveryEvent.LOSE))
    freed = {"state": lost, "claim_id": None, "worker": None, "lease_until_ms": None, "due_at": now}
    said = {"last_outcome": "unknown", "last_reason": LEASE_RAN_OUT}
    unknown_since = sa.func.coalesce(t.unknown_since, sa.bindparam("now", now, type_=t.unknown_since.type))
    as_found = t.id.in_([row.id for row in dead]) & t.claim_id.in_(sorted({row.claim_id for row in dead}))
    taken = set(
        conn.execute(
            sa.update(delivery)
            .where(as_found & late)
            .values(**freed, **said, unknown_since=unknown_since)
            .returning(t.id)
        ).scalars()
    )
    dead = [row for row in dead if row.id in taken]
    close_attempts(conn, [AttemptEnd(row.id, row.attempts, now, "unknown", LEASE_RAN_OUT) for row in dead])
    return [TakenOver(id=row.id, worker=row.worker or "") for row in dead]
