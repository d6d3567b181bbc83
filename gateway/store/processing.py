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

STUCK_ATTEMPTS: Final = 5
"""After so many attempts an upload lets all others go first: it may be what ends the processes."""
LONGEST_WAIT_MS: Final = 15 * 60 * 1000
"""The longest wait after a failure; one that lasts longer was given by a clock that was set back since."""
_CANDIDATES: Final = 32


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of processing; its rows are invisible until `upload.attempt_no` names it. `blob`: its parcels."""

    no: int
    upload_no: int
    started_at: dt.datetime
    blob: str


def claim_next(conn: Connection, *, claim_id: str, lease_ms: int) -> Upload | None:
    """Claim the upload that waits longest among partners without one in processing; None when none waits.

    One whose processing failed is passed over until its wait is over: the partner's other uploads go first.
    """
    at_ms = now_ms(conn)
    for no, partner in conn.execute(_waiting(at_ms)).all():
        if not _alone(conn, partner):
            continue
        claim = {"claim_id": claim_id, "lease_until_ms": at_ms + lease_ms, "attempts": upload.c.attempts + 1}
        if move(conn, no=no, state=UploadState.RECEIVED, event=UploadEvent.START, values=claim):
            return find_by_no(conn, no)
    return None


def _waiting(at_ms: int) -> sa.Select[int, str]:
    """The upload that is first of each partner that has none in processing: the oldest, but those that failed last."""
    t = upload.c
    busy = sa.select(t.partner).where(t.state == int(UploadState.PROCESSING))
    due = t.lease_until_ms.is_(None) | (t.lease_until_ms <= at_ms) | (t.lease_until_ms > at_ms + LONGEST_WAIT_MS)
    waiting = (t.state == int(UploadState.RECEIVED)) & due & t.partner.not_in(busy)
    stuck = sa.case((t.attempts >= STUCK_ATTEMPTS, 1), else_=0)
    place = sa.func.row_number().over(partition_by=t.partner, order_by=(stuck, t.received_at, t.no))
    ranked = (
        sa.select(t.no, t.partner, t.received_at, stuck.label("stuck"), place.label("place")).where(waiting).subquery()
    )
    first = sa.select(ranked.c.no, ranked.c.partner).where(ranked.c.place == 1)
    return first.order_by(ranked.c.stuck, ranked.c.received_at, ranked.c.no).limit(_CANDIDATES)


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


def abandon(conn: Connection, *, no: int, claim_id: str, wait_ms: int = 0) -> bool:
    """Back to received, once the rows of its attempts are deleted; False when the claim is lost.

    `wait_ms`: for so long nobody claims it; while it waits, its lease is the end of that.
    """
    free = {"claim_id": None, "lease_until_ms": now_ms(conn) + wait_ms if wait_ms else None}
    return move(conn, no=no, state=UploadState.PROCESSING, event=UploadEvent.ABANDON, held_by=claim_id, values=free)


def late(conn: Connection, *, before: dt.datetime) -> list[tuple[int, str, dt.datetime]]:
    """Uploads received before `before` that are not processed yet, oldest first: number, id, received at."""
    waiting = upload.c.state.in_([int(UploadState.RECEIVED), int(UploadState.PROCESSING)])
    query = sa.select(upload.c.no, upload.c.id, upload.c.received_at).where(waiting & (upload.c.received_at < before))
    return [(no, id_, at) for no, id_, at in conn.execute(query.order_by(upload.c.received_at, upload.c.no))]


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
