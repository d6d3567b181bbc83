"""What a report adds to the counts: rows per gemeente, and the rows that were refused after they went on."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.row_states import RowState
from gateway.lifecycle import ROW_STATE_OF_DELIVERY, UNFINISHED, DeliveryState
from gateway.store.rows import SIGNALEN, delivery_counts
from gateway.store.schema import delivery, row_refusal, signaal_row

_ELSEWHERE = [int(state) for state in DeliveryState if state not in ROW_STATE_OF_DELIVERY]
_ENDED = (DeliveryState.REFUSED, DeliveryState.STOPPED)
_FETCH = 1000


class EndedRow(Struct, frozen=True, kw_only=True):
    """A row that went on and was refused after all. `code`: the receiving system's, or the reason of the stop."""

    row_no: int
    state: RowState
    code: str | None


def counts_per_gemeente(conn: Connection, *, upload_no: int) -> dict[str, Counter[RowState]]:
    """gemeentecode → rows per state, of the rows that went on."""
    t = delivery.c
    refused = sa.case((t.state == int(DeliveryState.ACCEPTED), t.refused_count), else_=0)
    query = (
        sa.select(t.gemeentecode, t.state, sa.func.sum(t.row_count), sa.func.sum(refused))
        .where((t.upload_no == upload_no) & (t.kind == SIGNALEN) & t.state.not_in(_ELSEWHERE))
        .group_by(t.gemeentecode, t.state)
    )
    counted: dict[str, Counter[RowState]] = {}
    for code, state, number, gone in conn.execute(query):
        counted.setdefault(code or "", Counter()).update(delivery_counts([(state, int(number), int(gone))]))
    return counted


def ended_rows(conn: Connection, *, upload_no: int, attempt_no: int) -> Iterator[EndedRow]:
    """Rows refused by a system or stopped by the gate, in order of row; one pass over the parcels concerned."""
    refusals = _refusals(conn, upload_no)
    endings = _endings(conn, upload_no)
    parcels = {parcel for parcel, _ in refusals} | endings.keys()
    if not parcels:
        return
    t = signaal_row.c
    query = (
        sa.select(t.row_no, t.parcel_no, t.position)
        .where((t.attempt_no == attempt_no) & t.parcel_no.is_not(None))
        .order_by(t.row_no)
        .execution_options(yield_per=_FETCH)
    )
    for row_no, parcel_no, position in conn.execute(query):
        if parcel_no not in parcels:
            continue
        ended = _ending_of(position, refusals.get((parcel_no, position)), endings.get(parcel_no, ()))
        if ended is not None:
            yield EndedRow(row_no=row_no, state=ended[0], code=ended[1])


_Ending = tuple[int, int, RowState, str | None]
"""Positions from, up to (not including); state; reason."""


def _ending_of(
    position: int, code: str | None, endings: list[_Ending] | tuple[()]
) -> tuple[RowState, str | None] | None:
    if code is not None:
        return RowState.SYSTEEM_GEWEIGERD, code
    for start, end, state, reason in endings:
        if start <= position < end:
            return state, reason
    return None


def _refusals(conn: Connection, upload_no: int) -> dict[tuple[int, int], str]:
    query = (
        sa.select(delivery.c.parcel_no, row_refusal.c.position, row_refusal.c.code)
        .join(row_refusal, row_refusal.c.root_id == delivery.c.id)
        .where((delivery.c.upload_no == upload_no) & (delivery.c.kind == SIGNALEN))
    )
    return {(parcel_no, position): code for parcel_no, position, code in conn.execute(query)}


def _endings(conn: Connection, upload_no: int) -> dict[int, list[_Ending]]:
    t = delivery.c
    query = sa.select(t.parcel_no, t.position_from, t.position_to, t.state, t.last_reason).where(
        (t.upload_no == upload_no) & (t.kind == SIGNALEN) & t.state.in_([int(state) for state in _ENDED])
    )
    found: dict[int, list[_Ending]] = {}
    for parcel_no, start, end, state, reason in conn.execute(query):
        found.setdefault(parcel_no, []).append((start, end, ROW_STATE_OF_DELIVERY[DeliveryState(state)], reason))
    return found


def late_threatening_rows(conn: Connection, *, upload_no: int, before: dt.datetime) -> int:
    """Rows of possibly threatening parcels that were made before `before` and still wait."""
    t = delivery.c
    waiting = (t.upload_no == upload_no) & (t.kind == SIGNALEN) & t.state.in_([int(state) for state in UNFINISHED])
    late = waiting & t.threatening.is_(True) & (t.created_at < before)
    return int(conn.execute(sa.select(sa.func.coalesce(sa.func.sum(t.row_count), 0)).where(late)).scalar_one())
