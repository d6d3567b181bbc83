"""Blobs as files: durable before visible, private, and what a full disk or a cut leaves."""

import datetime as dt
import errno
import os
import stat
import uuid
from pathlib import Path

import pytest

from gateway.errors import DiskFullError, NotFoundError, StoreUnavailableError
from gateway.store.blobs import FileBlobs

MIB = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> FileBlobs:
    return FileBlobs(folder)


def put(blobs: FileBlobs, name: str, data: bytes = b"sealed") -> None:
    with blobs.create(name) as writer:
        writer.write(data)
        writer.commit()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_lies_under_a_prefix_and_only_its_owner_reads_it(blobs: FileBlobs, folder: Path) -> None:
    name = f"upload/{uuid.uuid4()}"
    put(blobs, name)

    (path,) = files(folder)
    assert path.name == name.replace("/", "~")
    assert len(path.parent.name) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_names_that_come_one_after_another_spread_over_folders(blobs: FileBlobs, folder: Path) -> None:
    for n in range(64):
        put(blobs, f"attempt/{n}-00")

    assert len({path.parent for path in files(folder)}) > 32


class Journal:
    """The order in which a commit asks for durability, by watching the system calls it makes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        fsync, rename = os.fsync, Path.rename

        def watched_fsync(handle: int) -> None:
            self.calls.append("fsync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "fsync file")
            fsync(handle)

        def watched_rename(path: Path, target: Path) -> Path:
            self.calls.append("rename")
            return rename(path, target)

        monkeypatch.setattr(os, "fsync", watched_fsync)
        monkeypatch.setattr(Path, "rename", watched_rename)


def test_bytes_are_on_disk_before_the_name_is_and_the_name_before_commit_returns(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with blobs.create("upload/x") as writer:
        writer.write(b"sealed")
        journal = Journal(monkeypatch)
        writer.commit()
        assert journal.calls[:2] == ["fsync file", "rename"]
        assert set(journal.calls[2:]) == {"fsync folder"}
        assert len(journal.calls) > 2


def failing(number: int) -> object:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number), "/secret/path")

    return fail


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, DiskFullError), (errno.EDQUOT, DiskFullError), (errno.EIO, StoreUnavailableError)],
)
def test_a_disk_that_fails_at_commit_leaves_no_blob(
    blobs: FileBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    monkeypatch.setattr(os, "fsync", failing(number))
    with blobs.create("upload/x") as writer:
        writer.write(bytes(3 * MIB))
        with pytest.raises(error) as failed:
            writer.commit()

    assert "secret" not in str(failed.value)
    assert files(folder) == []


@pytest.fixture
def full_disk() -> Path:
    """A file that answers every write with ENOSPC."""
    return Path("/dev/full")


def test_a_full_disk_is_named_as_such(blobs: FileBlobs, full_disk: Path) -> None:
    with blobs.create("upload/x") as writer:
        handle = os.open(full_disk, os.O_WRONLY)
        os.dup2(handle, writer._opened().fileno())
        os.close(handle)
        with pytest.raises(DiskFullError):
            writer.write(bytes(3 * MIB))


def test_a_writer_outside_its_with_takes_nothing(blobs: FileBlobs) -> None:
    writer = blobs.create("upload/x")
    with pytest.raises(ValueError, match="inside its with"):
        writer.write(b"x")


def test_a_blob_that_is_deleted_while_it_is_read_is_read_to_its_end(blobs: FileBlobs) -> None:
    put(blobs, "upload/x", bytes(3 * MIB))
    stream = blobs.stream("upload/x")
    first = next(stream)
    blobs.delete("upload/x")

    assert len(first) + sum(map(len, stream)) == 3 * MIB


def test_a_missing_blob_is_told_before_the_first_piece_is_asked_for(blobs: FileBlobs) -> None:
    with pytest.raises(NotFoundError):
        blobs.stream("upload/x")


def test_a_sweep_looks_at_the_age_of_each_file(blobs: FileBlobs, folder: Path) -> None:
    old, young = folder / ".new" / "old", folder / ".new" / "young"
    for path in (old, young):
        path.write_bytes(b"x")
    found = old.stat()
    os.utime(old, (found.st_atime - 7 * 3600, found.st_mtime - 7 * 3600))

    assert blobs.sweep(older_than=dt.timedelta(hours=6)) == 1
    assert files(folder) == [young]


def test_a_second_store_on_the_same_folder_reads_what_the_first_wrote(blobs: FileBlobs, folder: Path) -> None:
    put(blobs, "upload/x")

    assert FileBlobs(folder).read("upload/x", offset=2, length=3) == b"ale"
