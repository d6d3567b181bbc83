"""CSV layout v1: our own columns, in Dutch. `deploy/csv-layout.md` is generated from this table.

A file has one header line; order and unknown columns do not matter. Amounts are euros with at most two
decimals (1.234,56 or 1234.56), dates dd-mm-jjjj or jjjj-mm-dd, Ja/Nee in any case.
"""

import enum
from typing import Final

from msgspec import Struct

from contracts.signaal import Soort

LAYOUT_VERSIE: Final = 1


class Vorm(enum.StrEnum):
    """How the text of a column is read."""

    TEKST = "tekst"
    BEDRAG = "bedrag"
    DATUM = "datum"
    JA_NEE = "ja_nee"
    GETAL = "getal"
    LIJST = "lijst"


class Kolom(Struct, frozen=True, kw_only=True):
    """One column. `verplicht`: the kinds of arrears for which it must be filled."""

    naam: str
    vorm: Vorm
    verplicht: frozenset[Soort]
    uitleg: str
    voorbeeld: str
    max_lengte: int = 200


_ALLE: Final = frozenset(Soort)
_GEEN: Final[frozenset[Soort]] = frozenset()
_LEVERANCIER: Final = frozenset({Soort.ENERGIE, Soort.WATER})
_ZORG: Final = frozenset({Soort.ZORG})


def _k(naam: str, vorm: Vorm, verplicht: frozenset[Soort], uitleg: str, voorbeeld: str, max_lengte: int = 200) -> Kolom:
    return Kolom(naam=naam, vorm=vorm, verplicht=verplicht, uitleg=uitleg, voorbeeld=voorbeeld, max_lengte=max_lengte)


