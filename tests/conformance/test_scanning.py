"""Scanning before processing: clean goes on, harmful is refused and destroyed, unknown waits. Nothing else."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from contracts.ports import Clean, Infected, NotScanned, Probe, ScanVerdict
from gateway.errors import KeyDestroyedError
from gateway.flow.kit import Kit
from gateway.flow.process import process_next
from gateway.flow.raw_upload import read_raw_upload
from gateway.flow.scanning import NotScannedError, harmful
from gateway.flow.summary import decode_summary
from gateway.lifecycle import UploadState
from gateway.store.schema import delivery, processing_attempt, signaal_row, upload
from gateway.store.uploads import Upload
from tests.builders import a_csv, a_row
from tests.world import configure, counted, receive, reload

FILE = a_csv([a_row()])


@dataclass
class FakeScanner:
    """Says what it is told to say; remembers what it was sent."""

    verdicts: list[ScanVerdict]
    scanned: list[bytes] = field(default_factory=list)

    def scan(self, chunks: Iterable[bytes]) -> ScanVerdict:
        self.scanned.append(b"".join(chunks))
        return self.verdicts.pop(0)

    def probe(self) -> Probe:
        return Probe(reachable=True, detail="fake")


def with_scanner(kit: Kit, *verdicts: ScanVerdict) -> tuple[Kit, FakeScanner]:
    scanner = FakeScanner(list(verdicts))
    return replace(kit, scanner=scanner), scanner


def due_now(kit: Kit) -> None:
    """What waits does not wait any longer."""
    with kit.db.write() as conn:
        conn.execute(upload.update().values(lease_until_ms=None))


def process(kit: Kit) -> Upload:
    received = receive(kit, FILE)
    assert process_next(kit)
    return reload(kit, received)


def test_the_bytes_are_scanned_as_they_were_received_and_clean_ones_go_on(kit: Kit) -> None:
    configure(kit)
    kit, scanner = with_scanner(kit, Clean())
    done = process(kit)
    assert scanner.scanned == [FILE]
    assert done.state is UploadState.PROCESSED
    assert counted(kit, done).waiting == 1


def test_a_harmful_file_is_refused_and_nothing_of_it_is_kept(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    configure(kit)
    kit, scanner = with_scanner(kit, Infected(name="Proef.Een"))
    with caplog.at_level(logging.INFO):
        done = process(kit)
    assert done.state is UploadState.REJECTED
    assert done.summary is not None
    told = decode_summary(done.summary)
    assert told.fatal == "bestand_schadelijk"
    assert "Proef.Een" not in done.summary
    [event] = [record for record in caplog.records if record.message == "upload_harmful"]
    assert event.__dict__["fields"] == {"upload_id": done.id, "partner": done.partner, "signature": "Proef.Een"}
    assert event.levelno == logging.ERROR
    assert done.blob is None
    assert done.findings_blob is None
    with pytest.raises(KeyDestroyedError):
        list(read_raw_upload(kit, upload_id=done.id, blob="gone"))
    with kit.db.read() as conn:
        assert conn.execute(delivery.select()).all() == conn.execute(signaal_row.select()).all() == []
    assert not process_next(kit)
    assert len(scanner.scanned) == 1


@pytest.mark.parametrize("reason", ["unreachable", "timeout", "size_limit", "cut", "not_understood"])
def test_without_a_verdict_it_waits_and_is_tried_again(kit: Kit, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    configure(kit)
    kit, scanner = with_scanner(kit, NotScanned(reason=reason), NotScanned(reason=reason), Clean())
    with caplog.at_level(logging.INFO):
        waiting = process(kit)
    assert waiting.state is UploadState.RECEIVED
    [event] = [record for record in caplog.records if record.message == "scan_failed"]
    assert event.levelno == logging.ERROR
    assert event.__dict__["fields"] == {"upload_id": waiting.id, "attempt": 1, "reason": reason, "seconds": 15}
    assert not process_next(kit)
    with kit.db.read() as conn:
        assert conn.execute(processing_attempt.select()).all() == conn.execute(delivery.select()).all() == []
    due_now(kit)
    assert process_next(kit)
    assert reload(kit, waiting).state is UploadState.RECEIVED
    due_now(kit)
    assert process_next(kit)
    assert reload(kit, waiting).state is UploadState.PROCESSED
    assert scanner.scanned == [FILE] * 3


def test_it_never_waits_longer_than_a_minute_for_the_next_try(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    configure(kit)
    kit, _ = with_scanner(kit, *[NotScanned(reason="timeout")] * 5)
    receive(kit, FILE)
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            assert process_next(kit)
            due_now(kit)
    told = [record.__dict__["fields"]["seconds"] for record in caplog.records if record.message == "scan_failed"]
    assert told == [15, 30, 60, 60, 60]


def test_without_a_scanner_nothing_is_asked(kit: Kit) -> None:
    assert kit.scanner is None
    configure(kit)
    assert harmful(kit, receive(kit, FILE)) is None


def test_no_transaction_is_open_while_it_scans(kit: Kit) -> None:
    """Another can write meanwhile."""
    configure(kit)

    @dataclass
    class Writing(FakeScanner):
        def scan(self, chunks: Iterable[bytes]) -> ScanVerdict:
            with kit.db.write() as conn:
                conn.execute(upload.update().values(name_sha256="x"))
            return super().scan(chunks)

    done = process(replace(kit, scanner=Writing([Clean()])))
    assert done.state is UploadState.PROCESSED


def test_what_was_not_scanned_is_an_error_of_its_own(kit: Kit) -> None:
    kit, _ = with_scanner(kit, NotScanned(reason="timeout"))
    with pytest.raises(NotScannedError, match="timeout"):
        harmful(kit, receive(kit, FILE))
