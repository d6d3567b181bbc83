"""What is kept of refused rows for some days, and which upload repairs which."""

import datetime as dt
import enum
from collections.abc import Collection, Mapping
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.store.schema import refused_content, repair, upload

_AT_ONCE: Final = 500


class RefusedKind(enum.StrEnum):
    """What a blob holds of refused rows."""

    HERSTEL = "herstel"
    """The rows as sent, for the repair file."""
    AANBIEDING = "aanbieding"
    """Salted hashes of rows that are not kept, for the proof that they were offered."""


class RefusedContent(Struct, frozen=True, kw_only=True):
    """One sealed blob. `key` is wrapped by the key `key_name`."""

    kind: RefusedKind
    rows: int
    blob: str
    key: bytes
    key_name: str
    expires_at: dt.datetime


class RepairLinks(Struct, frozen=True, kw_only=True):
    """Ids of uploads: which one this one repairs, and which repair it, oldest first."""

    of: str | None = None
    by: tuple[str, ...] = ()


NO_LINKS: Final = RepairLinks()
_COLUMNS: Final = tuple(refused_content.c[name] for name in RefusedContent.__struct_fields__)


def put(conn: Connection, *, upload_no: int, contents: Collection[RefusedContent]) -> None:
    """Keep these blobs of an upload until they expire."""
    for content in contents:
        values = {name: getattr(content, name) for name in RefusedContent.__struct_fields__}
        conn.execute(sa.insert(refused_content).values({**values, "kind": content.kind.value, "upload_no": upload_no}))


def find(conn: Connection, *, upload_no: int) -> dict[RefusedKind, RefusedContent]:
    """What is still kept of an upload."""
    rows = conn.execute(sa.select(*_COLUMNS).where(refused_content.c.upload_no == upload_no)).mappings()
    found = (RefusedContent(**{**row, "kind": RefusedKind(row["kind"])}) for row in rows)
    return {content.kind: content for content in found}


def link(conn: Connection, *, upload_no: int, partner: str, of_id: str) -> bool:
    """Say that this upload repairs another one of the same partner; False when there is no such one.

    The first word counts: an upload repairs one other.
    """
    other = sa.select(upload.c.no).where((upload.c.id == of_id) & (upload.c.partner == partner))
    of_no = conn.scalar(other.where(upload.c.no < upload_no))
    if of_no is None:
        return False
    if conn.scalar(sa.select(repair.c.of_no).where(repair.c.upload_no == upload_no)) is None:
        conn.execute(sa.insert(repair).values(upload_no=upload_no, of_no=of_no))
    return True


def links(conn: Connection, upload_nos: Collection[int]) -> Mapping[int, RepairLinks]:
    """The links of these uploads; those without any are absent."""
    of: dict[int, str] = {}
    by: dict[int, list[str]] = {}
    wanted = sorted(upload_nos)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        of.update((no, id_) for no, id_ in conn.execute(_ids(key=repair.c.upload_no, other=repair.c.of_no, nos=some)))
        for no, id_ in conn.execute(_ids(key=repair.c.of_no, other=repair.c.upload_no, nos=some)):
            by.setdefault(no, []).append(id_)
    return {no: RepairLinks(of=of.get(no), by=tuple(by.get(no, ()))) for no in {*of, *by}}


def _ids(*, key: sa.Column[int], other: sa.Column[int], nos: Collection[int]) -> sa.Select[int, str]:
    return sa.select(key, upload.c.id).join(upload, upload.c.no == other).where(key.in_(nos)).order_by(upload.c.no)
