"""The blob port: one suite for every implementation."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import NotFoundError
from gateway.store.blobs import BlobStore, DatabaseBlobs, FileBlobs

MIB = 1 << 20
NAME = "upload/019a0000-0000-7000-8000-000000000000"


@pytest.fixture(params=["files", "sqlite_database", "postgres_database"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "files":
        return FileBlobs(tmp_path / "blobs")
    return DatabaseBlobs(request.getfixturevalue(request.param))


def put(blobs: BlobStore, data: bytes, name: str = NAME) -> None:
    with blobs.create(name) as writer:
        writer.write(data)
        writer.commit()


def everything(blobs: BlobStore, name: str = NAME) -> bytes:
    return b"".join(blobs.stream(name))


def test_what_was_written_is_read_back(blobs: BlobStore) -> None:
    put(blobs, b"sealed")

    assert everything(blobs) == b"sealed"
    assert blobs.size(NAME) == 6


def test_each_write_tells_the_offset_at_which_its_bytes_are_read_back(blobs: BlobStore) -> None:
    pieces = [bytes([n]) * size for n, size in enumerate((1, MIB, 3 * MIB + 7, 0, 5, 2 * MIB - 1))]

    with blobs.create(NAME) as writer:
        offsets = [writer.write(memoryview(piece)) for piece in pieces]
        writer.commit()

    assert [blobs.read(NAME, offset=at, length=len(p)) for at, p in zip(offsets, pieces, strict=True)] == pieces
    assert blobs.size(NAME) == sum(map(len, pieces))
    assert everything(blobs) == b"".join(pieces)


def test_many_small_writes_make_one_blob(blobs: BlobStore) -> None:
    with blobs.create(NAME) as writer:
        offsets = [writer.write(b"%08d" % n) for n in range(200_000)]
        writer.commit()

    assert offsets[-1] == 8 * 199_999
    assert blobs.read(NAME, offset=8 * 131_072, length=8) == b"00131072"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offset=st.integers(0, 3 * MIB), length=st.integers(0, 3 * MIB))
def test_a_read_is_the_slice_of_the_whole(blobs: BlobStore, offset: int, length: int) -> None:
    data = b"".join(n.to_bytes(4, "big") for n in range(5 * MIB // 8))
    if NAME not in blobs.names():
        put(blobs, data)

    assert blobs.read(NAME, offset=offset, length=length) == data[offset : offset + length]


def test_an_empty_blob_exists(blobs: BlobStore) -> None:
    with blobs.create(NAME) as writer:
        writer.commit()

    assert blobs.size(NAME) == 0
    assert everything(blobs) == b""
    assert list(blobs.names()) == [NAME]


def test_a_blob_is_invisible_until_it_is_committed(blobs: BlobStore) -> None:
    with blobs.create(NAME) as writer:
        writer.write(bytes(9 * MIB))
        assert list(blobs.names()) == []
        with pytest.raises(NotFoundError):
            blobs.size(NAME)
        writer.commit()

    assert list(blobs.names()) == [NAME]


def test_leaving_without_commit_leaves_nothing(blobs: BlobStore) -> None:
    def fail() -> None:
        with blobs.create(NAME) as writer:
            writer.write(bytes(9 * MIB))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(blobs.names()) == []
    assert blobs.sweep(older_than=dt.timedelta(seconds=-60)) == 0, "nothing is left in the making either"


def test_the_last_to_commit_stays(blobs: BlobStore) -> None:
    with blobs.create(NAME) as first, blobs.create(NAME) as second:
        first.write(b"first, and longer")
        second.write(b"second")
        first.commit()
        second.commit()

    assert everything(blobs) == b"second"


def test_a_writer_takes_nothing_after_commit(blobs: BlobStore) -> None:
    with blobs.create(NAME) as writer:
        writer.commit()
        with pytest.raises(ValueError, match="before commit"):
            writer.write(b"late")


def test_a_deleted_blob_is_not_found_and_deleting_again_is_no_error(blobs: BlobStore) -> None:
    put(blobs, b"x")
    blobs.delete(NAME)
    blobs.delete(NAME)

    for attempt in (
        lambda: blobs.read(NAME, offset=0, length=1),
        lambda: list(blobs.stream(NAME)),
        lambda: blobs.size(NAME),
        lambda: blobs.written_at(NAME),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_names_are_listed_by_their_prefix(blobs: BlobStore) -> None:
    names = {"upload/a", "upload/b", "attempt/1-00ff", "attempt/12-00ff", "findings/x_y"}
    for name in names:
        put(blobs, b"x", name)

    assert set(blobs.names()) == names
    assert set(blobs.names("attempt/1-")) == {"attempt/1-00ff"}
    assert set(blobs.names("findings/x_")) == {"findings/x_y"}
    assert set(blobs.names("findings/x%")) == set()


@pytest.mark.parametrize("name", ["", "/", "a/", "/a", "../a", "a/../b", ".new/a", "a b", "a~b", "a\n", "é", "a" * 201])
def test_what_is_no_name_is_refused(blobs: BlobStore, name: str) -> None:
    for use in (blobs.size, blobs.delete, lambda n: put(blobs, b"", n)):
        with pytest.raises(ValueError, match="not a blob name"):
            use(name)


def test_a_sweep_removes_what_a_killed_writer_left_and_no_writer_that_still_works(blobs: BlobStore) -> None:
    put(blobs, b"kept")
    killed = blobs.create("upload/killed")
    killed.__enter__()
    killed.write(bytes(9 * MIB))

    assert blobs.sweep(older_than=dt.timedelta(hours=6)) == 0
    assert blobs.sweep(older_than=dt.timedelta(seconds=-60)) == 1
    assert list(blobs.names()) == [NAME]
    killed.__exit__(None, None, None)


def test_written_at_is_about_now(blobs: BlobStore) -> None:
    before = dt.datetime.now(dt.UTC)  # noqa: TID251 - the store's own machine clock is what is tested
    put(blobs, b"x")

    assert abs(blobs.written_at(NAME) - before) < dt.timedelta(seconds=30)


def test_free_room_is_a_number_of_bytes_or_unknown(blobs: BlobStore) -> None:
    assert (blobs.free_bytes() or 1) > 0
