"""Rows of processed files by number and state, and every count of an upload.

A row that was refused at intake keeps that state. A row that went on (0) is in a parcel, and has the state of the leaf
of its deliveries, unless the receiving system refused that one row.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
import polars as pl
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.row_states import Counts, RowState, count
from gateway.lifecycle import ROW_STATE_OF_DELIVERY, DeliveryState
from gateway.store.database import Database
from gateway.store.schema import delivery, row_refusal, signaal_row
from gateway.store.uploads import Upload

GOES_ON: Final = 0
"""`signaal_row.state` of a row that is in a parcel."""
SIGNALEN: Final = "signalen"
"""`delivery.kind` of a parcel to a gemeente's system."""
_COLUMNS: Final = ("attempt_no", "row_no", "state", "parcel_no", "position")
_UPLOADS_AT_ONCE: Final = 500
_ELSEWHERE: Final = [int(state) for state in DeliveryState if state not in ROW_STATE_OF_DELIVERY]
_ASKED_AGAIN: Final = (delivery.c.state == int(DeliveryState.CLAIMED)) & delivery.c.unknown_since.is_not(None)
SHOWN_STATE: Final = sa.case((_ASKED_AGAIN, sa.literal_column(str(int(DeliveryState.UNKNOWN)))), else_=delivery.c.state)
"""What a count says of a delivery: an answer that is lost stays lost while we ask or send again."""


class Row(Struct, frozen=True, kw_only=True):
    """One row of a file. `state` 0: it is at `position` of parcel `parcel_no`."""

    row_no: int
    state: int
    parcel_no: int | None
    position: int | None


class _Intake(Struct, frozen=True):
    """What counting needs of `upload.summary`."""

    states: dict[str, int] = {}


def insert_rows(db: Database, conn: Connection, *, attempt_no: int, rows: pl.DataFrame) -> None:
    """Insert a chunk: columns row_no, state, parcel_no, position (integers; the last two null outside a parcel)."""
    if db.dialect == "sqlite" and _consecutive(rows["row_no"]):
        everywhere = not any(rows[name].null_count() for name in ("parcel_no", "position"))
        statement = _INSERT_IN_PARCELS if everywhere else _INSERT_PACKED
        conn.exec_driver_sql(statement, (attempt_no, int(str(rows["row_no"].min())), _packed(rows)))
        return
    frame = rows.select(pl.lit(attempt_no).alias("attempt_no"), *_COLUMNS[1:])
    db.bulk_insert_frame(conn, signaal_row, frame)


def _consecutive(row_no: pl.Series) -> bool:
    return row_no.len() > 0 and bool((row_no.diff(null_behavior="drop") == 1).all())


def _packed(rows: pl.DataFrame) -> str:
    """A JSON array with one integer a row: state, parcel (0: none) and position in 24 bits each.

    The rows are made inside SQLite, without a Python object each and without its lock: 0.5 s a million against 1.3 s.
    """
    state, parcel, position = (pl.col(name).cast(pl.Int64).fill_null(0) for name in ("state", "parcel_no", "position"))
    numbers = (state * (1 << 48) + parcel * (1 << 24) + position).cast(pl.String).str.join(",")
    return f"[{rows.select(numbers).item()}]"


_INSERT: Final = "INSERT INTO signaal_row (attempt_no, row_no, state, parcel_no, position)"
_INSERT_IN_PARCELS: Final = f"""{_INSERT}
    SELECT ?, ? + key, value >> 48, (value >> 24) & 16777215, value & 16777215 FROM json_each(?)
"""  # noqa: S608 - of constants
_INSERT_PACKED: Final = f"""{_INSERT}
    SELECT ?, ? + key, value >> 48, NULLIF((value >> 24) & 16777215, 0),
           CASE WHEN (value >> 24) & 16777215 = 0 THEN NULL ELSE value & 16777215 END
    FROM json_each(?)
"""  # noqa: S608 - of constants


def row(conn: Connection, *, attempt_no: int, row_no: int) -> Row | None:
    """One row of an attempt."""
    t = signaal_row.c
    query = sa.select(t.row_no, t.state, t.parcel_no, t.position)
    found = conn.execute(query.where((t.attempt_no == attempt_no) & (t.row_no == row_no))).one_or_none()
    return None if found is None else Row(row_no=found[0], state=found[1], parcel_no=found[2], position=found[3])


