"""Reference data that an operator brings, in versions: postcodes, lists of gemeenten, mergers.

A version holds from its day on, until a later one; one of the same kind and day replaces it. A version is one row,
content and all, so that no half of it can ever be seen. The content of postcodes is a frame (Arrow IPC), the others'
is JSON.
"""

import datetime as dt
import enum
from io import BytesIO
from itertools import chain
from typing import Any, Final

import msgspec
import polars as pl
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.codelists.indeling import MEEGELEVERD, Gemeentelijst, Indeling
from contracts.codelists.opvolgers import Opvolging
from gateway.store.schema import reference_version


class Kind(enum.StrEnum):
    """What a version is of. Mergers are kept per year: `valid_from` is its first day."""

    POSTCODES = "postcodes"
    GEMEENTEN = "gemeenten"
    OPVOLGERS = "opvolgers"


class Version(Struct, frozen=True, kw_only=True):
    """One version. `source`: what it was made from; `sha256` of those bytes; `lines` in them; `entries` kept."""

    id: int
    kind: Kind
    valid_from: dt.date
    source: str
    loaded_at: dt.datetime
    sha256: str
    lines: int
    entries: int


class NewVersion(Struct, frozen=True, kw_only=True):
    """A version to keep; `content` as `pack_postcodes` or `pack_list` makes it."""

    kind: Kind
    valid_from: dt.date
    source: str
    sha256: str
    lines: int
    entries: int
    content: bytes


StoredLists = dict[tuple[Kind, dt.date], Gemeentelijst | list[Opvolging]]
_DOCUMENT: Final[dict[Kind, Any]] = {Kind.GEMEENTEN: Gemeentelijst, Kind.OPVOLGERS: list[Opvolging]}


class Postcodes:
    """The table of one version, read once; the frame is immutable, so that threads may share it."""

    def __init__(self, version: Version, table: pl.DataFrame) -> None:
        self.version = version
        self.table = table


class PostcodeCache:
    """The tables used last: a version never changes under its id. Safe from any thread."""

    def __init__(self) -> None:
        self._last: Postcodes | None = None

    def load(self, conn: Connection, *, on: dt.date) -> Postcodes | None:
        """As `postcodes`."""
        version = in_force(conn, Kind.POSTCODES, on=on)
        if version is None:
            return None
        last = self._last
        if last is None or last.version.id != version.id:
            self._last = last = Postcodes(version, _unpacked(_content(conn, version.id)))
        return last


def versions(conn: Connection, kind: Kind | None = None) -> list[Version]:
    """All of them, or those of a kind, by kind and day."""
    t = reference_version.c
    columns = (t.id, t.kind, t.valid_from, t.source, t.loaded_at, t.sha256, t.lines, t.entries)
    query = sa.select(*columns).order_by(t.kind, t.valid_from)
    if kind is not None:
        query = query.where(t.kind == kind.value)
    return [
        Version(
            id=id_,
            kind=Kind(kind_),
            valid_from=dt.date.fromisoformat(day),
            source=source,
            loaded_at=loaded_at,
            sha256=sha256,
            lines=lines,
            entries=entries,
        )
        for id_, kind_, day, source, loaded_at, sha256, lines, entries in conn.execute(query)
    ]


def in_force(conn: Connection, kind: Kind, *, on: dt.date) -> Version | None:
    """The version that holds on that day; None when none was ever loaded.

    Before the day of the first one that first one holds: some table is better than none.
    """
    found = versions(conn, kind)
    before = [version for version in found if version.valid_from <= on]
    return before[-1] if before else (found[0] if found else None)


def postcodes(conn: Connection, *, on: dt.date) -> Postcodes | None:
    """The table of the version in force on that day."""
    return PostcodeCache().load(conn, on=on)


def postcodes_of(conn: Connection, version: Version) -> pl.DataFrame:
    """The table of any version."""
    return _unpacked(_content(conn, version.id))


def load_indeling(conn: Connection) -> Indeling:
    """The packaged division with everything loaded laid over it."""
    return laid_over(stored_lists(conn))


def stored_lists(conn: Connection) -> StoredLists:
    """The lists of gemeenten and of mergers, by kind and day."""
    t = reference_version.c
    query = sa.select(t.kind, t.valid_from, t.content).where(t.kind != Kind.POSTCODES.value).order_by(t.valid_from)
    return {
        (Kind(kind), dt.date.fromisoformat(day)): msgspec.json.decode(content, type=_DOCUMENT[Kind(kind)])
        for kind, day, content in conn.execute(query)
    }


def laid_over(lists: StoredLists) -> Indeling:
    """The packaged division with these laid over it."""
    lijsten = [document for document in lists.values() if isinstance(document, Gemeentelijst)]
    opvolgingen = [document for document in lists.values() if not isinstance(document, Gemeentelijst)]
    return MEEGELEVERD.over(lijsten, chain.from_iterable(opvolgingen)) if lists else MEEGELEVERD


def put_version(conn: Connection, new: NewVersion, *, loaded_at: dt.datetime) -> None:
    """Keep it in the place of the one of its kind and day."""
    t = reference_version.c
    day = new.valid_from.isoformat()
    conn.execute(sa.delete(reference_version).where((t.kind == new.kind.value) & (t.valid_from == day)))
    values = msgspec.structs.asdict(new) | {"kind": new.kind.value, "valid_from": day, "loaded_at": loaded_at}
    conn.execute(sa.insert(reference_version).values(values))


def pack_postcodes(table: pl.DataFrame) -> bytes:
    """The content of a version of postcodes."""
    buffer = BytesIO()
    table.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def pack_list(document: Gemeentelijst | list[Opvolging]) -> bytes:
    """The content of a version of gemeenten or mergers."""
    return msgspec.json.encode(document)


def _unpacked(content: bytes) -> pl.DataFrame:
    return pl.read_ipc(BytesIO(content))


def _content(conn: Connection, version_id: int) -> bytes:
    query = sa.select(reference_version.c.content).where(reference_version.c.id == version_id)
    return bytes(conn.execute(query).scalar_one())
