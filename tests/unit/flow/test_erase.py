"""Forgetting means forgotten: not by an old backup, and never too much."""

import dataclasses
import datetime as dt
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.crypto.keys import FileKeyStore, KeyRing
from gateway.flow.erase import erase_due
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.store import migrate
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database, open_database
from gateway.store.schema import metadata
from tests.conftest import START, FakeClock, make_kit
from tests.kept import ACHTERNAAM, EVERYTHING, Kept, keep_upload, openable, settle

ACCEPTED = DeliveryState.ACCEPTED
WRAPPED = 60
"""Bytes of a wrapped data key: nonce, key, tag."""


@pytest.fixture
def live(sqlite_database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    return make_kit(sqlite_database, tmp_path, clock)


class Backup:
    """The database file (with its journal) and the blob folder, as any backup takes them; never the keys."""

    def __init__(self, kit: Kit, folder: Path) -> None:
        assert kit.db.path is not None
        source = kit.db.path
        folder.mkdir()
        for file in source.parent.glob(f"{source.name}*"):
            shutil.copyfile(file, folder / file.name)
        assert isinstance(kit.blobs, FileBlobs)
        shutil.copytree(kit.blobs._path, folder / "blobs")
        self._file = folder / source.name
        self._blobs = folder / "blobs"

    def restored(self, kit: Kit, keys: KeyRing) -> Iterator[Kit]:
        """The backup as a running gateway would have it, with the keys of now."""
        with open_database(f"sqlite:///{self._file}") as db:
            yield dataclasses.replace(kit, db=db, blobs=FileBlobs(self._blobs), keys=keys)


def secrets_of(kit: Kit) -> Iterator[bytes]:
    """Every binary value of every table, and what file names hold inside."""
    with kit.db.read() as conn:
        for table in metadata.sorted_tables:
            columns = [column for column in table.c if isinstance(column.type, sa.LargeBinary)]
            for row in conn.execute(sa.select(*columns)) if columns else ():
                yield from (bytes(value) for value in row if value is not None)
    with kit.db.read() as conn:
        for sealed in conn.scalars(sa.text("SELECT name_sealed FROM upload WHERE name_sealed IS NOT NULL")):
            yield msgspec.msgpack.decode(sealed)[0]


def names_ever(kit: Kit) -> set[str]:
    """Every key name that the database or the key folder knows: the associated data of wrapping."""
    with kit.db.read() as conn:
        named = [
            conn.scalars(sa.select(column).where(column.is_not(None)).distinct()).all()
            for table in metadata.sorted_tables
            for column in table.c
            if column.name.endswith("key_name")
        ]
    classes = [f"{cls}/{month}" for cls in ("naam", "verslag") for month in ("2026-11", "2027-05", "2027-06")]
    return {*itertools.chain(*named), *kit.keys.names(), *classes}


def forced_open(kit: Kit) -> list[bytes]:
    """Try every key that is left on every wrapped data key, under every name there ever was; the data keys it gives."""
    left = [AESGCM(kit.keys.named_key(name)) for name in list(kit.keys.names())]
    found = []
    for wrapped in (value for value in secrets_of(kit) if len(value) == WRAPPED):
        for cipher, name in itertools.product(left, names_ever(kit)):
            try:
                found.append(cipher.decrypt(wrapped[:12], wrapped[12:], name.encode()))
            except InvalidTag:
                continue
    return found


def test_an_old_backup_with_every_key_that_is_left_opens_nothing(live: Kit, clock: FakeClock, tmp_path: Path) -> None:
    kept = keep_upload(live, parcels=2)
    waiting = Backup(live, tmp_path / "waiting")
    for root in kept.roots:
        settle(live, root, ACCEPTED)
    accepted = Backup(live, tmp_path / "accepted")
    clock.advance(days=10)
    erase_due(live)
    half_way = Backup(live, tmp_path / "half-way")
    keys_then = tmp_path / "keys-then"
    shutil.copytree(tmp_path / "keys", keys_then)

    for _ in range(9):  # until every month in which something of it expired is over
        clock.advance(days=30)
        erase_due(live)

    now = KeyRing(FileKeyStore(tmp_path / "keys"), live.dice)
    then = KeyRing(FileKeyStore(keys_then), live.dice)
    for backup in (waiting, accepted, half_way):
        for restored in backup.restored(live, now):
            assert list(secrets_of(restored)), "the backup still holds what was erased since"
            assert openable(restored, kept) == set()
            assert forced_open(restored) == []
        for restored in backup.restored(live, then):  # and the attack is a real one: with the keys of then it opens
            assert openable(restored, kept) >= EVERYTHING - {"raw"} - ({"rows"} if backup is waiting else set())
            assert len(forced_open(restored)) >= 5


def test_rows_go_from_old_backups_when_the_month_of_their_expiry_is_over(
    live: Kit, clock: FakeClock, tmp_path: Path
) -> None:
    kept = keep_upload(live)
    settle(live, kept.roots[0], ACCEPTED)
    backup = Backup(live, tmp_path / "backup")

    clock.now = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
    erase_due(live)

    for restored in backup.restored(live, live.keys):
        assert openable(restored, kept) == {"links", "findings", "hashes", "name"}


def test_refused_rows_go_from_old_backups_when_the_month_of_their_expiry_is_over(
    live: Kit, clock: FakeClock, tmp_path: Path
) -> None:
    kept = keep_upload(live)
    backup = Backup(live, tmp_path / "backup")
    for restored in backup.restored(live, live.keys):
        assert openable(restored, kept) >= {"herstel", "aanbieding"}

    clock.now = dt.datetime(2027, 1, 2, 12, tzinfo=dt.UTC)
    erase_due(live)

    for restored in backup.restored(live, live.keys):
        assert openable(restored, kept) & {"herstel", "aanbieding"} == set()


def test_a_backup_from_before_the_settling_shields_nothing_either(live: Kit, clock: FakeClock, tmp_path: Path) -> None:
    kept, straggler = keep_upload(live), keep_upload(live)
    backup = Backup(live, tmp_path / "backup")
    settle(live, kept.roots[0], ACCEPTED)
    for _ in range(4):
        clock.advance(days=20)
        erase_due(live)

    assert "rows" in openable(live, straggler), "its system is unreachable"
    for restored in backup.restored(live, live.keys):
        assert "rows" not in openable(restored, kept)


def test_no_personal_data_is_readable_in_a_backup(live: Kit, tmp_path: Path) -> None:
    keep_upload(live)
    Backup(live, tmp_path / "backup")

    stored = b"".join(file.read_bytes() for file in (tmp_path / "backup").rglob("*") if file.is_file())
    assert len(stored) > 1000
    assert ACHTERNAAM.encode() not in stored
    assert b"K-1" not in stored


STEPS = st.lists(
    st.one_of(
        st.just("publish"),
        st.just("erase"),
        st.tuples(st.just("settle"), st.integers(0, 9), st.sampled_from([ACCEPTED, DeliveryState.REFUSED])),
        st.tuples(st.just("advance"), st.integers(1, 45)),
    ),
    min_size=5,
    max_size=30,
)


class Model:
    """When the rows of each upload are to be gone, kept beside the real thing."""

    def __init__(self, kit: Kit, clock: FakeClock) -> None:
        self.kit = kit
        self.clock = clock
        self.expires: dict[Kept, dt.datetime | None] = {}

    def publish(self) -> None:
        self.expires[keep_upload(self.kit)] = None

    def settle(self, which: int, state: DeliveryState) -> None:
        waiting = [kept for kept, expires in self.expires.items() if expires is None]
        if waiting:
            kept = waiting[which % len(waiting)]
            settle(self.kit, kept.roots[0], state)
            self.expires[kept] = self.clock() + dt.timedelta(days=30 if state is ACCEPTED else 14)

    def advance(self, days: int) -> None:
        self.clock.advance(days=days)

    def erase(self) -> None:
        erase_due(self.kit)
        for kept, expires in self.expires.items():
            is_due = expires is not None and expires <= self.clock()
            assert ("rows" in openable(self.kit, kept)) is not is_due


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_when_rows_are_there_until_they_are_due_and_not_after(
    tmp_path_factory: pytest.TempPathFactory, steps: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("walk")
    with open_database(f"sqlite:///{folder / 'walk.db'}") as db:
        migrate.upgrade(db)
        clock = FakeClock(START)
        model = Model(make_kit(db, folder, clock), clock)
        for step in [*steps, "erase"]:
            name, *arguments = step if isinstance(step, tuple) else (step,)
            getattr(model, str(name))(*arguments)
