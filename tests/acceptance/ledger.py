"""Reading both sides' books: what the gateway says of every row, and what the receiving systems really have."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from contracts.row_states import ROW_STATES, RowState
from gateway.ids import signaal_id, split_signaal_id
from gateway.lifecycle import CLAIMABLE, UNFINISHED, DeliveryState, UploadState
from gateway.store import rows
from gateway.store.database import Database
from gateway.store.schema import delivery, destination, upload
from gateway.store.uploads import Upload, upload_of
from tests.acceptance.installation import SYSTEMS, Installation
from tests.acceptance.load import Book, File

_MAY_BE_THERE: Final = frozenset(
    {DeliveryState.CLAIMED, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.SPLIT}
)
"""All that may ever be said of a parcel that its receiver processed: on the wire, unknown, or what it answered."""
Id = tuple[str, int]
"""(upload id, row number) of a signaal."""


@dataclass(frozen=True)
class Received:
    """What one simulated system remembers: keys it processed, and the ids it took, once per parcel with that id."""

    keys: frozenset[str]
    signalen: Counter[Id]
    repeated: int


def received(installation: Installation, system: str) -> Received:
    """Read it from the system's own file, which it commits before it answers."""
    file = installation.folder / "systems" / f"{system}.db"
    if not file.exists():
        return Received(frozenset(), Counter(), 0)
    with closing(sqlite3.connect(file)) as db:
        keys = frozenset(key for (key,) in db.execute("SELECT key FROM parcel"))
        ids = Counter(_split(id_) for (id_,) in db.execute("SELECT id FROM signaal"))
        (repeated,) = db.execute("SELECT coalesce(sum(seen - 1), 0) FROM parcel").fetchone()
    return Received(keys, ids, repeated)


def _split(id_: str) -> Id:
    upload_id, row_no = split_signaal_id(id_)
    assert str(signaal_id(upload_id, row_no)) == id_
    return str(upload_id), row_no


def uploads_of(db: Database) -> list[Upload]:
    """All uploads, oldest first."""
    columns = [upload.c[name] for name in Upload.__struct_fields__]
    with db.read() as conn:
        return [upload_of(row) for row in conn.execute(sa.select(*columns).order_by(upload.c.no))]


def check_cut(installation: Installation, db: Database, book: Book) -> None:
    """What must hold at any moment at which everything stands still, however it came to stand."""
    known = uploads_of(db)
    by_id = {one.id: one for one in known}
    for upload_id, sha256 in book.acknowledged.items():
        assert upload_id in by_id, "an acknowledged upload is gone"
        assert by_id[upload_id].sha256 == sha256, "an acknowledged upload holds other bytes"
    _check_counts(db, known, book)
    _check_parcels(installation, db)
    taken = sum((received(installation, system).signalen for system in SYSTEMS), Counter[Id]())
    assert [id_ for id_, times in taken.items() if times > 1] == [], "a signaal was taken in two parcels"


def _check_counts(db: Database, known: list[Upload], book: Book) -> None:
    with db.read() as conn:
        counted = rows.counts_of_many(conn, known)
    for one in known:
        if one.state not in {UploadState.PROCESSED, UploadState.REJECTED}:
            assert one.no not in counted
            continue
        counts = counted[one.no]
        assert counts.reconciles, "rows = refused + delivered + waiting"
        assert counts.rows == book.sent[one.sha256 or ""].rows, "rows of the file are missing"


def _check_parcels(installation: Installation, db: Database) -> None:
    t = delivery.c
    with db.read() as conn:
        found = conn.execute(sa.select(t.idempotency_key, t.destination, t.state)).all()
    states = {(to, key): DeliveryState(state) for key, to, state in found}
    there = {system: received(installation, system).keys for system in SYSTEMS}
    for system, keys in there.items():
        for key in keys:
            assert (system, key) in states, "a system has a parcel that the gateway does not know"
            state = states[system, key]
            assert state in _MAY_BE_THERE, f"{state.name} is said of a parcel that was processed"
    for (to, key), state in states.items():
        if state is DeliveryState.ACCEPTED:
            assert key in there[to], "ACCEPTED is said of a parcel that its system does not have"


