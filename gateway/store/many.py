"""Updating many rows, each by its key with values of its own, in one round trip.

PostgreSQL: one statement over a JSON array, since a pipeline of single updates was most of the time of recording.
SQLite: executemany, since a statement is a function call there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection


class UpdateMany:
    """`UPDATE table SET values WHERE keys`, for many rows; made once, at import.

    `keys` and `values`: column → type of PostgreSQL. `constant`: more of SET; `condition`: more of WHERE, begins with
    a column of the table; both SQL of ours. Rows are plain JSON values by column; moments are microseconds.
    """

    def __init__(
        self,
        table: str,
        *,
        keys: Mapping[str, str],
        values: Mapping[str, str],
        constant: str = "",
        condition: str,
    ) -> None:
        self._each: Final = sa.text(
            f"UPDATE {table} SET {_pairs(values, ':{0}', ', ')}{constant} "  # noqa: S608  # names of our schema
            f"WHERE {_pairs(keys, ':{0}', ' AND ')} AND {condition}"
        )
        columns = ", ".join(f"{name} {kind}" for name, kind in {**keys, **values}.items())
        matched = " AND ".join(f"{table}.{name} = j.{name}" for name in keys)
        self._at_once: Final = sa.text(
            f"UPDATE {table} SET {_pairs(values, 'j.{0}', ', ')}{constant} "  # noqa: S608  # names of our schema
            f"FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS j({columns}) WHERE {matched} AND {table}.{condition}"
        )

    def __call__(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Update; returns how many rows matched."""
        if not rows:
            return 0
        if conn.dialect.name == "postgresql":
            document = msgspec.json.encode(rows).decode()
            return conn.execute(self._at_once, {"rows": document}).rowcount
        return conn.execute(self._each, list(rows)).rowcount


def _pairs(columns: Mapping[str, str], source: str, joined: str) -> str:
    return joined.join(f"{name} = {source.format(name)}" for name in columns)
