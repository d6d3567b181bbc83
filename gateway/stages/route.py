"""Route: postcode -> gemeente, on frames. What is not certain is refused: never the first of several.

Findings: `postcode_onbekend`, `postcode_meer_gemeenten`, `gemeentecode_strijdig`, `gemeentecode_onbekend` and
`geen_gemeente` refuse the row; `gemeente_opgeheven` and `postcode_niet_in_tabel` are remarks. Without a table the row's
own code routes, with one remark for the file (`zonder_postcodetabel`): the caller's, since a file has many blocks.
"""

import datetime as dt
from typing import Final

import polars as pl

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.opvolgers import OPVOLGERS, opvolger
from contracts.row_states import RowState

REFERENCE: Final = pl.Schema({"pc4": pl.Int32(), "gemeentecode": pl.String()})
"""The reference table as loaded: a postcode's four digits and a gemeente it lies in; several lines for several."""

_FINDINGS: Final = pl.Schema({"row_no": pl.UInt32(), "code": pl.String(), "vorm": pl.String()})
_REFUSING: Final = (
    "gemeentecode_onbekend",
    "postcode_onbekend",
    "postcode_meer_gemeenten",
    "gemeentecode_strijdig",
    "geen_gemeente",
)
_REMARKS: Final = ("gemeente_opgeheven", "postcode_niet_in_tabel")


def route_block(
    rows: pl.DataFrame, reference: pl.DataFrame | None, today: dt.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows with `gemeentecode` resolved and `state` set, findings in the schema of stages).

    Needs `row_no`, `state`, `postcode` (1234AB or null) and `gemeentecode` (as the row names it, or null); order and
    other columns stay. A refused row's `gemeentecode` is null. `reference`: schema REFERENCE, or None.
    """
    judged = _judge(_with_places(rows, reference, today), has_table=reference is not None)
    findings = _findings(judged)
    refused = pl.any_horizontal(*_REFUSING)
    state = pl.when(refused & (pl.col("state") == 0)).then(pl.lit(int(RowState.REGEL_AFGEKEURD))).otherwise("state")
    resolved = pl.when(refused).then(None).otherwise(pl.coalesce("_own", "_only"))
    routed = judged.with_columns(state.cast(pl.UInt8).alias("state"), resolved.alias("gemeentecode"))
    return routed.select(rows.columns), findings


def _with_places(rows: pl.DataFrame, reference: pl.DataFrame | None, today: dt.date) -> pl.DataFrame:
    """Adds `_own` (the row's own code, followed to its successor) and `_places` (the postcode's gemeenten, or null)."""
    successors = {code: opvolger(code, on=today) for code in OPVOLGERS}
    own = pl.col("gemeentecode").replace(successors).alias("_own")
    if reference is None:
        return rows.with_columns(own, pl.lit(None, dtype=pl.List(pl.String)).alias("_places"))
    places = (
        reference.with_columns(pl.col("gemeentecode").replace(successors))
        .group_by("pc4")
        .agg(pl.col("gemeentecode").unique().alias("_places"))
        .select(pl.col("pc4").cast(pl.Int32).alias("_pc4"), "_places")
    )
    pc4 = pl.col("postcode").str.slice(0, 4).cast(pl.Int32, strict=False).alias("_pc4")
    return rows.with_columns(own, pc4).join(places, on="_pc4", how="left", maintain_order="left")


def _judge(rows: pl.DataFrame, *, has_table: bool) -> pl.DataFrame:
    """Adds `_only` (the postcode's single gemeente) and one Boolean per finding.

    A row without a usable postcode has that finding already; only its own code is judged here.
    """
    own, places = pl.col("_own"), pl.col("_places")
    named = own.is_not_null()
    real = own.is_in(list(GEMEENTEN)).fill_null(value=False)
    has_postcode = pl.col("postcode").is_not_null()
    listed = places.is_not_null()
    several = (places.list.len() > 1).fill_null(value=False)
    agrees = places.list.contains(own).fill_null(value=False)
    looked_up = has_postcode & pl.lit(has_table)
    return rows.with_columns(
        pl.when(~several).then(places.list.first()).alias("_only"),
        (named & ~real).alias("gemeentecode_onbekend"),
        (looked_up & ~listed & ~named).alias("postcode_onbekend"),
        (several & ~named).alias("postcode_meer_gemeenten"),
        (real & listed & ~agrees).alias("gemeentecode_strijdig"),
        (has_postcode & pl.lit(not has_table) & ~named).alias("geen_gemeente"),
        (named & (pl.col("gemeentecode") != own)).fill_null(value=False).alias("gemeente_opgeheven"),
        (looked_up & ~listed & real).alias("postcode_niet_in_tabel"),
    )


def _findings(judged: pl.DataFrame) -> pl.DataFrame:
    """By row. Most codes occur in no row of a block: those cost one look at all of them together."""
    codes = (*_REFUSING, *_REMARKS)
    occurs = judged.select(pl.col(codes).any()).row(0)
    found = [_finding(judged, code) for code, any_ in zip(codes, occurs, strict=True) if any_]
    return pl.concat(found).sort("row_no", maintain_order=True) if found else pl.DataFrame(schema=_FINDINGS)


def _finding(judged: pl.DataFrame, code: str) -> pl.DataFrame:
    found = judged.filter(pl.col(code)).select("row_no", pl.lit(code).alias("code"), pl.lit(None).alias("vorm"))
    return found.select(pl.col(name).cast(dtype) for name, dtype in _FINDINGS.items())
