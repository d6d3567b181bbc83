"""Rules that repeat per column: required, form, length, characters, allowed for the kind or by the field policy."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from contracts.layout import KOLOM, KOLOMMEN, Vorm
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.columns import IS_ZORG, one_of, text, unreadable, value
from gateway.stages.dialect import Dialect
from gateway.stages.policy import Policy
from gateway.stages.rule import Holds, Rule, When, error, warning
from gateway.stages.rules_values import PARTS, VALUE_RULES
from gateway.stages.rules_words import WORD_RULES

_LAYOUT: Final = "CSV-indeling v1"
_EFFORT_BRON: Final = "Bgs art. 2 (sociale incasso); LCV art. 2"
_MINIMAL: Final = "AVG art. 5 lid 1 sub c"
_CORRECT: Final = "AVG art. 5 lid 1 sub d"

EFFORT: Final = (
    "herinnering_verstuurd",
    "persoonlijk_contact_gezocht",
    "gewezen_op_schuldhulp",
    "doorgifte_aangekondigd",
)
"""What a partner must have done before it may report, as Ja/Nee."""

ONLY_FOR: Final[dict[str, frozenset[Soort]]] = {
    "producten": frozenset({Soort.ENERGIE}),
    "klantnummer": frozenset(Soort) - {Soort.HUUR, Soort.ZORG},
    "polisnummer": frozenset({Soort.ZORG}),
    "uzovi": frozenset({Soort.ZORG}),
    **dict.fromkeys(PARTS, frozenset({Soort.ZORG})),
}
"""Fields that the law names for these kinds only (Bgs art. 2; Regeling zorgverzekering art. 7b.1)."""


def of_soort(soorten: frozenset[Soort]) -> pl.Expr:
    """The row's soort is one of `soorten`."""
    return one_of(value("soort"), soorten)


def _required() -> Iterator[Rule]:
    for kolom in KOLOMMEN:
        if not kolom.verplicht:
            continue
        name, soorten = kolom.naam, kolom.verplicht
        everywhere = soorten == frozenset(Soort)
        bron = _EFFORT_BRON if name in EFFORT else "Bgs art. 2; Regeling zorgverzekering art. 7b.1"
        yield error(
            f"{name}_ontbreekt",
            name,
            f"{name} is niet ingevuld" + ("." if everywhere else f"; dat moet bij {_names(soorten)}."),
            f"Vul de kolom {name}. {kolom.uitleg}",
            bron,
            when=When.EMPTY,
            holds=_empty(name, None if everywhere else soorten),
        )


def _names(soorten: frozenset[Soort]) -> str:
    return " en ".join(s.value for s in Soort if s in soorten & LCV_SOORTEN)


def _empty(name: str, soorten: frozenset[Soort] | None) -> pl.Expr:
    return text(name).is_null() if soorten is None else text(name).is_null() & of_soort(soorten)


_FORM: Final[dict[str, tuple[str, str]]] = {
    "soort": (
        "Deze soort achterstand kennen wij niet.",
        "Gebruik huur, energie, water of zorg.",
    ),
    "signaaltype": (
        "Dit signaaltype kennen wij niet.",
        (
            "Laat de kolom leeg voor een vroegsignaal, of gebruik geactualiseerd_signaal, eindeleveringssignaal,"
            " afsluitsignaal of opzegging_zorgverzekering."
        ),
    ),
    "producten": (
        "In producten staat iets anders dan elektriciteit, gas of warmte.",
        "Gebruik alleen deze woorden, gescheiden door een komma.",
    ),
    "opdrachtgever_kvk": (
        "Het KvK-nummer heeft niet acht cijfers.",
        "Vul alle acht cijfers in. Excel laat voorloopnullen weg: maak de kolom op als Tekst.",
    ),
    "uzovi": (
        "De UZOVI-code heeft niet vier cijfers.",
        "Vul alle vier cijfers in. Excel laat voorloopnullen weg: maak de kolom op als Tekst.",
    ),
    "huisnummer": (
        "Het huisnummer is geen getal van 1 tot en met 99999.",
        (
            "Zet alleen het getal in huisnummer, de letter in huisletter en de rest in huisnummertoevoeging. Maakt"
            " Excel van een huisnummer een datum, maak de kolom dan op als Tekst."
        ),
    ),
    "huisletter": (
        "De huisletter is niet één letter.",
        "Zet één letter in huisletter en de rest in huisnummertoevoeging.",
    ),
    "postcode": (
        "De postcode heeft niet de vorm 1234 AB.",
        "Vul vier cijfers en twee letters in, van het leveringsadres.",
    ),
    "gemeentecode": (
        "De gemeentecode heeft niet vier cijfers.",
        (
            "Vul de vier cijfers van het CBS in, met voorloopnul, of laat de kolom leeg. Excel laat voorloopnullen"
            " weg: maak de kolom op als Tekst."
        ),
    ),
}


