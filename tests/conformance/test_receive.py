"""Receiving on both engines: the receipt is given for what is committed, and anything less leaves nothing behind."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from contracts.aanlevering import Ontvangstbewijs
from gateway.crypto.signing import ReceiptSigner, verify
from gateway.errors import (
    ConflictError,
    DigestMismatchError,
    DiskFullError,
    GatewayError,
    IncompleteBodyError,
    StoreUnavailableError,
    TooLargeError,
)
from gateway.flow.kit import Kit
from gateway.flow.process import process_next
from gateway.flow.raw_upload import read_raw_upload
from gateway.flow.receive import Claims, Received, Reception, announce
from gateway.lifecycle import UploadState
from gateway.store import uploads
from gateway.store.database import Database
from gateway.store.uploads import Upload
from tests.builders import a_csv, a_partner, a_row
from tests.conftest import FakeClock
from tests.world import configure

PARTNER = a_partner()
DATA = a_csv()


def receive(kit: Kit, data: bytes = DATA, *, announced: Upload | None = None, **claims: Any) -> Received:
    with Reception(kit, PARTNER, channel="test", claims=Claims(**claims), announced=announced) as reception:
        reception.write(data)
        return reception.finish()


def leftovers(kit: Kit) -> tuple[int, int]:
    """(blobs, upload keys)."""
    return len(list(kit.blobs.names())), len([name for name in kit.keys.names() if name.startswith("upload/")])


def count(kit: Kit) -> int:
    with kit.db.read() as conn:
        return len(uploads.page(conn, partner=PARTNER.key, limit=100))


def raw(kit: Kit, upload: Upload) -> bytes:
    assert upload.blob is not None
    return b"".join(read_raw_upload(kit, upload_id=upload.id, blob=upload.blob))


@pytest.mark.parametrize("chunk", [1, 1000, 1 << 20, (1 << 20) + 1, 5 << 20])
def test_any_cutting_gives_the_same_bytes_and_digest(kit: Kit, chunk: int) -> None:
    data = bytes(range(251)) * (10 if chunk == 1 else 11_000)
    with Reception(kit, PARTNER, channel="test", claims=Claims()) as reception:
        for start in range(0, len(data), chunk):
            reception.write(data[start : start + chunk])
        upload = reception.finish().upload
    assert raw(kit, upload) == data
    assert upload.size == len(data)


def test_the_receipt_is_of_the_committed_upload(kit: Kit) -> None:
    upload = receive(kit, file_name="mei.csv").upload
    assert upload.receipt is not None
    proven = msgspec.json.decode(verify(upload.receipt, kit.signer.jwks()), type=Ontvangstbewijs)
    assert (proven.aanlevering_id, proven.sha256, proven.grootte) == (upload.id, upload.sha256, len(DATA))
    assert proven.bestandsnaam_sha256 == upload.name_sha256
    assert upload.state is UploadState.RECEIVED


def broken(error: type[Exception]) -> Callable[[Reception], None]:
    def break_(_: Reception) -> None:
        raise error("cut")

    return break_


@pytest.mark.parametrize(
    ("claims", "step", "error"),
    [
        ({}, broken(IncompleteBodyError), IncompleteBodyError),
        ({}, broken(ZeroDivisionError), ZeroDivisionError),
        ({"digests": {"sha-256": bytes(32)}}, Reception.finish, DigestMismatchError),
        ({"digests": {"sha-512": bytes(64)}}, Reception.finish, DigestMismatchError),
        ({"size": len(DATA) + 1}, Reception.finish, DigestMismatchError),
        ({}, lambda reception: reception.write(bytes(PARTNER.max_bytes)), TooLargeError),
    ],
    ids=["cut", "defect", "sha-256", "sha-512", "size", "too large"],
)
def test_anything_less_leaves_nothing(
    kit: Kit, claims: dict[str, Any], step: Callable[[Reception], Any], error: type[Exception]
) -> None:
    def attempt() -> None:
        with Reception(kit, PARTNER, channel="test", claims=Claims(**claims)) as reception:
            reception.write(DATA)
            step(reception)

    with pytest.raises(error):
        attempt()
    assert leftovers(kit) == (0, 0)
    assert count(kit) == 0


def test_leaving_without_finish_leaves_nothing(kit: Kit) -> None:
    with Reception(kit, PARTNER, channel="test", claims=Claims()) as reception:
        reception.write(DATA)
    assert leftovers(kit) == (0, 0)


class LosesAnswers(Database):
    """A database that commits, or does not, and then is gone before it says so."""

    def __init__(self, real: Database, *, commits: bool) -> None:
        self.__dict__.update(real.__dict__)
        self._real = real
        self._commits = commits

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._real.write() as conn:
            yield conn
            if not self._commits:
                raise StoreUnavailableError("gone")
        raise StoreUnavailableError("gone")


@pytest.mark.parametrize("commits", [True, False])
def test_a_lost_commit_answer_never_costs_a_committed_upload_its_bytes(kit: Kit, *, commits: bool) -> None:
    with pytest.raises(StoreUnavailableError):
        receive(replace(kit, db=LosesAnswers(kit.db, commits=commits)))
    assert count(kit) == int(commits)
    again = receive(kit)
    assert again.again is commits
    assert raw(kit, again.upload) == DATA
    assert count(kit) == 1


def test_a_full_disk_leaves_nothing(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    create = kit.blobs.create

    def full(name: str) -> Any:
        writer = create(name)

        def write(_: object) -> int:
            raise DiskFullError("full")

        writer.write = write  # type: ignore[method-assign]
        return writer

    monkeypatch.setattr(kit.blobs, "create", full)
    with pytest.raises(DiskFullError):
        receive(kit, bytes(3 << 20))
    assert leftovers(kit) == (0, 0)
    assert count(kit) == 0


def test_identical_bytes_replay_while_unfinished(kit: Kit) -> None:
    first, again, other = receive(kit), receive(kit), receive(kit, DATA + b"\r\n")
    assert (again.again, again.upload) == (True, first.upload)
    assert not other.again
    assert leftovers(kit) == (2, 2)


@pytest.mark.parametrize(("refused", "hours", "again"), [(False, 24, True), (False, 25, False), (True, 1, False)])
def test_identical_bytes_replay_for_a_day_if_nothing_was_refused(
    kit: Kit, clock: FakeClock, *, refused: bool, hours: int, again: bool
) -> None:
    configure(kit)
    data = a_csv([a_row(bedrag="veel")]) if refused else DATA
    first = receive(kit, data).upload
    while process_next(kit):
        pass
    clock.advance(hours=hours)
    second = receive(kit, data)
    assert (second.again, second.upload.id == first.id) == (again, again)


def test_a_key_is_bound_to_its_bytes(kit: Kit) -> None:
    key = str(uuid.uuid4())
    first = receive(kit, idempotency_key=key)
    assert receive(kit, idempotency_key=key).upload == first.upload
    with pytest.raises(ConflictError):
        receive(kit, DATA + b"!", idempotency_key=key)
    assert leftovers(kit) == (1, 1)


class SlowSigner(ReceiptSigner):
    """Signs so slowly that whoever does not wait for the first has decided before the first commits."""

    def __init__(self, real: ReceiptSigner) -> None:
        self.__dict__.update(real.__dict__)

    def sign(self, payload: bytes) -> str:
        time.sleep(0.2)
        return super().sign(payload)


@pytest.mark.parametrize("key", [str(uuid.uuid4()), None], ids=["one key", "no key"])
def test_the_same_bytes_at_the_same_time_are_one_upload(kit: Kit, key: str | None) -> None:
    """Each of four gets the receipt of the one."""
    kit = replace(kit, signer=SlowSigner(kit.signer))
    barrier = threading.Barrier(4)
    got: list[str] = []

    def send() -> None:
        with Reception(kit, PARTNER, channel="test", claims=Claims(idempotency_key=key)) as reception:
            reception.write(DATA)
            barrier.wait()
            try:
                got.append(reception.finish().upload.id)
            except GatewayError as error:
                got.append(type(error).__name__)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(kit) == 1
    upload = receive(kit, idempotency_key=key).upload
    assert got == [upload.id] * 4
    assert raw(kit, upload) == DATA
    assert leftovers(kit) == (1, 1)


class LooksTooEarly(Reception):
    """Sees an upload under its key only from the third look on, as when another process inserts it in between."""

    looks = 0

    def _known(self, conn: Connection) -> Received | None:
        self.looks += 1
        return super()._known(conn) if self.looks > 2 else None


@pytest.mark.parametrize("same", [True, False], ids=["same bytes", "other bytes"])
def test_a_key_that_is_taken_meanwhile_is_read_again(kit: Kit, *, same: bool) -> None:
    claims = Claims(idempotency_key=str(uuid.uuid4()))
    first = receive(kit, idempotency_key=claims.idempotency_key).upload
    with LooksTooEarly(kit, PARTNER, channel="test", claims=claims) as late:
        late.write(DATA if same else DATA + b"!")
        if same:
            received = late.finish()
            assert (received.upload.id, received.again) == (first.id, True)
        else:
            with pytest.raises(ConflictError, match="ander bestand"):
                late.finish()
    assert leftovers(kit) == (1, 1)


def test_of_two_attempts_at_one_announcement_the_first_to_end_counts(kit: Kit) -> None:
    upload = announce(kit, PARTNER, channel="test", claims=Claims(size=len(DATA)))
    others = b"!" * len(DATA)
    with (
        Reception(kit, PARTNER, channel="test", claims=Claims(), announced=upload) as cut,
        Reception(kit, PARTNER, channel="test", claims=Claims(), announced=upload) as first,
        Reception(kit, PARTNER, channel="test", claims=Claims(), announced=upload) as same,
        Reception(kit, PARTNER, channel="test", claims=Claims(), announced=upload) as other,
    ):
        cut.write(DATA[:3])
        for reception in (first, same):
            reception.write(DATA)
        other.write(others)
        received = first.finish()
        assert same.finish().again
        with pytest.raises(ConflictError):
            other.finish()
    assert received.upload.state is UploadState.RECEIVED
    assert raw(kit, received.upload) == DATA
    assert leftovers(kit) == (1, 1)


def test_a_key_announced_without_bytes_takes_no_other_way(kit: Kit) -> None:
    key = str(uuid.uuid4())
    announce(kit, PARTNER, channel="test", claims=Claims(size=1, idempotency_key=key))
    with pytest.raises(ConflictError):
        receive(kit, idempotency_key=key)


def test_an_announcement_answers_its_bytes_the_same_however_long_after(kit: Kit, clock: FakeClock) -> None:
    configure(kit)
    upload = announce(kit, PARTNER, channel="test", claims=Claims(size=len(DATA)))
    first = receive(kit, announced=upload).upload
    while process_next(kit):
        pass
    clock.advance(days=30)
    again = receive(kit, announced=upload)
    assert (again.again, again.upload.receipt) == (True, first.receipt)
    with pytest.raises(ConflictError):
        receive(kit, b"!" * len(DATA), announced=upload)
