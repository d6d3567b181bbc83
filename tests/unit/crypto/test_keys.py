"""Keys: made once, the same for all, and gone when they are destroyed."""

import itertools
import os
import stat
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from gateway.crypto.keys import DataKey, FileKeyStore, KeyRing, RetentionClass, class_key_name
from gateway.errors import IntegrityError, KeyDestroyedError, SettingsError, StoreUnavailableError

WACHTEND, AFGELEVERD = RetentionClass.WACHTEND, RetentionClass.AFGELEVERD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def store(folder: Path) -> FileKeyStore:
    return FileKeyStore(folder)


@pytest.fixture
def ring(store: FileKeyStore) -> KeyRing:
    return KeyRing(store, os.urandom)


def test_a_key_is_made_once_and_stays(store: FileKeyStore, folder: Path) -> None:
    key = store.create("event-id")

    assert len(key) == 32
    assert store.create("event-id") == store.get("event-id") == FileKeyStore(folder).get("event-id") == key
    assert store.create("other") != key


def test_there_is_no_key_that_was_never_made(store: FileKeyStore) -> None:
    with pytest.raises(KeyDestroyedError):
        store.get("event-id")


def test_only_the_owner_reads_keys(store: FileKeyStore, folder: Path) -> None:
    store.create("event-id")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()] == [0o600]


def test_a_key_folder_that_others_may_read_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o755)

    with pytest.raises(SettingsError, match="chmod 700"):
        FileKeyStore(folder)


def test_a_destroyed_key_is_gone_for_everyone_and_its_bytes_are_overwritten(store: FileKeyStore, folder: Path) -> None:
    other = FileKeyStore(folder)
    key = store.create("wachtend/2026-11")
    assert other.get("wachtend/2026-11") == key
    (second_name,) = folder.iterdir()
    witness = folder.parent / "witness"
    witness.hardlink_to(second_name)

    store.destroy("wachtend/2026-11")
    store.destroy("wachtend/2026-11")

    for each in (store, other, FileKeyStore(folder)):
        with pytest.raises(KeyDestroyedError):
            each.get("wachtend/2026-11")
    assert witness.read_bytes() == bytes(32)
    assert list(folder.iterdir()) == []


def test_a_key_made_again_is_another_one_in_every_cache(store: FileKeyStore, folder: Path) -> None:
    other = FileKeyStore(folder)
    old = store.create("event-id")
    assert other.get("event-id") == old
    store.destroy("event-id")
    new = store.create("event-id")

    assert new != old
    assert other.get("event-id") == new


def test_names_are_listed_and_read_back(store: FileKeyStore) -> None:
    names = ["afgeleverd/2026-12", "event-id", "hash/partner.a_b-c/2026H2", f"upload/{uuid.uuid4()}"]
    for name in names:
        store.create(name)

    assert list(store.names()) == sorted(names)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/../b", "/a", "a/", "a//b", "a~b", ".new-1", "a b", "a\0", "é"]
)
def test_what_is_no_key_name_touches_no_file(store: FileKeyStore, name: str) -> None:
    for use in (store.get, store.create, store.destroy):
        with pytest.raises(ValueError, match="not a key name"):
            use(name)


