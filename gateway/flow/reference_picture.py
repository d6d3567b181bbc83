"""What loading would change, in numbers and names: for an operator to look at before it is done."""

import datetime as dt

import polars as pl
from msgspec import Struct

from contracts.codelists.indeling import Indeling
from gateway.flow.kit import Kit
from gateway.flow.reference import Part, Plan
from gateway.stages.postcodes import Counts, counts
from gateway.store import reference
from gateway.store.reference import Kind, Version

MOVED_SHOWN = 20
"""Postcodes named at most."""


class Move(Struct, frozen=True, kw_only=True):
    """Four digits that lie elsewhere than before. `before`, `after`: codes, ended ones followed."""

    pc4: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class PostcodePicture(Struct, frozen=True, kw_only=True):
    """`before`: of the version that holds now on the day of the new one, None without any. `moved`: how many."""

    version: Version | None
    before: Counts | None
    after: Counts
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    moved: int = 0
    moves: tuple[Move, ...] = ()


class Named(Struct, frozen=True, kw_only=True):
    """A gemeente; `where`: what became of it."""

    code: str
    naam: str
    where: str = ""


class GemeentenPicture(Struct, frozen=True, kw_only=True):
    """How a list differs from the one that would hold on its day without it."""

    before: int
    after: int
    came: tuple[Named, ...]
    went: tuple[Named, ...]
    renamed: tuple[Named, ...]


def postcode_picture(kit: Kit, part: Part, indeling: Indeling) -> PostcodePicture:
    """The picture of a part that is a table."""
    assert part.table is not None
    day = part.new.valid_from
    with kit.db.read() as conn:
        version = reference.in_force(conn, Kind.POSTCODES, on=day)
        table = None if version is None else reference.postcodes_of(conn, version)
    after = _per_pc4(part.table, indeling, day)
    if table is None:
        return PostcodePicture(version=None, before=None, after=counts(part.table))
    both = _per_pc4(table, indeling, day).join(after, on="pc4", suffix="_new")
    moved = both.filter(pl.col("codes") != pl.col("codes_new")).sort("pc4")
    before_codes, after_codes = set(table["gemeentecode"]), set(part.table["gemeentecode"])
    return PostcodePicture(
        version=version,
        before=counts(table),
        after=counts(part.table),
        came=tuple(sorted(after_codes - before_codes)),
        went=tuple(sorted(before_codes - after_codes)),
        moved=moved.height,
        moves=tuple(
            Move(pc4=pc4, before=tuple(old), after=tuple(new)) for pc4, old, new in moved.head(MOVED_SHOWN).iter_rows()
        ),
    )


def _per_pc4(table: pl.DataFrame, indeling: Indeling, day: dt.date) -> pl.DataFrame:
    """(pc4, codes): sorted, each once, as of that day."""
    followed = {code: indeling.opvolger(code, on=day) for code in table["gemeentecode"].unique()}
    pc4 = pl.col("postcode").str.slice(0, 4).alias("pc4")
    return table.group_by(pc4).agg(pl.col("gemeentecode").replace(followed).unique().sort().alias("codes"))


def gemeenten_picture(plan: Plan, day: dt.date) -> GemeentenPicture:
    """The picture of a list that holds from `day` on."""
    before, after = dict(plan.before.gemeenten(day)), dict(plan.after.gemeenten(day))
    return GemeentenPicture(
        before=len(before),
        after=len(after),
        came=tuple(Named(code=code, naam=after[code]) for code in sorted(after.keys() - before.keys())),
        went=tuple(
            Named(code=code, naam=before[code], where=whereto(plan.after, code, day))
            for code in sorted(before.keys() - after.keys())
        ),
        renamed=tuple(
            Named(code=code, naam=before[code], where=after[code])
            for code in sorted(before.keys() & after.keys())
            if before[code] != after[code]
        ),
    )


def whereto(indeling: Indeling, code: str, day: dt.date) -> str:
    """`1979 Eemsdelta`, or several for a divided one; empty when it has not ended on that day."""
    followed = indeling.opvolgers(code, on=day)
    return "" if followed == (code,) else ", ".join(f"{now} {indeling.naam(now)}".strip() for now in followed)
