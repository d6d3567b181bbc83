"""The end of processing: one small transaction that makes everything visible, then the raw bytes are destroyed."""

import datetime as dt
import uuid

from msgspec import Struct
from sqlalchemy import Connection

from gateway import log
from gateway.crypto.keys import DataKey
from gateway.flow.heartbeat import lease_ms
from gateway.flow.kit import Kit
from gateway.flow.summary import IntakeSummary, encode_summary
from gateway.stages.schedule import Kind
from gateway.store import deliveries, parcels, processing, uploads
from gateway.store.deliveries import NewDelivery
from gateway.store.parcels import HashRun, ParcelRecord
from gateway.store.processing import Attempt
from gateway.store.uploads import Upload


class ClaimLostError(Exception):
    """Another process took this upload over: nothing of ours may be written any more."""


class Result(Struct, frozen=True, kw_only=True):
    """What an attempt produced. `findings`: (blob, key) when there were any; `hashes`: the run to keep, if any."""

    summary: IntakeSummary
    parcels: tuple[ParcelRecord, ...] = ()
    findings: tuple[str, DataKey] | None = None
    hashes: HashRun | None = None


def publish(kit: Kit, upload: Upload, attempt: Attempt, result: Result) -> None:
    """Commit deliveries, report and counts together; raises ClaimLostError when another process took over."""
    assert upload.claim_id is not None
    now = kit.clock()
    with kit.db.write() as conn:
        if not processing.renew(conn, no=upload.no, claim_id=upload.claim_id, lease_ms=lease_ms(kit)):
            raise ClaimLostError
        _enqueue(kit, conn, upload, attempt, result.parcels, now)
        if result.hashes is not None:
            parcels.put_hash_run(conn, result.hashes, created_at=now)
        settle = uploads.publish if result.summary.fatal is None else uploads.reject
        if not settle(conn, no=upload.no, claim_id=upload.claim_id, settlement=_settlement(attempt, result, now)):
            raise ClaimLostError
        kit.db.notify(conn, deliveries.CHANNEL)
    _tell(upload, result)
    destroy_raw(kit, upload)


def destroy_raw(kit: Kit, upload: Upload) -> None:
    """The uploaded bytes have done their work: key first, then bytes, then the mention. Repeatable."""
    kit.keys.destroy_upload_key(upload.id)
    if upload.blob is not None:
        kit.blobs.delete(upload.blob)
    with kit.db.write() as conn:
        uploads.forget_blob(conn, no=upload.no)


def _enqueue(
    kit: Kit,
    conn: Connection,
    upload: Upload,
    attempt: Attempt,
    records: tuple[ParcelRecord, ...],
    now: dt.datetime,
) -> None:
    ids = deliveries.enqueue(conn, [_delivery(kit, upload, attempt, record, now) for record in records])
    parcels.put_contents(conn, dict(zip(ids, (record.content for record in records), strict=True)))


def _delivery(kit: Kit, upload: Upload, attempt: Attempt, record: ParcelRecord, now: dt.datetime) -> NewDelivery:
    return NewDelivery(
        idempotency_key=str(uuid.UUID(bytes=kit.dice(16), version=4)),
        kind=Kind.SIGNALEN,
        destination=record.systeem,
        threatening=record.threatening,
        partner=upload.partner,
        upload_no=upload.no,
        attempt_no=attempt.no,
        parcel_no=record.parcel_no,
        row_count=record.row_count,
        overeenkomst=record.overeenkomst,
        overeenkomst_version=record.version,
        gemeentecode=record.gemeentecode,
        soort=record.soort,
        signaaltype=record.signaaltype,
        opdrachtgever=record.opdrachtgever,
        created_at=now,
        due_at=now,
    )


def _settlement(attempt: Attempt, result: Result, now: dt.datetime) -> uploads.Settlement:
    blob, key = result.findings if result.findings is not None else (None, None)
    return uploads.Settlement(
        settled_at=now,
        attempt_no=attempt.no,
        rows=result.summary.rows,
        summary=encode_summary(result.summary),
        findings_blob=blob,
        findings_key=None if key is None else key.wrapped,
        findings_key_name=None if key is None else key.key_name,
    )


def _tell(upload: Upload, result: Result) -> None:
    summary = result.summary
    if summary.fatal is not None:
        log.emit(log.UPLOAD_REJECTED, upload_id=upload.id, code=summary.fatal)
        return
    log.emit(
        log.UPLOAD_PROCESSED,
        upload_id=upload.id,
        rows=summary.rows,
        refused=sum(summary.states.values()),
        parcels=len(result.parcels),
    )