def leaf_of(conn: Connection, *, attempt_no: int, row: Row) -> tuple[int, DeliveryState] | None:
    """(id, state) of the delivery that carries the row now; None for a row that is in no parcel."""
    if row.parcel_no is None or row.position is None:
        return None
    t = delivery.c
    carries = (t.attempt_no == attempt_no) & (t.parcel_no == row.parcel_no)
    carries &= (t.position_from <= row.position) & (t.position_to > row.position) & t.state.not_in(_ELSEWHERE)
    found = conn.execute(sa.select(t.id, SHOWN_STATE).where(carries)).one_or_none()
    return None if found is None else (found[0], DeliveryState(found[1]))


def state_of(conn: Connection, *, attempt_no: int, row: Row) -> RowState:
    """The state of a row now."""
    if row.state != GOES_ON:
        return RowState(row.state)
    leaf = leaf_of(conn, attempt_no=attempt_no, row=row)
    if leaf is None:
        raise LookupError("a row went on without a delivery that carries it")
    t = delivery.c
    root = sa.select(sa.func.coalesce(t.root_id, t.id)).where(t.id == leaf[0]).scalar_subquery()
    refused = (row_refusal.c.root_id == root) & (row_refusal.c.position == row.position)
    if conn.execute(sa.select(row_refusal.c.code).where(refused)).first() is not None:
        return RowState.SYSTEEM_GEWEIGERD
    return ROW_STATE_OF_DELIVERY[leaf[1]]


def counts(conn: Connection, upload: Upload) -> Counts | None:
    """The counts of one upload now; None before it was processed."""
    return counts_of_many(conn, [upload]).get(upload.no)


def counts_of_many(conn: Connection, uploads: Sequence[Upload]) -> dict[int, Counts]:
    """upload number → counts, for those that were processed, in one query per 500."""
    processed = {upload.no: upload for upload in uploads if upload.rows is not None}
    delivered = _delivered(conn, list(processed))
    return {
        no: count(upload.rows or 0, intake_counts(upload.summary) + delivered.get(no, Counter()))
        for no, upload in processed.items()
    }


def intake_counts(summary: str | None) -> Counter[RowState]:
    """Rows per state that intake decided, from `upload.summary`."""
    states = msgspec.json.decode(summary, type=_Intake).states if summary else {}
    return Counter({RowState[name.upper()]: number for name, number in states.items()})


def delivery_counts(sums: Iterable[tuple[int, int, int]]) -> Counter[RowState]:
    """Rows per state from (delivery state, sum of row_count, sum of refused_count) of leaf deliveries."""
    counted: Counter[RowState] = Counter()
    for state, number, refused in sums:
        counted[ROW_STATE_OF_DELIVERY[DeliveryState(state)]] += number - refused
        counted[RowState.SYSTEEM_GEWEIGERD] += refused
    return counted


def _delivered(conn: Connection, numbers: Sequence[int]) -> Mapping[int, Counter[RowState]]:
    counted: dict[int, Counter[RowState]] = {}
    for some in _batched(numbers):
        for no, state, number, refused in conn.execute(_sums(some)):
            counted.setdefault(no, Counter()).update(delivery_counts([(state, number, refused)]))
    return counted


def _sums(numbers: Sequence[int]) -> sa.Select[int, int, int, int]:
    """Per upload and state of its leaves; a refused delivery is refused whole, so only accepted ones are split."""
    t = delivery.c
    refused = sa.case((t.state == int(DeliveryState.ACCEPTED), t.refused_count), else_=0)
    return (
        sa.select(t.upload_no, SHOWN_STATE, sa.func.sum(t.row_count), sa.func.sum(refused))
        .where(t.upload_no.in_(numbers) & (t.kind == SIGNALEN) & t.state.not_in(_ELSEWHERE))
        .group_by(t.upload_no, SHOWN_STATE)
    )


def _batched(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _UPLOADS_AT_ONCE):
        yield numbers[start : start + _UPLOADS_AT_ONCE]
