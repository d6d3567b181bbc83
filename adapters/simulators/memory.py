"""What a simulator remembers, in SQLite: keys, ids, results, counts. Committed before it is acknowledged."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.terugkoppeling import Resultaat

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS parcel (
  key TEXT PRIMARY KEY, digest TEXT NOT NULL, reference TEXT NOT NULL, verdict TEXT NOT NULL,
  taken INTEGER NOT NULL, ready_at REAL NOT NULL, seen INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS signaal (id TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (id, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resultaat (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, signaal TEXT NOT NULL, value TEXT NOT NULL,
  is_event INTEGER NOT NULL, happened TEXT NOT NULL, pushed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, digest TEXT NOT NULL, kind TEXT NOT NULL, seen INTEGER NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A remembered parcel; `verdict` is what `receiving` judged, as JSON."""

    digest: str
    reference: str
    verdict: str
    ready_at: float


class Memory:
    """One SQLite file; WAL and synchronous FULL, so that what was acknowledged survives SIGKILL."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / f"{name}.db", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def find(self, key: str) -> Parcel | None:
        """The parcel of `key`."""
        return self._parcel("key", key)

    def find_reference(self, reference: str) -> Parcel | None:
        """The parcel that was given `reference`."""
        return self._parcel("reference", reference)

    def _parcel(self, column: str, value: str) -> Parcel | None:
        query = f"SELECT digest, reference, verdict, ready_at FROM parcel WHERE {column} = ?"  # noqa: S608  # two names, both ours
        row = self._db.execute(query, (value,)).fetchone()
        if row is None:
            return None
        return Parcel(digest=row[0], reference=row[1], verdict=row[2], ready_at=row[3])

    def remember(self, key: str, parcel: Parcel, taken: Sequence[str]) -> None:
        """Keep a new parcel and the ids of its rows that were taken."""
        values = (key, parcel.digest, parcel.reference, parcel.verdict, len(taken), parcel.ready_at)
        with self._transaction() as db:
            db.execute("INSERT INTO parcel VALUES (?, ?, ?, ?, ?, ?, 1)", values)
            db.executemany("INSERT INTO signaal VALUES (?, ?)", [(signaal, key) for signaal in taken])

    def repeat(self, key: str) -> None:
        """Count that a key came again."""
        self._db.execute("UPDATE parcel SET seen = seen + 1 WHERE key = ?", (key,))

    def take_event(self, event_id: str, digest: str, kind: str) -> bool:
        """Keep or count one event; whether it is new."""
        with self._transaction() as db:
            done = db.execute("UPDATE event SET seen = seen + 1 WHERE id = ?", (event_id,))
            if done.rowcount == 0:
                db.execute("INSERT INTO event VALUES (?, ?, ?, 1)", (event_id, digest, kind))
        return done.rowcount == 0

    def without_result(self, limit: int) -> list[str]:
        """Ids of taken signalen that have no result yet, in a fixed order."""
        rows = self._db.execute(
            "SELECT DISTINCT id FROM signaal WHERE id NOT IN (SELECT signaal FROM resultaat) ORDER BY id LIMIT ?",
            (limit,),
        )
        return [row[0] for row in rows]

    def add_results(self, results: Iterable[Resultaat]) -> None:
        """Keep new results."""
        rows = [
            (r.resultaat_id, r.signaal_id, r.gebeurtenis or r.code, r.gebeurtenis is not None, str(r.datum), 0)
            for r in results
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO resultaat (id, signaal, value, is_event, happened, pushed) VALUES (?, ?, ?, ?, ?, ?)", rows
            )

    def results_after(
        self, seq: int, limit: int, *, unpushed_only: bool = False
    ) -> list[tuple[int, str, str, str, bool, str]]:
        """(seq, id, signaal id, value, is event, date) in order."""
        query = "SELECT seq, id, signaal, value, is_event, happened FROM resultaat WHERE seq > ?"
        query += " AND pushed = 0" if unpushed_only else ""
        rows = self._db.execute(query + " ORDER BY seq LIMIT ?", (seq, limit))
        return [(seq_, id_, signaal, value, bool(event), day) for seq_, id_, signaal, value, event, day in rows]

    def mark_pushed(self, seqs: Iterable[int]) -> None:
        """The gateway has these."""
        with self._transaction() as db:
            db.executemany("UPDATE resultaat SET pushed = 1 WHERE seq = ?", [(seq,) for seq in seqs])

    def counts(self) -> dict[str, int]:
        """What was seen, in numbers."""
        queries = {
            "parcels": "SELECT count(*) FROM parcel",
            "parcels_refused": "SELECT count(*) FROM parcel WHERE taken = 0",
            "repeated_keys": "SELECT coalesce(sum(seen - 1), 0) FROM parcel",
            "signalen": "SELECT count(*) FROM signaal",
            "distinct_signalen": "SELECT count(DISTINCT id) FROM signaal",
            "results": "SELECT count(*) FROM resultaat",
            "results_pushed": "SELECT count(*) FROM resultaat WHERE pushed",
            "events": "SELECT count(*) FROM event",
            "repeated_events": "SELECT coalesce(sum(seen - 1), 0) FROM event",
        }
        return {name: int(self._db.execute(query).fetchone()[0]) for name, query in queries.items()}

    def results_by_value(self) -> dict[str, int]:
        """Result value → how many."""
        return dict(self._db.execute("SELECT value, count(*) FROM resultaat GROUP BY value ORDER BY value").fetchall())

    def events_by_kind(self) -> dict[str, int]:
        """Event type → how many distinct ones."""
        return dict(self._db.execute("SELECT kind, count(*) FROM event GROUP BY kind ORDER BY kind").fetchall())

    def seen_by_key(self, limit: int) -> dict[str, int]:
        """Idempotency key → how often it came, the most frequent first."""
        rows = self._db.execute("SELECT key, seen FROM parcel ORDER BY seen DESC, key LIMIT ?", (limit,))
        return dict(rows.fetchall())

    def signaal_ids(self) -> list[str]:
        """Every id of a row that was taken, once per parcel that held it."""
        return [row[0] for row in self._db.execute("SELECT id FROM signaal ORDER BY id")]
