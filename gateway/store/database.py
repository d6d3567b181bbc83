"""The database: SQLite for one serving process, PostgreSQL for any number; the same code on both.

Reads see one snapshot and cannot write; writes are short transactions, committed before they return. On SQLite a
write is BEGIN IMMEDIATE behind a fair lock, durable at commit (WAL, synchronous=FULL).
"""

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self

import polars as pl
import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from gateway.errors import SettingsError
from gateway.store.failures import translated
from gateway.store.turns import WriteTurns, exclusive_process_lock

__all__ = ["Database", "Listener", "exclusive_process_lock", "now_ms", "open_database"]

BUSY_SECONDS: Final = 15.0
"""How long a writer waits for its turn, and for a CLI command that writes beside the serving process."""
_SQLITE_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged commits at a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)
_POSTGRESQL_CONNECT: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "application_name": "signaalpoort",
    "keepalives_idle": 30,
    "tcp_user_timeout": 30_000,
    "options": f"-c lock_timeout={int(BUSY_SECONDS * 1000)} -c timezone=UTC",
}

_NOW_MS: Final = {
    # unixepoch('subsec') is NULL before SQLite 3.42; a julian day in a double is exact to 0.05 ms.
    "sqlite": "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
    "postgresql": "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}


def now_ms(conn: Connection) -> int:
    """The database's clock in milliseconds since 1970: for leases only, never for business time."""
    return int(conn.exec_driver_sql(_NOW_MS[conn.dialect.name]).scalar_one())


class Listener(Protocol):
    """Wakes up when a channel is notified. An accelerator only: whoever listens polls too."""

    def wait(self, timeout: float) -> bool:
        """Block up to `timeout` seconds; True when notified since the last wait."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Close."""
        ...


class Database:
    """One database; made by `open_database`, safe for use from many threads."""

    def __init__(self, *, dialect: Literal["sqlite", "postgresql"], reader: Engine, writer: Engine, url: URL) -> None:
        self.dialect = dialect
        self._reader = reader
        self._writer = writer
        self._url = url
        self._turns = WriteTurns() if dialect == "sqlite" else None
        self._local = _LocalChannels()

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database; None on PostgreSQL."""
        return Path(str(self._url.database)) if self.dialect == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction that sees one snapshot; StoreUnavailableError when the database is gone."""
        with translated(), self._reader.begin() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: commits when the block ends, rolls back when it raises.

        Raises StoreUnavailableError or DiskFullError; after one of these from the end of the block it is not known
        whether the commit happened, so what is written must be repeatable under a key of its own.
        """
        with translated(), self._turn(), self._writer.begin() as conn:
            conn.info["notify"] = set()
            yield conn
            channels = conn.info.pop("notify")
        self._local.notify(channels)

    def _turn(self) -> AbstractContextManager[None]:
        return self._turns.turn(BUSY_SECONDS) if self._turns is not None else nullcontext()

    def bulk_insert(
        self, conn: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert `rows` by the driver's fast path. Values must be what the driver takes: no Moment, no enum.

        `executemany` of tuples on SQLite (1,000,000 index rows in 2.5 s), COPY on PostgreSQL (3 s).
        """
        unknown = [name for name in columns if name not in table.c]
        if unknown:
            raise ValueError(f"{table.name} has no column {', '.join(unknown)}")
        names = ", ".join(f'"{name}"' for name in columns)
        cursor = conn.connection.cursor()
        try:
            if self.dialect == "sqlite":
                marks = ", ".join("?" * len(columns))
                cursor.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # type: ignore[arg-type]  # noqa: S608  # the stub wants a list, sqlite3 takes any iterable; names come from the schema
            else:
                _copy(cursor, f'COPY "{table.name}" ({names}) FROM STDIN', rows)
        finally:
            cursor.close()

    def bulk_insert_frame(self, conn: Connection, table: sa.Table, frame: pl.DataFrame) -> None:
        """Insert a frame of integers (nulls allowed); its columns are the table's. COPY without a Python row."""
        textual = [name for name, dtype in frame.schema.items() if not dtype.is_integer()]
        if textual:
            raise ValueError(f"only integers: {', '.join(textual)} would need escaping")
        if self.dialect == "sqlite":
            self.bulk_insert(conn, table, frame.columns, frame.iter_rows())
            return
        names = ", ".join(f'"{table.c[name].name}"' for name in frame.columns)
        with conn.connection.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:  # type: ignore[attr-defined]  # psycopg's own; SQLAlchemy types the DBAPI's part
            copy.write(frame.write_csv(include_header=False, separator="\t", null_value="\\N"))

    def notify(self, conn: Connection, channel: str) -> None:
        """Wake the listeners of `channel` when this transaction commits."""
        if self.dialect == "postgresql":
            conn.execute(sa.text("SELECT pg_notify(:channel, '')"), {"channel": channel})
        else:
            conn.info["notify"].add(channel)

    def listen(self, channel: str) -> Listener:
        """Listen on `channel`: across processes on PostgreSQL, within this process on SQLite."""
        if self.dialect == "postgresql":
            return _PostgresqlListener(self._url, channel)
        return _LocalListener(self._local, channel)

    def close(self) -> None:
        """Close all pooled connections."""
        self._reader.dispose()
        self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Close."""
        self.close()


def open_database(url: str) -> Database:
    """Open `sqlite:///path` or `postgresql://...`; nothing is contacted yet. Raises SettingsError for another url."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError("database.url: not a database url; use sqlite:///path or postgresql://...") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            return _open_postgresql(parsed.set(drivername="postgresql+psycopg"))
        case other:
            raise SettingsError(f"database.url: {other} is not supported; use sqlite:///path or postgresql://...")


def _open_sqlite(url: URL) -> Database:
    if url.database in {None, "", ":memory:"}:
        raise SettingsError("database.url: SQLite needs a file, as in sqlite:///var/signaalpoort.db")
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Connections above the pool's size are opened as needed: the number of threads is bounded elsewhere.
    reader = sa.create_engine(url, pool_size=8, max_overflow=-1, hide_parameters=True)
    writer = sa.create_engine(url, pool_size=1, max_overflow=-1, hide_parameters=True)
    for engine, begin in ((reader, "BEGIN"), (writer, "BEGIN IMMEDIATE")):
        event.listen(engine, "connect", _connected_reader if engine is reader else _connected_writer)
        event.listen(engine, "begin", _begin(begin))
    return Database(dialect="sqlite", reader=reader, writer=writer, url=url)


def _connected_writer(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # sqlite3 then starts no transactions of its own; `_begin` does
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _connected_reader(connection: sqlite3.Connection, record: object) -> None:
    _connected_writer(connection, record)
    connection.execute("PRAGMA query_only = ON")


def _begin(statement: str) -> Any:
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql(statement)

    return begin


def _open_postgresql(url: URL) -> Database:
    arguments = {name: value for name, value in _POSTGRESQL_CONNECT.items() if name not in url.query}
    engine = sa.create_engine(
        url,
        pool_size=10,
        max_overflow=30,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        connect_args=arguments,
        hide_parameters=True,
    )
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(dialect="postgresql", reader=reader, writer=engine, url=url)


def _copy(cursor: Any, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


class _LocalChannels:
    """Who listens to what in this process."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._events: dict[str, set[threading.Event]] = defaultdict(set)

    def join(self, channel: str, event_: threading.Event) -> None:
        with self._mutex:
            self._events[channel].add(event_)

    def leave(self, channel: str, event_: threading.Event) -> None:
        with self._mutex:
            self._events[channel].discard(event_)

    def notify(self, channels: Iterable[str]) -> None:
        for channel in channels:
            with self._mutex:
                listening = tuple(self._events.get(channel, ()))
            for event_ in listening:
                event_.set()


class _Closing:
    """Leaving the block closes."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class _LocalListener(_Closing):
    def __init__(self, channels: _LocalChannels, channel: str) -> None:
        self._channels = channels
        self._channel = channel
        self._event = threading.Event()
        channels.join(channel, self._event)

    def wait(self, timeout: float) -> bool:
        if not self._event.wait(timeout):
            return False
        self._event.clear()
        return True

    def close(self) -> None:
        self._channels.leave(self._channel, self._event)


class _PostgresqlListener(_Closing):
    """A connection of its own; lost, it waits out the time and connects again at the next wait."""

    def __init__(self, url: URL, channel: str) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None
        self._closed = threading.Event()

    def wait(self, timeout: float) -> bool:
        try:
            for _ in self._connected().notifies(timeout=timeout, stop_after=1):
                return True
        except psycopg.Error:
            self._drop()
            self._closed.wait(timeout)
        return False

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5)
            self._connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._channel)))
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self._closed.set()
        self._drop()
