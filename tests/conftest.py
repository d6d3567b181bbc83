"""Fixtures of all tests: an empty migrated database on both engines, and a kit around it."""

import datetime as dt
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.database import Database, open_database
from tests.postgres import PostgresServer, running_postgres

if TYPE_CHECKING:
    from gateway.flow.kit import Kit

settings.register_profile("untimed", deadline=None)  # how long a try takes says something of the machine
settings.load_profile("untimed")

START = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
"""A Friday inside the usual window."""


class FakeClock:
    """The injected clock: `clock()` and `clock.now` tell the time, `advance` moves it."""

    def __init__(self, now: dt.datetime = START) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, **by: float) -> dt.datetime:
        """Move by `timedelta(**by)`, as in advance(hours=4); returns the new time."""
        self.now += dt.timedelta(**by)
        return self.now


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A name for what is made anew at each start, such as a ZIP with its time: workers must agree on names."""
    return argname if isinstance(val, bytes) and (len(val) > 40 or not val.isascii()) else None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server per test process (0.6 s), so pytest-xdist needs nothing of it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> str:
    name = postgres_server.create()
    with open_database(postgres_server.url(name)) as db:
        migrate.upgrade(db)
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    with open_database(f"sqlite:///{path}") as db:
        migrate.upgrade(db)
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The url of an empty migrated SQLite database, for tests that open it themselves."""
    path = tmp_path / "signaalpoort.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[str]:
    """The url of an empty migrated PostgreSQL database, for tests that open it themselves."""
    name = postgres_server.create(template=_postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The url of an empty migrated database, on each engine."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty migrated database, on each engine."""
    with open_database(database_url) as db:
        yield db


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    with open_database(sqlite_url) as db:
        yield db


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    with open_database(postgres_url) as db:
        yield db


def make_kit(db: Database, folder: Path, clock: FakeClock, settings: Settings | None = None) -> "Kit":
    """A kit with blobs and keys in `folder` and dice that always fall the same."""
    from gateway.crypto.keys import FileKeyStore, KeyRing
    from gateway.crypto.signing import ReceiptSigner
    from gateway.flow.kit import Kit
    from gateway.store.blobs import FileBlobs

    dice = random.Random(20261120).randbytes
    keys = KeyRing(FileKeyStore(folder / "keys"), dice)
    return Kit(
        db=db,
        blobs=FileBlobs(folder / "blobs"),
        keys=keys,
        signer=ReceiptSigner(keys.named_key("receipt-ed25519"), "test"),
        clock=clock,
        dice=dice,
        settings=settings if settings is not None else Settings(),
    )


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> "Kit":
    """A kit on an empty database, on each engine; `kit.clock` is the `clock` fixture."""
    return make_kit(database, tmp_path, clock)
