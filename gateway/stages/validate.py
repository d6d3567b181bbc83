"""Check a block: every rule on every row, all findings at once; text becomes typed columns.

`block` reads the columns; here the rules judge them, but for those that can hold nowhere in the block. Findings stay
columns from beginning to end: a file in which every row is bad costs about as much as a good one.
"""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from contracts.row_states import RowState
from contracts.signaal import MOGELIJK_BEDREIGEND, Signaaltype
from gateway.stages.block import LAYOUT_NAME, SPREAD_OUT, Block, BlockReader
from gateway.stages.columns import one_of, value
from gateway.stages.dialect import Dialect
from gateway.stages.frames import CHECKED_ROWS, FINDINGS, SIGNAAL_FIELDS, fits
from gateway.stages.policy import Policy
from gateway.stages.rule import Rule, When
from gateway.stages.rules import JUDGED, MISFIT
from gateway.stages.shape import no_shapes, shapes

_SORTED_ROWS: Final = 4_096
"""Rows whose findings are sorted together."""
_PRIORITY: Final = (RowState.BSN_NIET_TOEGESTAAN, RowState.BEZWAAR, RowState.REGEL_AFGEKEURD)
"""The first that holds is the state of the row: what may not be kept at all goes first (domain rule 7)."""


@dataclass(frozen=True)
class Checked:
    """`rows` (schema CHECKED_ROWS): every row of the block; `findings` (schema FINDINGS): by row, then by rule.

    `sent`: the same rows as sent (`parse.Records.sent`), without columns where nobody needs them.
    """

    rows: pl.DataFrame
    findings: pl.DataFrame
    sent: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"row_no": pl.UInt32}))


class Checker:
    """Checks the blocks of one file. What the rules ask is put together once, not again for every block."""

    def __init__(self, dialect: Dialect, policy: Policy) -> None:
        conditions = [(rule, rule.condition(policy, dialect).alias(rule.code)) for rule in JUDGED]
        about_text: dict[str, list[pl.Expr]] = {}
        for rule, condition in conditions:
            if rule.veld is not None and _is_about_text(rule, condition):
                about_text.setdefault(rule.veld, []).append(condition)
        told = {condition.meta.output_name() for exprs in about_text.values() for condition in exprs}
        self._reader = BlockReader(dialect, policy, about_text)
        self._conditions = [(rule, pl.col(rule.code) if rule.code in told else asked) for rule, asked in conditions]

    def check(self, raw: pl.DataFrame) -> Checked:
        """Check a frame of schema RAW; raises nothing for anything a partner can send."""
        block = self._reader.read(raw)
        asked = [(rule, condition) for rule, condition in self._conditions if block.needs(rule)]
        rules = [rule for rule, _ in asked]
        flags = _of_misfits(block.frame, block.frame.select(condition for _, condition in asked), rules)
        hit = [rule for rule, number in zip((*rules, MISFIT), flags.sum().row(0), strict=True) if number]
        return Checked(
            rows=fits(_rows(block, flags, hit), CHECKED_ROWS),
            findings=fits(_findings(block.frame, flags, hit), FINDINGS),
        )


def _is_about_text(rule: Rule, condition: pl.Expr) -> bool:
    """Nothing but what is read of one text in doubt decides, so that it can be judged where that is read."""
    own = {rule.veld, f"b:{rule.veld}", f"v:{rule.veld}"}
    return rule.when is When.DOUBT and rule.veld not in SPREAD_OUT and set(condition.meta.root_names()) <= own


def validate_block(raw: pl.DataFrame, dialect: Dialect, policy: Policy) -> Checked:
    """Check one block by itself."""
    return Checker(dialect, policy).check(raw)


def _of_misfits(frame: pl.DataFrame, flags: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    """Add MISFIT; where it holds, silence the rules that would speak of the wrong column."""
    misfit = frame["misfit"]
    if misfit.any():
        quiet = [rule.code for rule in rules if not rule.final]
        flags = flags.with_columns(pl.col(quiet) & ~misfit)
    return flags.with_columns(misfit.alias(MISFIT.code))


def _rows(block: Block, flags: pl.DataFrame, hit: list[Rule]) -> pl.DataFrame:
    frame = block.frame.with_columns(_state(flags, hit), *_dropped(block.frame, flags, hit))
    signaaltype = value("signaaltype").fill_null(Signaaltype.VROEGSIGNAAL.value)
    bedreigend = value("bedreigend").fill_null(value=False)
    special = {
        "signaaltype": signaaltype,
        "bedreigend": bedreigend,
        "warme_overdracht": value("warme_overdracht").fill_null(value=False),
        "producten": value("producten").fill_null([]),
        "facturen": value("facturen").fill_null([]),
        "bsn": pl.when("is_zorg").then(value("bsn")) if "bsn" in block.filled else value("bsn"),
    }
    fields = (special.get(f, value(LAYOUT_NAME.get(f, f))).alias(f) for f in SIGNAAL_FIELDS)
    threatening = bedreigend | one_of(signaaltype, MOGELIJK_BEDREIGEND)
    return frame.select("row_no", "state", threatening.alias("threatening"), *fields)


def _dropped(frame: pl.DataFrame, flags: pl.DataFrame, hit: list[Rule]) -> list[pl.Series]:
    """The value columns from which something is left out."""
    codes: dict[str, list[str]] = {}
    for rule in hit:
        if rule.drops and rule.veld is not None:
            codes.setdefault(rule.veld, []).append(rule.code)
    return [
        pl.select(pl.when(~_any(flags, found)).then(frame[f"v:{veld}"])).to_series().alias(f"v:{veld}")
        for veld, found in codes.items()
    ]


def _any(flags: pl.DataFrame, codes: list[str]) -> pl.Series:
    return flags.select(pl.any_horizontal(codes).fill_null(value=False)).to_series()


def _state(flags: pl.DataFrame, hit: list[Rule]) -> pl.Series:
    state = pl.repeat(0, flags.height, dtype=pl.UInt8, eager=True)
    for row_state in reversed(_PRIORITY):
        codes = [rule.code for rule in hit if rule.state is row_state]
        if codes:
            state = state.set(_any(flags, codes), int(row_state))
    return state.alias("state")


def _findings(frame: pl.DataFrame, flags: pl.DataFrame, hit: list[Rule]) -> pl.DataFrame:
    """By row, then by rule; some rows at a time, since sorting all that a bad block has takes as much memory again."""
    if not hit:
        return pl.DataFrame(schema=FINDINGS)
    parts = [_finding(frame, flags[rule.code], rule) for rule in hit]
    first = frame["row_no"].gather_every(_SORTED_ROWS)
    cuts = [[*part["row_no"].search_sorted(first), part.height] for part in parts]
    slices = (
        pl.concat([part.slice(cut[n], cut[n + 1] - cut[n]) for part, cut in zip(parts, cuts, strict=True)])
        for n in range(len(first))
    )
    return pl.concat([some.sort("row_no", maintain_order=True) for some in slices])


def _finding(frame: pl.DataFrame, flag: pl.Series, rule: Rule) -> pl.DataFrame:
    row_no = frame["row_no"].filter(flag)
    vorm = no_shapes(len(row_no)) if rule.veld is None else shapes(frame[rule.veld].filter(flag), rule.veld)
    return pl.DataFrame({"row_no": row_no}).with_columns(pl.lit(rule.code).alias("code"), vorm)
