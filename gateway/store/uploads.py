"""Uploads: rows of `upload`, moved by the table in `gateway.lifecycle` with compare-and-set."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.errors import ConflictError
from gateway.lifecycle import UploadEvent, UploadState, next_upload_state
from gateway.store.schema import confirmation, upload

UPLOADS_CHANNEL: Final = "uploads"
"""Notified when an upload waits for processing."""

_UNFINISHED: Final = (UploadState.RECEIVED, UploadState.PROCESSING)


class Upload(Struct, frozen=True, kw_only=True):
    """One upload as stored. `id` is the UUID a partner sees; `no` is ours. Sizes in bytes, leases on `now_ms`."""

    no: int
    id: str
    partner: str
    channel: str
    state: UploadState
    created_at: dt.datetime
    received_at: dt.datetime | None = None
    settled_at: dt.datetime | None = None
    declared_size: int | None = None
    declared_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    name_sha256: str | None = None
    name_sealed: bytes | None = None
    idempotency_key: str | None = None
    profiel: str | None = None
    blob: str | None = None
    receipt: str | None = None
    claim_id: str | None = None
    lease_until_ms: int | None = None
    attempts: int = 0
    attempt_no: int | None = None
    rows: int | None = None
    summary: str | None = None
    findings_blob: str | None = None
    findings_key: bytes | None = None
    findings_key_name: str | None = None


class Announcement(Struct, frozen=True, kw_only=True):
    """What is known before bytes arrive. `name_*`: the file name, hashed and sealed; None when there is none.

    `profiel`: the name of the profile that the sender asks for.
    """

    id: str
    partner: str
    channel: str
    created_at: dt.datetime
    declared_size: int | None = None
    declared_type: str | None = None
    name_sha256: str | None = None
    name_sealed: bytes | None = None
    idempotency_key: str | None = None
    profiel: str | None = None


class Receipt(Struct, frozen=True, kw_only=True):
    """What is known once the bytes are ours. `receipt`: the signed one, a compact JWS; `blob`: the sealed bytes."""

    received_at: dt.datetime
    size: int
    sha256: str
    blob: str
    receipt: str


class Settlement(Struct, frozen=True, kw_only=True):
    """What processing ended in. `summary`: JSON with at least `states`, rows per state at intake by name."""

    settled_at: dt.datetime
    attempt_no: int
    rows: int
    summary: str
    findings_blob: str | None = None
    findings_key: bytes | None = None
    findings_key_name: str | None = None


class KeyTakenError(ConflictError):
    """The idempotency key was taken since it was looked up: read again, then decide."""


def one_at_a_time(conn: Connection, *, partner: str) -> None:
    """Wait until no other transaction decides about an upload of this partner. SQLite has one writer: at once.

    What is read after it on PostgreSQL holds what those transactions committed.
    """
    if conn.dialect.name == "postgresql":
        lock = sa.text("SELECT pg_advisory_xact_lock(hashtext('receive'), hashtext(:partner))")
        conn.execute(lock, {"partner": partner})


def insert_announced(conn: Connection, announcement: Announcement) -> int:
    """Keep an upload whose bytes are still to come; returns its number. KeyTakenError: the idempotency key is taken."""
    return _insert(conn, {"state": UploadState.ANNOUNCED, **_values(announcement)})


def insert_received(conn: Connection, announcement: Announcement, receipt: Receipt) -> int:
    """Keep an upload with its bytes; returns its number. KeyTakenError: the idempotency key is taken."""
    return _insert(conn, {"state": UploadState.RECEIVED, **_values(announcement), **_values(receipt)})


def receive(conn: Connection, *, no: int, receipt: Receipt) -> bool:
    """Announced to received; False when it was received already."""
    return move(conn, no=no, state=UploadState.ANNOUNCED, event=UploadEvent.RECEIVE, values=_values(receipt))


def move(
    conn: Connection,
    *,
    no: int,
    state: UploadState,
    event: UploadEvent,
    values: Mapping[str, Any],
    held_by: str | None = None,
) -> bool:
    """Move by compare-and-set, setting `values`; False when not in `state`, or not claimed by `held_by`, any more."""
    held = (upload.c.no == no) & (upload.c.state == int(state))
    if held_by is not None:
        held &= upload.c.claim_id == held_by
    moved = {**values, "state": int(next_upload_state(state, event))}
    return conn.execute(sa.update(upload).where(held).values(moved)).rowcount == 1


def publish(conn: Connection, *, no: int, claim_id: str, settlement: Settlement) -> bool:
    """Make the rows of the attempt visible. False: the claim is lost, so roll back."""
    return _settle(conn, UploadEvent.PUBLISH, no=no, claim_id=claim_id, settlement=settlement)


def reject(conn: Connection, *, no: int, claim_id: str, settlement: Settlement) -> bool:
    """Refuse the whole file. False: the claim is lost, so roll back."""
    return _settle(conn, UploadEvent.REJECT, no=no, claim_id=claim_id, settlement=settlement)


def _settle(conn: Connection, event: UploadEvent, *, no: int, claim_id: str, settlement: Settlement) -> bool:
    values = {**_values(settlement), "claim_id": None, "lease_until_ms": None}
    return move(conn, no=no, state=UploadState.PROCESSING, event=event, held_by=claim_id, values=values)


def forget_blob(conn: Connection, *, no: int) -> None:
    """The raw bytes and their key are destroyed."""
    conn.execute(sa.update(upload).where(upload.c.no == no).values(blob=None))


def delete_announced(conn: Connection, *, before: dt.datetime, limit: int) -> list[str]:
    """Forget up to `limit` uploads announced before `before` whose bytes never came; their ids."""
    stale = (upload.c.state == int(UploadState.ANNOUNCED)) & (upload.c.created_at < before)
    some = sa.select(upload.c.no).where(stale).order_by(upload.c.no).limit(limit)
    return list(conn.execute(sa.delete(upload).where(upload.c.no.in_(some) & stale).returning(upload.c.id)).scalars())


def settled_with_blob(conn: Connection, *, limit: int) -> list[Upload]:
    """Uploads whose processing is committed and whose raw bytes are still there: to be destroyed."""
    settled = upload.c.state.in_([int(UploadState.PROCESSED), int(UploadState.REJECTED)])
    return _select(conn, settled & upload.c.blob.is_not(None), order=(upload.c.no,), limit=limit)


def find_by_id(conn: Connection, *, id: str, partner: str | None = None) -> Upload | None:  # noqa: A002  # its own word
    """The upload with this id, of this partner only when one is named."""
    condition = upload.c.id == id
    return _one(conn, condition if partner is None else condition & (upload.c.partner == partner))


def find_by_no(conn: Connection, no: int) -> Upload | None:
    """The upload with this number."""
    return _one(conn, upload.c.no == no)


def find_by_idempotency_key(conn: Connection, *, partner: str, key: str) -> Upload | None:
    """The upload that this partner sent under this key."""
    return _one(conn, (upload.c.partner == partner) & (upload.c.idempotency_key == key))


def find_by_content(conn: Connection, *, partner: str, sha256: str, since: dt.datetime) -> list[Upload]:
    """Uploads of these very bytes that are unfinished, or were received at or after `since`; oldest first.

    One that waits for its partner's word is unfinished.
    """
    held = sa.exists().where((confirmation.c.upload_no == upload.c.no) & confirmation.c.decision.is_(None))
    recent = (upload.c.received_at >= since) | upload.c.state.in_([int(state) for state in _UNFINISHED]) | held
    same = (upload.c.partner == partner) & (upload.c.sha256 == sha256)
    return _select(conn, same & recent, order=(upload.c.received_at, upload.c.no))


def page(conn: Connection, *, partner: str, limit: int, before: tuple[dt.datetime, int] | None = None) -> list[Upload]:
    """Received uploads of a partner, newest first; go on with `before` = (received_at, no) of the last one."""
    condition = (upload.c.partner == partner) & upload.c.received_at.is_not(None)
    if before is not None:
        moment, no = before
        same = (upload.c.received_at == moment) & (upload.c.no < no)
        condition &= (upload.c.received_at < moment) | same
    return _select(conn, condition, order=(upload.c.received_at.desc(), upload.c.no.desc()), limit=limit)


def unfinished(conn: Connection, *, partner: str) -> int:
    """How many uploads of a partner wait for processing or are in it."""
    states = upload.c.state.in_([int(state) for state in _UNFINISHED])
    return int(conn.execute(sa.select(sa.func.count()).where((upload.c.partner == partner) & states)).scalar_one())


def _insert(conn: Connection, values: Mapping[str, Any]) -> int:
    try:
        made = conn.execute(sa.insert(upload).values(**values).returning(upload.c.no))
    except sa.exc.IntegrityError:
        raise KeyTakenError("Deze Idempotency-Key is al gebruikt.") from None
    return int(made.scalar_one())


def _values(part: Struct) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__struct_fields__}


_COLUMNS: Final = tuple(upload.c[name] for name in Upload.__struct_fields__)


def _one(conn: Connection, condition: sa.ColumnElement[bool]) -> Upload | None:
    found = _select(conn, condition)
    return found[0] if found else None


def _select(
    conn: Connection,
    condition: sa.ColumnElement[bool],
    *,
    order: Sequence[sa.ColumnElement[Any]] = (),
    limit: int | None = None,
) -> list[Upload]:
    query = sa.select(*_COLUMNS).where(condition).order_by(*order).limit(limit)
    return [upload_of(row) for row in conn.execute(query)]


def upload_of(row: sa.Row[Any]) -> Upload:
    """An Upload from a row that has its columns."""
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's documented name
    values["state"] = UploadState(values["state"])
    return Upload(**values)
