"""How the text of each layout column becomes a value: a quick way for plain text, a thorough way for anything else.

`READINGS` holds one `Reading` per column. `quick` reads text in its plainest form; `doubt` says of a whole block
whether any text was not plain, and only then is the column stripped and read by `thorough`. Whatever neither can read
is null. Both agree on plain text: a property test holds them to it.

The value of column x stands in the working frame as "v:x", its text as "x"; for a column in doubt "b:x" is its text
without the marks that mean nothing (`Reading.bare`).
"""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from contracts.layout import KOLOM, KOLOMMEN, Vorm
from contracts.signaal import Product, Signaaltype, Soort
from gateway.stages.dialect import Dialect
from gateway.stages.patterns import (
    ADDRESS_SUSPECT,
    CONTROL,
    EMAIL,
    NAME_SUSPECT,
    PHONE,
    SPACE_AT_END,
    SURNAME_SUSPECT,
)

_MAX_CENTS: Final = 99_999_999_999
"""Nine digits of euros: more is a slip, and sums stay exact."""
MAX_HUISNUMMER: Final = 99_999


def text(name: str) -> pl.Expr:
    """The text of a layout column, stripped, null when empty, the partner's constant filled in."""
    return pl.col(name)


def value(name: str) -> pl.Expr:
    """The typed value of a layout column; null when empty or unreadable."""
    return pl.col(f"v:{name}")


def bare(name: str) -> pl.Expr:
    """The text of a column in doubt, without marks that mean nothing; for rules that are judged in doubt only."""
    return pl.col(f"b:{name}")


def unreadable(name: str) -> pl.Expr:
    """There is text, and it cannot be read."""
    return text(name).is_not_null() & value(name).is_null()


def one_of(expr: pl.Expr, members: Iterable[enum.StrEnum]) -> pl.Expr:
    """`expr` is the name of a member. Plain text on purpose: of members the engine makes a type of its own."""
    return expr.is_in(sorted(member.value for member in members))


Reader = Callable[[Dialect], pl.Expr]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to read one column. `doubt` is one boolean for the block; `thorough` may build on `bare`."""

    quick: Reader
    doubt: Reader
    bare: pl.Expr
    thorough: Reader


def _lost(name: str) -> pl.Expr:
    """Some text gave no value."""
    return value(name).null_count() > text(name).null_count()


def _unlike(name: str, pattern: str) -> pl.Expr:
    return (~text(name).str.contains(pattern)).any()


def _same(name: str) -> Reader:
    return lambda _: text(name)


def _free(name: str, suspect: str) -> Reading:
    """Free text: in doubt when `suspect` occurs or it may be too long; nothing is unreadable."""
    longest = KOLOM[name].max_lengte
    odd = text(name).str.contains(suspect) | (text(name).str.len_bytes() > longest)
    return Reading(quick=_same(name), doubt=lambda _: odd.any(), bare=text(name), thorough=_same(name))


def _pattern(name: str, plain: str, thorough: pl.Expr, *, marks: str | None = None) -> Reading:
    """Text of one form: plain as it stands, otherwise what `thorough` makes of the text without `marks` (a pattern)."""
    long = (text(name).str.len_bytes() > KOLOM[name].max_lengte).any()
    return Reading(
        quick=_same(name),
        doubt=lambda _: _unlike(name, plain) | long,
        bare=text(name) if marks is None else text(name).str.replace_all(marks, ""),
        thorough=lambda _: thorough,
    )


def _digits(name: str, length: int, *, prefix: str = "") -> Reading:
    plain = f"^[0-9]{{{length}}}$"
    number = bare(name).str.replace(prefix, "") if prefix else bare(name)
    return _pattern(name, plain, _only(number, plain), marks=r"[\s.]")


def _only(expr: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(expr.str.contains(pattern)).then(expr)


def _choice(name: str, choices: type[enum.StrEnum], aliases: dict[str, str]) -> Reading:
    """A word of a list; case, spaces and hyphens do not matter."""
    table = {choice.value: choice.value for choice in choices} | aliases
    return Reading(
        quick=_same(name),
        doubt=lambda _: (~one_of(text(name), choices)).any(),
        bare=text(name).str.to_lowercase().str.replace_all(r"[\s\-]+", "_"),
        thorough=lambda _: bare(name).replace_strict(table, default=None, return_dtype=pl.String),
    )


_YES: Final = ("ja", "j", "waar", "true", "1")
_NO: Final = ("nee", "n", "onwaar", "false", "0")


def _yes_no(name: str) -> Reading:
    table = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
    return Reading(
        quick=lambda _: text(name) == "Ja",
        doubt=lambda _: ((text(name) != "Ja") & (text(name) != "Nee")).any(),
        bare=text(name).str.to_lowercase(),
        thorough=lambda _: bare(name).replace_strict(table, default=None, return_dtype=pl.Boolean),
    )


def _date(name: str) -> Reading:
    plain, year = text(name), value(name).dt.year()
    # The engine's parser lets spaces and signs before a number pass, so the thorough way does too.
    day = plain.str.replace(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?Z?$", "").str.replace_all(r"[\s+]", "")
    day = day.str.replace(r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$", "$3-$2-$1")
    day = day.str.replace(r"^([0-9]{4})([0-9]{2})([0-9]{2})$", "$1-$2-$3")
    exact = _only(bare(name), r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")
    return Reading(
        quick=lambda d: plain.str.to_date("%Y-%m-%d" if d.iso_dates else "%d-%m-%Y", strict=False, cache=False),
        doubt=lambda _: _lost(name) | (plain.str.len_bytes() != 10).any() | (year.min() < 1000) | (year.max() > 9999),
        bare=day,
        thorough=lambda _: exact.str.to_date("%Y-%m-%d", strict=False, cache=False),
    )


def _amount(name: str) -> Reading:
    """Euro text to cents. Zero, negative and too many decimals are the rules' business; null is unreadable."""
    plain, cents = text(name), value(name)
    return Reading(
        quick=lambda d: plain.str.replace(d.decimal, "", literal=True).cast(pl.Int64, strict=False),
        doubt=lambda d: (
            _lost(name)
            | ((plain.str.slice(-3, 1) != d.decimal) | plain.str.starts_with(d.decimal)).any()
            | (cents.abs().max() > _MAX_CENTS)
        ),
        # Currency sign, spaces, and the Dutch `,-` for no cents.
        bare=plain.str.replace_all(r"(?i)€|euro?|\s|'", "").str.replace(r"[,.][-=]{1,2}$", ""),
        thorough=lambda d: _cents(bare(name), d.decimal),
    )


