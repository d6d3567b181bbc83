"""What a failure of the database means: ONE table per driver, from its code to our error.

Everything that is not in a table is a defect of ours (a broken constraint, wrong SQL) and passes through unchanged.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import sqlalchemy.exc

from gateway.errors import DiskFullError, IntegrityError, OurError, StoreUnavailableError

SQLITE: Final[dict[int, type[OurError]]] = {
    sqlite3.SQLITE_BUSY: StoreUnavailableError,
    sqlite3.SQLITE_LOCKED: StoreUnavailableError,
    sqlite3.SQLITE_READONLY: StoreUnavailableError,
    sqlite3.SQLITE_IOERR: StoreUnavailableError,
    sqlite3.SQLITE_CANTOPEN: StoreUnavailableError,
    sqlite3.SQLITE_PROTOCOL: StoreUnavailableError,
    sqlite3.SQLITE_FULL: DiskFullError,
    sqlite3.SQLITE_CORRUPT: IntegrityError,
    sqlite3.SQLITE_NOTADB: IntegrityError,
}
"""Primary result code (https://www.sqlite.org/rescode.html) → our error."""

POSTGRESQL: Final[dict[str, type[OurError]]] = {
    "08": StoreUnavailableError,  # connection exceptions
    "40": StoreUnavailableError,  # rolled back: serialization, deadlock
    "53": StoreUnavailableError,  # out of connections, memory
    "53100": DiskFullError,
    "55P03": StoreUnavailableError,  # lock_timeout
    "57": StoreUnavailableError,  # shutdown, crash, starting up, cancelled
    "25006": StoreUnavailableError,  # read-only: we still talk to the side that failed over
    "58030": StoreUnavailableError,  # I/O error
    "XX001": IntegrityError,  # data corrupted
    "XX002": IntegrityError,
}
"""SQLSTATE, or its class of two characters (PostgreSQL, Appendix A) → our error; the exact code goes first."""

MESSAGES: Final[dict[type[OurError], str]] = {
    StoreUnavailableError: "the database is gone or busy",
    DiskFullError: "the database has no room left",
    IntegrityError: "the database file is damaged",
}


@contextmanager
def translated() -> Iterator[None]:
    """Raise our error for a failure in the tables. The driver's text is dropped: it may quote values."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, psycopg.Error) as failure:
        meaning = meaning_of(failure)
        if meaning is None:
            _mask(failure)
            raise
        raise meaning(f"{MESSAGES[meaning]} ({_code(failure)})") from None


def meaning_of(failure: Exception) -> type[OurError] | None:
    """Our error for a failure of SQLAlchemy or a driver; None when it is a defect."""
    if isinstance(failure, sqlalchemy.exc.TimeoutError):
        return StoreUnavailableError  # every pooled connection is in use
    cause = _cause(failure)
    if isinstance(cause, sqlite3.Error):
        return SQLITE.get(_primary(cause))
    if isinstance(cause, psycopg.Error):
        return _meaning_on_postgresql(cause)
    return None


def _mask(failure: Exception) -> None:
    """PostgreSQL quotes the whole row that broke a constraint; keep what is wrong and where."""
    cause = _cause(failure)
    if isinstance(cause, psycopg.Error):
        where = (cause.diag.table_name, cause.diag.column_name, cause.diag.constraint_name)
        text = " ".join([type(cause).__name__, *(name for name in where if name)])
        cause.args = failure.args = (text,)


def _meaning_on_postgresql(cause: psycopg.Error) -> type[OurError] | None:
    if cause.sqlstate is None:  # the server did not say it: the connection did
        return StoreUnavailableError if isinstance(cause, psycopg.OperationalError) else None
    return POSTGRESQL.get(cause.sqlstate) or POSTGRESQL.get(cause.sqlstate[:2])


def _cause(failure: Exception) -> BaseException | None:
    return failure.orig if isinstance(failure, sqlalchemy.exc.DBAPIError) else failure


def _primary(cause: sqlite3.Error) -> int:
    return int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF


def _code(failure: Exception) -> str:
    cause = _cause(failure)
    if isinstance(cause, sqlite3.Error):
        return str(getattr(cause, "sqlite_errorname", "sqlite"))
    if isinstance(cause, psycopg.Error):
        return cause.sqlstate or "connection lost"
    return "no free connection"
