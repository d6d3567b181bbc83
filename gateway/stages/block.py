"""One block as the rules see it: the text and the value of every column, and what the block shows of each.

Two passes keep it near the speed of reading. The quick one reads every column in its plain form and asks of each text
whether it was plain. Only those that were not are stripped and read thoroughly, each distinct text once where texts
repeat. So a file in which every row is bad costs about as much as a good one, and one bad row costs nearly nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from contracts.layout import KOLOM, KOLOMMEN
from contracts.signaal import Soort
from gateway.stages.addresses import HOUSE, split_houses
from gateway.stages.columns import put, text, value
from gateway.stages.dialect import Dialect
from gateway.stages.fields import READINGS
from gateway.stages.frames import MARKS, SIGNAAL_FIELDS
from gateway.stages.identifiers import MAX_HUISNUMMER
from gateway.stages.names import without_voorvoegsel
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
SPLIT: Final = "huisnummer_gesplitst"
"""Mark of a row whose letter and addition stood behind its house number. Its name is the code of a rule."""
SPREAD_OUT: Final = frozenset({"huisnummer"})
"""Columns whose value is not settled before the whole row is read."""
_MAX_ADDITION: Final = KOLOM["huisnummertoevoeging"].max_lengte
_TEXT_FORMULA: Final = '^="([^"]*)"$'
"""How an export tells a spreadsheet to leave a text alone."""
_ABSENT: Final = {name: pl.lit(None, dtype=dtype).alias(f"v:{name}") for name, dtype in _TYPES.items()}
_IS_ZORG: Final = value("soort").eq_missing(pl.lit(Soort.ZORG.value))
_NOT_ZORG: Final = pl.lit(value=False)


@dataclass(frozen=True, kw_only=True)
class Block:
    """The working frame: `row_no`, `misfit`, `is_zorg`, marks; text "x", value "v:x" and, where in doubt, "b:x".

    `empty`, `filled`, `doubt`: columns with an empty field, with a filled one, with text that is not plain.
    `marked`: the columns of marks that some row has: `frames.MARKS`, `SPLIT`, and `told`, the codes of rules that were
    judged with the texts, null where the text is plain. Marks that no row has may be missing from the frame.
    """

    frame: pl.DataFrame
    empty: frozenset[str]
    filled: frozenset[str]
    doubt: frozenset[str]
    marked: frozenset[str]
    told: frozenset[str]

    def needs(self, rule: Rule) -> bool:
        """Whether `rule` can hold anywhere in this block."""
        if rule.code in self.told:
            return rule.code in self.marked
        match rule.when:
            case When.EMPTY:
                return rule.veld in self.empty
            case When.FILLED:
                return rule.veld in self.filled
            case When.DOUBT:
                return rule.veld in self.doubt
            case When.MARKED:
                return rule.code in self.marked


class BlockReader:
    """Reads the blocks of one file.

    `about_text`: layout column → conditions on its text, bare text and value alone, named by the codes of their rules.
    They are judged where the text is read: once for a text that occurs many times, and not at all for plain text.
    """

    def __init__(
        self, dialect: Dialect, policy: Policy, about_text: Mapping[str, Sequence[pl.Expr]] = MappingProxyType({})
    ) -> None:
        self._dialect = dialect
        self._about_text = about_text
        self._told = frozenset(expr.meta.output_name() for exprs in about_text.values() for expr in exprs)
        self._received_on = policy.received_on
        self._constants = policy.partner.constanten
        self._quick = {name: _typed(name, READINGS[name].quick(dialect)) for name in _COLUMNS}
        self._doubt = {name: READINGS[name].doubt(dialect).alias(name) for name in _COLUMNS}

    def read(self, raw: pl.DataFrame) -> Block:
        """Read a frame of schema RAW, with marks or without; the partner's constants fill what is empty."""
        constants = self._constants
        frame = raw.with_columns(_filled_up(name, constants) for name in _COLUMNS if constants.get(name))
        filled = _filled(frame)
        frame = frame.with_columns(self._quick[name] for name in filled)
        odd = {rows.name: rows for rows in frame.select(self._doubt[name] for name in filled) if rows.any()}
        again = (self._reread(frame, name, rows.fill_null(value=False)) for name, rows in odd.items())
        frame = frame.with_columns(column for columns in again for column in columns)
        absent = (_ABSENT[name] for name in _COLUMNS if name not in filled)
        frame = frame.with_columns(*absent, is_zorg=_IS_ZORG if "soort" in filled else _NOT_ZORG)
        frame = _spread_out(frame, odd)
        return Block(
            frame=frame,
            empty=frozenset(name for name in _COLUMNS if frame[name].null_count()),
            filled=frozenset(_filled(frame)),
            doubt=frozenset(odd),
            marked=frozenset(mark for mark in (*MARKS, SPLIT) if mark in frame.columns and frame[mark].any())
            | self._told.intersection(frame.columns),
            told=self._told,
        )

    def _reread(self, frame: pl.DataFrame, name: str, rows: pl.Series) -> list[pl.Series]:
        """Text, bare text and value of a column, the texts of `rows` read thoroughly; and which rules hold of them."""
        again = self._again(frame[name].filter(rows).alias(_AS_SENT), name)
        again = [column for column in again if column.name not in self._told or column.any()]
        if rows.all():
            return again
        plain = {name: frame[name], f"v:{name}": frame[f"v:{name}"]}
        return [put(column, rows, plain.get(column.name)).alias(column.name) for column in again]

    def _again(self, as_sent: pl.Series, name: str) -> list[pl.Series]:
        distinct = as_sent.unique()
        if len(distinct) * _REPEATS > len(as_sent):
            return self._thorough(as_sent, name).drop(_AS_SENT).get_columns()
        table = self._thorough(distinct, name)
        looked_up = as_sent.to_frame().join(table, on=_AS_SENT, how="left", maintain_order="left")
        return looked_up.drop(_AS_SENT).get_columns()

    def _thorough(self, as_sent: pl.Series, name: str) -> pl.DataFrame:
        reading = READINGS[name]
        return (
            pl.DataFrame({_AS_SENT: as_sent, name: _stripped(as_sent)})
            .with_columns(_filled_up(name, self._constants))
            .with_columns(reading.bare.alias(f"b:{name}"))
            .with_columns(_typed(name, reading.thorough(self._dialect, self._received_on)))
            .with_columns(self._about_text.get(name, ()))
        )


