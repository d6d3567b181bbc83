"""Uploads and who processes them: compare-and-set, leases, one at a time per partner, on both engines."""

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa

from gateway.errors import ConflictError
from gateway.lifecycle import IllegalTransitionError, UploadEvent, UploadState
from gateway.store import processing, rows, uploads
from gateway.store.database import Database, open_database
from gateway.store.schema import upload
from gateway.store.uploads import Announcement, Receipt, Settlement

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def _announced(number: int, partner: str = "woonstad", **kw: object) -> Announcement:
    values = {"id": f"id-{number}", "partner": partner, "channel": "https", "created_at": NOW} | kw
    return Announcement(**values)  # type: ignore[arg-type]  # a builder: what does not fit fails in the test


def _bytes(number: int, **kw: object) -> Receipt:
    at = NOW + number * MINUTE
    values = {"received_at": at, "size": 10, "sha256": f"sha-{number}", "blob": f"upload/{number}", "receipt": "jws"}
    return Receipt(**(values | kw))  # type: ignore[arg-type]  # a builder


def _received(db: Database, number: int, partner: str = "woonstad", **kw: object) -> int:
    with db.write() as conn:
        return uploads.insert_received(conn, _announced(number, partner, **kw), _bytes(number))


def _claim(db: Database, claim_id: str, *, lease_ms: int = 60_000) -> str | None:
    with db.write() as conn:
        claimed = processing.claim_next(conn, claim_id=claim_id, lease_ms=lease_ms)
    return None if claimed is None else claimed.id


def _get(db: Database, no: int) -> uploads.Upload:
    with db.read() as conn:
        found = uploads.find_by_no(conn, no)
    assert found is not None
    return found


def _settlement(attempt_no: int) -> Settlement:
    return Settlement(settled_at=NOW, attempt_no=attempt_no, rows=3, summary='{"states":{"regel_afgekeurd":3}}')


def test_announced_then_received_once(database: Database) -> None:
    with database.write() as conn:
        no = uploads.insert_announced(conn, _announced(1, declared_size=10, name_sealed=b"sealed"))
        assert uploads.receive(conn, no=no, receipt=_bytes(1)) is True
        assert uploads.receive(conn, no=no, receipt=_bytes(2)) is False
    found = _get(database, no)
    assert (found.state, found.sha256, found.received_at) == (UploadState.RECEIVED, "sha-1", NOW + MINUTE)
    assert (found.declared_size, found.name_sealed, found.attempts) == (10, b"sealed", 0)


def test_an_upload_is_found_by_its_own_partner_only(database: Database) -> None:
    no = _received(database, 1)
    with database.read() as conn:
        own = uploads.find_by_id(conn, id="id-1", partner="woonstad")
        assert own is not None
        assert own.no == no
        assert uploads.find_by_id(conn, id="id-1", partner="ander") is None
        assert uploads.find_by_id(conn, id="id-1") == own
        assert uploads.find_by_id(conn, id="id-2", partner="woonstad") is None


def test_an_idempotency_key_is_one_upload_per_partner(database: Database) -> None:
    no = _received(database, 1, idempotency_key="k")
    with pytest.raises(ConflictError):
        _received(database, 2, idempotency_key="k")
    _received(database, 3, partner="ander", idempotency_key="k")
    _received(database, 4)
    _received(database, 5)
    with database.read() as conn:
        found = uploads.find_by_idempotency_key(conn, partner="woonstad", key="k")
        assert found is not None
        assert found.no == no
        assert uploads.find_by_idempotency_key(conn, partner="woonstad", key="x") is None


def test_the_same_bytes_are_found_while_unfinished_or_recent(database: Database) -> None:
    since = NOW + 10 * MINUTE
    old_settled, old_waiting, recent = (_received_bytes(database, n) for n in (1, 2, 11))
    _received(database, 12)
    with database.write() as conn:
        state = int(UploadState.PROCESSED)
        conn.execute(sa.update(upload).where(upload.c.no.in_([old_settled, recent])).values(state=state))
    with database.read() as conn:
        found = uploads.find_by_content(conn, partner="woonstad", sha256="same", since=since)
        assert [one.no for one in found] == [old_waiting, recent]
        assert uploads.find_by_content(conn, partner="ander", sha256="same", since=since) == []


