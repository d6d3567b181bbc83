"""Uploads of which parcels wait for the partner's word: held at publish, decided once, by compare-and-set.

Who decides first, decides: partner, operator or the term. Everything else about the parcels is in the delivery table.
"""

import datetime as dt
import enum
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.lifecycle import DeliveryEvent, DeliveryState, next_delivery_state
from gateway.store.deliveries import next_turn
from gateway.store.schema import confirmation, delivery, upload

_SEPARATOR: Final = ","


class Decision(enum.StrEnum):
    """What became of it."""

    DOORGEVEN = "doorgeven"
    INTREKKEN = "intrekken"
    VERLOPEN = "verlopen"


class DecidedBy(enum.StrEnum):
    """By whose word. `beheer`: an operator, on the word of the partner."""

    SIGNAALPARTNER = "signaalpartner"
    BEHEER = "beheer"
    TERMIJN = "termijn"


class Confirmation(Struct, frozen=True, kw_only=True):
    """One held upload. `reasons`: codes of rules about the file; `decision` None: the partner may still say."""

    upload_no: int
    reasons: tuple[str, ...]
    since: dt.datetime
    until: dt.datetime
    decision: Decision | None = None
    decided_at: dt.datetime | None = None


class HeldUpload(Struct, frozen=True, kw_only=True):
    """What an event tells of a held upload."""

    upload_no: int
    upload_id: str
    partner: str
    reasons: tuple[str, ...]
    until: dt.datetime


def hold(conn: Connection, *, upload_no: int, reasons: Sequence[str], since: dt.datetime, until: dt.datetime) -> None:
    """Ask for the partner's word, in the transaction that puts the waiting parcels in."""
    values = {"upload_no": upload_no, "reasons": _SEPARATOR.join(reasons), "since": since, "until": until}
    conn.execute(sa.insert(confirmation).values(values))


def of_uploads(conn: Connection, upload_nos: Sequence[int]) -> dict[int, Confirmation]:
    """upload number → what was asked, of those that were held."""
    t = confirmation.c
    columns = [t[name] for name in Confirmation.__struct_fields__]
    return {row.upload_no: _of(row) for row in conn.execute(sa.select(*columns).where(t.upload_no.in_(upload_nos)))}


def of_upload(conn: Connection, upload_no: int) -> Confirmation | None:
    """What was asked of one upload; None: it was never held."""
    return of_uploads(conn, [upload_no]).get(upload_no)


def _of(row: sa.Row[tuple[object, ...]]) -> Confirmation:
    return Confirmation(
        upload_no=row.upload_no,
        reasons=tuple(row.reasons.split(_SEPARATOR)),
        since=row.since,
        until=row.until,
        decision=None if row.decision is None else Decision(row.decision),
        decided_at=row.decided_at,
    )


def decide(conn: Connection, *, upload_no: int, decision: Decision, by: DecidedBy, now: dt.datetime) -> bool:
    """Write the decision; False when somebody decided already. In one transaction with what follows from it."""
    t = confirmation.c
    undecided = (t.upload_no == upload_no) & t.decision.is_(None)
    values = {"decision": decision.value, "decided_at": now, "decided_by": by.value}
    return conn.execute(sa.update(confirmation).where(undecided).values(values)).rowcount == 1


def overdue(conn: Connection, *, now: dt.datetime, limit: int) -> list[HeldUpload]:
    """Undecided ones whose term is over, longest ago first."""
    return _held(conn, confirmation.c.until <= now, limit=limit)


def untold(conn: Connection, *, limit: int) -> list[HeldUpload]:
    """Undecided ones of which nobody was told yet."""
    return _held(conn, confirmation.c.told_at.is_(None), limit=limit)


def tell(conn: Connection, *, upload_no: int, now: dt.datetime) -> bool:
    """Take the telling of one; False when another process took it."""
    untold_ = (confirmation.c.upload_no == upload_no) & confirmation.c.told_at.is_(None)
    return conn.execute(sa.update(confirmation).where(untold_).values(told_at=now)).rowcount == 1


def _held(conn: Connection, condition: sa.ColumnElement[bool], *, limit: int) -> list[HeldUpload]:
    t = confirmation.c
    query = (
        sa.select(t.upload_no, upload.c.id, upload.c.partner, t.reasons, t.until)
        .join(upload, upload.c.no == t.upload_no)
        .where(t.decision.is_(None) & condition)
        .order_by(t.until, t.upload_no)
        .limit(limit)
    )
    return [
        HeldUpload(upload_no=no, upload_id=id_, partner=partner, reasons=tuple(reasons.split(_SEPARATOR)), until=until)
        for no, id_, partner, reasons, until in conn.execute(query)
    ]


def last_decided_at(conn: Connection) -> dt.datetime | None:
    """When somebody last decided: what was let go since then may be meant for another system by now."""
    query = sa.select(confirmation.c.decided_at).where(confirmation.c.decided_at.is_not(None))
    return conn.scalar(query.order_by(confirmation.c.decided_at.desc()).limit(1))


def let_go(conn: Connection, *, upload_no: int, now: dt.datetime) -> int:
    """Its waiting parcels join the queue, at the turn of one that comes now; returns how many."""
    t = delivery.c
    waiting = _waiting(upload_no)
    flows = conn.execute(
        sa.select(t.destination, t.partner, sa.func.min(t.turn)).where(waiting).group_by(t.destination, t.partner)
    ).all()
    queued = int(next_delivery_state(DeliveryState.AWAITING, DeliveryEvent.CONFIRM))
    moved = 0
    for to, partner, first in flows:
        later = next_turn(conn, to, partner, threatening=False) - first
        values = {"state": queued, "due_at": now, "turn": t.turn + later}
        moved += conn.execute(sa.update(delivery).where(waiting & (t.destination == to)).values(values)).rowcount
    return moved


def drop(conn: Connection, *, upload_no: int, now: dt.datetime, reason: str) -> int:
    """Its waiting parcels will never go; returns how many. Their content is then to be settled."""
    declined = int(next_delivery_state(DeliveryState.AWAITING, DeliveryEvent.DECLINE))
    values = {"state": declined, "settled_at": now, "last_reason": reason}
    return conn.execute(sa.update(delivery).where(_waiting(upload_no)).values(values)).rowcount


def dropped(conn: Connection, *, upload_no: int) -> list[int]:
    """The parcels of an upload that will never go."""
    state = int(DeliveryState.DECLINED)
    query = sa.select(delivery.c.id).where((delivery.c.upload_no == upload_no) & (delivery.c.state == state))
    return list(conn.scalars(query.order_by(delivery.c.id)))


def _waiting(upload_no: int) -> sa.ColumnElement[bool]:
    return (delivery.c.upload_no == upload_no) & (delivery.c.state == int(DeliveryState.AWAITING))
