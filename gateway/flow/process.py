"""Processing an upload: rows become sealed deliveries and a report.

Chunks are written under the id of the processing attempt, where nobody sees them; then one small publish transaction
makes deliveries, report and counts visible together. A process that dies leaves an attempt whose rows the next one
deletes before it starts anew. No transaction is long: at most `CHUNK` index rows each.
"""

import datetime as dt
import logging
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

import polars as pl

from contracts.row_states import ROW_STATES, RowState
from gateway import log
from gateway.errors import DiskFullError, StoreUnavailableError
from gateway.flow.ahead import ahead
from gateway.flow.deliver import FAR_LEASES
from gateway.flow.duplicates import run_writer
from gateway.flow.facts import load_facts
from gateway.flow.findings import FindingTally, findings_writer
from gateway.flow.heartbeat import kept, lease_ms
from gateway.flow.judging import BlockJudge, Judged
from gateway.flow.kit import Kit
from gateway.flow.offer_proof import salted
from gateway.flow.parcels import ParcelWriter
from gateway.flow.publish import ClaimLostError, Result, destroy_raw, publish
from gateway.flow.reading import FatalFileError, FileReader
from gateway.flow.refused_rows import RefusedWriter
from gateway.flow.repair import head_of
from gateway.flow.scanning import NotScannedError, harmful
from gateway.flow.summary import FileFinding, IntakeSummary
from gateway.stages.sanity import Gathered, Whole, judge_whole
from gateway.stages.window import outside_window
from gateway.store import processing, usual
from gateway.store import rows as row_store
from gateway.store import uploads as upload_store
from gateway.store.parcels import HashRun
from gateway.store.processing import Attempt
from gateway.store.refused import RefusedKind
from gateway.store.uploads import Upload

CHUNK: Final = 10_000
"""Index rows a transaction, some 6 ms on SQLite: a million in one held up other writers for more than ten seconds."""
PARCEL_ROWS: Final = 500
"""For a system without a limit of its own in the directory."""
FIRST_WAIT_MS: Final = 15_000
"""After the first failure; each next one doubles it, up to `processing.LONGEST_WAIT_MS`."""
USUAL_SINCE: Final = dt.timedelta(days=62)
"""How far back is looked for each month that makes what is usual: a partner may pass one over."""
SCAN_WAIT_MS: Final = 60_000
ANNOUNCED_AGE: Final = dt.timedelta(days=7)
"""An announced upload whose bytes have not come by then is forgotten; its partner announces it again."""


def process_next(kit: Kit) -> bool:
    """Process the upload that waits longest; False when none waits. Safe to call from any number of processes.

    One that fails goes back to waiting, for longer each time; it is never dropped. StoreUnavailableError and
    DiskFullError are not the upload's: they are raised, and the upload is taken over when its lease runs out.
    """
    take_over_dead(kit)
    with kit.db.write() as conn:
        claimed = processing.claim_next(conn, claim_id=kit.dice(16).hex(), lease_ms=lease_ms(kit))
    if claimed is None:
        return False
    try:
        _process(kit, claimed)
    except ClaimLostError:
        log.emit(log.UPLOAD_ABANDONED, upload_id=claimed.id, attempt=claimed.attempts)
    except (StoreUnavailableError, DiskFullError):
        raise
    except NotScannedError as error:
        _not_scanned(kit, claimed, error)
    except (Exception, pl.exceptions.PanicException) as error:  # a panic of polars is a BaseException
        _failed(kit, claimed, error)
    return True


def _failed(kit: Kit, upload: Upload, error: BaseException) -> None:
    """Tell it without the error's words, which may quote the file, and let the upload wait."""
    assert upload.claim_id is not None
    wait_ms = min(FIRST_WAIT_MS << min(upload.attempts - 1, 16), processing.LONGEST_WAIT_MS)
    frames = traceback.extract_tb(error.__traceback__)
    log.emit(
        log.UPLOAD_FAILED,
        level=logging.WARNING,
        upload_id=upload.id,
        attempt=upload.attempts,
        error_type=type(error).__name__,
        where=f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?",
        seconds=wait_ms // 1000,
    )
    _tell_if_stuck(upload)
    _let_go(kit, upload, claim_id=upload.claim_id, wait_ms=wait_ms)


