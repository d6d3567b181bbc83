"""What is remembered of a destination (a receiving system, or `webhook:<partner>`): pause, breaker, poll cursor."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.stages.schedule import Breaker
from gateway.store.schema import CLAIMABLE_SQL, CLAIMED_SQL, delivery, destination

WEBHOOK: Final = "webhook:"
"""Prefix of destinations that are partners; the rest are keys of systems."""

_INSERT_NEW: Final = sa.text(
    "INSERT INTO destination (key, paused, failures) VALUES (:key, :paused, 0) ON CONFLICT (key) DO NOTHING"
)


class Destination(Struct, frozen=True, kw_only=True):
    """One destination. `unreachable_since`: the first failure since it last answered."""

    key: str
    paused: bool = False
    breaker: Breaker = Breaker()
    last_success_at: dt.datetime | None = None
    unreachable_since: dt.datetime | None = None


def ensure(conn: Connection, keys: Collection[str]) -> None:
    """Make a row for each key that has none, so that there is something to lock."""
    there = set(conn.execute(sa.select(destination.c.key).where(destination.c.key.in_(keys))).scalars())
    missing = sorted(set(keys) - there)  # in order, so that two writers cannot wait for each other
    if missing:
        conn.execute(_INSERT_NEW, [{"key": key, "paused": False} for key in missing])


def read(conn: Connection, keys: Collection[str]) -> dict[str, Destination]:
    """key → destination, of those that have a row."""
    return _found(conn, _select(keys))


def read_all(conn: Connection) -> dict[str, Destination]:
    """Every destination that ever had a delivery or was paused."""
    return _found(conn, sa.select(*_COLUMNS).order_by(destination.c.key))


def lock(conn: Connection, keys: Collection[str]) -> dict[str, Destination]:
    """As `read`, locked until the transaction ends; waits for other holders, in order of key."""
    return _found(conn, _select(keys).order_by(destination.c.key).with_for_update())


def lock_free(conn: Connection, keys: Collection[str]) -> dict[str, Destination]:
    """As `lock`, without those that another transaction holds now."""
    return _found(conn, _select(keys).order_by(destination.c.key).with_for_update(skip_locked=True))


def save(conn: Connection, changed: Collection[Destination]) -> None:
    """Write breaker and moments of locked destinations."""
    if not changed:
        return
    update = (
        sa.update(destination)
        .where(destination.c.key == sa.bindparam("of"))
        .values(
            {name: sa.bindparam(name) for name in ("failures", "open_until", "last_success_at", "unreachable_since")}
        )
    )
    conn.execute(update, [_values(d) for d in sorted(changed, key=lambda d: d.key)])


def set_paused(conn: Connection, key: str, *, paused: bool) -> None:
    """Hold back, or let go, everything for this destination."""
    ensure(conn, [key])
    conn.execute(sa.update(destination).where(destination.c.key == key).values(paused=paused))


def poll_cursor(conn: Connection, key: str) -> str | None:
    """Where fetching results of this system goes on."""
    return conn.execute(sa.select(destination.c.poll_cursor).where(destination.c.key == key)).scalar_one_or_none()


def claim_poll(conn: Connection, key: str, *, now: dt.datetime, every: dt.timedelta) -> bool:
    """Whether this caller is to fetch results of this system now: who moves `polled_at` does, once per `every`.

    Nobody does while it is paused or left alone by its breaker.
    """
    ensure(conn, [key])
    t = destination.c
    query = sa.select(t.polled_at, t.paused, t.failures, t.open_until).where(t.key == key)
    polled_at, paused, failures, open_until = conn.execute(query).one()
    recent = polled_at is not None and dt.timedelta(0) <= now - polled_at < every  # the clock may have been set back
    if recent or paused or Breaker(failures, open_until).is_open(now):
        return False
    as_found = (t.key == key) & t.polled_at.is_not_distinct_from(polled_at)
    return conn.execute(sa.update(destination).where(as_found).values(polled_at=now)).rowcount == 1


def move_poll_cursor(conn: Connection, key: str, *, before: str | None, after: str | None) -> bool:
    """Go on from `after`; False when another process moved the cursor from `before` meanwhile."""
    t = destination.c
    as_found = (t.key == key) & t.poll_cursor.is_not_distinct_from(before)
    return conn.execute(sa.update(destination).where(as_found).values(poll_cursor=after)).rowcount == 1


def waiting_counts(conn: Connection) -> dict[str, int]:
    """destination → parcels that wait for it or are on the wire to it."""
    counted: dict[str, int] = {}
    for unfinished in (CLAIMABLE_SQL, CLAIMED_SQL):  # each has an index of its own
        query = sa.select(delivery.c.destination, sa.func.count()).where(sa.text(unfinished))
        for key, number in conn.execute(query.group_by(delivery.c.destination)):
            counted[key] = counted.get(key, 0) + number
    return counted


_COLUMNS: Final = (
    destination.c.key,
    destination.c.paused,
    destination.c.failures,
    destination.c.open_until,
    destination.c.last_success_at,
    destination.c.unreachable_since,
)


def _select(keys: Collection[str]) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(destination.c.key.in_(keys))


def _found(conn: Connection, query: sa.Select[Any]) -> dict[str, Destination]:
    return {
        key: Destination(
            key=key,
            paused=paused,
            breaker=Breaker(failures, open_until),
            last_success_at=success,
            unreachable_since=unreachable,
        )
        for key, paused, failures, open_until, success, unreachable in conn.execute(query)
    }


def _values(changed: Destination) -> Mapping[str, Any]:
    return {
        "of": changed.key,
        "failures": changed.breaker.failures,
        "open_until": changed.breaker.open_until,
        "last_success_at": changed.last_success_at,
        "unreachable_since": changed.unreachable_since,
    }