def test_one_of_many_makers_wins_and_all_get_its_key(folder: Path) -> None:
    stores = [FileKeyStore(folder) for _ in range(8)]
    barrier = threading.Barrier(len(stores))
    made: list[bytes] = []

    def make(store: FileKeyStore) -> None:
        barrier.wait()
        made.append(store.create("wachtend/2026-11"))

    threads = [threading.Thread(target=make, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 8
    assert len(set(made)) == 1
    assert [f.name for f in folder.iterdir()] == ["wachtend~2026-11"]


def test_processes_that_start_together_agree_on_a_key(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from gateway.crypto.keys import FileKeyStore; sys.stdin.read();"
        "print(FileKeyStore(Path(sys.argv[1])).create('event-id').hex())"
    )
    command = [sys.executable, "-c", program, str(folder)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None

    assert len({process.communicate()[0] for process in processes}) == 1
    assert [process.returncode for process in processes] == [0] * 4


def test_what_a_killed_process_left_is_cleaned_up_without_harm(store: FileKeyStore, folder: Path) -> None:
    key = store.create("event-id")
    (folder / ".new-00").hardlink_to(folder / "event-id")  # killed between link and unlink
    doomed = folder / ".gone-00"
    doomed.write_bytes(b"k" * 32)  # killed between rename and overwrite
    witness = folder.parent / "witness"
    witness.hardlink_to(doomed)

    again = FileKeyStore(folder)

    assert again.get("event-id") == key
    assert [f.name for f in folder.iterdir()] == ["event-id"]
    assert witness.read_bytes() == bytes(32)


def test_a_key_that_is_being_overwritten_is_no_key(folder: Path, store: FileKeyStore) -> None:
    (folder / "event-id").write_bytes(bytes(32))

    with pytest.raises(KeyDestroyedError):
        store.get("event-id")


def test_half_a_key_is_no_key(folder: Path, store: FileKeyStore) -> None:
    (folder / "event-id").write_bytes(b"half")

    with pytest.raises(IntegrityError):
        store.get("event-id")


def test_a_key_folder_that_went_away_is_our_trouble(folder: Path, store: FileKeyStore) -> None:
    folder.rmdir()
    folder.write_bytes(b"")

    with pytest.raises(StoreUnavailableError):
        store.create("event-id")


def test_messages_name_no_upload_and_no_partner(store: FileKeyStore) -> None:
    with pytest.raises(KeyDestroyedError) as gone:
        store.get("hash/woonstichting-voorbeeld/2026H2")

    assert "voorbeeld" not in str(gone.value)


def test_a_data_key_opens_with_the_key_of_its_class_and_month(ring: KeyRing) -> None:
    key = ring.new_data_key(WACHTEND, month="2026-11")

    assert key.key_name == "wachtend/2026-11"
    assert len(key.plain) == 32
    assert key.plain not in key.wrapped
    assert ring.open_data_key(key.wrapped, key.key_name) == key.plain
    assert ring.new_data_key(WACHTEND, month="2026-11").plain != key.plain


def test_a_data_key_opens_under_no_other_name(ring: KeyRing, folder: Path) -> None:
    key = ring.new_data_key(WACHTEND, month="2026-11")
    other = ring.new_data_key(WACHTEND, month="2026-12")
    with pytest.raises(IntegrityError):
        ring.open_data_key(key.wrapped, other.key_name)

    (folder / "wachtend~2026-11").rename(folder / "afgeleverd~2026-11")  # the same bytes under another name
    with pytest.raises(IntegrityError):
        ring.open_data_key(key.wrapped, "afgeleverd/2026-11")


@pytest.mark.parametrize("wrapped", [b"", b"x", bytes(60)])
def test_what_was_never_wrapped_does_not_open(ring: KeyRing, wrapped: bytes) -> None:
    ring.named_key("wachtend/2026-11")

    with pytest.raises(IntegrityError):
        ring.open_data_key(wrapped, "wachtend/2026-11")


def test_rewrapping_keeps_the_data_key_and_frees_it_of_the_old_class(ring: KeyRing) -> None:
    key = ring.new_data_key(WACHTEND, month="2026-11")
    wrapped, name = ring.rewrap(key.wrapped, key.key_name, AFGELEVERD, month="2026-12")
    ring.destroy(key.key_name)

    assert name == "afgeleverd/2026-12"
    assert ring.open_data_key(wrapped, name) == key.plain


def test_destroying_a_class_key_takes_every_data_key_with_it(ring: KeyRing) -> None:
    keys = [ring.new_data_key(WACHTEND, month="2026-11") for _ in range(3)]
    ring.destroy("wachtend/2026-11")

    for key in keys:
        with pytest.raises(KeyDestroyedError):
            ring.open_data_key(key.wrapped, key.key_name)


def test_an_upload_key_is_its_own_and_dies_alone(ring: KeyRing) -> None:
    here, there = uuid.uuid4(), uuid.uuid4()
    key, other = ring.new_upload_key(here), ring.new_upload_key(str(there))
    assert ring.open_upload_key(str(here)) == key != other

    ring.destroy_upload_key(here)

    with pytest.raises(KeyDestroyedError):
        ring.open_upload_key(here)
    assert ring.open_upload_key(there) == other
    assert list(ring.names()) == [f"upload/{there}"]


def test_named_keys_are_made_on_demand_and_stay(ring: KeyRing) -> None:
    assert ring.named_key("event-id") == ring.named_key("event-id")


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-1", "202611", "2026-11\n", "", "../x"])
def test_a_month_is_a_month(month: str) -> None:
    with pytest.raises(ValueError, match="yyyy-mm"):
        class_key_name(WACHTEND, month=month)


def test_a_data_key_does_not_show_itself() -> None:
    shown = repr(DataKey(plain=b"PLAIN", wrapped=b"WRAPPED", key_name="link/2026-11"))

    assert "PLAIN" not in shown
    assert "WRAPPED" not in shown


def test_no_two_classes_share_a_key_name() -> None:
    names = [class_key_name(cls, month="2026-11") for cls in RetentionClass]

    assert all(a != b for a, b in itertools.combinations(names, 2))
