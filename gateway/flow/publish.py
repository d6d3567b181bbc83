"""The end of processing: one small transaction that makes everything visible, then the raw bytes are destroyed."""

import datetime as dt
import uuid

from msgspec import Struct
from sqlalchemy import Connection

from gateway import log
from gateway.crypto.keys import DataKey
from gateway.flow import confirm
from gateway.flow.heartbeat import lease_ms
from gateway.flow.kit import Kit
from gateway.flow.summary import IntakeSummary, encode_summary
from gateway.lifecycle import DeliveryState
from gateway.stages.sanity import KindStatistic
from gateway.stages.schedule import Kind
from gateway.store import deliveries, parcels, processing, refused, uploads, usual
from gateway.store.deliveries import NewDelivery
from gateway.store.parcels import HashRun, ParcelRecord
from gateway.store.processing import Attempt
from gateway.store.refused import RefusedContent
from gateway.store.uploads import Upload


class ClaimLostError(Exception):
    """Another process took this upload over: nothing of ours may be written any more."""


class Result(Struct, frozen=True, kw_only=True):
    """What an attempt produced. `findings`: (blob, key) when there were any; `hashes`: the run to keep, if any.

    `kept`: of refused rows; `repairs`: the id of the upload that the file says it repairs.

    `kinds`: what this file adds to what is usual for its partner.
    """

    summary: IntakeSummary
    parcels: tuple[ParcelRecord, ...] = ()
    findings: tuple[str, DataKey] | None = None
    hashes: HashRun | None = None
    kept: tuple[RefusedContent, ...] = ()
    repairs: str | None = None
    kinds: tuple[KindStatistic, ...] = ()


def publish(kit: Kit, upload: Upload, attempt: Attempt, result: Result) -> None:
    """Commit deliveries, report and counts together; raises ClaimLostError when another process took over.

    When the file makes no sense as a whole, all that cannot be threatening waits for its partner's word.
    """
    assert upload.claim_id is not None
    now = kit.clock()
    reasons = confirm.reasons_to_hold(kit, (f.code for f in result.summary.file_findings), result.parcels)
    with kit.db.write() as conn:
        if not processing.renew(conn, no=upload.no, claim_id=upload.claim_id, lease_ms=lease_ms(kit)):
            raise ClaimLostError
        _enqueue(conn, [_delivery(kit, upload, attempt, r, now, held=bool(reasons)) for r in result.parcels], result)
        if reasons:
            confirm.ask(conn, kit, upload, reasons)
        _remember(conn, upload, result, now)
        refused.put(conn, upload_no=upload.no, contents=result.kept)
        if result.repairs is not None:
            refused.link(conn, upload_no=upload.no, partner=upload.partner, of_id=result.repairs)
        settle = uploads.publish if result.summary.fatal is None else uploads.reject
        if not settle(conn, no=upload.no, claim_id=upload.claim_id, settlement=_settlement(attempt, result, now)):
            raise ClaimLostError
        kit.db.notify(conn, deliveries.CHANNEL)
    _tell(upload, result)
    if reasons:
        confirm.tell_held(kit)
    destroy_raw(kit, upload)


def destroy_raw(kit: Kit, upload: Upload) -> None:
    """The uploaded bytes have done their work: key first, then bytes, then the mention. Repeatable."""
    kit.keys.destroy_upload_key(upload.id)
    if upload.blob is not None:
        kit.blobs.delete(upload.blob)
    with kit.db.write() as conn:
        uploads.forget_blob(conn, no=upload.no)


def _enqueue(conn: Connection, new: list[NewDelivery], result: Result) -> None:
    ids = deliveries.enqueue(conn, new)
    parcels.put_contents(conn, dict(zip(ids, (record.content for record in result.parcels), strict=True)))


def _remember(conn: Connection, upload: Upload, result: Result, now: dt.datetime) -> None:
    """What later files of this partner are compared with."""
    assert upload.received_at is not None
    if result.hashes is not None:
        parcels.put_hash_run(conn, result.hashes, created_at=now)
    usual.put(conn, upload_no=upload.no, partner=upload.partner, received_at=upload.received_at, kinds=result.kinds)


def _delivery(
    kit: Kit, upload: Upload, attempt: Attempt, record: ParcelRecord, now: dt.datetime, *, held: bool
) -> NewDelivery:
    waits = held and confirm.waits(record)
    return NewDelivery(
        state=DeliveryState.AWAITING if waits else DeliveryState.QUEUED,
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
