"""No room: on the volume of the blobs, as the kernel says it, and in the database. Nothing half received stays."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.flow.process import process_next, take_over_dead
from gateway.store.blob_files import CHUNK_SIZE, FileBlobs, FileWriter
from gateway.store.database import Database
from tests.builders import a_csv, a_row
from tests.integration.serving import Api, running_api
from tests.world import configure

PATH = "/v1/aanleveringen"


class NoRoom(FileWriter):
    """Writes to a device that has no room: every write that reaches it fails with ENOSPC."""

    def __enter__(self) -> "NoRoom":
        self._file = Path("/dev/full").open("wb", buffering=CHUNK_SIZE)
        return self


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(database, tmp_path) as api:
        yield api


def check_refused(api: Api, content: bytes) -> None:
    with api.partner() as client:
        refused = client.post(PATH, content=content)
        assert refused.status_code == 507
        assert int(refused.headers["Retry-After"]) >= 1
        assert client.get(PATH).json()["aanleveringen"] == []
    assert api.leftovers() == ([], [])


def check_taken(api: Api, content: bytes) -> httpx.Response:
    with api.partner() as client:
        taken = client.post(PATH, content=content)
    assert taken.status_code == 202
    return taken


@pytest.mark.parametrize("size", [100, 3 * CHUNK_SIZE], ids=["at the end", "in the middle"])
def test_no_room_for_the_bytes_is_507_and_nothing_is_received(
    api: Api, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(api.kit.blobs, FileBlobs)
    with monkeypatch.context() as full:  # only a full volume itself would come closer
        full.setattr(api.kit.blobs, "create", lambda name: NoRoom(Path("/nowhere"), Path("/nowhere") / name))
        check_refused(api, b"x" * size)
    check_taken(api, b"x" * size)


def test_no_room_while_a_file_is_processed_leaves_it_to_be_processed_later(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(api.kit)
    content = a_csv([a_row(kenmerk=f"K-{n}") for n in range(50)])
    where = check_taken(api, content).headers["Location"].removeprefix("https://localhost:8443")
    with monkeypatch.context() as full:
        full.setattr(api.kit.blobs, "create", lambda name: NoRoom(Path("/nowhere"), Path("/nowhere") / name))
        with pytest.raises(Exception, match="no room"):
            process_next(api.kit)
    with api.partner() as client:
        assert client.get(where).json()["status"] == "in_verwerking"
        assert client.get(where).json().get("aantallen") is None
    assert take_over_dead(api.kit, alone=True) == 1
    assert process_next(api.kit)
    with api.partner() as client:
        assert client.get(where).json()["aantallen"]["wachtend"] == 50


def test_no_room_in_the_database_is_507_and_nothing_is_received(sqlite_database: Database, tmp_path: Path) -> None:
    with running_api(sqlite_database, tmp_path) as api:
        with sqlite_database.write() as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        # Pages that are there may still take some; an announcement fills them and is no upload with bytes.
        refused = _fill(api)
        assert refused.status_code == 507
        assert int(refused.headers["Retry-After"]) >= 1
        blobs, keys = api.leftovers()
        with api.partner() as client:
            received = {one["aanleveringId"] for one in client.get(PATH).json()["aanleveringen"]}
        assert {name.removeprefix("upload/")[:36] for name in blobs} == received
        assert {name.removeprefix("upload/") for name in keys} == received
        with sqlite_database.write() as conn:
            conn.exec_driver_sql("PRAGMA max_page_count = 1000000")
        check_taken(api, b"enough room again")


def _fill(api: Api) -> httpx.Response:
    """Send until one is refused."""
    api.configure(max_per_minuut=10_000)
    with api.partner() as client:
        for number in range(2000):
            answer = client.post(PATH, content=f"file {number}".encode())
            if answer.status_code != 202:
                return answer
    raise AssertionError("the database never was full")
