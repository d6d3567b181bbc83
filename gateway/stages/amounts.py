"""Amounts of euros as people and programs write them, to whole cents."""

from typing import Final

import polars as pl

from gateway.stages.columns import Reading, bare, lost, only, text, value
from gateway.stages.dialect import Dialect

_MAX_CENTS: Final = 99_999_999_999
"""Nine digits of euros: more is a slip, and sums stay exact."""
_MARKS: Final = r"(?i)€|euros?|eur|[\s'’]"
"""Currency before or after, and marks of thousands that are no point or comma."""


def amount(name: str) -> Reading:
    """Euro text, or where the file counts cents cent text, to cents; zero and negative are the rules' business.

    Negative is a minus before or behind, or parentheses around it.
    """
    plain = text(name)
    stripped = plain.str.replace_all("[−–]", "-").str.replace_all(_MARKS, "")
    whole = stripped.str.replace(r"[,.][-=]{1,2}$", "")  # the Dutch `,-` for no cents
    signed = whole.str.replace(r"^\((.*)\)$", "-$1").str.replace(r"^([0-9.,]+)-$", "-$1")
    return Reading(
        quick=lambda d: (plain if d.cents else plain.str.replace(d.decimal, "", literal=True)).cast(
            pl.Int64, strict=False
        ),
        doubt=lambda d: lost(name) | ~value(name).is_between(-_MAX_CENTS, _MAX_CENTS) | _unlike_plain(name, d),
        # Zeros behind the second decimal are a program's, not a mark of thousands.
        bare=signed.str.replace(r"([.,][0-9]{2})0{2,}$", "$1"),
        thorough=lambda d, _day: _whole_cents(bare(name)) if d.cents else _cents(bare(name), d.decimal),
    )


def _unlike_plain(name: str, dialect: Dialect) -> pl.Expr:
    if dialect.cents:
        return ~text(name).str.contains("^[0-9]+$")
    return (text(name).str.slice(-3, 1) != dialect.decimal) | text(name).str.starts_with(dialect.decimal)


def too_many_decimals(name: str, decimal: str) -> pl.Expr:
    """One mark with three or more digits after it, that cannot be a mark of thousands."""
    other = _mark(_other(decimal))
    mark = _mark(decimal)
    bared = bare(name)
    thousands = bared.str.contains(f"^[+-]?[0-9]{{1,3}}({other}[0-9]{{3}})+$")
    return bared.str.contains(rf"^[+-]?[0-9]*({mark}|{other})[0-9]{{3,}}$") & ~thousands


def _other(decimal: str) -> str:
    return "." if decimal == "," else ","


def _mark(character: str) -> str:
    return rf"\{character}"


def _cents(bared: pl.Expr, decimal: str) -> pl.Expr:
    mark, other = _mark(decimal), _mark(_other(decimal))
    forms = (
        r"[0-9]{1,9}",
        rf"[0-9]{{0,9}}({mark}|{other})[0-9]{{1,2}}",
        rf"[0-9]{{1,3}}({other}[0-9]{{3}}){{1,2}}({mark}[0-9]{{1,2}})?",
        rf"[0-9]{{1,3}}({mark}[0-9]{{3}}){{1,2}}{other}[0-9]{{1,2}}",
        rf"[0-9]{{1,3}}({mark}[0-9]{{3}}){{2}}",
    )
    good = only(bared, f"^[+-]?({'|'.join(forms)})$")
    cents = good.str.extract(r"[.,]([0-9]{1,2})$", 1).fill_null("").str.pad_end(2, "0")
    euros = good.str.replace(r"[.,][0-9]{1,2}$", "").str.replace_all(r"[.,]", "")
    return (euros + cents).cast(pl.Int64, strict=False)


def _whole_cents(bared: pl.Expr) -> pl.Expr:
    """Cents have no decimals, but for zeros."""
    good = only(bared, r"^[+-]?(?:[0-9]{1,11}|[0-9]{1,3}(?:[.,][0-9]{3}){1,3})(?:[.,]00?)?$")
    number = good.str.replace(r"[.,]00?$", "").str.replace_all(r"[.,]", "").cast(pl.Int64, strict=False)
    return pl.when(number.is_between(-_MAX_CENTS, _MAX_CENTS)).then(number)
