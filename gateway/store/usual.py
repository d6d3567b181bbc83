"""What is usual for a partner: counts and medians of its uploads, per kind. Aggregates alone, nothing of a person."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from gateway.stages.sanity import KindStatistic, PastKind
from gateway.store.confirmations import Decision
from gateway.store.schema import confirmation, repair, upload_statistic


def put(
    conn: Connection, *, upload_no: int, partner: str, received_at: dt.datetime, kinds: Sequence[KindStatistic]
) -> None:
    """Keep the statistics of one upload, in the transaction that publishes it."""
    rows = [
        {
            "upload_no": upload_no,
            "soort": kind.soort,
            "partner": partner,
            "received_at": received_at,
            "rows": kind.rows,
            "median_cents": kind.median_cents,
        }
        for kind in kinds
    ]
    if rows:
        conn.execute(sa.insert(upload_statistic), rows)


def of_partner(conn: Connection, *, partner: str, since: dt.datetime) -> list[PastKind]:
    """Statistics of uploads received at or after `since`.

    Not of those that were held and not confirmed, nor of those that repair another.
    """
    t = upload_statistic.c
    held = sa.select(confirmation.c.upload_no).where(
        (confirmation.c.upload_no == t.upload_no) & confirmation.c.decision.is_distinct_from(Decision.DOORGEVEN.value)
    )
    repairs = sa.select(repair.c.upload_no).where(repair.c.upload_no == t.upload_no)
    query = (
        sa.select(t.upload_no, t.received_at, t.soort, t.rows, t.median_cents)
        .where((t.partner == partner) & (t.received_at >= since) & ~sa.exists(held) & ~sa.exists(repairs))
        .order_by(t.upload_no, t.soort)
    )
    return [
        PastKind(upload_no=no, received_at=at, soort=soort, rows=rows, median_cents=median)
        for no, at, soort, rows, median in conn.execute(query)
    ]
