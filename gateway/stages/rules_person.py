"""Rules about the person: name, birth date, how to be reached, and where."""

import datetime as dt
from typing import Final

import polars as pl

from gateway.stages.columns import IS_ZORG, text, unreadable, value
from gateway.stages.contact import lost_a_zero, two_emails, two_phones, unlikely_phone
from gateway.stages.dialect import Dialect
from gateway.stages.patterns import (
    ESZETT,
    INCOMPLETE_DATE,
    INFIX,
    LEGAL_PERSON,
    MARRIED,
    PO_BOX,
)
from gateway.stages.policy import Policy
from gateway.stages.rule import Rule, When, error, warning
from gateway.stages.rules_field import of_soort
from gateway.stages.workdays import years_before

MAX_AGE: Final = 125
"""Years; nobody in the Netherlands was ever older than 115."""
_CORRECT: Final = "AVG art. 5 lid 1 sub d"


def _unreadable_birth() -> pl.Expr:
    return unreadable("geboortedatum") & ~text("geboortedatum").str.contains(INCOMPLETE_DATE)


def _impossible_birth(policy: Policy) -> pl.Expr:
    day = value("geboortedatum")
    return (day > policy.received_on) | (day < years_before(policy.received_on, MAX_AGE))


def _is_default_birth() -> pl.Expr:
    return value("geboortedatum") == dt.date(1900, 1, 1)


def _wrong_birth(policy: Policy) -> pl.Expr:
    impossible = _impossible_birth(policy).fill_null(value=False) & ~_is_default_birth()
    return _unreadable_birth() | impossible.fill_null(value=False)


def _may_have_contact(policy: Policy, _: Dialect) -> pl.Expr:
    missing = text("telefoon").is_null() & text("email").is_null()
    return missing & of_soort(policy.may_carry("telefoon") | policy.may_carry("email"))


