"""The postcode table that routes: versions of it, of which one is current."""

import datetime as dt
from typing import Final, Literal

import polars as pl
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.store.database import Database
from gateway.store.schema import postcode_gemeente, reference_set

PC4: Final = "pc4"
"""`reference_set.kind` of a table on four-digit postcodes."""
TABLE: Final = pl.Schema({"pc4": pl.Int32(), "gemeentecode": pl.String()})


class ReferenceSet(Struct, frozen=True, kw_only=True):
    """One version of a reference table. `sha256`: of the file as loaded."""

    id: int
    kind: str
    loaded_at: dt.datetime
    sha256: str
    rows: int
    is_current: bool


def current_set(conn: Connection, *, kind: Literal["pc4"] = PC4) -> ReferenceSet | None:
    """The version in use; None before one was loaded."""
    t = reference_set.c
    query = sa.select(*(t[name] for name in ReferenceSet.__struct_fields__)).where((t.kind == kind) & t.is_current)
    row = conn.execute(query).one_or_none()
    return None if row is None else ReferenceSet(**row._mapping)  # noqa: SLF001  # SQLAlchemy's documented name


def current_table(conn: Connection) -> pl.DataFrame | None:
    """(pc4 Int32, gemeentecode String), one row per pair, sorted; None before one was loaded."""
    t = postcode_gemeente.c
    used = sa.select(reference_set.c.id).where((reference_set.c.kind == PC4) & reference_set.c.is_current)
    pairs = conn.execute(sa.select(t.pc4, t.gemeentecode).where(t.reference_id == used.scalar_subquery())).all()
    return (
        pl.DataFrame([tuple(pair) for pair in pairs], schema=TABLE, orient="row").sort(TABLE.names()) if pairs else None
    )


def insert_set(db: Database, conn: Connection, table: pl.DataFrame, *, sha256: str, moment: dt.datetime) -> int:
    """Keep a table of TABLE's schema as a version that nobody uses yet; returns its id."""
    values = {"kind": PC4, "loaded_at": moment, "sha256": sha256, "rows": table.height, "is_current": False}
    made = int(conn.execute(sa.insert(reference_set).values(values).returning(reference_set.c.id)).scalar_one())
    pairs = ((made, pc4, code) for pc4, code in table.select("pc4", "gemeentecode").iter_rows())
    db.bulk_insert(conn, postcode_gemeente, ("reference_id", "pc4", "gemeentecode"), pairs)
    return made


def make_current(conn: Connection, set_id: int) -> None:
    """Use this version from now on, and forget the others of its kind."""
    t = reference_set.c
    kind = sa.select(t.kind).where(t.id == set_id).scalar_subquery()
    others = sa.select(t.id).where((t.kind == kind) & (t.id != set_id))
    conn.execute(sa.delete(postcode_gemeente).where(postcode_gemeente.c.reference_id.in_(others)))
    conn.execute(sa.update(reference_set).where(t.id.in_(others)).values(is_current=False))
    conn.execute(sa.update(reference_set).where(t.id == set_id).values(is_current=True))
