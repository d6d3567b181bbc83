"""Forgetting on schedule, on both engines: what is due is gone, and nothing else is."""

import datetime as dt
import logging
import uuid

import pytest
import sqlalchemy as sa

from gateway.errors import KeyDestroyedError
from gateway.flow import erase
from gateway.flow.erase import erase_due, rewrap_settled
from gateway.flow.kit import Kit
from gateway.ids import upload_id
from gateway.lifecycle import DeliveryState, UploadState
from gateway.store.schema import delivery, parcel_content, processing_attempt, refused_content, upload
from tests.conftest import FakeClock
from tests.kept import EVERYTHING, FILE_NAME, PARTNER, class_keys, date_blobs, keep_upload, openable, settle, split

ACCEPTED, REFUSED, STOPPED = DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.STOPPED
CONTENT = {"rows", "links"}


def key_names(kit: Kit, root: int) -> tuple[str | None, str | None]:
    t = parcel_content.c
    with kit.db.read() as conn:
        found = conn.execute(sa.select(t.rows_key_name, t.link_key_name).where(t.delivery_id == root)).one()
    return found[0], found[1]


def put(kit: Kit, name: str) -> None:
    with kit.blobs.create(name) as writer:
        writer.write(b"sealed")
        writer.commit()
    date_blobs(kit, [name])


def test_rows_are_kept_thirty_days_after_they_were_accepted_and_links_half_a_year(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    clock.advance(days=3)
    settle(kit, kept.roots[0], ACCEPTED)

    clock.advance(days=30, seconds=-1)
    erase_due(kit)
    assert openable(kit, kept) >= CONTENT

    clock.advance(seconds=1)
    assert erase_due(kit)["rows"] == 1
    assert openable(kit, kept) & CONTENT == {"links"}

    clock.advance(days=153, seconds=-1)
    erase_due(kit)
    assert "links" in openable(kit, kept)

    clock.advance(seconds=1)
    assert erase_due(kit)["links"] == 1
    assert openable(kit, kept) & CONTENT == set()


def test_settled_rows_leave_the_key_of_what_waits_for_the_key_of_the_month_they_expire_in(
    kit: Kit, clock: FakeClock
) -> None:
    kept = keep_upload(kit)
    assert key_names(kit, kept.roots[0]) == ("wachtend/2026-11", "link/2027-05")
    clock.advance(days=20)

    settle(kit, kept.roots[0], ACCEPTED)

    assert key_names(kit, kept.roots[0]) == ("afgeleverd/2027-01", "link/2027-06")
    assert openable(kit, kept) >= CONTENT


@pytest.mark.parametrize(
    ("state", "refused", "days"),
    [(ACCEPTED, 0, 30), (ACCEPTED, 1, 30), (ACCEPTED, 2, 14), (REFUSED, 0, 14)],
    ids=["accepted", "accepted-in-part", "every-row-refused", "refused"],
)
def test_rows_of_which_nothing_was_delivered_are_kept_for_repair_only(
    kit: Kit, clock: FakeClock, state: DeliveryState, refused: int, days: int
) -> None:
    kept = keep_upload(kit, rows=2)
    settle(kit, kept.roots[0], state, refused=refused)

    clock.advance(days=days, seconds=-1)
    erase_due(kit)
    assert "rows" in openable(kit, kept)

    clock.advance(seconds=1)
    erase_due(kit)
    assert "rows" not in openable(kit, kept)


def test_rows_that_the_gate_stopped_are_not_kept_at_all(kit: Kit) -> None:
    kept = keep_upload(kit, parcels=2)
    settle(kit, kept.roots[0], STOPPED)

    assert openable(kit, kept, roots=kept.roots[:1]) & CONTENT == set()
    assert openable(kit, kept, roots=kept.roots[1:]) >= CONTENT
    with kit.db.read() as conn:
        row = conn.execute(sa.select(parcel_content).where(parcel_content.c.delivery_id == kept.roots[0])).one()
    assert row.rows_key is row.link_key is row.rows_segments is row.link_segments is None


def test_rows_that_wait_are_kept_for_as_long_as_it_takes(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    for _ in range(20):
        clock.advance(days=20)
        erase_due(kit)

    assert openable(kit, kept) == CONTENT
    assert class_keys(kit) == set(key_names(kit, kept.roots[0])), "one straggler keeps no old key alive"
    settle(kit, kept.roots[0], ACCEPTED)
    clock.advance(days=29)
    erase_due(kit)
    assert openable(kit, kept) == CONTENT


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.UNKNOWN, DeliveryState.HELD])
def test_what_is_not_finished_does_not_expire(kit: Kit, clock: FakeClock, state: DeliveryState) -> None:
    kept = keep_upload(kit)
    settle(kit, kept.roots[0], state)
    clock.advance(days=400)
    erase_due(kit)

    assert openable(kit, kept) >= CONTENT


