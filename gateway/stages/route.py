"""Route: address -> gemeente, on frames. What is not certain is refused: never the first of several.

Findings: `postcode_onbekend`, `postcode_meer_gemeenten`, `gemeentecode_strijdig`, `gemeentecode_onbekend` and
`geen_gemeente` refuse the row; `gemeente_opgeheven` and `postcode_niet_in_tabel` are remarks. Without a table the row's
own code routes, with one remark for the file (`zonder_postcodetabel`): the caller's, since a file has many blocks.
"""

import datetime as dt
from typing import Final

import polars as pl

from contracts.codelists.indeling import Indeling
from contracts.row_states import RowState
from gateway.stages.postcodes import Places

_FINDINGS: Final = pl.Schema({"row_no": pl.UInt32(), "code": pl.String(), "vorm": pl.String()})
_REFUSING: Final = (
    "gemeentecode_onbekend",
    "postcode_onbekend",
    "postcode_meer_gemeenten",
    "gemeentecode_strijdig",
    "geen_gemeente",
)
_REMARKS: Final = ("gemeente_opgeheven", "postcode_niet_in_tabel")


class Routes:
    """What routing the rows of one file needs, made once: a table of postcodes or None, and the gemeenten of the day.

    `table`: schema `postcodes.TABLE`. `on`: the day on which the upload was received, in Europe/Amsterdam.
    """

    def __init__(self, table: pl.DataFrame | None, indeling: Indeling, on: dt.date) -> None:
        self.places = None if table is None else Places(table, indeling, on)
        self.gemeenten = list(indeling.gemeenten(on))
        self.successors = {code: indeling.opvolger(code, on=on) for code in indeling.opvolgingen}


def route_block(rows: pl.DataFrame, routes: Routes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows with `gemeentecode` resolved and `state` set, findings in the schema of stages).

    Needs `row_no`, `state`, `postcode` (1234AB or null), `huisnummer` and `gemeentecode` (as the row names it, or
    null); order and other columns stay. A refused row's `gemeentecode` is null; no other is of a gemeente not in force.
    """
    judged = _judge(_with_places(rows, routes), routes)
    findings = _findings(judged)
    refused = pl.any_horizontal(*_REFUSING)
    state = pl.when(refused & (pl.col("state") == 0)).then(pl.lit(int(RowState.REGEL_AFGEKEURD))).otherwise("state")
    resolved = pl.when(refused).then(None).otherwise(pl.coalesce("_own", "_only"))
    routed = judged.with_columns(state.cast(pl.UInt8).alias("state"), resolved.alias("gemeentecode"))
    return routed.select(rows.columns), findings


def _with_places(rows: pl.DataFrame, routes: Routes) -> pl.DataFrame:
    """Adds `_own` (the row's own code, followed to its successor) and what the table knows of the address."""
    owned = rows.with_columns(pl.col("gemeentecode").replace(routes.successors).alias("_own"))
    if routes.places is not None:
        return routes.places.of(owned)
    no, yes = pl.lit(value=False), pl.lit(value=True)
    return owned.with_columns(_only=pl.lit(None, dtype=pl.String), _listed=no, _several=no, _agrees=yes)


def _judge(rows: pl.DataFrame, routes: Routes) -> pl.DataFrame:
    """Adds one Boolean per finding.

    A row without a usable postcode has that finding already; only its own code is judged here.
    """
    own, has_table = pl.col("_own"), routes.places is not None
    named, listed = own.is_not_null(), pl.col("_listed")
    real = own.is_in(routes.gemeenten).fill_null(value=False)
    has_postcode = pl.col("postcode").is_not_null()
    looked_up = has_postcode & pl.lit(has_table)
    return rows.with_columns(
        (named & ~real).alias("gemeentecode_onbekend"),
        (looked_up & ~listed & ~named).alias("postcode_onbekend"),
        (pl.col("_several") & ~named).alias("postcode_meer_gemeenten"),
        (real & ~pl.col("_agrees")).alias("gemeentecode_strijdig"),
        (has_postcode & pl.lit(not has_table) & ~named).alias("geen_gemeente"),
        (named & (pl.col("gemeentecode") != own)).fill_null(value=False).alias("gemeente_opgeheven"),
        (looked_up & ~listed & real & pl.col("_agrees")).alias("postcode_niet_in_tabel"),
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
