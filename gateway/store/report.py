"""What a report adds to the counts: rows per gemeente, and the rows that were refused after they went on."""

import datetime as dt
from collections import Counter

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.row_states import RowState
from gateway.lifecycle import ROW_STATE_OF_DELIVERY, UNFINISHED, DeliveryState
from gateway.store.rows import SIGNALEN, delivery_counts
from gateway.store.schema import delivery, row_refusal, signaal_row, upload

_ELSEWHERE = [int(state) for state in DeliveryState if state not in ROW_STATE_OF_DELIVERY]
_ENDED = (DeliveryState.REFUSED, DeliveryState.STOPPED, DeliveryState.DECLINED)
_WITH_A_RULE = [int(DeliveryState.STOPPED), int(DeliveryState.DECLINED)]
"""Ended by a rule of ours, whose code is the reason."""
_REFUSED_ONE_BY_ONE = RowState.SYSTEEM_GEWEIGERD


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


def ended_counts(conn: Connection, *, upload_no: int) -> dict[tuple[RowState, str | None], int]:
    """(state, rule that ended them) → rows refused after they went on. A system's own codes are not told apart."""
    t = delivery.c
    number = sa.case((t.state == int(DeliveryState.ACCEPTED), t.refused_count), else_=t.row_count)
    stopped = sa.case((t.state.in_(_WITH_A_RULE), t.last_reason))
    query = (
        sa.select(t.state, stopped.label("reason"), sa.func.sum(number))
        .where(_of(upload_no) & t.state.in_([int(state) for state in (*_ENDED, DeliveryState.ACCEPTED)]))
        .group_by(t.state, "reason")
    )
    counted: Counter[tuple[RowState, str | None]] = Counter()
    for state, reason, rows in conn.execute(query):
        of_delivery = DeliveryState(state)
        accepted = of_delivery is DeliveryState.ACCEPTED
        counted[_REFUSED_ONE_BY_ONE if accepted else ROW_STATE_OF_DELIVERY[of_delivery], reason] += int(rows)
    return dict(+counted)


def ended_rows(conn: Connection, *, upload_no: int, attempt_no: int, after: int, up_to: int) -> list[EndedRow]:
    """Rows `after` < row_no <= `up_to` that a system refused or the gate stopped, in order of row."""
    t = signaal_row.c
    carried = (delivery.c.attempt_no == t.attempt_no) & (delivery.c.parcel_no == t.parcel_no) & _of(upload_no)
    rows = (t.attempt_no == attempt_no) & (t.row_no > after) & (t.row_no <= up_to)
    of_row = (row_refusal.c.root_id == delivery.c.id) & (row_refusal.c.position == t.position)
    refused = (
        sa.select(t.row_no, row_refusal.c.code)
        .select_from(signaal_row.join(delivery, carried).join(row_refusal, of_row))
        .where(rows)
    )
    within = (delivery.c.position_from <= t.position) & (delivery.c.position_to > t.position)
    ended = (
        sa.select(t.row_no, delivery.c.state, delivery.c.last_reason)
        .select_from(signaal_row.join(delivery, carried & within))
        .where(rows & delivery.c.state.in_([int(state) for state in _ENDED]))
    )
    found = {no: (ROW_STATE_OF_DELIVERY[DeliveryState(state)], reason) for no, state, reason in conn.execute(ended)}
    found |= {no: (_REFUSED_ONE_BY_ONE, code) for no, code in conn.execute(refused)}
    return [EndedRow(row_no=no, state=state, code=code) for no, (state, code) in sorted(found.items())]


def _of(upload_no: int) -> sa.ColumnElement[bool]:
    return (delivery.c.upload_no == upload_no) & (delivery.c.kind == SIGNALEN)


def late_threatening_rows(conn: Connection, *, upload_no: int, before: dt.datetime) -> int:
    """Rows of possibly threatening parcels that still wait, of an upload that was received before `before`."""
    t = delivery.c
    waiting = (t.upload_no == upload_no) & (t.kind == SIGNALEN) & t.state.in_([int(state) for state in UNFINISHED])
    received = sa.select(upload.c.received_at).where(upload.c.no == upload_no).scalar_subquery()
    late = (
        waiting & t.threatening.is_(True) & (received < sa.bindparam("before", before, type_=upload.c.received_at.type))
    )
    return int(conn.execute(sa.select(sa.func.coalesce(sa.func.sum(t.row_count), 0)).where(late)).scalar_one())
