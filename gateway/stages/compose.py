"""Composed columns become columns of the layout; words of the partner become words of the layout.

By columns, each distinct text once. A text is never lost: what fits no known form stays whole in the first column of
its kind, and the row is marked (`frames.MARKS`), as is every row whose text could be meant otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl

from contracts.layout import SAMENGESTELD
from gateway.stages.addresses import split_addresses, split_houses, split_towns
from gateway.stages.names import split_names
from gateway.stages.split import DOUBTFUL

_SPLITTERS: Final[dict[str, tuple[Callable[[pl.Series], pl.DataFrame], str]]] = {
    "naam": (split_names, "naam_onzeker"),
    "adres": (split_addresses, "adres_onzeker"),
    "huisnummer_volledig": (split_houses, "adres_onzeker"),
    "postcode_woonplaats": (split_towns, "adres_onzeker"),
}
"""Composed column → how it is taken apart, and what its doubtful rows are marked with."""


def expand(frame: pl.DataFrame, samengesteld: Sequence[str], waarden: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """`frame` (text columns of layout and composed names) with the columns of `samengesteld` replaced by their parts.

    A part never takes the place of a filled field. `waarden` (layout column → text of the partner → text of the
    layout) is applied last. Columns of `frames.MARKS` are added for what was split. Other columns stay as they are.
    """
    for name in SAMENGESTELD:
        if name in samengesteld:
            frame = _replaced(frame, name)
    known = (name for name in waarden if name in frame.columns)
    return frame.with_columns(_translated(name, waarden[name]) for name in known)


def _replaced(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    splitter, mark = _SPLITTERS[name]
    texts = frame[name].drop_nulls().unique()
    table = splitter(texts.filter(texts.str.strip_chars() != ""))
    parts = [column for column in table.columns if column not in {"text", DOUBTFUL}]
    apart = frame.select(pl.col(name).alias("text")).join(table, on="text", how="left", maintain_order="left")
    doubtful = apart[DOUBTFUL].fill_null(value=False)
    if mark in frame.columns:
        doubtful = doubtful | frame[mark]
    filled = [_filled_up(frame, apart[part]) for part in parts]
    return frame.drop(name).with_columns(*filled, doubtful.alias(mark))


def _filled_up(frame: pl.DataFrame, part: pl.Series) -> pl.Series:
    """The column named as `part`, its empty fields filled from it."""
    if part.name not in frame.columns:
        return part
    own = frame[part.name]
    empty = own.is_null() | (own.str.strip_chars() == "")
    return part.zip_with(empty, own)


def _translated(name: str, words: Mapping[str, str]) -> pl.Expr:
    """Text that is a key of `words`, in any case and without spaces around it, becomes its value."""
    table = {word.strip().lower(): text for word, text in words.items()}
    own = pl.col(name)
    return own.str.strip_chars().str.to_lowercase().replace_strict(table, default=own, return_dtype=pl.String)