def _not_scanned(kit: Kit, upload: Upload, error: NotScannedError) -> None:
    """It waits for the scanner: for a minute at most, since one that is back should not be waited for."""
    assert upload.claim_id is not None
    wait_ms = min(FIRST_WAIT_MS << min(upload.attempts - 1, 16), SCAN_WAIT_MS)
    log.emit(
        log.SCAN_FAILED,
        level=logging.ERROR,
        upload_id=upload.id,
        attempt=upload.attempts,
        reason=error.reason,
        seconds=wait_ms // 1000,
    )
    _let_go(kit, upload, claim_id=upload.claim_id, wait_ms=wait_ms)


def _tell_if_stuck(upload: Upload) -> None:
    if upload.attempts >= processing.STUCK_ATTEMPTS:
        log.emit(log.UPLOAD_STUCK, level=logging.ERROR, upload_id=upload.id, attempt=upload.attempts)


def _let_go(kit: Kit, upload: Upload, *, claim_id: str, wait_ms: int = 0) -> None:
    """Delete what its attempts wrote and send it back to waiting; nothing when the claim is lost."""
    with kit.db.write() as conn:
        if not processing.renew(conn, no=upload.no, claim_id=claim_id, lease_ms=lease_ms(kit)):
            return
        attempts = processing.attempts_of(conn, upload.no)
    for attempt in attempts:
        _delete_attempt(kit, attempt)
    with kit.db.write() as conn:
        processing.abandon(conn, no=upload.no, claim_id=claim_id, wait_ms=wait_ms)


def take_over_dead(kit: Kit, *, alone: bool = False) -> int:
    """Send uploads whose process died back to waiting, their half-written rows deleted first; returns how many.

    `alone`: no other process works on this database and this one has not begun, so nothing in processing is alive.
    """
    with kit.db.read() as conn:
        dead = (
            processing.in_processing(conn) if alone else processing.expired(conn, longest_ms=FAR_LEASES * lease_ms(kit))
        )
    return sum(_take_over(kit, upload) for upload in dead)


def sweep(kit: Kit) -> int:
    """Delete what nobody needs: attempts never published, raw bytes already processed, announcements without bytes.

    Returns how many.
    """
    with kit.db.read() as conn:
        attempts = processing.stale_attempts(conn)
        settled = upload_store.settled_with_blob(conn, limit=100)
    forgotten = _forget_announced(kit)
    for attempt in attempts:
        _delete_attempt(kit, attempt)
    for upload in settled:
        destroy_raw(kit, upload)
    return len(attempts) + len(settled) + forgotten


def _forget_announced(kit: Kit) -> int:
    with kit.db.write() as conn:
        gone = upload_store.delete_announced(conn, before=kit.clock() - ANNOUNCED_AGE, limit=100)
    for upload_id in gone:
        kit.keys.destroy_upload_key(upload_id)
    if gone:
        log.emit(log.ERASED, what="announced", count=len(gone))
    return len(gone)


def _take_over(kit: Kit, upload: Upload) -> bool:
    claim_id = kit.dice(16).hex()
    with kit.db.write() as conn:
        if not processing.take_over(conn, upload, claim_id=claim_id, lease_ms=lease_ms(kit)):
            return False
    _let_go(kit, upload, claim_id=claim_id)
    log.emit(log.UPLOAD_ABANDONED, upload_id=upload.id, attempt=upload.attempts)
    _tell_if_stuck(upload)
    return True


def _delete_attempt(kit: Kit, attempt: Attempt) -> None:
    kit.blobs.delete(attempt.blob)
    _delete_rows(kit, attempt)
    with kit.db.write() as conn:
        processing.delete_attempt(conn, attempt.no)