def _stripped(as_sent: pl.Series) -> pl.Series:
    """Without white space around it and without what tells a spreadsheet that it is text; null when nothing is left."""
    stripped = as_sent.str.strip_chars()
    if stripped.str.starts_with('="').any():
        stripped = stripped.str.replace(_TEXT_FORMULA, "$1").str.strip_chars()
    empty = stripped == ""
    return stripped.set(empty, None) if empty.any() else stripped


def _filled(frame: pl.DataFrame) -> list[str]:
    return [name for name in _COLUMNS if frame[name].null_count() < frame.height]


def _filled_up(name: str, constants: Mapping[str, str]) -> pl.Expr:
    return text(name).fill_null(constants[name]) if constants.get(name) else text(name)


def _typed(name: str, expr: pl.Expr) -> pl.Expr:
    return expr.cast(_TYPES[name]).alias(f"v:{name}")


def _spread_out(frame: pl.DataFrame, odd: Mapping[str, pl.Series]) -> pl.DataFrame:
    """What one column holds for another that is empty: a voorvoegsel in the surname, what follows a house number."""
    if "achternaam" in odd:
        frame = _without_voorvoegsel(frame, odd["achternaam"])
    if "huisnummer" in odd:
        frame = _without_behind(frame, odd["huisnummer"])
    return frame


def _without_voorvoegsel(frame: pl.DataFrame, odd: pl.Series) -> pl.DataFrame:
    rows = odd.fill_null(value=False) & frame["voorvoegsel"].is_null()
    if not rows.any():
        return frame
    voorvoegsel, surname = without_voorvoegsel(value("achternaam"))
    found = frame.select("v:achternaam").filter(rows).select(voorvoegsel.alias("before"), surname.alias("after"))
    if found["before"].null_count() == found.height:
        return frame
    before, after = (put(found[name], rows, None) for name in found.columns)
    return frame.with_columns(
        before.zip_with(before.is_not_null(), frame["v:voorvoegsel"]).alias("v:voorvoegsel"),
        after.zip_with(after.is_not_null(), frame["v:achternaam"]).alias("v:achternaam"),
    )


def _without_behind(frame: pl.DataFrame, odd: pl.Series) -> pl.DataFrame:
    _, letter, addition = HOUSE
    rows = odd.fill_null(value=False) & frame["v:huisnummer"].is_null()
    rows = rows & frame[letter].is_null() & frame[addition].is_null() & frame["huisnummer"].is_not_null()
    if not rows.any():
        return frame
    texts = frame["huisnummer"].filter(rows)
    apart = texts.to_frame("text").join(_houses(texts), on="text", how="left", maintain_order="left")
    split = put(apart["huisnummer"].is_not_null(), rows, None).fill_null(value=False)
    if not split.any():
        return frame
    values = [put(apart[name], rows, None).zip_with(split, frame[f"v:{name}"]).alias(f"v:{name}") for name in HOUSE]
    return frame.with_columns(*values, split.alias(SPLIT))


def _houses(texts: pl.Series) -> pl.DataFrame:
    """Column "text" and HOUSE, typed, of the texts that can be taken apart in one way only."""
    number = pl.col("huisnummer").cast(pl.Int32, strict=False)
    short = pl.col("huisnummertoevoeging").str.len_chars().fill_null(0) <= _MAX_ADDITION
    apart = split_houses(texts).filter(~pl.col("onzeker") & short)
    return apart.with_columns(number).filter(pl.col("huisnummer").is_between(1, MAX_HUISNUMMER))