def _forms() -> Iterator[Rule]:
    for name, (melding, wat) in _FORM.items():
        code = f"{name}_onbekend" if name in {"soort", "signaaltype", "producten"} else f"{name}_ongeldig"
        holds = unreadable(name)
        if name in ONLY_FOR:
            holds &= of_soort(ONLY_FOR[name])
        yield error(code, name, melding, wat, _LAYOUT, when=When.DOUBT, holds=holds)


def _yes_no() -> Iterator[Rule]:
    for kolom in KOLOMMEN:
        if kolom.vorm is not Vorm.JA_NEE:
            continue
        name = kolom.naam
        holds = unreadable(name)
        if name in {"bezwaar", "persoonlijk_contact_gezocht"}:
            holds &= ~IS_ZORG
        yield error(
            f"{name}_geen_ja_nee",
            name,
            f"In {name} staat iets anders dan Ja of Nee.",
            "Vul Ja of Nee in.",
            _LAYOUT,
            when=When.DOUBT,
            holds=holds,
        )
    for name in EFFORT:
        holds = ~value(name)
        if name == "persoonlijk_contact_gezocht":
            holds &= ~IS_ZORG
        yield error(
            f"{name}_nee",
            name,
            f"{name} is Nee; zonder deze stap mag een signaal niet worden doorgegeven.",
            f"Doe eerst wat nodig is en meld daarna. {KOLOM[name].uitleg}",
            _EFFORT_BRON,
            when=When.FILLED,
            holds=holds,
        )


def _only_for() -> Iterator[Rule]:
    for name, soorten in ONLY_FOR.items():
        yield warning(
            f"{name}_niet_bij_soort",
            name,
            f"{name} hoort niet bij deze soort en wordt niet doorgegeven.",
            "Laat de kolom leeg bij deze soort.",
            "Bgs art. 2; Regeling zorgverzekering art. 7b.1; AVG art. 5 lid 1 sub c",
            when=When.FILLED,
            holds=text(name).is_not_null() & ~of_soort(soorten),
            drops=True,
        )


def _policy_fields() -> Iterator[Rule]:
    for name in ("telefoon", "email", "geboortedatum", "geslacht"):
        yield warning(
            f"{name}_niet_toegestaan",
            name,
            f"{name} mag volgens het ingestelde veldbeleid bij deze soort niet worden doorgegeven en is weggelaten.",
            "Laat de kolom bij deze soort voortaan leeg.",
            _MINIMAL,
            when=When.FILLED,
            holds=_forbidden(name),
            drops=True,
        )


def _forbidden(name: str) -> Holds:
    def holds(policy: Policy, _: Dialect) -> pl.Expr:
        return text(name).is_not_null() & ~of_soort(policy.may_carry(name))

    return holds


FIELD_RULES: Final[tuple[Rule, ...]] = (
    *_required(),
    *_forms(),
    *VALUE_RULES,
    *_yes_no(),
    *WORD_RULES,
    *_only_for(),
    *_policy_fields(),
)
