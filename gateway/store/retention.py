"""What is due to be forgotten, and forgetting it: wrapped keys become NULL, rows of hash runs go.

Each function is one bounded statement or two; the caller repeats it until it has nothing left to do.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.lifecycle import UNFINISHED, DeliveryState, UploadState
from gateway.store.schema import (
    confirmation,
    delivery,
    hash_run,
    parcel_content,
    processing_attempt,
    refused_content,
    upload,
    upload_statistic,
)

_UNFINISHED: Final = [int(state) for state in UNFINISHED]


class KeptParcel(Struct, frozen=True, kw_only=True):
    """A root parcel whose content can still be opened. Keys are wrapped; both None: already forgotten."""

    delivery_id: int
    rows_key: bytes | None
    rows_key_name: str | None
    link_key: bytes | None
    link_key_name: str | None


class SettledParcel(KeptParcel, frozen=True, kw_only=True):
    """All its leaves have a final state. `delivered`, `refused`: at least one row was."""

    delivered: bool
    refused: bool


class Expiry(Struct, frozen=True, kw_only=True):
    """When rows and link of a settled parcel are forgotten."""

    rows: dt.datetime
    link: dt.datetime


_KEYS: Final = tuple(parcel_content.c[name] for name in KeptParcel.__struct_fields__)
_KEPT: Final = parcel_content.c.rows_key.is_not(None) | parcel_content.c.link_key.is_not(None)
_NOT_SETTLED: Final = parcel_content.c.rows_expire_at.is_(None) & parcel_content.c.link_expire_at.is_(None)


def _has_leaf(condition: sa.ColumnElement[bool]) -> sa.Exists:
    return sa.exists().where((delivery.c.root_id == parcel_content.c.delivery_id) & condition)


_FINISHED: Final = ~_has_leaf(delivery.c.state.in_(_UNFINISHED))
_ACCEPTED: Final = delivery.c.state == int(DeliveryState.ACCEPTED)
_DELIVERED: Final = _has_leaf(_ACCEPTED & (delivery.c.refused_count < delivery.c.row_count))
_REFUSED: Final = _has_leaf(
    delivery.c.state.in_([int(DeliveryState.REFUSED), int(DeliveryState.DECLINED)])
    | (_ACCEPTED & (delivery.c.refused_count > 0))
)


def finished(conn: Connection, *, limit: int) -> list[int]:
    """Roots that are finished while nobody said when they expire (two last leaves settled at the same moment)."""
    query = sa.select(parcel_content.c.delivery_id).where(_KEPT & _NOT_SETTLED & _FINISHED)
    return list(conn.scalars(query.order_by(parcel_content.c.delivery_id).limit(limit)))


def settled(conn: Connection, root_ids: Collection[int]) -> list[SettledParcel]:
    """Those of `root_ids` that are finished and have no expiry yet."""
    query = sa.select(*_KEYS, _DELIVERED.label("delivered"), _REFUSED.label("refused")).where(
        parcel_content.c.delivery_id.in_(root_ids) & _KEPT & _NOT_SETTLED & _FINISHED
    )
    return [SettledParcel(**row) for row in conn.execute(query).mappings()]


def waiting_under(conn: Connection, key_names: Collection[str], *, limit: int) -> list[KeptParcel]:
    """Unsettled parcels with a data key that one of these keys wrapped."""
    under = parcel_content.c.rows_key_name.in_(key_names) | parcel_content.c.link_key_name.in_(key_names)
    query = sa.select(*_KEYS).where(_KEPT & _NOT_SETTLED & under).order_by(parcel_content.c.delivery_id).limit(limit)
    return [KeptParcel(**row) for row in conn.execute(query).mappings()]


def replace_keys(conn: Connection, before: KeptParcel, after: KeptParcel, *, expiry: Expiry | None) -> bool:
    """Compare-and-set of the wrapped keys; False when another process replaced them meanwhile.

    `expiry` None: not settled yet. A key that becomes None takes the list of its segments with it.
    """
    t = parcel_content.c
    unchanged = (
        (t.delivery_id == before.delivery_id)
        & t.rows_key_name.is_not_distinct_from(before.rows_key_name)
        & t.link_key_name.is_not_distinct_from(before.link_key_name)
        & _NOT_SETTLED
    )
    values: dict[str, Any] = {name: getattr(after, name) for name in KeptParcel.__struct_fields__[1:]}
    values |= {} if after.rows_key is not None else {"rows_segments": None}
    values |= {} if after.link_key is not None else {"link_segments": None}
    values |= {} if expiry is None else {"rows_expire_at": expiry.rows, "link_expire_at": expiry.link}
    return conn.execute(sa.update(parcel_content).where(unchanged).values(values)).rowcount == 1


def forget_rows(conn: Connection, *, now: dt.datetime, limit: int) -> int:
    """The rows of parcels that expired; how many parcels."""
    t = parcel_content.c
    due = sa.select(t.delivery_id).where(t.rows_key.is_not(None) & (t.rows_expire_at <= now)).limit(limit)
    gone = {"rows_key": None, "rows_key_name": None, "rows_segments": None}
    return _forget(conn, parcel_content, t.delivery_id, due, gone)


def forget_links(conn: Connection, *, now: dt.datetime, limit: int) -> int:
    """The links of parcels that expired; how many parcels."""
    t = parcel_content.c
    due = sa.select(t.delivery_id).where(t.link_key.is_not(None) & (t.link_expire_at <= now)).limit(limit)
    gone = {"link_key": None, "link_key_name": None, "link_segments": None}
    return _forget(conn, parcel_content, t.delivery_id, due, gone)


def forget_findings(conn: Connection, *, settled_by: dt.datetime, limit: int) -> int:
    """The findings of uploads that were settled by then; how many uploads."""
    t = upload.c
    due = sa.select(t.no).where(t.findings_key.is_not(None) & (t.settled_at <= settled_by)).limit(limit)
    gone = {"findings_key": None, "findings_key_name": None, "findings_blob": None}
    return _forget(conn, upload, t.no, due, gone)


def forget_file_names(conn: Connection, *, created_by: dt.datetime, limit: int) -> int:
    """The sealed names of uploads that were made by then; how many."""
    due = sa.select(upload.c.no).where(upload.c.name_sealed.is_not(None) & (upload.c.created_at <= created_by))
    return _forget(conn, upload, upload.c.no, due.limit(limit), {"name_sealed": None})


def delete_hash_runs(conn: Connection, *, created_by: dt.datetime, limit: int) -> int:
    """Runs of hashes that were made by then; how many rows."""
    due = sa.select(hash_run.c.attempt_no).where(hash_run.c.created_at <= created_by).distinct().limit(limit)
    attempts = list(conn.scalars(due))
    return conn.execute(sa.delete(hash_run).where(hash_run.c.attempt_no.in_(attempts))).rowcount


def delete_refused(conn: Connection, *, now: dt.datetime, limit: int) -> int:
    """What was kept of refused rows and expired; how many blobs."""
    t = refused_content.c
    due = sa.select(t.upload_no, t.kind).where(t.expires_at <= now).order_by(t.expires_at).limit(limit)
    gone = [tuple(row) for row in conn.execute(due)]
    doomed = sa.tuple_(t.upload_no, t.kind).in_(gone)
    return conn.execute(sa.delete(refused_content).where(doomed)).rowcount if gone else 0


def delete_statistics(conn: Connection, *, made_by: dt.datetime, limit: int) -> int:
    """What was usual by then, and held uploads that were decided by then; how many lines."""
    t, c = upload_statistic.c, confirmation.c
    old = sa.select(t.upload_no).where(t.received_at <= made_by).distinct().limit(limit)
    decided = sa.select(c.upload_no).where(c.decided_at <= made_by).limit(limit)
    gone = conn.execute(sa.delete(upload_statistic).where(t.upload_no.in_(list(conn.scalars(old))))).rowcount
    return gone + conn.execute(sa.delete(confirmation).where(c.upload_no.in_(list(conn.scalars(decided))))).rowcount


def wrapping_keys_in_use(conn: Connection) -> set[str]:
    """Names of the keys under which something is wrapped that is kept (file names say it inside, so not those)."""
    pairs = (
        (parcel_content.c.rows_key_name, parcel_content.c.rows_key),
        (parcel_content.c.link_key_name, parcel_content.c.link_key),
        (upload.c.findings_key_name, upload.c.findings_key),
        (hash_run.c.key_name, hash_run.c.key),
        (refused_content.c.key_name, refused_content.c.key),
    )
    return {
        str(found) for name, key in pairs for found in conn.scalars(sa.select(name).where(key.is_not(None)).distinct())
    }


def hash_periods_in_use(conn: Connection) -> set[tuple[str, str]]:
    """(partner, period) of every run of hashes that is kept."""
    query = sa.select(hash_run.c.partner, hash_run.c.period).distinct()
    return {(partner, period) for partner, period in conn.execute(query)}


def processing_since(conn: Connection) -> dt.datetime | None:
    """When the oldest processing that is under way began: what it wraps is not in the tables yet."""
    under_way = (processing_attempt.c.upload_no == upload.c.no) & (upload.c.state == int(UploadState.PROCESSING))
    query = sa.select(processing_attempt.c.started_at).join(upload, under_way)
    return conn.scalar(query.order_by(processing_attempt.c.started_at).limit(1))


def blobs_in_use(conn: Connection, names: Sequence[str]) -> set[str]:
    """Those of `names` that something kept, or processing that is under way, refers to."""
    under_way = (processing_attempt.c.upload_no == upload.c.no) & (upload.c.state == int(UploadState.PROCESSING))
    queries = (
        sa.select(upload.c.blob).where(upload.c.blob.in_(names)),
        sa.select(upload.c.findings_blob).where(upload.c.findings_blob.in_(names)),
        sa.select(hash_run.c.blob).where(hash_run.c.blob.in_(names)),
        sa.select(refused_content.c.blob).where(refused_content.c.blob.in_(names)),
        sa.select(parcel_content.c.blob).where(_KEPT & parcel_content.c.blob.in_(names)).distinct(),
        sa.select(processing_attempt.c.blob).join(upload, under_way).where(processing_attempt.c.blob.in_(names)),
    )
    return {str(name) for query in queries for name in conn.scalars(query)}


def upload_states(conn: Connection, ids: Sequence[str]) -> dict[str, UploadState]:
    """The states of those of `ids` that exist."""
    query = sa.select(upload.c.id, upload.c.state).where(upload.c.id.in_(ids))
    return {id_: UploadState(state) for id_, state in conn.execute(query)}


def _forget(conn: Connection, table: sa.Table, key: sa.Column[int], due: sa.Select[Any], gone: dict[str, None]) -> int:
    """Set columns to NULL in the rows that are due."""
    ids = list(conn.scalars(due))
    conn.execute(sa.update(table).where(key.in_(ids)).values(gone))
    return len(ids)
