"""Invented residents at invented addresses, from a seeded generator; the BSNs are official test numbers (RvIG)."""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Final

from gateway.cli.demo.country import Place

TEST_BSNS: Final = ("999990019", "999990020", "999990032", "999990044")
_SURNAMES: Final = (
    ("", "Voorbeeld"), ("van der", "Fictief"), ("de", "Wit-Proefsma"), ("", "Müller"), ("van 't", "Hofje"),
    ("", "Çelik"), ("", "Súdema"), ("ter", "Steeg"), ("", "Groß"), ("", "Nuñez"), ("el", "Testi"), ("", "Bijvoet"),
    ("van den", "Berg"), ("", "Smit"), ("", "Jansen"), ("in 't", "Veld"), ("", "Crêpin"), ("", "Dijkstra"),
)  # fmt: skip
_STREETS: Final = (
    "Dorpsstraat", "Molenweg", "Kerkplein", "Burgemeester Fictiefstraat", "'t Laantje", "Süderweg", "Lange Nieuwstraat",
    "1e Proefdwarsstraat", "Eikenlaan", "Beukenlaan", "Stationsweg", "Café Allee", "Hoofdweg", "Schoolstraat",
)  # fmt: skip
_LETTERS: Final = "ABCDEGHJKLMNPRSTVWXZ"


@dataclass(frozen=True, kw_only=True)
class Resident:
    """Name and delivery address as columns of the layout take them."""

    voorletters: str
    voorvoegsel: str
    achternaam: str
    geboortedatum: dt.date
    telefoon: str
    email: str
    straat: str
    huisnummer: int
    postcode: str
    woonplaats: str
    gemeentecode: str


def draw(dice: Random, place: Place, number: int) -> Resident:
    """Resident `number` of `place`; phone and mail address lead nowhere (06 0000 ...., example.org)."""
    voorvoegsel, achternaam = dice.choice(_SURNAMES)
    letters = dice.choice(_LETTERS) + dice.choice(_LETTERS)
    return Resident(
        voorletters=f"{letters[0]}.{letters[1]}.",
        voorvoegsel=voorvoegsel,
        achternaam=achternaam,
        geboortedatum=dt.date(1945, 1, 1) + dt.timedelta(days=dice.randrange(22_000)),
        telefoon=f"060000{dice.randrange(10_000):04d}",
        email=f"inwoner{number}@example.org",
        straat=dice.choice(_STREETS),
        huisnummer=dice.randrange(1, 400),
        postcode=f"{dice.choice(place.pc4)}{letters}",
        woonplaats=place.name,
        gemeentecode=place.code,
    )
