"""One text taken apart by the first form that it fits: by columns, each form over what the ones before it left."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

DOUBTFUL = "onzeker"
"""Column of a split text: it could be meant otherwise."""
_LONGEST = 1000
"""Bytes: finding parts in a text of millions takes seconds, and no name or address is that long."""


@dataclass(frozen=True)
class Form:
    """A pattern with named groups. `doubtful`: text of this form could be meant otherwise."""

    pattern: str
    doubtful: bool = False


def split(texts: pl.Series, forms: Sequence[Form], parts: Sequence[str]) -> pl.DataFrame:
    """Columns "text" (each of `texts`, in another order), `parts` (null when absent) and "onzeker".

    The last of `forms` must fit any text: what fits none is left out. Text that is too long for a name or an address is
    taken by the last alone.
    """
    rest = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    done = [pl.DataFrame(schema={"text": pl.String, **dict.fromkeys(parts, pl.String), DOUBTFUL: pl.Boolean})]
    for form in forms:
        if rest.is_empty():
            break
        may = pl.lit(form is forms[-1]) | (pl.col("text").str.len_bytes() <= _LONGEST)
        fits = rest.select(may & pl.col("text").str.contains(form.pattern)).to_series()
        done.append(rest.filter(fits).select("text", *_groups(form, parts)))
        rest = rest.filter(~fits)
    return pl.concat(done)


def _groups(form: Form, parts: Sequence[str]) -> list[pl.Expr]:
    groups = pl.col("text").str.extract_groups(form.pattern)
    named = [part for part in parts if f"(?P<{part}>" in form.pattern]
    found = {part: groups.struct.field(part) for part in named}
    nothing = pl.lit(None, dtype=pl.String)
    return [
        *(pl.when(found[p] != "").then(found[p]).alias(p) if p in found else nothing.alias(p) for p in parts),
        pl.lit(form.doubtful).alias(DOUBTFUL),
    ]
