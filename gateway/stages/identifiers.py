"""Numbers of one length: BSN, KvK, UZOVI, gemeente; the postcode; the house number.

A zero that a spreadsheet dropped is put back where only one number can be meant.
"""

from typing import Final

import polars as pl

from gateway.stages.columns import Reading, bare, lost, only, pattern, text, unlike, value

MAX_HUISNUMMER: Final = 99_999
_DECIMALS: Final = r"^([0-9]+)[.,]0+$"
"""A number that a program took for one with decimals."""
_SHORT: Final = {
    "opdrachtgever_kvk": "^[0-9]{7}$",
    "uzovi": "^[0-9]{3}$",
    "bsn": "^[0-9]{8}$",
    "gemeentecode": "^[0-9]{2,3}$",
}
"""Column → what is left when the zeros in front are gone."""


def elfproef(number: pl.Expr) -> pl.Expr:
    """Whether nine digits (as text) pass the check of a BSN (Besluit BSN); null when they are no number."""
    whole = number.cast(pl.Int64, strict=False)
    total = -(whole % 10)
    for weight in range(2, 10):
        total = total + weight * ((whole // 10 ** (weight - 1)) % 10)
    return (whole > 0) & (total % 11 == 0)


def digits(name: str, length: int) -> Reading:
    """`length` digits; spaces, points, hyphens and a text mark of a spreadsheet mean nothing."""
    plain = f"^[0-9]{{{length}}}$"
    bared = text(name).str.replace(_DECIMALS, "$1").str.replace_all(r"[\s.'’-]", "")
    if name == "gemeentecode":
        bared = bared.str.replace("(?i)^gm", "")
    padded = only(bare(name), _SHORT[name]).str.zfill(length)
    if name == "bsn":
        padded = pl.when(elfproef(padded)).then(padded)
    return pattern(name, plain, pl.coalesce(only(bare(name), plain), padded), bared=bared)


def lost_a_zero(name: str) -> pl.Expr:
    """The zeros in front were put back."""
    return value(name).is_not_null() & bare(name).str.contains(_SHORT[name])


POSTCODE_PLAIN: Final = "^[1-9][0-9]{3} ?(?:[A-RT-Z][A-Z]|S[BCE-RT-Z])$"
"""SA, SD and SS are given to no address."""


def postcode(name: str) -> Reading:
    """Four digits and two letters, without a space."""
    bared = text(name).str.to_uppercase().str.replace_all(r"[\s.-]", "").str.replace("^NL", "")
    return Reading(
        quick=lambda _: text(name).str.replace(" ", "", literal=True),
        doubt=lambda _: unlike(name, POSTCODE_PLAIN),
        bare=bared,
        thorough=lambda _dialect, _day: only(bare(name), POSTCODE_PLAIN),
    )


def house_number(name: str) -> Reading:
    """A number from 1; what stands behind it in the same field is told apart in the block (`block.BlockReader`)."""
    number = bare(name).cast(pl.Int32, strict=False)
    return Reading(
        quick=lambda _: text(name).cast(pl.Int32, strict=False),
        doubt=lambda _: lost(name) | ~value(name).is_between(1, MAX_HUISNUMMER),
        bare=text(name).str.replace(r"(?i)^(?:nr|no)[.: ]*", "").str.replace(_DECIMALS, "$1"),
        thorough=lambda _dialect, _day: pl.when(number.is_between(1, MAX_HUISNUMMER)).then(number),
    )