def too_many_decimals(name: str, decimal: str) -> pl.Expr:
    """One mark with three or more digits after it, that cannot be a mark of thousands."""
    other = _mark("." if decimal == "," else ",")
    mark = _mark(decimal)
    amount = bare(name)
    thousands = amount.str.contains(f"^[+-]?[0-9]{{1,3}}({other}[0-9]{{3}})+$")
    return amount.str.contains(rf"^[+-]?[0-9]*({mark}|{other})[0-9]{{3,}}$") & ~thousands


def _mark(character: str) -> str:
    return rf"\{character}"


def _cents(amount: pl.Expr, decimal: str) -> pl.Expr:
    mark, other = _mark(decimal), _mark("." if decimal == "," else ",")
    forms = (
        r"[0-9]{1,9}",
        rf"[0-9]{{0,9}}({mark}|{other})[0-9]{{1,2}}",
        rf"[0-9]{{1,3}}({other}[0-9]{{3}}){{1,2}}({mark}[0-9]{{1,2}})?",
        rf"[0-9]{{1,3}}({mark}[0-9]{{3}}){{1,2}}{other}[0-9]{{1,2}}",
        rf"[0-9]{{1,3}}({mark}[0-9]{{3}}){{2}}",
    )
    good = _only(amount, f"^[+-]?({'|'.join(forms)})$")
    cents = good.str.extract(r"[.,]([0-9]{1,2})$", 1).fill_null("").str.pad_end(2, "0")
    euros = good.str.replace(r"[.,][0-9]{1,2}$", "").str.replace_all(r"[.,]", "")
    return (euros + cents).cast(pl.Int64, strict=False)


def _products(name: str) -> Reading:
    names = sorted(product.value for product in Product)
    plain = [",".join(c) for c in _combinations(names)]
    words = text(name).str.to_lowercase().str.replace_all(r"[,;/+&|\s]+", ",").str.strip_chars(",")
    split = bare(name).str.split(",").list.set_difference(["en"])
    known = split.list.eval(pl.element().is_in(names)).list.all()
    return Reading(
        quick=lambda _: text(name).str.split(","),
        doubt=lambda _: (~text(name).is_in(plain)).any(),
        bare=words,
        thorough=lambda _: pl.when(known & (split.list.len() > 0)).then(split.list.sort()),
    )


def _combinations(names: list[str]) -> list[tuple[str, ...]]:
    subsets = ([name for n, name in enumerate(names) if mask >> n & 1] for mask in range(1, 1 << len(names)))
    return [tuple(subset) for subset in subsets]


