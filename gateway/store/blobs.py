"""Blobs: sealed bytes under a name, behind one port; as files, or as chunk rows in the database.

A blob is invisible until it is committed, and durable from then on. Names are `part[/part…]` of [A-Za-z0-9._-]; what
is written here is sealed already.
"""

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Protocol, Self

import sqlalchemy as sa

from gateway.errors import NotFoundError, OurError
from gateway.store.blob_files import CHUNK_SIZE, Bytes, FileBlobs, checked_name
from gateway.store.database import Database, now_ms
from gateway.store.schema import blob_chunk

__all__ = ["CHUNK_SIZE", "BlobStore", "BlobWriter", "Bytes", "DatabaseBlobs", "FileBlobs"]

_MAKING: Final = ".new/"
"""Begins the names of blobs in the making; no blob's own name begins so."""
_BATCH: Final = 4 * CHUNK_SIZE
"""Bytes that one transaction writes: fewer transactions than chunks, flat memory."""
_COLUMNS: Final = ("name", "n", "bytes", "written_ms")


class BlobWriter(Protocol):
    """A blob in the making. Leaving the `with` without `commit` removes it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, data: Bytes) -> int:
        """Append, and return the offset at which `data` begins; raises DiskFullError, StoreUnavailableError."""
        ...

    def commit(self) -> None:
        """Make it durable, then visible; a blob that had the name is replaced. Raises as `write`."""
        ...


class BlobStore(Protocol):
    """The port. Methods raise NotFoundError for a name that is not there, ValueError for what is no name."""

    def create(self, name: str) -> BlobWriter:
        """Begin a blob; two writers of one name do not meet, the last to commit stays."""
        ...

    def read(self, name: str, *, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; fewer where the blob ends."""
        ...

    def stream(self, name: str, *, chunk: int = CHUNK_SIZE) -> Iterator[bytes]:
        """All bytes in order, at most `chunk` at a time."""
        ...

    def size(self, name: str) -> int:
        """Bytes."""
        ...

    def written_at(self, name: str) -> dt.datetime:
        """When it was last written to, on the clock of the store's own machine (UTC): to tell an orphan's age."""
        ...

    def delete(self, name: str) -> None:
        """Nothing happens when it is not there."""
        ...

    def names(self, prefix: str = "") -> Iterator[str]:
        """Names of committed blobs that begin with `prefix`, in no order."""
        ...

    def sweep(self, *, older_than: dt.timedelta) -> int:
        """Remove blobs in the making that nobody wrote to for so long (their writer was killed); how many."""
        ...

    def free_bytes(self) -> int | None:
        """Room left, or None when the store cannot tell."""
        ...


class DatabaseBlobs:
    """Rows of 1 MiB in `blob_chunk`, so that any host reads what any host wrote.

    A blob in the making has its chunks under a name of its own, in short transactions; commit renames them in one.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(self, name: str) -> BlobWriter:
        """See BlobStore."""
        return _DatabaseWriter(self._db, checked_name(name))

    def read(self, name: str, *, offset: int, length: int) -> bytes:
        """See BlobStore. Only the part that is asked for leaves the database."""
        end = offset + length
        parts: list[bytes] = []
        with self._db.read() as conn:
            _ensure_there(conn, name)
            for n in range(offset // CHUNK_SIZE, -(-end // CHUNK_SIZE)):
                start = max(offset - n * CHUNK_SIZE, 0)
                stop = min(end - n * CHUNK_SIZE, CHUNK_SIZE)
                part = conn.scalar(sa.select(_slice(start, stop)).where(_named(name), blob_chunk.c.n == n))
                parts.append(bytes(part or b""))
        return b"".join(parts)

    def stream(self, name: str, *, chunk: int = CHUNK_SIZE) -> Iterator[bytes]:
        """See BlobStore. Each piece is a transaction of its own: a slow reader holds nothing open."""
        return self._pieces(name, self.size(name), chunk)

    def size(self, name: str) -> int:
        """See BlobStore."""
        with self._db.read() as conn:
            _ensure_there(conn, name)
            return int(conn.scalar(sa.select(sa.func.sum(sa.func.length(blob_chunk.c.bytes))).where(_named(name))) or 0)

    def written_at(self, name: str) -> dt.datetime:
        """See BlobStore."""
        with self._db.read() as conn:
            _ensure_there(conn, name)
            millis = conn.scalar(sa.select(sa.func.max(blob_chunk.c.written_ms)).where(_named(name)))
        return dt.datetime.fromtimestamp(int(millis or 0) / 1000, dt.UTC)

    def delete(self, name: str) -> None:
        """See BlobStore."""
        with self._db.write() as conn:
            conn.execute(sa.delete(blob_chunk).where(_named(checked_name(name))))

    def names(self, prefix: str = "") -> Iterator[str]:
        """See BlobStore. The list is taken at the first step."""
        query = sa.select(blob_chunk.c.name).where(
            blob_chunk.c.n == 0,
            blob_chunk.c.name.startswith(prefix, autoescape=True),
            ~blob_chunk.c.name.startswith(_MAKING),
        )
        with self._db.read() as conn:
            found = conn.scalars(query).all()
        yield from found

    def sweep(self, *, older_than: dt.timedelta) -> int:
        """See BlobStore."""
        with self._db.write() as conn:
            limit = now_ms(conn) - int(older_than.total_seconds() * 1000)
            making = sa.select(blob_chunk.c.name).where(blob_chunk.c.name.startswith(_MAKING))
            old = making.group_by(blob_chunk.c.name).having(sa.func.max(blob_chunk.c.written_ms) < limit)
            names = conn.scalars(old).all()
            conn.execute(sa.delete(blob_chunk).where(blob_chunk.c.name.in_(names)))
        return len(names)

    def free_bytes(self) -> int | None:
        """See BlobStore. The database's disk is not ours to look at."""
        return None

    def _pieces(self, name: str, size: int, chunk: int) -> Iterator[bytes]:
        for offset in range(0, size, chunk):
            yield self.read(name, offset=offset, length=chunk)