PERSON_RULES: Final[tuple[Rule, ...]] = (
    warning(
        "achternaam_met_voorvoegsel",
        "achternaam",
        "In de achternaam staat een voorvoegsel. Is het met kleine letters geschreven en de kolom voorvoegsel leeg, dan"
        " hebben wij het daarheen verplaatst.",
        "Zet het voorvoegsel (van, de, van der) in de kolom voorvoegsel.",
        _CORRECT,
        when=When.DOUBT,
        holds=text("achternaam").str.contains(INFIX),
    ),
    warning(
        "achternaam_rechtspersoon",
        "achternaam",
        "De achternaam lijkt de naam van een rechtspersoon; een signaal gaat over een natuurlijk persoon.",
        "Meld geen rechtspersonen. Is dit de naam van een mens, dan hoeft u niets te doen.",
        "Wgs art. 1; BW boek 2 art. 3",
        when=When.DOUBT,
        holds=text("achternaam").str.contains(LEGAL_PERSON),
    ),
    warning(
        "achternaam_eszett",
        "achternaam",
        "In de achternaam staat een ß; de basisregistratie kan ss hebben.",
        "Controleer de spelling.",
        _CORRECT,
        when=When.DOUBT,
        holds=text("achternaam").str.contains(ESZETT),
    ),
    warning(
        "achternaam_dubbele_naam",
        "achternaam",
        "In de achternaam lijken twee namen te staan, zoals van geboorte en van de partner.",
        "Geef de naam bij geboorte.",
        _CORRECT,
        when=When.DOUBT,
        holds=text("achternaam").str.contains(MARRIED),
    ),
    warning(
        "geslacht_onbekend",
        "geslacht",
        "In geslacht staat iets anders dan M, V of X; het is weggelaten.",
        "Gebruik M, V of X, of laat de kolom leeg.",
        "CSV-indeling v1",
        when=When.DOUBT,
        holds=unreadable("geslacht"),
        drops=True,
    ),
    error(
        "geboortedatum_ongeldig",
        "geboortedatum",
        "De geboortedatum bestaat niet, ligt in de toekomst of is onwaarschijnlijk lang geleden.",
        "Schrijf de datum als dd-mm-jjjj of jjjj-mm-dd, met vier cijfers voor het jaar.",
        "Regeling zorgverzekering art. 7b.1",
        when=When.FILLED,
        holds=lambda policy, _: IS_ZORG & _wrong_birth(policy),
    ),
    warning(
        "geboortedatum_onleesbaar",
        "geboortedatum",
        "De geboortedatum bestaat niet, ligt in de toekomst of is onwaarschijnlijk lang geleden; zij is weggelaten.",
        "Schrijf de datum als dd-mm-jjjj of jjjj-mm-dd, met vier cijfers voor het jaar.",
        _CORRECT,
        when=When.FILLED,
        holds=lambda policy, _: ~IS_ZORG & _wrong_birth(policy),
        drops=True,
    ),
    warning(
        "geboortedatum_onvolledig",
        "geboortedatum",
        "Van de geboortedatum ontbreken dag of maand; zij is weggelaten.",
        "Vul de hele datum in als u hem weet.",
        _CORRECT,
        when=When.DOUBT,
        holds=unreadable("geboortedatum") & text("geboortedatum").str.contains(INCOMPLETE_DATE),
        drops=True,
    ),
    warning(
        "geboortedatum_standaardwaarde",
        "geboortedatum",
        "De geboortedatum is 1 januari 1900, een waarde die systemen voor onbekend gebruiken; zij is weggelaten.",
        "Laat de kolom leeg als u de datum niet weet.",
        _CORRECT,
        when=When.FILLED,
        holds=_is_default_birth(),
        drops=True,
    ),
    warning(
        "geboortedatum_minderjarig",
        "geboortedatum",
        "Volgens de geboortedatum is deze inwoner jonger dan 18 jaar.",
        "Controleer of u de contractant meldt en niet een gezinslid.",
        _CORRECT,
        when=When.FILLED,
        holds=lambda policy, _: (
            (value("geboortedatum") > years_before(policy.received_on, 18))
            & (value("geboortedatum") <= policy.received_on)
        ),
    ),
    warning(
        "contact_ontbreekt",
        "telefoon",
        "Telefoonnummer en e-mailadres ontbreken allebei; de gemeente kan de inwoner alleen per brief of aan de deur"
        " bereiken.",
        "Geef er minstens één mee als u het hebt.",
        "Bgs art. 2",
        when=When.EMPTY,
        holds=_may_have_contact,
    ),
    warning(
        "telefoon_twee_nummers",
        "telefoon",
        "In telefoon staan twee nummers; alleen het eerste gaat door.",
        "Zet er één nummer in: het nummer waarop de inwoner het best bereikbaar is.",
        _CORRECT,
        when=When.DOUBT,
        holds=two_phones("telefoon"),
    ),
    warning(
        "telefoon_zonder_nul",
        "telefoon",
        "Het telefoonnummer mist de voorloopnul; wij hebben hem aangevuld.",
        "Excel laat voorloopnullen weg: maak de kolom op als Tekst.",
        _CORRECT,
        when=When.DOUBT,
        holds=lost_a_zero("telefoon"),
    ),
    warning(
        "telefoon_ongeldig",
        "telefoon",
        "Dit is geen telefoonnummer; het is weggelaten.",
        "Schrijf het nummer met tien cijfers, of internationaal met een + ervoor. Staat er iets als 6,12346E+08, haal"
        " het nummer dan opnieuw uit uw systeem: Excel heeft cijfers weggegooid.",
        _CORRECT,
        when=When.DOUBT,
        holds=unreadable("telefoon"),
        drops=True,
    ),
    warning(
        "telefoon_onwaarschijnlijk",
        "telefoon",
        "Dit nummer is aan niemand uitgegeven, of bellen ernaar kost extra; het gaat wel door.",
        "Controleer het nummer en geef het nummer waarop de inwoner zelf bereikbaar is.",
        _CORRECT,
        when=When.DOUBT,
        holds=unlikely_phone("telefoon"),
    ),
    warning(
        "email_twee_adressen",
        "email",
        "In email staan twee adressen; alleen het eerste gaat door.",
        "Zet er één adres in: het adres waarop de inwoner het best bereikbaar is.",
        _CORRECT,
        when=When.DOUBT,
        holds=two_emails("email"),
    ),
    warning(
        "email_ongeldig",
        "email",
        "Dit is geen e-mailadres; het is weggelaten.",
        "Geef één e-mailadres, zonder naam of haakjes eromheen.",
        _CORRECT,
        when=When.DOUBT,
        holds=unreadable("email"),
        drops=True,
    ),
    warning(
        "straat_postbus",
        "straat",
        "In straat staat een postadres (postbus, antwoordnummer, p/a, c/o of t.a.v.); een signaal gaat over het"
        " leveringsadres.",
        "Geef het adres waar wordt gewoond of geleverd, niet het postadres.",
        "Wgs art. 3 lid 1",
        when=When.DOUBT,
        holds=text("straat").str.contains(PO_BOX),
    ),
    warning(
        "naam_onzeker",
        "achternaam",
        "De naam staat in één kolom en kan op meer manieren worden gesplitst; wij hebben de waarschijnlijkste genomen.",
        "Geef voorletters, voorvoegsel en achternaam in eigen kolommen, of schrijf de naam als: Berg, J.P. van den.",
        _CORRECT,
        when=When.MARKED,
        holds=pl.col("naam_onzeker"),
    ),
    warning(
        "adres_onzeker",
        "straat",
        "Het adres staat in één kolom en kan op meer manieren worden gesplitst; wij hebben de waarschijnlijkste"
        " genomen.",
        "Geef straat, huisnummer, huisletter, toevoeging, postcode en woonplaats in eigen kolommen.",
        _CORRECT,
        when=When.MARKED,
        holds=pl.col("adres_onzeker"),
    ),
    warning(
        "huisnummer_gesplitst",
        "huisnummer",
        "Achter het huisnummer stond een letter of toevoeging; wij hebben die in een eigen veld gezet.",
        "Zet alleen het getal in huisnummer, de letter in huisletter en de rest in huisnummertoevoeging.",
        _CORRECT,
        when=When.MARKED,
        holds=pl.col("huisnummer_gesplitst"),
    ),
)
