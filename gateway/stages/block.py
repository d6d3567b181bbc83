"""One block as the rules see it: the text and the value of every column, and what the block shows of each.

Two passes keep it near the speed of reading. The quick one reads every column in its plain form and asks per column
whether anything was not plain. Only columns in doubt are stripped and read thoroughly, each distinct text once where
texts repeat. So a file in which every row is bad costs about as much as a good one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from contracts.layout import KOLOMMEN
from contracts.signaal import Soort
from gateway.stages.dialect import Dialect
from gateway.stages.fields import READINGS, text, value
from gateway.stages.frames import SIGNAAL_FIELDS
from gateway.stages.policy import Policy
from gateway.stages.rule import Rule, When

LAYOUT_NAME: Final = {"opdrachtgever": "opdrachtgever_kvk"}
"""Field of a Signaal → layout column, where they differ."""
_COLUMNS: Final = tuple(kolom.naam for kolom in KOLOMMEN)
_TYPES: Final = dict.fromkeys(_COLUMNS, pl.Boolean()) | {
    LAYOUT_NAME.get(field, field): dtype for field, dtype in SIGNAAL_FIELDS.items()
}
_REPEATS: Final = 4
"""From this many rows per distinct text on, looking the value up is cheaper than reading it again."""
_AS_SENT: Final = "as sent"
_ABSENT: Final = {name: pl.lit(None, dtype=dtype).alias(f"v:{name}") for name, dtype in _TYPES.items()}
_IS_ZORG: Final = value("soort").eq_missing(pl.lit(Soort.ZORG.value))
_NOT_ZORG: Final = pl.lit(value=False)


@dataclass(frozen=True, kw_only=True)
class Block:
    """The working frame: `row_no`, `misfit`, `is_zorg`; text "x", value "v:x" and, where in doubt, bare text "b:x".

    `empty`, `filled`, `doubt`: columns with an empty field, with a filled one, with text that is not plain.
    """

    frame: pl.DataFrame
    empty: frozenset[str]
    filled: frozenset[str]
    doubt: frozenset[str]

    def needs(self, rule: Rule) -> bool:
        """Whether `rule` can hold anywhere in this block."""
        match rule.when:
            case When.EMPTY:
                return rule.veld in self.empty
            case When.FILLED:
                return rule.veld in self.filled
            case When.DOUBT:
                return rule.veld in self.doubt


class BlockReader:
    """Reads the blocks of one file."""

    def __init__(self, dialect: Dialect, policy: Policy) -> None:
        self._dialect = dialect
        self._constants = policy.partner.constanten
        self._quick = {name: _typed(name, READINGS[name].quick(dialect)) for name in _COLUMNS}
        self._doubt = {name: READINGS[name].doubt(dialect).alias(name) for name in _COLUMNS}

    def read(self, raw: pl.DataFrame) -> Block:
        """Read a frame of schema RAW; the partner's constants fill what is empty."""
        constants = self._constants
        frame = raw.with_columns(_filled_up(name, constants) for name in _COLUMNS if constants.get(name))
        filled = _filled(frame)
        frame = frame.with_columns(self._quick[name] for name in filled)
        doubts = frame.select(self._doubt[name] for name in filled)
        doubt = [name for name in filled if doubts[name].item()]
        for name in doubt:
            frame = frame.with_columns(_reread(frame.select(name), name, self._dialect, constants))
        absent = (_ABSENT[name] for name in _COLUMNS if name not in filled)
        frame = frame.with_columns(*absent, is_zorg=_IS_ZORG if "soort" in filled else _NOT_ZORG)
        return Block(
            frame=frame,
            empty=frozenset(name for name in _COLUMNS if frame[name].null_count()),
            filled=frozenset(_filled(frame)),
            doubt=frozenset(doubt),
        )


def _filled(frame: pl.DataFrame) -> list[str]:
    return [name for name in _COLUMNS if frame[name].null_count() < frame.height]


def _filled_up(name: str, constants: Mapping[str, str]) -> pl.Expr:
    return text(name).fill_null(constants[name]) if constants.get(name) else text(name)


def _typed(name: str, expr: pl.Expr) -> pl.Expr:
    return expr.cast(_TYPES[name]).alias(f"v:{name}")


def _reread(column: pl.DataFrame, name: str, dialect: Dialect, constants: Mapping[str, str]) -> list[pl.Series]:
    """Text, bare text and value of a column in doubt."""
    as_sent = column.rename({name: _AS_SENT})
    distinct = as_sent.unique()
    if distinct.height * _REPEATS > column.height:
        return _thorough(as_sent, name, dialect, constants).drop(_AS_SENT).get_columns()
    table = _thorough(distinct, name, dialect, constants)
    looked_up = as_sent.join(table, on=_AS_SENT, how="left", maintain_order="left")
    return looked_up.drop(_AS_SENT).get_columns()


def _thorough(as_sent: pl.DataFrame, name: str, dialect: Dialect, constants: Mapping[str, str]) -> pl.DataFrame:
    stripped = pl.col(_AS_SENT).str.strip_chars()
    reading = READINGS[name]
    return (
        as_sent.with_columns(pl.when(stripped != "").then(stripped).alias(name))
        .with_columns(_filled_up(name, constants))
        .with_columns(reading.bare.alias(f"b:{name}"))
        .with_columns(_typed(name, reading.thorough(dialect)))
    )
