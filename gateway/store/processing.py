"""Who processes which upload: claims with a lease on the database's clock, and the attempts under them.

At most one upload of a partner is processed at a time, so that its rows meet each other in the duplicate check.
Every transaction of processing renews its claim first: the row lock makes sure that one whose claim was taken over
writes nothing more.
"""

import datetime as dt
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.lifecycle import UploadEvent, UploadState
from gateway.store.database import now_ms
from gateway.store.schema import processing_attempt, signaal_row, upload
from gateway.store.uploads import Upload, find_by_no, move

_CANDIDATES: Final = 32


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of processing; its rows are invisible until `upload.attempt_no` names it. `blob`: its parcels."""

    no: int
    upload_no: int
    started_at: dt.datetime
    blob: str


def claim_next(conn: Connection, *, claim_id: str, lease_ms: int) -> Upload | None:
    """Claim the upload that waits longest among partners without one in processing; None when none waits."""
    for no, partner in conn.execute(_waiting()).all():
        if not _alone(conn, partner):
            continue
        until = now_ms(conn) + lease_ms
        claim = {"claim_id": claim_id, "lease_until_ms": until, "attempts": upload.c.attempts + 1}
        if move(conn, no=no, state=UploadState.RECEIVED, event=UploadEvent.START, values=claim):
            return find_by_no(conn, no)
    return None


def _waiting() -> sa.Select[int, str]:
    """The oldest waiting upload of each partner that has none in processing."""
    busy = sa.select(upload.c.partner).where(upload.c.state == int(UploadState.PROCESSING))
    waiting = (upload.c.state == int(UploadState.RECEIVED)) & upload.c.partner.not_in(busy)
    place = sa.func.row_number().over(partition_by=upload.c.partner, order_by=(upload.c.received_at, upload.c.no))
    ranked = (
        sa.select(upload.c.no, upload.c.partner, upload.c.received_at, place.label("place")).where(waiting).subquery()
    )
    first = sa.select(ranked.c.no, ranked.c.partner).where(ranked.c.place == 1)
    return first.order_by(ranked.c.received_at, ranked.c.no).limit(_CANDIDATES)


def _alone(conn: Connection, partner: str) -> bool:
    """Whether no other worker claims for this partner now or did since we looked. SQLite has one writer: always."""
    if conn.dialect.name != "postgresql":
        return True
    lock = sa.text("SELECT pg_try_advisory_xact_lock(hashtext('upload'), hashtext(:partner))")
    if not conn.execute(lock, {"partner": partner}).scalar_one():
        return False
    busy = (upload.c.partner == partner) & (upload.c.state == int(UploadState.PROCESSING))
    return conn.execute(sa.select(upload.c.no).where(busy).limit(1)).first() is None


def renew(conn: Connection, *, no: int, claim_id: str, lease_ms: int) -> bool:
    """Prolong the lease and lock the row; False when the claim is lost, so roll back and stop."""
    held = (upload.c.no == no) & (upload.c.claim_id == claim_id) & (upload.c.state == int(UploadState.PROCESSING))
    update = sa.update(upload).where(held).values(lease_until_ms=now_ms(conn) + lease_ms)
    return conn.execute(update).rowcount == 1


def start_attempt(conn: Connection, *, upload_no: int, started_at: dt.datetime, token: str) -> Attempt:
    """Open an attempt; its blob is `attempt/<no>-<token>`, a name that no other attempt ever has."""
    values = {"upload_no": upload_no, "started_at": started_at, "blob": ""}
    made = conn.execute(sa.insert(processing_attempt).values(values).returning(processing_attempt.c.no))
    no = int(made.scalar_one())
    blob = f"attempt/{no}-{token}"
    conn.execute(sa.update(processing_attempt).where(processing_attempt.c.no == no).values(blob=blob))
    return Attempt(no=no, upload_no=upload_no, started_at=started_at, blob=blob)


def in_processing(conn: Connection) -> list[Upload]:
    """All uploads in processing: at the start of a process that is alone, those of the one before it."""
    return _in_processing(conn, sa.true())


def expired(conn: Connection, *, longest_ms: int, limit: int = 100) -> list[Upload]:
    """Uploads in processing whose lease ran out: their process died, or hangs.

    A lease that lasts longer than `longest_ms` from now was given by a clock that was set back since: it ran out too.
    Should its process be alive all the same, it loses the claim and the upload is processed anew.
    """
    now = now_ms(conn)
    late = (upload.c.lease_until_ms < now) | (upload.c.lease_until_ms > now + longest_ms)
    return _in_processing(conn, late, limit=limit)


def _in_processing(conn: Connection, condition: sa.ColumnElement[bool], *, limit: int | None = None) -> list[Upload]:
    held = (upload.c.state == int(UploadState.PROCESSING)) & condition
    numbers = conn.execute(sa.select(upload.c.no).where(held).order_by(upload.c.no).limit(limit)).scalars().all()
    return [found for no in numbers if (found := find_by_no(conn, no)) is not None]


def take_over(conn: Connection, dead: Upload, *, claim_id: str, lease_ms: int) -> bool:
    """Take the claim of an upload that was found dead; False when it was renewed or taken meanwhile."""
    as_found = (upload.c.claim_id == dead.claim_id) & (upload.c.lease_until_ms == dead.lease_until_ms)
    values = {"claim_id": claim_id, "lease_until_ms": now_ms(conn) + lease_ms}
    return conn.execute(sa.update(upload).where((upload.c.no == dead.no) & as_found).values(values)).rowcount == 1


def abandon(conn: Connection, *, no: int, claim_id: str) -> bool:
    """Back to received, once the rows of its attempts are deleted; False when the claim is lost."""
    free = {"claim_id": None, "lease_until_ms": None}
    return move(conn, no=no, state=UploadState.PROCESSING, event=UploadEvent.ABANDON, held_by=claim_id, values=free)


def attempts_of(conn: Connection, upload_no: int) -> list[Attempt]:
    """All attempts at an upload that still have something in the store, oldest first."""
    return _attempts(conn, processing_attempt.c.upload_no == upload_no)


def stale_attempts(conn: Connection, *, limit: int = 100) -> list[Attempt]:
    """Attempts that were not published and are not under way: their rows and blobs are to be deleted."""
    t = processing_attempt.c
    kept = sa.select(upload.c.no).where(
        (upload.c.no == t.upload_no) & ((upload.c.state == int(UploadState.PROCESSING)) | (upload.c.attempt_no == t.no))
    )
    return _attempts(conn, ~sa.exists(kept), limit=limit)


def delete_rows(conn: Connection, attempt_no: int, *, limit: int = 5000) -> int:
    """Delete up to `limit` rows of an attempt; returns how many, so that 0 means none is left."""
    t = signaal_row.c
    some = sa.select(t.row_no).where(t.attempt_no == attempt_no).order_by(t.row_no).limit(limit)
    return conn.execute(sa.delete(signaal_row).where((t.attempt_no == attempt_no) & t.row_no.in_(some))).rowcount


def delete_attempt(conn: Connection, attempt_no: int) -> None:
    """Forget an attempt whose rows and blob are gone."""
    conn.execute(sa.delete(processing_attempt).where(processing_attempt.c.no == attempt_no))


def _attempts(conn: Connection, condition: sa.ColumnElement[bool], *, limit: int | None = None) -> list[Attempt]:
    t = processing_attempt.c
    found = conn.execute(
        sa.select(t.no, t.upload_no, t.started_at, t.blob).where(condition).order_by(t.no).limit(limit)
    )
    return [Attempt(no=no, upload_no=upload_no, started_at=at, blob=blob) for no, upload_no, at, blob in found]