def _received_bytes(db: Database, number: int) -> int:
    with db.write() as conn:
        return uploads.insert_received(conn, _announced(number), _bytes(number, sha256="same"))


def test_pages_are_newest_first_without_gaps(database: Database) -> None:
    same = NOW + 100 * MINUTE
    with database.write() as conn:
        for number in range(7):
            receipt = _bytes(number, received_at=same) if number in {2, 3, 4} else _bytes(number)
            uploads.insert_received(conn, _announced(number), receipt)
        uploads.insert_announced(conn, _announced(8))
        uploads.insert_received(conn, _announced(9, "ander"), _bytes(9))
    seen: list[str] = []
    before = None
    with database.read() as conn:
        while found := uploads.page(conn, partner="woonstad", limit=2, before=before):
            seen += [one.id for one in found]
            assert found[-1].received_at is not None
            before = (found[-1].received_at, found[-1].no)
    assert seen == ["id-4", "id-3", "id-2", "id-6", "id-5", "id-1", "id-0"]


def test_a_move_that_the_table_does_not_have_is_a_defect(database: Database) -> None:
    no = _received(database, 1)
    with pytest.raises(IllegalTransitionError), database.write() as conn:
        uploads.move(conn, no=no, state=UploadState.RECEIVED, event=UploadEvent.PUBLISH, values={})


def test_the_oldest_is_claimed_and_only_once(database: Database) -> None:
    _received(database, 2, partner="b")
    _received(database, 1, partner="a")
    assert _claim(database, "one") == "id-1"
    assert _claim(database, "two") == "id-2"
    assert _claim(database, "three") is None


def test_one_upload_of_a_partner_at_a_time(database: Database) -> None:
    first = _received(database, 1)
    _received(database, 2)
    _received(database, 3, partner="ander")
    assert _claim(database, "one") == "id-1"
    assert _claim(database, "two") == "id-3"
    assert _claim(database, "three") is None
    with database.write() as conn:
        assert uploads.publish(conn, no=first, claim_id="one", settlement=_settlement(7))
    assert _claim(database, "four") == "id-2"


def test_many_workers_never_share_a_partner(database: Database, database_url: str) -> None:
    for number in range(12):
        _received(database, number, partner=f"p{number % 3}")
    claimed: list[str] = []
    barrier = threading.Barrier(6)

    def work(name: str) -> None:
        with open_database(database_url) as db:
            barrier.wait()
            found = _claim(db, name)
            if found is not None:
                claimed.append(found)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while (found := _claim(database, "last")) is not None:
        claimed.append(found)
    assert sorted(claimed) == ["id-0", "id-1", "id-2"]


def test_an_older_upload_that_just_arrived_does_not_let_two_in(postgres_database: Database) -> None:
    _received(postgres_database, 5)
    with postgres_database.write() as conn:
        uploads.insert_received(conn, _announced(1), _bytes(1))
        claimed = processing.claim_next(conn, claim_id="one", lease_ms=60_000)
        assert claimed is not None
        assert claimed.id == "id-1"
        assert _claim(postgres_database, "two") is None
    assert _claim(postgres_database, "three") is None


def test_publishing_needs_the_claim(database: Database) -> None:
    no = _received(database, 1)
    _claim(database, "one")
    with database.write() as conn:
        assert uploads.publish(conn, no=no, claim_id="other", settlement=_settlement(7)) is False
        assert uploads.publish(conn, no=no, claim_id="one", settlement=_settlement(7)) is True
        assert uploads.publish(conn, no=no, claim_id="one", settlement=_settlement(8)) is False
        assert uploads.reject(conn, no=no, claim_id="one", settlement=_settlement(8)) is False
    found = _get(database, no)
    assert (found.state, found.attempt_no, found.claim_id, found.rows) == (UploadState.PROCESSED, 7, None, 3)


def test_a_rejected_upload_keeps_its_reasons(database: Database) -> None:
    no = _received(database, 1)
    _claim(database, "one")
    with database.write() as conn:
        assert uploads.reject(conn, no=no, claim_id="one", settlement=_settlement(7)) is True
    assert _get(database, no).state is UploadState.REJECTED