def _invoices(name: str) -> Reading:
    long = text(name).str.len_bytes() > KOLOM[name].max_lengte
    return Reading(
        quick=lambda _: text(name).str.split(","),
        doubt=lambda _: _unlike(name, r"^[A-Za-z0-9_./-]+(,[A-Za-z0-9_./-]+)*$") | long.any(),
        bare=text(name).str.replace_all(r"[\s,;|]+", ",").str.strip_chars(","),
        thorough=lambda _: pl.when(bare(name) != "").then(bare(name).str.split(",")),
    )


def _phone(name: str) -> Reading:
    plain = r"^0[1-9][0-9]{8}$"
    number = bare(name)
    first = number.str.extract(PHONE, 1).str.replace(r"^(\+|00)31([0-9]{9})$", "0$2").str.replace(r"^00", "+")
    lost_zero = "0" + number
    compact = text(name).str.replace("(0)", "", literal=True).str.replace_all(r"[\s().\-]", "").str.to_lowercase()
    return Reading(
        quick=_same(name),
        doubt=lambda _: _unlike(name, plain),
        bare=compact,
        thorough=lambda _: (
            pl.when(number.str.contains(plain)).then(number).when(lost_a_zero(name)).then(lost_zero).otherwise(first)
        ),
    )


def lost_a_zero(name: str) -> pl.Expr:
    """Nine digits of a phone number: a spreadsheet took it for a number and dropped the zero."""
    return bare(name).str.contains(r"^[1-9][0-9]{8}$")


def _postcode(name: str) -> Reading:
    plain = r"^[1-9][0-9]{3} ?[A-Z]{2}$"
    return Reading(
        quick=lambda _: text(name).str.replace(" ", "", literal=True),
        doubt=lambda _: _unlike(name, plain),
        bare=text(name).str.replace_all(r"\s", "").str.to_uppercase(),
        thorough=lambda _: _only(bare(name), plain),
    )


def _number(name: str) -> Reading:
    number = text(name).cast(pl.Int32, strict=False)
    wrong = (value(name) < 1) | (value(name) > MAX_HUISNUMMER)
    good = pl.when(number.is_between(1, MAX_HUISNUMMER)).then(number)
    return Reading(
        quick=lambda _: number,
        doubt=lambda _: _lost(name) | wrong.any(),
        bare=text(name),
        thorough=lambda _: good,
    )


_SEX: Final = {"m": "M", "man": "M", "v": "V", "vrouw": "V", "x": "X"}

_SPECIAL: Final[dict[str, Reading]] = {
    "soort": _choice("soort", Soort, {}),
    "signaaltype": _choice("signaaltype", Signaaltype, {"geactualiseerd": "geactualiseerd_signaal"}),
    "producten": _products("producten"),
    "kenmerk": _free("kenmerk", f"{CONTROL}|{SPACE_AT_END}|^[0-9]{{9}}$"),
    "opdrachtgever_kvk": _digits("opdrachtgever_kvk", 8),
    "uzovi": _digits("uzovi", 4),
    "bsn": _digits("bsn", 9),
    "voorletters": _free("voorletters", NAME_SUSPECT),
    "voorvoegsel": _free("voorvoegsel", NAME_SUSPECT),
    "achternaam": _free("achternaam", SURNAME_SUSPECT),
    "geslacht": _pattern(
        "geslacht",
        "^[MVX]$",
        text("geslacht").str.to_lowercase().replace_strict(_SEX, default=None, return_dtype=pl.String),
    ),
    "telefoon": _phone("telefoon"),
    "email": _pattern(
        "email",
        r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
        _only(pl.when(text("email").str.len_chars() <= KOLOM["email"].max_lengte).then(text("email")), EMAIL),
    ),
    "straat": _free("straat", ADDRESS_SUSPECT),
    "huisnummer": _number("huisnummer"),
    "huisletter": _pattern("huisletter", "^[A-Za-z]$", _only(text("huisletter"), "^[A-Za-z]$")),
    "postcode": _postcode("postcode"),
    "woonplaats": _free("woonplaats", NAME_SUSPECT),
    "gemeentecode": _digits("gemeentecode", 4, prefix="(?i)^gm"),
    "facturen": _invoices("facturen"),
}


def _reading(name: str, vorm: Vorm) -> Reading:
    match vorm:
        case Vorm.JA_NEE:
            return _yes_no(name)
        case Vorm.DATUM:
            return _date(name)
        case Vorm.BEDRAG:
            return _amount(name)
        case _:
            return _SPECIAL.get(name) or _free(name, f"{CONTROL}|{SPACE_AT_END}")


READINGS: Final[dict[str, Reading]] = {kolom.naam: _reading(kolom.naam, kolom.vorm) for kolom in KOLOMMEN}
