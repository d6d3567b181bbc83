"""The table of readings: how the text of each layout column becomes a value.

`READINGS` holds one `columns.Reading` per column. Whatever cannot be read is null.
"""

import enum
from typing import Final

import polars as pl

from contracts.layout import KOLOMMEN, Vorm
from contracts.signaal import Product, Signaaltype, Soort
from gateway.stages.amounts import amount
from gateway.stages.columns import Reading, as_sent, bare, long, one_of, only, pattern, text, unlike
from gateway.stages.contact import email, phone
from gateway.stages.dates import date
from gateway.stages.identifiers import digits, house_number, postcode
from gateway.stages.patterns import ADDRESS_SUSPECT, NUMBER_SUSPECT, SURNAME_SUSPECT
from gateway.stages.words import first_letters, free, word


def _choice(name: str, choices: type[enum.StrEnum], aliases: dict[str, str]) -> Reading:
    """A word of a list; case, spaces and hyphens do not matter."""
    table = {choice.value: choice.value for choice in choices} | aliases
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: ~one_of(text(name), choices),
        bare=text(name).str.to_lowercase().str.replace_all(r"[\s\-]+", "_"),
        thorough=lambda _dialect, _day: bare(name).replace_strict(table, default=None, return_dtype=pl.String),
    )


_YES: Final = ("ja", "j", "waar", "true", "1")
_NO: Final = ("nee", "n", "onwaar", "false", "0")


def _yes_no(name: str) -> Reading:
    table = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
    return Reading(
        quick=lambda _: text(name) == "Ja",
        doubt=lambda _: (text(name) != "Ja") & (text(name) != "Nee"),
        bare=text(name).str.to_lowercase(),
        thorough=lambda _dialect, _day: bare(name).replace_strict(table, default=None, return_dtype=pl.Boolean),
    )


def _products(name: str) -> Reading:
    names = sorted(product.value for product in Product)
    plain = [",".join(c) for c in _combinations(names)]
    words = text(name).str.to_lowercase().str.replace_all(r"[,;/+&|\s]+", ",").str.strip_chars(",")
    split = bare(name).str.split(",").list.set_difference(["en"])
    known = split.list.eval(pl.element().is_in(names)).list.all()
    return Reading(
        quick=lambda _: text(name).str.split(","),
        doubt=lambda _: ~text(name).is_in(plain),
        bare=words,
        thorough=lambda _dialect, _day: pl.when(known & (split.list.len() > 0)).then(split.list.sort()),
    )


def _combinations(names: list[str]) -> list[tuple[str, ...]]:
    subsets = ([name for n, name in enumerate(names) if mask >> n & 1] for mask in range(1, 1 << len(names)))
    return [tuple(subset) for subset in subsets]


def _invoices(name: str) -> Reading:
    return Reading(
        quick=lambda _: text(name).str.split(","),
        doubt=lambda _: unlike(name, r"^[A-Za-z0-9_./-]+(,[A-Za-z0-9_./-]+)*$") | long(name),
        bare=text(name).str.replace_all(r"[\s,;|]+", ",").str.strip_chars(","),
        thorough=lambda _dialect, _day: pl.when(bare(name) != "").then(bare(name).str.split(",")),
    )


_SEX: Final = {"m": "M", "man": "M", "v": "V", "vrouw": "V", "x": "X"}

_SPECIAL: Final[dict[str, Reading]] = {
    "soort": _choice("soort", Soort, {}),
    "signaaltype": _choice("signaaltype", Signaaltype, {"geactualiseerd": "geactualiseerd_signaal"}),
    "producten": _products("producten"),
    "kenmerk": free("kenmerk", f"{NUMBER_SUSPECT}|^[0-9]{{9}}$"),
    "klantnummer": free("klantnummer", NUMBER_SUSPECT),
    "polisnummer": free("polisnummer", NUMBER_SUSPECT),
    "opdrachtgever_kvk": digits("opdrachtgever_kvk", 8),
    "uzovi": digits("uzovi", 4),
    "bsn": digits("bsn", 9),
    "voorletters": first_letters("voorletters"),
    "voorvoegsel": word("voorvoegsel"),
    "achternaam": word("achternaam", SURNAME_SUSPECT),
    "geslacht": pattern(
        "geslacht",
        "^[MVX]$",
        text("geslacht").str.to_lowercase().replace_strict(_SEX, default=None, return_dtype=pl.String),
    ),
    "telefoon": phone("telefoon"),
    "email": email("email"),
    "straat": word("straat", ADDRESS_SUSPECT),
    "huisnummer": house_number("huisnummer"),
    "huisletter": pattern("huisletter", "^[A-Za-z]$", only(text("huisletter"), "^[A-Za-z]$")),
    "postcode": postcode("postcode"),
    "woonplaats": word("woonplaats"),
    "gemeentecode": digits("gemeentecode", 4),
    "facturen": _invoices("facturen"),
}


def _reading(name: str, vorm: Vorm) -> Reading:
    match vorm:
        case Vorm.JA_NEE:
            return _yes_no(name)
        case Vorm.DATUM:
            return date(name, birth=name == "geboortedatum")
        case Vorm.BEDRAG:
            return amount(name)
        case _:
            return _SPECIAL.get(name) or free(name)


READINGS: Final[dict[str, Reading]] = {kolom.naam: _reading(kolom.naam, kolom.vorm) for kolom in KOLOMMEN}
