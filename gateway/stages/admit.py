"""From checked rows to rows that go on: gate, threshold, the same thing twice. On frames, one block at a time.

The order of reasons matters because of what may be kept (domain rule 7): a BSN or an objection first, then the gate,
then the row's own errors, then the threshold, then the duplicate.
"""

from typing import Final

import polars as pl

from contracts.row_states import RowState
from contracts.signaal import Signaaltype
from gateway.stages.agreement import GATE_KEY
from gateway.stages.frames import FINDINGS

NO_FINDINGS: Final = pl.DataFrame(schema=FINDINGS)
_BEFORE_GATE: Final = [RowState.BSN_NIET_TOEGESTAAN, RowState.BEZWAAR]


def gate_keys(rows: pl.DataFrame) -> pl.DataFrame:
    """The combinations in `rows` that the gate can judge: a known gemeente and a known soort."""
    known = rows.filter(pl.col("gemeentecode").is_not_null() & pl.col("soort").is_not_null())
    return known.select(GATE_KEY).unique()


def with_verdicts(rows: pl.DataFrame, gate: pl.DataFrame) -> pl.DataFrame:
    """`rows` beside the gate's verdict on them. `gate`: schema GATE, one line per combination; null without a line."""
    verdicts = rows.select(GATE_KEY).join(
        gate.rename({"state": "gate_state"}), on=GATE_KEY, how="left", nulls_equal=True, maintain_order="left"
    )
    return rows.hstack(verdicts.drop(GATE_KEY))


def apply_gate(judged: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows with the verdict's columns and their state, findings of denied rows). `judged`: from `with_verdicts`.

    A row without a verdict is denied: the caller judged every combination, so it can only lack a gemeente or soort, an
    error by itself.
    """
    if judged["allowed"].null_count() == 0 and judged["allowed"].all():
        return judged.drop("gate_state", "code", "vorm"), NO_FINDINGS
    denied = pl.col("allowed").eq(False) & pl.col("allowed").is_not_null()  # a literal of a column
    overrules = denied & ~pl.col("state").is_in(_BEFORE_GATE)
    unjudged = pl.col("allowed").is_null() & pl.col("state").eq(0)
    state = (
        pl.when(overrules)
        .then(pl.col("gate_state"))
        .when(unjudged)
        .then(pl.lit(RowState.GEEN_OVEREENKOMST, dtype=pl.UInt8))
        .otherwise(pl.col("state"))
        .cast(pl.UInt8)
    )
    findings = judged.filter(denied | unjudged).select(
        "row_no", pl.col("code").fill_null("geen_overeenkomst"), pl.col("vorm")
    )
    return judged.with_columns(state.alias("state")).drop("gate_state", "code", "vorm"), _findings(findings)


def apply_threshold(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows, findings): a row below the gemeente's drempelbedrag is refused; possibly threatening ones are exempt."""
    if rows["drempel"].null_count() == rows.height:
        return rows, NO_FINDINGS
    below = (
        (pl.col("state") == 0) & ~pl.col("threatening") & (pl.col("bedrag") < pl.col("drempel")).fill_null(value=False)
    )
    findings = rows.filter(below).select(
        "row_no",
        pl.lit("onder_drempel").alias("code"),
        pl.format("€ {} is lager dan € {}", _euro("bedrag"), _euro("drempel")).alias("vorm"),
    )
    return _refuse(rows, below, RowState.ONDER_DREMPEL), _findings(findings)


def refuse_repeated(rows: pl.DataFrame, repeated: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Refuse the rows that `repeated` (row_no) names: the same signaal stood earlier in this file."""
    if repeated.is_empty():
        return rows, NO_FINDINGS
    hit = pl.col("row_no").is_in(repeated["row_no"].implode())
    return _refuse(rows, hit, RowState.REGEL_AFGEKEURD), _coded(repeated, "dubbel_in_bestand")


def refuse_delivered(rows: pl.DataFrame, earlier: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Refuse the rows that `earlier` (row_no, earlier_id) names: exactly this signaal was offered before."""
    if earlier.is_empty():
        return rows, NO_FINDINGS
    hit = pl.col("row_no").is_in(earlier["row_no"].implode())
    findings = earlier.select("row_no", pl.lit("al_aangeleverd").alias("code"), pl.col("earlier_id").alias("vorm"))
    return _refuse(rows, hit, RowState.AL_AANGELEVERD), _findings(findings)


FOLLOWS_A_VROEGSIGNAAL: Final = (Signaaltype.GEACTUALISEERD.value, Signaaltype.EINDELEVERING.value)
"""Types that should have had a vroegsignaal (domain rule 4)."""


def warn_of_history(rows: pl.DataFrame, known: pl.DataFrame, *, begun: pl.Series) -> pl.DataFrame:
    """Findings of rows that go on. `known`: (row_no, earlier_id) of those whose identity the partner offered before.

    A vroegsignaal of someone offered before with other content is a changed one, likely a geactualiseerd signaal that
    does not say so; a geactualiseerd signaal is linked to what it follows. Those that announce an end say so
    themselves. `begun`: row numbers of what follows a vroegsignaal in the same file.
    """
    sudden = rows.filter(pl.col("signaaltype").is_in(FOLLOWS_A_VROEGSIGNAAL))
    if not sudden.is_empty():
        sudden = sudden.join(known, on="row_no", how="anti").filter(~pl.col("row_no").is_in(begun.implode()))
    parts = [_coded(sudden, "geen_eerder_vroegsignaal")]
    if not known.is_empty():
        before = rows.select("row_no", "signaaltype").join(known, on="row_no", maintain_order="left")
        parts += [_linked(before, kind, code) for kind, code in _LINKED.items()]
    return pl.concat(parts)


_LINKED: Final = {
    Signaaltype.VROEGSIGNAAL: "gewijzigd_aangeleverd",
    Signaaltype.GEACTUALISEERD: "actualisatie_gekoppeld",
}


def _linked(before: pl.DataFrame, kind: Signaaltype, code: str) -> pl.DataFrame:
    rows = before.filter(pl.col("signaaltype") == kind.value)
    return _findings(rows.select("row_no", pl.lit(code).alias("code"), pl.col("earlier_id").alias("vorm")))


def _coded(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    return _findings(rows.select("row_no", pl.lit(code).alias("code"), pl.lit(None).alias("vorm")))


def _refuse(rows: pl.DataFrame, mask: pl.Expr, state: RowState) -> pl.DataFrame:
    new = pl.when(mask).then(pl.lit(int(state), dtype=pl.UInt8)).otherwise(pl.col("state"))
    return rows.with_columns(new.alias("state"))


def _findings(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS.items())


def _euro(column: str) -> pl.Expr:
    cents = pl.col(column)
    return pl.format("{},{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2))