def test_a_lease_is_renewed_by_its_holder_only(database: Database) -> None:
    no = _received(database, 1)
    _claim(database, "one", lease_ms=1000)
    until = _get(database, no).lease_until_ms
    assert until is not None
    with database.write() as conn:
        assert processing.renew(conn, no=no, claim_id="other", lease_ms=9_000_000) is False
        assert processing.renew(conn, no=no, claim_id="one", lease_ms=9_000_000) is True
    assert (_get(database, no).lease_until_ms or 0) > until + 8_000_000


def test_a_dead_process_is_cleaned_up_behind_and_its_upload_starts_anew(database: Database) -> None:
    no = _received(database, 1)
    _claim(database, "dead", lease_ms=1)
    with database.write() as conn:
        attempt = processing.start_attempt(conn, upload_no=no, started_at=NOW, token="abcd")
    assert attempt.blob == f"attempt/{attempt.no}-abcd"
    time.sleep(0.02)
    with database.read() as conn:
        (dead,) = processing.expired(conn, longest_ms=60_000)
    assert dead.no == no
    with database.write() as conn:
        assert processing.take_over(conn, dead, claim_id="a", lease_ms=60_000) is True
        assert processing.take_over(conn, dead, claim_id="b", lease_ms=60_000) is False
        assert processing.renew(conn, no=no, claim_id="dead", lease_ms=60_000) is False
        assert processing.expired(conn, longest_ms=60_000) == []
        assert processing.abandon(conn, no=no, claim_id="dead") is False
        assert [one.no for one in processing.attempts_of(conn, no)] == [attempt.no]
        processing.delete_attempt(conn, attempt.no)
        assert processing.abandon(conn, no=no, claim_id="a") is True
    found = _get(database, no)
    assert (found.state, found.claim_id, found.lease_until_ms) == (UploadState.RECEIVED, None, None)
    assert _claim(database, "next") == "id-1"
    assert _get(database, no).attempts == 2


def test_attempts_that_nobody_published_are_stale(database: Database) -> None:
    no = _received(database, 1)
    _claim(database, "one")
    with database.write() as conn:
        first, second = (processing.start_attempt(conn, upload_no=no, started_at=NOW, token=t) for t in "ab")
        assert processing.stale_attempts(conn) == []
        uploads.publish(conn, no=no, claim_id="one", settlement=_settlement(second.no))
        assert processing.stale_attempts(conn) == [first]


def test_rows_of_an_attempt_are_deleted_in_parts(database: Database) -> None:
    columns = ("attempt_no", "row_no", "state")
    with database.write() as conn:
        database.bulk_insert(conn, rows.signaal_row, columns, [(a, n, 11) for a in (1, 2) for n in range(1, 26)])
    deleted = []
    while True:
        with database.write() as conn:
            deleted.append(processing.delete_rows(conn, 1, limit=10))
        if deleted[-1] == 0:
            break
    assert deleted == [10, 10, 5, 0]
    with database.read() as conn:
        assert rows.row(conn, attempt_no=1, row_no=1) is None
        assert rows.row(conn, attempt_no=2, row_no=25) is not None


def test_raw_bytes_are_listed_until_they_are_forgotten(database: Database) -> None:
    no = _received(database, 1)
    _received(database, 2, partner="ander")
    _claim(database, "one")
    with database.write() as conn:
        uploads.publish(conn, no=no, claim_id="one", settlement=_settlement(1))
        assert [found.blob for found in uploads.settled_with_blob(conn, limit=5)] == ["upload/1"]
        uploads.forget_blob(conn, no=no)
        assert uploads.settled_with_blob(conn, limit=5) == []


def test_unfinished_uploads_of_a_partner_are_counted(database: Database) -> None:
    no = _received(database, 1)
    _received(database, 2)
    _received(database, 3, partner="ander")
    _claim(database, "one")
    with database.read() as conn:
        assert uploads.unfinished(conn, partner="woonstad") == 2
    with database.write() as conn:
        uploads.publish(conn, no=no, claim_id="one", settlement=_settlement(1))
        assert uploads.unfinished(conn, partner="woonstad") == 1