def test_a_split_parcel_is_settled_with_its_last_leaf(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit, rows=4)
    root = kept.roots[0]
    split(kit, root, 1)
    settle(kit, root, STOPPED, position_from=0)
    assert key_names(kit, root)[0] == "wachtend/2026-11"
    clock.advance(days=2)

    settle(kit, root, ACCEPTED, position_from=1)

    assert key_names(kit, root)[0] == "afgeleverd/2026-12"
    clock.advance(days=30)
    erase_due(kit)
    assert "rows" not in openable(kit, kept)


def test_a_parcel_whose_settling_nobody_saw_is_settled_by_the_next_run(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    with kit.db.write() as conn:  # as when two transactions each saw the other's leaf unfinished
        conn.execute(sa.update(delivery).values(state=int(ACCEPTED)))

    assert erase_due(kit)["settled_late"] == 1
    assert key_names(kit, kept.roots[0])[0] == "afgeleverd/2026-12"
    clock.advance(days=30)
    assert erase_due(kit)["rows"] == 1


def test_settling_twice_or_nothing_changes_nothing(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    settle(kit, kept.roots[0], ACCEPTED)
    before = key_names(kit, kept.roots[0])
    clock.advance(days=29)
    with kit.db.write() as conn:
        rewrap_settled(conn, kit, [*kept.roots, 4711])
        rewrap_settled(conn, kit, [])

    assert key_names(kit, kept.roots[0]) == before
    clock.advance(days=1)
    assert erase_due(kit)["rows"] == 1


def test_the_report_and_the_file_name_are_kept_half_a_year(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    clock.advance(days=183, seconds=-1)
    erase_due(kit)
    assert openable(kit, kept) >= {"findings", "name"}

    clock.advance(seconds=1)
    done = erase_due(kit)
    assert (done["findings"], done["file_names"]) == (1, 1)
    assert openable(kit, kept) & {"findings", "name"} == set()
    with kit.db.read() as conn:
        assert conn.scalar(sa.select(upload.c.name_sealed)) is None


def test_refused_rows_and_what_proves_that_they_were_offered_are_kept_a_fortnight(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    both = {"herstel", "aanbieding"}
    clock.advance(days=14, seconds=-1)
    erase_due(kit)
    assert openable(kit, kept) >= both

    clock.advance(seconds=1)
    assert erase_due(kit)["refused"] == 2
    assert openable(kit, kept) & both == set()

    clock.now = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
    erase_due(kit)
    assert "herstel/2026-12" not in class_keys(kit)
    assert not [name for name in kit.blobs.names() if name.startswith(("herstel/", "aanbieding/"))]


def test_the_key_of_refused_rows_lives_as_long_as_one_of_them_is_kept(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    with kit.db.write() as conn:  # as when an operator made the term longer
        conn.execute(sa.update(refused_content).values(expires_at=clock() + dt.timedelta(days=60)))
    clock.advance(days=59)
    erase_due(kit)
    assert openable(kit, kept) >= {"herstel", "aanbieding"}


def test_hashes_are_kept_half_a_year_and_their_key_until_the_window_behind_its_half_year_is_over(
    kit: Kit, clock: FakeClock
) -> None:
    kept = keep_upload(kit)
    name = f"hash/{PARTNER}/2026H2"
    clock.advance(days=183, seconds=-1)
    erase_due(kit)
    assert "hashes" in openable(kit, kept)

    clock.advance(seconds=1)
    assert erase_due(kit)["hash_runs"] == 1
    assert "hashes" not in openable(kit, kept)
    assert name in kit.keys.names(), "another file of December may still be compared"

    clock.now = dt.datetime(2027, 7, 2, 12, tzinfo=dt.UTC)
    assert erase_due(kit)["hash_keys"] == 0
    clock.now = dt.datetime(2027, 7, 4, 12, tzinfo=dt.UTC)
    assert erase_due(kit)["hash_keys"] == 1
    assert name not in kit.keys.names()


def test_a_class_key_is_destroyed_when_its_month_is_over_and_nothing_kept_needs_it(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit)
    settle(kit, kept.roots[0], ACCEPTED)
    assert "wachtend/2026-11" in class_keys(kit)

    clock.now = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
    erase_due(kit)
    assert "wachtend/2026-11" in class_keys(kit), "hosts may disagree by a day on which month it is"

    clock.now = dt.datetime(2026, 12, 2, 0, tzinfo=dt.UTC)
    erase_due(kit)
    assert "wachtend/2026-11" not in class_keys(kit)
    assert openable(kit, kept) >= CONTENT


def test_a_class_key_lives_as_long_as_processing_that_began_in_its_month(kit: Kit, clock: FakeClock) -> None:
    key = kit.keys.new_data_key(erase.RetentionClass.WACHTEND, month="2026-11")
    with kit.db.write() as conn:
        values = {"id": "u", "partner": PARTNER, "channel": "https", "created_at": clock(), "attempts": 1, "state": 3}
        no = conn.execute(sa.insert(upload).values(values).returning(upload.c.no)).scalar_one()
        conn.execute(sa.insert(processing_attempt).values(upload_no=no, started_at=clock(), blob="attempt/1-00"))
    clock.now = dt.datetime(2026, 12, 20, tzinfo=dt.UTC)
    erase_due(kit)
    assert kit.keys.open_data_key(key.wrapped, key.key_name) == key.plain

    with kit.db.write() as conn:
        conn.execute(sa.update(upload).values(state=int(UploadState.PROCESSED)))
    erase_due(kit)
    with pytest.raises(KeyDestroyedError):
        kit.keys.open_data_key(key.wrapped, key.key_name)


def test_keys_of_another_purpose_are_left_alone(kit: Kit, clock: FakeClock) -> None:
    names = {"event-id", "receipt-ed25519", "receipt-ed25519/1", "hash/2026-11/2026H3", "upload/not-an-id", "wachtend"}
    for name in names:
        kit.keys.named_key(name)
    clock.advance(days=2000)
    erase_due(kit)

    assert set(kit.keys.names()) == names


def test_the_key_of_a_raw_upload_dies_with_its_processing(kit: Kit) -> None:
    done = keep_upload(kit, state=UploadState.PROCESSED)
    waiting = keep_upload(kit, state=UploadState.RECEIVED)
    assert "raw" in openable(kit, done)

    assert erase_due(kit)["upload_keys"] == 1

    assert "raw" not in openable(kit, done)
    assert "raw" in openable(kit, waiting)


def test_the_key_of_an_upload_that_never_came_to_be_dies_after_a_week(kit: Kit, clock: FakeClock) -> None:
    name = f"upload/{upload_id(clock(), kit.dice(7))}"
    kit.keys.named_key(name)
    clock.advance(days=7)
    assert erase_due(kit)["upload_keys"] == 0

    clock.advance(seconds=1)
    assert erase_due(kit)["upload_keys"] == 1


def test_a_pack_goes_when_the_last_key_of_its_parcels_does(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit, parcels=2)
    pack = f"attempt/{kept.upload_id}"
    settle(kit, kept.roots[0], REFUSED)
    clock.advance(days=14)
    erase_due(kit)
    assert pack in kit.blobs.names()
    assert openable(kit, kept, roots=kept.roots[1:]) >= CONTENT

    settle(kit, kept.roots[1], REFUSED)
    clock.advance(days=14)
    erase_due(kit)
    assert pack not in kit.blobs.names()


def test_in_the_end_no_bytes_and_no_keys_are_left(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit, parcels=3)
    assert openable(kit, kept) == EVERYTHING
    for root in kept.roots:
        settle(kit, root, ACCEPTED)
    for _ in range(10):
        clock.advance(days=30)
        erase_due(kit)

    assert list(kit.blobs.names()) == []
    assert set(kit.keys.names()) == {"receipt-ed25519"}
    assert set(erase_due(kit).values()) == {0}


@pytest.mark.parametrize(
    "name", ["upload/{id}-00ff", "attempt/7-00ff", "findings/{id}-00ff", "hashes/7-00ff", "herstel/{id}-00ff"]
)
def test_bytes_that_nothing_refers_to_go_after_a_day(kit: Kit, clock: FakeClock, name: str) -> None:
    name = name.format(id=uuid.UUID(int=7))
    put(kit, name)
    clock.advance(days=1, seconds=-1)
    assert erase_due(kit)["blobs"] == 0

    clock.advance(seconds=2)
    assert erase_due(kit)["blobs"] == 1
    assert list(kit.blobs.names()) == []


def test_bytes_that_are_not_known_here_are_left_alone(kit: Kit, clock: FakeClock) -> None:
    put(kit, "sftp/partial-1")
    clock.advance(days=400)
    erase_due(kit)

    assert list(kit.blobs.names()) == ["sftp/partial-1"]


def test_the_pack_of_processing_that_is_under_way_is_no_orphan(kit: Kit, clock: FakeClock) -> None:
    kept = keep_upload(kit, state=UploadState.PROCESSING)
    with kit.db.write() as conn:
        conn.execute(sa.delete(parcel_content))
    clock.advance(days=3)
    erase_due(kit)

    assert f"attempt/{kept.upload_id}" in kit.blobs.names()
    assert f"upload/{kept.upload_id}" in kit.blobs.names()


def test_large_numbers_are_forgotten_in_bounded_transactions(
    kit: Kit, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "BATCH", 2)
    kept = keep_upload(kit, parcels=5, rows=1)
    with kit.db.write() as conn:
        conn.execute(sa.update(delivery).values(state=int(ACCEPTED)))
    assert erase_due(kit)["settled_late"] == 5
    clock.advance(days=30)

    assert erase_due(kit)["rows"] == 5
    assert "rows" not in openable(kit, kept, roots=kept.roots[4:])


def test_what_was_forgotten_is_told_without_saying_whose_it_was(
    kit: Kit, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keep_upload(kit)
    settle(kit, kept.roots[0], ACCEPTED)
    with caplog.at_level(logging.INFO, logger="signaalpoort"):
        clock.advance(days=30)
        erase_due(kit)
    told = [record.fields for record in caplog.records]  # type: ignore[attr-defined]  # `emit` puts it there

    assert {"what": "rows", "count": 1} in told
    assert PARTNER not in str(told)
    assert FILE_NAME not in str(told)
