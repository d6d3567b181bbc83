"""Rules about values that have a form of their own: dates, amounts, numbers of one length."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from contracts.layout import KOLOMMEN, Vorm
from gateway.stages.amounts import too_many_decimals
from gateway.stages.columns import IS_ZORG, unreadable, value
from gateway.stages.dates import excel_number, short_year
from gateway.stages.identifiers import lost_a_zero
from gateway.stages.rule import Holds, Rule, When, error, warning

PARTS: Final = ("bedrag_premie", "bedrag_eigen_risico", "bedrag_eigen_bijdrage")
_LAYOUT: Final = "CSV-indeling v1"
_CORRECT: Final = "AVG art. 5 lid 1 sub d"
_AS_TEXT: Final = "Excel laat voorloopnullen weg: maak de kolom op als Tekst en haal de waarden opnieuw op."
_AS_DATE: Final = "Maak de kolom in Excel op als Datum met notatie 14-03-2012 en sla opnieuw op."


def _dates() -> Iterator[Rule]:
    for name in ("oudste_vervaldatum", "einde_levering"):
        yield error(
            f"{name}_ongeldig",
            name,
            f"In {name} staat geen bestaande datum.",
            "Schrijf de datum als dd-mm-jjjj (31-01-2026) of jjjj-mm-dd. Maak de kolom in Excel op als Datum met die"
            " notatie en sla opnieuw op.",
            _LAYOUT,
            when=When.DOUBT,
            holds=unreadable(name),
        )
    for kolom in KOLOMMEN:
        if kolom.vorm is Vorm.DATUM:
            yield from _read_otherwise(kolom.naam)


def _read_otherwise(name: str) -> Iterator[Rule]:
    yield warning(
        f"{name}_excelgetal",
        name,
        f"In {name} stond een getal van Excel in plaats van een datum; wij hebben er de datum van gemaakt.",
        f"Controleer de datum. {_AS_DATE}",
        _CORRECT,
        when=When.DOUBT,
        holds=excel_number(name),
    )
    when = "de laatste datum die niet in de toekomst ligt" if name == "geboortedatum" else "een jaar dicht bij nu"
    yield warning(
        f"{name}_jaar_kort",
        name,
        f"In {name} heeft het jaar twee cijfers; wij hebben er {when} van gemaakt.",
        f"Controleer de eeuw en schrijf het jaar met vier cijfers. {_AS_DATE}",
        _CORRECT,
        when=When.DOUBT,
        holds=short_year(name),
    )


def _amounts() -> Iterator[Rule]:
    wat = "Schrijf het bedrag in euro met hoogstens twee decimalen, bijvoorbeeld 1234,56."
    for name in ("bedrag", *PARTS):
        applies = pl.lit(value=True) if name == "bedrag" else IS_ZORG
        yield error(
            f"{name}_decimalen",
            name,
            f"{name} heeft meer dan twee cijfers achter de komma.",
            "Rond af op hele centen. Is het teken een duizendtalteken, laat het dan weg.",
            _LAYOUT,
            when=When.DOUBT,
            holds=_decimals(name, applies),
        )
        yield error(
            f"{name}_ongeldig",
            name,
            f"In {name} staat geen bedrag.",
            wat,
            _LAYOUT,
            when=When.DOUBT,
            holds=_no_amount(name, applies),
        )
        yield error(
            f"{name}_negatief",
            name,
            f"{name} is negatief.",
            "Een achterstand is een bedrag boven nul; een tegoed meldt u niet.",
            "Bgs art. 2",
            when=When.FILLED,
            holds=(value(name) < 0) & applies,
        )


def _decimals(name: str, applies: pl.Expr) -> Holds:
    return lambda _, dialect: unreadable(name) & too_many_decimals(name, dialect.decimal) & applies


def _no_amount(name: str, applies: pl.Expr) -> Holds:
    return lambda _, dialect: unreadable(name) & ~too_many_decimals(name, dialect.decimal) & applies


_ZEROS: Final = {
    "opdrachtgever_kvk": ("Het KvK-nummer", pl.lit(value=True)),
    "uzovi": ("De UZOVI-code", IS_ZORG),
    "bsn": ("Het BSN", IS_ZORG),
    "gemeentecode": ("De gemeentecode", pl.lit(value=True)),
}


def _zeros() -> Iterator[Rule]:
    for name, (what, applies) in _ZEROS.items():
        yield warning(
            f"{name}_voorloopnul",
            name,
            f"{what} mist de voorloopnul; wij hebben die aangevuld.",
            _AS_TEXT,
            _CORRECT,
            when=When.DOUBT,
            holds=lost_a_zero(name) & applies,
        )


VALUE_RULES: Final[tuple[Rule, ...]] = (*_dates(), *_amounts(), *_zeros())
