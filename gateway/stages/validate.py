"""Check a block: every rule on every row, all findings at once; text becomes typed columns.

Two passes keep it near the speed of reading. The quick one reads every column in its plain form and asks per column
whether anything was not plain. Only columns in doubt are stripped, read thoroughly and judged by the rules of form.
Findings stay columns from beginning to end: a file in which every row is bad costs about as much as a good one.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from contracts.layout import KOLOMMEN
from contracts.row_states import RowState
from contracts.signaal import MOGELIJK_BEDREIGEND, Signaaltype, Soort
from gateway.stages.dialect import Dialect
from gateway.stages.fields import READINGS, one_of, text, value
from gateway.stages.frames import CHECKED_ROWS, FINDINGS, SIGNAAL_FIELDS, fits
from gateway.stages.policy import Policy
from gateway.stages.rule import Rule, When
from gateway.stages.rules import JUDGED, MISFIT
from gateway.stages.shape import no_shapes, shapes

_COLUMNS: Final = tuple(kolom.naam for kolom in KOLOMMEN)
_LAYOUT_NAME: Final = {"opdrachtgever": "opdrachtgever_kvk"}
"""Field of a Signaal → layout column, where they differ."""
_PRIORITY: Final = (RowState.BSN_NIET_TOEGESTAAN, RowState.BEZWAAR, RowState.REGEL_AFGEKEURD)
"""The first that holds is the state of the row: what may not be kept at all goes first (domain rule 7)."""


@dataclass(frozen=True)
class Checked:
    """`rows` (schema CHECKED_ROWS): every row of the block; `findings` (schema FINDINGS): by row, then by rule."""

    rows: pl.DataFrame
    findings: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class _Block:
    """The working frame: text "x", value "v:x", `is_zorg`, `row_no`, `misfit`; and what it shows of each column."""

    frame: pl.DataFrame
    empty: frozenset[str]
    filled: frozenset[str]
    doubt: frozenset[str]

    def needs(self, rule: Rule) -> bool:
        """Whether `rule` can hold anywhere in this block."""
        match rule.when:
            case When.ALWAYS:
                return True
            case When.EMPTY:
                return rule.veld in self.empty
            case When.FILLED:
                return rule.veld in self.filled
            case When.DOUBT:
                return rule.veld in self.doubt


def validate_block(raw: pl.DataFrame, dialect: Dialect, policy: Policy) -> Checked:
    """Check a frame of schema RAW; raises nothing for anything a partner can send."""
    block = _read(raw, dialect, policy)
    rules = [rule for rule in JUDGED if block.needs(rule)]
    flags = block.frame.select(rule.condition(policy, dialect).alias(rule.code) for rule in rules)
    flags = _of_misfits(block.frame, flags, rules)
    hit = [rule for rule, number in zip((*rules, MISFIT), flags.sum().row(0), strict=True) if number]
    return Checked(
        rows=fits(_rows(block, flags, hit), CHECKED_ROWS),
        findings=fits(_findings(block.frame, flags, hit), FINDINGS),
    )


def _of_misfits(frame: pl.DataFrame, flags: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    """Add MISFIT; where it holds, silence the rules that would speak of the wrong column."""
    misfit = frame["misfit"]
    if misfit.any():
        quiet = [rule.code for rule in rules if not rule.final]
        flags = flags.with_columns(pl.col(quiet) & ~misfit)
    return flags.with_columns(misfit.alias(MISFIT.code))


def _read(raw: pl.DataFrame, dialect: Dialect, policy: Policy) -> _Block:
    constants = policy.partner.constanten
    frame = _with_constants(raw, constants)
    filled = [name for name in _COLUMNS if frame[name].null_count() < frame.height]
    frame = frame.with_columns(_typed(name, READINGS[name].quick(dialect)) for name in filled)
    doubts = frame.select(READINGS[name].doubt(dialect).alias(name) for name in filled)
    doubt = [name for name in filled if doubts[name].item()]
    if doubt:
        frame = _with_constants(frame.with_columns(_stripped(name) for name in doubt), constants)
        frame = frame.with_columns(_typed(name, READINGS[name].thorough(dialect)) for name in doubt)
    frame = frame.with_columns(
        *(pl.lit(None, dtype=_TYPES[name]).alias(f"v:{name}") for name in _COLUMNS if name not in filled),
    ).with_columns(is_zorg=value("soort").eq_missing(pl.lit(Soort.ZORG.value)))
    return _Block(
        frame=frame,
        empty=frozenset(name for name in _COLUMNS if frame[name].null_count()),
        filled=frozenset(name for name in _COLUMNS if frame[name].null_count() < frame.height),
        doubt=frozenset(doubt),
    )


def _with_constants(frame: pl.DataFrame, constants: dict[str, str]) -> pl.DataFrame:
    """A partner's constant fills what is empty; a filled field wins from it."""
    fills = [pl.col(name).fill_null(constants[name]) for name in _COLUMNS if constants.get(name)]
    return frame.with_columns(fills) if fills else frame


def _stripped(name: str) -> pl.Expr:
    stripped = text(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped).alias(name)


_TYPES: Final = {
    name: SIGNAAL_FIELDS[field] for field, name in ((f, _LAYOUT_NAME.get(f, f)) for f in SIGNAAL_FIELDS)
} | {name: pl.Boolean() for name in _COLUMNS if name not in SIGNAAL_FIELDS and name != "opdrachtgever_kvk"}


def _typed(name: str, expr: pl.Expr) -> pl.Expr:
    return expr.cast(_TYPES[name]).alias(f"v:{name}")


def _rows(block: _Block, flags: pl.DataFrame, hit: list[Rule]) -> pl.DataFrame:
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
    fields = (special.get(f, value(_LAYOUT_NAME.get(f, f))).alias(f) for f in SIGNAAL_FIELDS)
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
    if not hit:
        return pl.DataFrame(schema=FINDINGS)
    return pl.concat([_finding(frame, flags[rule.code], rule) for rule in hit]).sort("row_no", maintain_order=True)


def _finding(frame: pl.DataFrame, flag: pl.Series, rule: Rule) -> pl.DataFrame:
    row_no = frame["row_no"].filter(flag)
    vorm = no_shapes(len(row_no)) if rule.veld is None else shapes(frame[rule.veld].filter(flag), rule.veld)
    return pl.DataFrame({"row_no": row_no}).with_columns(pl.lit(rule.code).alias("code"), vorm)