class _DatabaseWriter:
    """Chunks go to the database in batches of `_BATCH` under a name of their own, until commit renames them."""

    def __init__(self, db: Database, name: str) -> None:
        self._db = db
        self._name = name
        self._making = f"{_MAKING}{uuid.uuid4().hex}"
        self._rest = bytearray()
        self._n = 0
        self._offset = 0
        self._open = False

    def __enter__(self) -> Self:
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        was_open, self._open = self._open, False
        if not was_open or self._n == 0:
            return
        with contextlib.suppress(OurError), self._db.write() as conn:  # gone database: `sweep` finds it later
            conn.execute(sa.delete(blob_chunk).where(_named(self._making)))

    def write(self, data: Bytes) -> int:
        self._ensure_open()
        at = self._offset
        self._offset += len(data)
        self._rest += data
        if len(self._rest) >= _BATCH:
            whole = len(self._rest) - len(self._rest) % CHUNK_SIZE
            with self._db.write() as conn:
                self._put(conn, memoryview(self._rest)[:whole])
            self._rest = self._rest[whole:]
        return at

    def commit(self) -> None:
        self._ensure_open()
        with self._db.write() as conn:
            if self._rest or self._n == 0:
                self._put(conn, memoryview(self._rest))
            conn.execute(sa.delete(blob_chunk).where(_named(self._name)))
            conn.execute(sa.update(blob_chunk).where(_named(self._making)).values(name=self._name))
        self._rest = bytearray()
        self._open = False

    def _put(self, conn: sa.Connection, data: memoryview) -> None:
        moment = now_ms(conn)
        rows = [
            (self._making, self._n + i, bytes(data[at : at + CHUNK_SIZE]), moment)
            for i, at in enumerate(range(0, max(len(data), 1), CHUNK_SIZE))
        ]
        if self._db.dialect == "postgresql":
            _copy_binary(conn, rows)
        else:
            self._db.bulk_insert(conn, blob_chunk, _COLUMNS, rows)
        self._n += len(rows)

    def _ensure_open(self) -> None:
        if not self._open:
            raise ValueError("a blob is written inside its with, before commit")


def _copy_binary(conn: sa.Connection, rows: list[tuple[str, int, bytes, int]]) -> None:
    """COPY in binary form: as text, bytes would travel as twice as many hexadecimal digits."""
    cursor: Any = conn.connection.cursor()  # psycopg's, which has `copy`
    with cursor, cursor.copy(f"COPY blob_chunk ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(("text", "int4", "bytea", "int8"))
        for row in rows:
            copy.write_row(row)


def _named(name: str) -> sa.ColumnElement[bool]:
    return blob_chunk.c.name == name


def _slice(start: int, stop: int) -> sa.ColumnElement[bytes]:
    return sa.func.substr(blob_chunk.c.bytes, start + 1, stop - start, type_=sa.LargeBinary())


def _ensure_there(conn: sa.Connection, name: str) -> None:
    if conn.scalar(sa.select(blob_chunk.c.n).where(_named(checked_name(name)), blob_chunk.c.n == 0)) is None:
        raise NotFoundError("no such blob")
