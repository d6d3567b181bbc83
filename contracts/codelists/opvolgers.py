"""Ended gemeenten and where they went, from the herindelingswetten of 2019-2023.

A loaded list of mergers overrides the entries of the codes that it names (`referentie laden`).

Source: CBS, gemeentelijke indeling; Wet algemene regels herindeling (Wet arhi) art. 44.
"""

import datetime as dt
from typing import Final

from msgspec import Struct


class Opvolging(Struct, frozen=True):
    """The end of a gemeente: from the day `vanaf` on, `opvolgers` have its area.

    One successor has its rights and duties too. With several its area was divided: no code follows from its own.
    """

    code: str
    naam: str
    opvolgers: tuple[str, ...]
    vanaf: dt.date


_2019: Final = dt.date(2019, 1, 1)
_2021: Final = dt.date(2021, 1, 1)
_2022: Final = dt.date(2022, 1, 1)
_2023: Final = dt.date(2023, 1, 1)

OPVOLGERS: Final[tuple[Opvolging, ...]] = (
    Opvolging("0009", "Ten Boer", ("0014",), _2019),
    Opvolging("0017", "Haren", ("0014",), _2019),
    Opvolging("0005", "Bedum", ("1966",), _2019),
    Opvolging("1651", "Eemsmond", ("1966",), _2019),
    Opvolging("1663", "De Marne", ("1966",), _2019),
    Opvolging("0015", "Grootegast", ("1969",), _2019),
    Opvolging("0022", "Leek", ("1969",), _2019),
    Opvolging("0025", "Marum", ("1969",), _2019),
    Opvolging("0056", "Zuidhorn", ("1969",), _2019),
    Opvolging("0058", "Dongeradeel", ("1970",), _2019),
    Opvolging("0079", "Kollumerland en Nieuwkruisland", ("1970",), _2019),
    Opvolging("1722", "Ferwerderadiel", ("1970",), _2019),
    Opvolging("0236", "Geldermalsen", ("1960",), _2019),
    Opvolging("0304", "Neerijnen", ("1960",), _2019),
    Opvolging("0733", "Lingewaal", ("1960",), _2019),
    Opvolging("0545", "Leerdam", ("1961",), _2019),
    Opvolging("0620", "Vianen", ("1961",), _2019),
    Opvolging("0707", "Zederik", ("1961",), _2019),
    Opvolging("0393", "Haarlemmerliede en Spaarnwoude", ("0394",), _2019),
    Opvolging("0576", "Noordwijkerhout", ("0575",), _2019),
    Opvolging("0584", "Oud-Beijerland", ("1963",), _2019),
    Opvolging("0585", "Binnenmaas", ("1963",), _2019),
    Opvolging("0588", "Korendijk", ("1963",), _2019),
    Opvolging("0611", "Cromstrijen", ("1963",), _2019),
    Opvolging("0617", "Strijen", ("1963",), _2019),
    Opvolging("0689", "Giessenlanden", ("1978",), _2019),
    Opvolging("1927", "Molenwaard", ("1978",), _2019),
    Opvolging("0738", "Aalburg", ("1959",), _2019),
    Opvolging("0870", "Werkendam", ("1959",), _2019),
    Opvolging("0874", "Woudrichem", ("1959",), _2019),
    Opvolging("0881", "Onderbanken", ("1954",), _2019),
    Opvolging("0951", "Nuth", ("1954",), _2019),
    Opvolging("0962", "Schinnen", ("1954",), _2019),
    Opvolging("0053", "Winsum", ("1966", "1969"), _2019),
    Opvolging("0003", "Appingedam", ("1979",), _2021),
    Opvolging("0010", "Delfzijl", ("1979",), _2021),
    Opvolging("0024", "Loppersum", ("1979",), _2021),
    Opvolging("0788", "Haaren", ("0757", "0824", "0855", "0865"), _2021),
    Opvolging("0370", "Beemster", ("0439",), _2022),
    Opvolging("0398", "Heerhugowaard", ("1980",), _2022),
    Opvolging("0416", "Langedijk", ("1980",), _2022),
    Opvolging("0756", "Boxmeer", ("1982",), _2022),
    Opvolging("0786", "Grave", ("1982",), _2022),
    Opvolging("0815", "Mill en Sint Hubert", ("1982",), _2022),
    Opvolging("1684", "Cuijk", ("1982",), _2022),
    Opvolging("1702", "Sint Anthonis", ("1982",), _2022),
    Opvolging("0856", "Uden", ("1991",), _2022),
    Opvolging("1685", "Landerd", ("1991",), _2022),
    Opvolging("0457", "Weesp", ("0363",), dt.date(2022, 3, 24)),
    Opvolging("0501", "Brielle", ("1992",), _2023),
    Opvolging("0530", "Hellevoetsluis", ("1992",), _2023),
    Opvolging("0614", "Westvoorne", ("1992",), _2023),
)
"""In order of date. Winsum and Haaren were divided: a row that names them is refused rather than guessed."""
