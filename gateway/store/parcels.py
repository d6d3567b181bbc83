"""Parcels as the store keeps them: their content's whereabouts and wrapped keys."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from gateway.lifecycle import DeliveryState
from gateway.store.schema import delivery, hash_run, parcel_content, row_refusal, signaal_row, upload


class ParcelContent(Struct, frozen=True, kw_only=True):
    """Where the sealed content of a root parcel is; keys are wrapped, None once erased."""

    schema_version: int
    blob: str
    rows_segments: bytes | None
    rows_key: bytes | None
    rows_key_name: str | None
    link_segments: bytes | None
    link_key: bytes | None
    link_key_name: str | None


class ParcelRecord(Struct, frozen=True, kw_only=True):
    """A parcel that processing made, before it has a delivery id."""

    parcel_no: int
    row_count: int
    overeenkomst: str
    version: int
    systeem: str
    gemeentecode: str
    soort: str
    signaaltype: str
    opdrachtgever: str | None
    threatening: bool
    content: ParcelContent


def put_contents(conn: sa.Connection, contents: Mapping[int, ParcelContent]) -> None:
    """Insert the content of each root delivery id."""
    if contents:
        rows = [
            {"delivery_id": delivery_id, **{name: getattr(content, name) for name in ParcelContent.__struct_fields__}}
            for delivery_id, content in contents.items()
        ]
        conn.execute(sa.insert(parcel_content), rows)


def get_content(conn: sa.Connection, root_id: int) -> ParcelContent | None:
    """The content of a root parcel; None when there is none (a terugkoppeling)."""
    columns = [parcel_content.c[name] for name in ParcelContent.__struct_fields__]
    row = conn.execute(sa.select(*columns).where(parcel_content.c.delivery_id == root_id)).mappings().first()
    return None if row is None else ParcelContent(**row)


class HashRun(Struct, frozen=True, kw_only=True):
    """One sealed run of keyed row hashes: the rows of one upload under the hash key of one half year."""

    attempt_no: int
    period: str
    partner: str
    upload_no: int
    rows: int
    blob: str
    key: bytes
    key_name: str


def hash_runs(conn: sa.Connection, *, partner: str, since: object) -> list[tuple[HashRun, str]]:
    """The runs of a partner made at or after `since` (aware datetime), oldest first, each with the id of its upload."""
    columns = [hash_run.c[name] for name in HashRun.__struct_fields__]
    query = (
        sa.select(*columns, upload.c.id)
        .join(upload, upload.c.no == hash_run.c.upload_no)
        .where(hash_run.c.partner == partner, hash_run.c.created_at >= since)
        .order_by(hash_run.c.attempt_no)
    )
    return [
        (HashRun(**dict(zip(HashRun.__struct_fields__, row, strict=False))), row[-1]) for row in conn.execute(query)
    ]


def put_hash_run(conn: sa.Connection, run: HashRun, *, created_at: object) -> None:
    """Insert one run."""
    values = {name: getattr(run, name) for name in HashRun.__struct_fields__}
    conn.execute(sa.insert(hash_run).values(created_at=created_at, **values))


_GONE: Final = (DeliveryState.STOPPED, DeliveryState.REFUSED, DeliveryState.DECLINED)


def refused_after_all(conn: sa.Connection, *, partner: str, since: object) -> dict[int, list[int]]:
    """Attempt → row numbers that went on and were then stopped, declined or refused: they may come again.

    Of the runs that `hash_runs` names; attempts without such a row are left out.
    """
    trouble = (
        sa.select(delivery.c.attempt_no)
        .join(hash_run, hash_run.c.attempt_no == delivery.c.attempt_no)
        .where(hash_run.c.partner == partner, hash_run.c.created_at >= since)
        .where(sa.or_(delivery.c.state.in_(_GONE), delivery.c.refused_count > 0))
        .distinct()
    )
    return {attempt_no: _refused_rows(conn, attempt_no) for attempt_no in conn.execute(trouble).scalars().all()}


def _refused_rows(conn: sa.Connection, attempt_no: int) -> list[int]:
    within = sa.and_(
        delivery.c.attempt_no == signaal_row.c.attempt_no,
        delivery.c.parcel_no == signaal_row.c.parcel_no,
        delivery.c.position_from <= signaal_row.c.position,
        signaal_row.c.position < delivery.c.position_to,
    )
    refusal = sa.and_(
        row_refusal.c.root_id == sa.func.coalesce(delivery.c.root_id, delivery.c.id),
        row_refusal.c.position == signaal_row.c.position,
    )
    query = (
        sa.select(signaal_row.c.row_no)
        .join(delivery, within)
        .outerjoin(row_refusal, refusal)
        .where(
            signaal_row.c.attempt_no == attempt_no,
            sa.or_(delivery.c.state.in_(_GONE), row_refusal.c.position.is_not(None)),
        )
    )
    return sorted({int(number) for number in conn.execute(query).scalars()})