KOLOMMEN: Final[tuple[Kolom, ...]] = (
    _k("soort", Vorm.TEKST, _ALLE, "Soort achterstand: huur, energie, water of zorg.", "huur"),
    _k("signaaltype", Vorm.TEKST, _GEEN, "Leeg betekent vroegsignaal.", "vroegsignaal"),
    _k(
        "producten",
        Vorm.LIJST,
        frozenset({Soort.ENERGIE}),
        "Elektriciteit, gas en/of warmte.",
        "elektriciteit,gas",
    ),
    _k(
        "kenmerk",
        Vorm.TEKST,
        _ALLE,
        "Uw eigen kenmerk van dit signaal; staat in elke terugkoppeling.",
        "S-2026-001",
        64,
    ),
    _k("opdrachtgever_kvk", Vorm.TEKST, _GEEN, "KvK-nummer van de verhuurder voor wie u meldt.", "12345678"),
    _k("klantnummer", Vorm.TEKST, _LEVERANCIER, "Klantnummer van de inwoner bij u.", "K100234", 64),
    _k("polisnummer", Vorm.TEKST, _ZORG, "Polisnummer van de verzekering.", "P-7788", 64),
    _k("uzovi", Vorm.TEKST, _ZORG, "UZOVI-code van de verzekeraar, vier cijfers.", "0101"),
    _k("bsn", Vorm.TEKST, _GEEN, "Alleen bij zorg; in elke andere regel wordt de regel geweigerd.", ""),
    _k("voorletters", Vorm.TEKST, _GEEN, "Voorletters.", "J.P.", 30),
    _k("voorvoegsel", Vorm.TEKST, _GEEN, "Voorvoegsel van de achternaam.", "van der", 30),
    _k("achternaam", Vorm.TEKST, _ALLE, "Achternaam zonder voorvoegsel.", "Voorbeeld"),
    _k("geslacht", Vorm.TEKST, _GEEN, "M, V of X; wordt standaard niet doorgegeven.", ""),
    _k("geboortedatum", Vorm.DATUM, _ZORG, "Geboortedatum.", "31-12-1980"),
    _k("telefoon", Vorm.TEKST, _GEEN, "Eén telefoonnummer.", "0612345678", 30),
    _k("email", Vorm.TEKST, _GEEN, "Eén e-mailadres.", "naam@voorbeeld.nl", 254),
    _k("straat", Vorm.TEKST, _ALLE, "Straat van het leveringsadres.", "Dorpsstraat"),
    _k("huisnummer", Vorm.GETAL, _ALLE, "Huisnummer van het leveringsadres, alleen cijfers.", "12"),
    _k("huisletter", Vorm.TEKST, _GEEN, "Huisletter.", "A", 1),
    _k("huisnummertoevoeging", Vorm.TEKST, _GEEN, "Toevoeging.", "bis", 10),
    _k("postcode", Vorm.TEKST, _ALLE, "Postcode van het leveringsadres.", "1234 AB"),
    _k("woonplaats", Vorm.TEKST, _ALLE, "Woonplaats van het leveringsadres.", "Voorbeeldstad"),
    _k("gemeentecode", Vorm.TEKST, _GEEN, "CBS-code van de gemeente, vier cijfers.", "0363"),
    _k("bedrag", Vorm.BEDRAG, _ALLE, "Hoogte van de achterstand in euro.", "250,75"),
    _k("bedrag_premie", Vorm.BEDRAG, _GEEN, "Zorg: deel premie.", "180,00"),
    _k("bedrag_eigen_risico", Vorm.BEDRAG, _GEEN, "Zorg: deel eigen risico.", "70,75"),
    _k("bedrag_eigen_bijdrage", Vorm.BEDRAG, _GEEN, "Zorg: deel eigen bijdrage.", ""),
    _k(
        "oudste_vervaldatum",
        Vorm.DATUM,
        _ALLE,
        "Vervaldatum van de oudste openstaande rekening.",
        "01-10-2026",
    ),
    _k("facturen", Vorm.LIJST, _GEEN, "Factuurnummers, gescheiden door komma of spatie.", "F1001,F1002", 1000),
    _k(
        "einde_levering",
        Vorm.DATUM,
        _GEEN,
        "Bij een eindeleveringssignaal: de dag waarop de levering stopt.",
        "",
    ),
    _k("bedreigend", Vorm.JA_NEE, _GEEN, "Ja bij een mogelijk bedreigende situatie.", "Nee"),
    _k("warme_overdracht", Vorm.JA_NEE, _GEEN, "Ja als u warm wilt overdragen.", "Nee"),
    _k(
        "herinnering_verstuurd",
        Vorm.JA_NEE,
        _ALLE,
        "Minstens één schriftelijke herinnering is verstuurd.",
        "Ja",
    ),
    _k("persoonlijk_contact_gezocht", Vorm.JA_NEE, _ALLE - _ZORG, "Er is persoonlijk contact gezocht.", "Ja"),
    _k("gewezen_op_schuldhulp", Vorm.JA_NEE, _ALLE, "De inwoner is gewezen op schuldhulpverlening.", "Ja"),
    _k(
        "doorgifte_aangekondigd",
        Vorm.JA_NEE,
        _ALLE,
        "Doorgeven aan de gemeente is aangeboden of aangekondigd.",
        "Ja",
    ),
    _k("bezwaar", Vorm.JA_NEE, _GEEN, "Ja als de inwoner bezwaar maakte tegen het doorgeven.", "Nee"),
)

KOLOM: Final[dict[str, Kolom]] = {kolom.naam: kolom for kolom in KOLOMMEN}

SAMENGESTELD: Final[dict[str, tuple[str, ...]]] = {
    "naam": ("voorletters", "voorvoegsel", "achternaam"),
    "adres": ("straat", "huisnummer", "huisletter", "huisnummertoevoeging"),
    "huisnummer_volledig": ("huisnummer", "huisletter", "huisnummertoevoeging"),
    "postcode_woonplaats": ("postcode", "woonplaats"),
}
"""Columns that partners' systems export in one piece, and the layout columns that they are split into."""