def _process(kit: Kit, upload: Upload) -> None:
    with kit.db.write() as conn:
        attempt = processing.start_attempt(conn, upload_no=upload.no, started_at=kit.clock(), token=kit.dice(8).hex())
    with kept(kit, upload), _Run(kit, upload, attempt) as run:
        result = run.result()
        publish(kit, upload, attempt, result)
    if result.summary.fatal is not None:
        _delete_rows(kit, attempt)


def _delete_rows(kit: Kit, attempt: Attempt) -> None:
    gone = 1
    while gone:
        with kit.db.write() as conn:
            gone = processing.delete_rows(conn, attempt.no, limit=CHUNK)


class _Run:
    """One attempt as a pipeline of threads: reading, judging, sealing (the caller's), inserting index rows."""

    def __init__(self, kit: Kit, upload: Upload, attempt: Attempt) -> None:
        self._kit = kit
        self._upload = upload
        self._attempt = attempt
        self._stack = ExitStack()
        self._tally = FindingTally()
        self._states: Counter[int] = Counter()
        self._per_gemeente: Counter[str] = Counter()
        self._rows = 0
        self._needs_window = False

    def __enter__(self) -> "_Run":
        kit, upload, attempt = self._kit, self._upload, self._attempt
        self._facts = load_facts(kit, upload)
        self._gathered = Gathered(kit.settings.sanity)
        self._judge = BlockJudge(self._facts, kit.keys, upload=uuid.UUID(upload.id), gathered=self._gathered)
        self._findings = self._stack.enter_context(findings_writer(kit, upload_id=upload.id))
        self._hashes = self._stack.enter_context(run_writer(kit, attempt_no=attempt.no))
        self._to_mend = self._stack.enter_context(RefusedWriter(kit, RefusedKind.HERSTEL, upload_id=upload.id))
        self._offered = self._stack.enter_context(RefusedWriter(kit, RefusedKind.AANBIEDING, upload_id=upload.id))
        self._parcels = self._stack.enter_context(
            ParcelWriter(
                kit,
                attempt_no=attempt.no,
                blob=attempt.blob,
                limits={key: systeem.max_rijen for key, systeem in self._facts.directory.systemen.items()},
                default_limit=PARCEL_ROWS,
            )
        )
        self._inserter = self._stack.enter_context(ThreadPoolExecutor(1, "index-rows"))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def result(self) -> Result:
        """Scan for malware, then read, judge, seal and index every row; what is to be published."""
        reader = FileReader(self._kit, self._upload, self._facts)
        found = harmful(self._kit, self._upload)
        if found is not None:
            return Result(summary=self._rejected(reader, found))
        try:
            with reader.blocks() as blocks, ahead(map(self._judge.judge, blocks), name="judging") as judged:
                self._take_all(judged, reader)
        except FatalFileError as fatal:
            return Result(summary=self._rejected(reader, fatal.finding))
        return self._accepted(reader)

    def _take_all(self, blocks: Iterator[Judged], reader: FileReader) -> None:
        pending: Future[None] | None = None
        for judged in blocks:
            index = self._take(judged)
            self._keep_refused(judged, reader)
            del judged  # before the next one comes
            if pending is not None:
                pending.result()
            pending = self._inserter.submit(self._insert, index)
        if pending is not None:
            pending.result()

    def _take(self, judged: Judged) -> pl.DataFrame:
        """Seal what goes on, count, and give the index rows of the block."""
        going = judged.going
        places = self._parcels.add(going)
        self._hashes.add(judged.hashes, compression="uncompressed")
        self._findings.add(judged.findings)
        self._tally.add(judged.findings)
        self._rows += judged.rows.height
        self._states.update(dict(judged.rows.filter(pl.col("state") != 0).group_by("state").len().iter_rows()))
        self._per_gemeente.update(dict(going.group_by("gemeentecode").len().iter_rows()))
        self._needs_window |= not going.filter(~pl.col("hele_maand") & ~pl.col("threatening")).is_empty()
        return judged.rows.join(places, on="row_no", how="left", maintain_order="left")

    def _keep_refused(self, judged: Judged, reader: FileReader) -> None:
        """Seal what the partner may need of refused rows, in the form in which it may be kept."""
        assert reader.dialect is not None
        self._to_mend.add(judged.to_mend, head=head_of(reader.dialect))
        self._offered.add(salted(judged.offered, self._kit.dice))

    def _insert(self, index: pl.DataFrame) -> None:
        kit = self._kit
        assert self._upload.claim_id is not None
        for chunk in index.iter_slices(CHUNK):
            with kit.db.write() as conn:
                if not processing.renew(
                    conn, no=self._upload.no, claim_id=self._upload.claim_id, lease_ms=lease_ms(kit)
                ):
                    raise ClaimLostError
                row_store.insert_rows(kit.db, conn, attempt_no=self._attempt.no, rows=chunk)

    def _accepted(self, reader: FileReader) -> Result:
        records = tuple(self._parcels.finish())
        findings = self._findings.finish()
        counts = self._tally.counts()
        whole = self._gathered.whole()
        odd = self._odd_as_a_whole(whole, {count.code: count.aantal for count in counts}, reader)
        assert reader.dialect is not None  # no file is accepted of which nothing was read
        refused = (*self._to_mend.finish(), *self._offered.finish())
        return Result(
            summary=IntakeSummary(
                read_as=reader.read_as,
                explained=reader.explained,
                header_line=reader.header_line,
                profiel=reader.read_by,
                rows=self._rows,
                kept={content.kind.value: content.rows for content in refused},
                states={ROW_STATES[RowState(state)].name: number for state, number in self._states.items()},
                findings=counts,
                per_gemeente=dict(self._per_gemeente),
                file_findings=(*odd, *reader.file_findings, *self._file_warnings()),
            ),
            parcels=records,
            findings=None if findings is None else (self._findings.name, findings),
            hashes=self._hash_run(),
            kept=refused,
            repairs=reader.dialect.repairs,
            kinds=whole.kinds,
        )

    def _odd_as_a_whole(self, whole: Whole, counts: dict[str, int], reader: FileReader) -> Iterator[FileFinding]:
        kit, settings = self._kit, self._kit.settings.sanity
        since = kit.clock() - USUAL_SINCE * settings.usual_months
        with kit.db.read() as conn:
            past = usual.of_partner(conn, partner=self._upload.partner, since=since)
        repairs = reader.dialect is not None and reader.dialect.repairs is not None
        for found in judge_whole(whole, counts, past, reader.columns, settings=settings):
            if not (repairs and found.code == "bestand_veel_minder_regels"):  # of course it has fewer
                yield FileFinding(code=found.code, vorm=found.vorm)

    def _hash_run(self) -> HashRun | None:
        key = self._hashes.finish()
        if key is None:
            return None
        return HashRun(
            attempt_no=self._attempt.no,
            period=self._judge.period,
            partner=self._upload.partner,
            upload_no=self._upload.no,
            rows=self._hashes.rows,
            blob=self._hashes.name,
            key=key.wrapped,
            key_name=key.key_name,
        )

    def _file_warnings(self) -> Iterator[FileFinding]:
        intake = self._kit.settings.intake
        first, last = intake.window_from_day, intake.window_until_day
        if self._facts.postcodes is None and self._rows:
            yield FileFinding(code="zonder_postcodetabel")
        if self._needs_window and outside_window(self._facts.received_on, from_day=first, until_day=last):
            yield FileFinding(code="buiten_leverperiode", vorm=f"{first} tot en met {last}")

    def _rejected(self, reader: FileReader, finding: FileFinding) -> IntakeSummary:
        """Refuse the whole file: every row that was counted, with the reason at the top."""
        name = ROW_STATES[RowState.BESTAND_AFGEKEURD].name
        return IntakeSummary(
            read_as=reader.read_as,
            explained=reader.explained,
            header_line=reader.header_line,
            profiel=reader.read_by,
            rows=self._rows,
            states={name: self._rows} if self._rows else {},
            file_findings=(finding,),
            fatal=finding.code,
        )
