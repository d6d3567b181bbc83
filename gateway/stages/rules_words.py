"""Rules about free text: its length, its characters, and letters that were damaged on the way."""

from collections.abc import Iterator
from typing import Final

from contracts.layout import KOLOM
from gateway.stages.columns import text
from gateway.stages.patterns import CONTROL, CUT_OFF, ENTITY, FORMULA, LOST_CHARACTER, MOJIBAKE
from gateway.stages.rule import Rule, When, error, warning

_LAYOUT: Final = "CSV-indeling v1"
_CORRECT: Final = "AVG art. 5 lid 1 sub d"

FREE_TEXT: Final = (
    "kenmerk",
    "klantnummer",
    "polisnummer",
    "voorletters",
    "voorvoegsel",
    "achternaam",
    "straat",
    "huisnummertoevoeging",
    "woonplaats",
    "facturen",
)
_WORDS: Final = ("voorletters", "voorvoegsel", "achternaam", "straat", "woonplaats")


def _texts() -> Iterator[Rule]:
    for name in FREE_TEXT:
        longest = KOLOM[name].max_lengte
        yield error(
            f"{name}_te_lang",
            name,
            f"{name} is langer dan {longest} tekens.",
            "Kort de tekst in. Controleer of de regel niet met een andere is samengevoegd.",
            _LAYOUT,
            when=When.DOUBT,
            holds=text(name).str.len_chars() > longest,
        )
        yield error(
            f"{name}_stuurteken",
            name,
            f"In {name} staat een onzichtbaar stuurteken, zoals een tab, een regeleinde of een teken dat de"
            " leesrichting omkeert.",
            "Haal het teken weg. In Excel kan dat met de functie WISSEN.CONTROL.",
            _LAYOUT,
            when=When.DOUBT,
            holds=text(name).str.contains(CONTROL),
        )


def _words() -> Iterator[Rule]:
    for name in _WORDS:
        yield warning(
            f"{name}_verloren_teken",
            name,
            f"In {name} staat een ? of \ufffd waar waarschijnlijk een letter met een accent stond.",
            "Sla het bestand op als CSV UTF-8 en controleer de naam in uw systeem.",
            _CORRECT,
            when=When.DOUBT,
            holds=text(name).str.contains(LOST_CHARACTER),
        )
        yield warning(
            f"{name}_tekenset",
            name,
            f"{name} lijkt in een verkeerde tekenset gelezen: tekens als Ã¼ of &uuml; in plaats van ü. Waar dat zeker"
            " was, hebben wij het hersteld.",
            "Lees het bronbestand in als UTF-8, sla het opnieuw op als CSV UTF-8 en controleer de namen.",
            _CORRECT,
            when=When.DOUBT,
            holds=text(name).str.contains(f"{MOJIBAKE}|{ENTITY}"),
        )


def _formulas() -> Iterator[Rule]:
    for name in FREE_TEXT:
        yield warning(
            f"{name}_formule",
            name,
            f"{name} begint met = of @: een rekenblad ziet dat als een formule. Wij nemen het over als tekst.",
            "Controleer of in uw systeem een formule is blijven staan. Plak in Excel de uitkomst als waarde.",
            "OWASP CSV injection",
            when=When.DOUBT,
            holds=text(name).str.contains(FORMULA),
        )


_CUT: Final = (
    "Excel toonde een lang getal als 6,12346E+08 en heeft de laatste cijfers weggegooid; daaruit is het niet terug te"
    " halen. Maak de kolom op als Tekst en haal de waarden opnieuw uit uw systeem."
)


def _cut_off() -> Iterator[Rule]:
    yield error(
        "kenmerk_afgekapt",
        "kenmerk",
        "Het kenmerk is door Excel afgekapt (zoals 6,12346E+08); u kunt er het signaal niet aan herkennen.",
        _CUT,
        _CORRECT,
        when=When.DOUBT,
        holds=text("kenmerk").str.contains(CUT_OFF),
    )
    for name in ("klantnummer", "polisnummer"):
        yield warning(
            f"{name}_afgekapt",
            name,
            f"{name} is door Excel afgekapt (zoals 6,12346E+08); zo is het geen {name}.",
            _CUT,
            _CORRECT,
            when=When.DOUBT,
            holds=text(name).str.contains(CUT_OFF),
        )


WORD_RULES: Final[tuple[Rule, ...]] = (*_texts(), *_words(), *_formulas(), *_cut_off())
