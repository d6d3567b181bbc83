"""The claim on an upload lasts as long as the process that has it, however slow."""

import time
from pathlib import Path

import pytest

from gateway.flow.heartbeat import kept
from gateway.flow.kit import Kit
from gateway.settings import Settings, Work
from gateway.store import processing
from gateway.store.database import Database
from gateway.store.uploads import Upload
from tests.builders import a_csv
from tests.conftest import FakeClock, make_kit
from tests.world import configure, receive

LEASE_SECONDS = 3.0


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    return make_kit(database, tmp_path, clock, Settings(work=Work(lease_seconds=LEASE_SECONDS)))


def claimed(kit: Kit) -> Upload:
    configure(kit)
    receive(kit, a_csv())
    with kit.db.write() as conn:
        upload = processing.claim_next(conn, claim_id="slow", lease_ms=int(LEASE_SECONDS * 1000))
    assert upload is not None
    return upload


def expired(kit: Kit) -> int:
    with kit.db.read() as conn:
        return len(processing.expired(conn, longest_ms=60_000))


def test_a_slow_process_keeps_its_claim_and_a_silent_one_loses_it(kit: Kit) -> None:
    upload = claimed(kit)
    with kept(kit, upload):
        time.sleep(1.5 * LEASE_SECONDS)
        assert expired(kit) == 0
    time.sleep(1.2 * LEASE_SECONDS)
    assert expired(kit) == 1


def test_it_stops_when_the_claim_is_lost(kit: Kit) -> None:
    upload = claimed(kit)
    with kept(kit, upload):
        with kit.db.write() as conn:
            processing.abandon(conn, no=upload.no, claim_id="slow", wait_ms=0)
        time.sleep(LEASE_SECONDS)
    with kit.db.read() as conn:
        assert processing.in_processing(conn) == []