class Watch:
    """Looks while everything runs: what a system has processed is from then on never said to wait or to be stopped.

    The systems are read first, so whatever the gateway says afterwards must already know of them.
    """

    def __init__(self, installation: Installation, db: Database) -> None:
        self._folder = installation.folder / "systems"
        self._db = db
        self._there: set[tuple[str, str]] = set()
        self._read: Counter[str] = Counter()
        self.looks = 0

    def look(self) -> None:
        """Look once."""
        for system in SYSTEMS:
            self._read_on(system)
        t = delivery.c
        guessed = [int(state) for state in DeliveryState if state not in _MAY_BE_THERE]
        with self._db.read() as conn:
            found = conn.execute(sa.select(t.destination, t.idempotency_key, t.state).where(t.state.in_(guessed))).all()
        for to, key, state in found:
            said = f"{DeliveryState(state).name} is said of a parcel that was processed"
            assert (to, key) not in self._there, said
        self.looks += 1

    def _read_on(self, system: str) -> None:
        file = self._folder / f"{system}.db"
        if not file.exists():
            return
        with closing(sqlite3.connect(file, timeout=10)) as db:
            query = "SELECT rowid, key FROM parcel WHERE rowid > ? ORDER BY rowid"
            with suppress(sqlite3.OperationalError):  # killed before it made its tables
                for rowid, key in db.execute(query, (self._read[system],)):
                    self._there.add((system, key))
                    self._read[system] = rowid


def unfinished(db: Database) -> tuple[int, int]:
    """(uploads, deliveries) that still have something before them."""
    done = [int(UploadState.PROCESSED), int(UploadState.REJECTED)]
    waiting = [int(state) for state in UNFINISHED]
    with db.read() as conn:
        open_uploads = conn.scalar(sa.select(sa.func.count()).where(upload.c.state.not_in(done)))
        open_deliveries = conn.scalar(sa.select(sa.func.count()).where(delivery.c.state.in_(waiting)))
    return int(open_uploads or 0), int(open_deliveries or 0)


def let_time_pass(db: Database) -> None:
    """Make everything due that waits for its time, and close the breakers: hours in an instant."""
    with db.write() as conn:
        at = conn.scalar(sa.select(sa.func.min(delivery.c.created_at)))
        if at is None:
            return
        waiting = delivery.c.state.in_([int(state) for state in CLAIMABLE]) & (delivery.c.due_at > at)
        conn.execute(sa.update(delivery).where(waiting).values(due_at=at))
        held_back = (destination.c.failures > 0) | destination.c.open_until.is_not(None)
        conn.execute(sa.update(destination).where(held_back).values(failures=0, open_until=None))


def check_end(installation: Installation, db: Database, book: Book) -> None:
    """Everything is settled: each row of each file is where it must be, once, and both sides say the same."""
    check_cut(installation, db, book)
    assert book.wrong == []
    assert unfinished(db) == (0, 0)
    known = uploads_of(db)
    assert {one.sha256 for one in known} == set(book.sent) == set(book.acknowledged.values())
    taken = sum((received(installation, system).signalen for system in SYSTEMS), Counter[Id]())
    expected: dict[str, Counter[int]] = {}
    for one in known:
        expected.setdefault(one.sha256 or "", Counter()).update(row for id_, row in taken if id_ == one.id)
    for sha256, file in book.sent.items():
        assert expected[sha256] == Counter(file.delivered), "rows missing, or there twice"
        with_key = [one for one in known if one.sha256 == sha256]
        if file.key is not None:
            assert len(with_key) == 1, "one Idempotency-Key, two uploads"
            _check_states(db, with_key[0], file)
    assert sum(taken.values()) == sum(len(file.delivered) for file in book.sent.values()), "signalen that nobody sent"


def _check_states(db: Database, one: Upload, file: File) -> None:
    """The counts, and row by row the state that the file was made for."""
    with db.read() as conn:
        counts = rows.counts(conn, one)
        assert counts is not None
        assert {name: n for name, n in counts.states.items() if n} == {n: k for n, k in file.states.items() if k}
        assert counts.waiting == 0
        assert one.attempt_no is not None
        for row_no in (1, file.rows, *sorted(file.delivered)[:3]):
            row = rows.row(conn, attempt_no=one.attempt_no, row_no=row_no)
            assert row is not None
            state = rows.state_of(conn, attempt_no=one.attempt_no, row=row)
            name = ROW_STATES[RowState(state)].name
            assert (name == "afgeleverd") == (row_no in file.delivered)


def places_of(secrets: tuple[str, ...], *folders: Path) -> Iterator[str]:
    """Files in which one of the texts stands as it is."""
    wanted = [form for text in secrets for form in (text.encode(), text.encode("utf-16-le"))]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                if any(text in content for text in wanted):
                    yield str(path.relative_to(folder))
