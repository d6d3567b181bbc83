"""Ended gemeenten and their successors, from the herindelingswetten of 2019-2023.

Source: CBS, gemeentelijke indeling; Wet algemene regels herindeling (Wet arhi) art. 44.
"""

import datetime as dt
from typing import Final

OPVOLGERS: Final[dict[str, tuple[str, dt.date]]] = {
    "0009": ("0014", dt.date(2019, 1, 1)),  # Ten Boer -> Groningen
    "0017": ("0014", dt.date(2019, 1, 1)),  # Haren -> Groningen
    "0005": ("1966", dt.date(2019, 1, 1)),  # Bedum -> Het Hogeland
    "1651": ("1966", dt.date(2019, 1, 1)),  # Eemsmond -> Het Hogeland
    "1663": ("1966", dt.date(2019, 1, 1)),  # De Marne -> Het Hogeland
    "0015": ("1969", dt.date(2019, 1, 1)),  # Grootegast -> Westerkwartier
    "0022": ("1969", dt.date(2019, 1, 1)),  # Leek -> Westerkwartier
    "0025": ("1969", dt.date(2019, 1, 1)),  # Marum -> Westerkwartier
    "0056": ("1969", dt.date(2019, 1, 1)),  # Zuidhorn -> Westerkwartier
    "0058": ("1970", dt.date(2019, 1, 1)),  # Dongeradeel -> Noardeast-Fryslân
    "0079": ("1970", dt.date(2019, 1, 1)),  # Kollumerland en Nieuwkruisland -> Noardeast-Fryslân
    "1722": ("1970", dt.date(2019, 1, 1)),  # Ferwerderadiel -> Noardeast-Fryslân
    "0236": ("1960", dt.date(2019, 1, 1)),  # Geldermalsen -> West Betuwe
    "0304": ("1960", dt.date(2019, 1, 1)),  # Neerijnen -> West Betuwe
    "0733": ("1960", dt.date(2019, 1, 1)),  # Lingewaal -> West Betuwe
    "0545": ("1961", dt.date(2019, 1, 1)),  # Leerdam -> Vijfheerenlanden
    "0620": ("1961", dt.date(2019, 1, 1)),  # Vianen -> Vijfheerenlanden
    "0707": ("1961", dt.date(2019, 1, 1)),  # Zederik -> Vijfheerenlanden
    "0393": ("0394", dt.date(2019, 1, 1)),  # Haarlemmerliede en Spaarnwoude -> Haarlemmermeer
    "0576": ("0575", dt.date(2019, 1, 1)),  # Noordwijkerhout -> Noordwijk
    "0584": ("1963", dt.date(2019, 1, 1)),  # Oud-Beijerland -> Hoeksche Waard
    "0585": ("1963", dt.date(2019, 1, 1)),  # Binnenmaas -> Hoeksche Waard
    "0588": ("1963", dt.date(2019, 1, 1)),  # Korendijk -> Hoeksche Waard
    "0611": ("1963", dt.date(2019, 1, 1)),  # Cromstrijen -> Hoeksche Waard
    "0617": ("1963", dt.date(2019, 1, 1)),  # Strijen -> Hoeksche Waard
    "0689": ("1978", dt.date(2019, 1, 1)),  # Giessenlanden -> Molenlanden
    "1927": ("1978", dt.date(2019, 1, 1)),  # Molenwaard -> Molenlanden
    "0738": ("1959", dt.date(2019, 1, 1)),  # Aalburg -> Altena
    "0870": ("1959", dt.date(2019, 1, 1)),  # Werkendam -> Altena
    "0874": ("1959", dt.date(2019, 1, 1)),  # Woudrichem -> Altena
    "0881": ("1954", dt.date(2019, 1, 1)),  # Onderbanken -> Beekdaelen
    "0951": ("1954", dt.date(2019, 1, 1)),  # Nuth -> Beekdaelen
    "0962": ("1954", dt.date(2019, 1, 1)),  # Schinnen -> Beekdaelen
    "0003": ("1979", dt.date(2021, 1, 1)),  # Appingedam -> Eemsdelta
    "0010": ("1979", dt.date(2021, 1, 1)),  # Delfzijl -> Eemsdelta
    "0024": ("1979", dt.date(2021, 1, 1)),  # Loppersum -> Eemsdelta
    "0370": ("0439", dt.date(2022, 1, 1)),  # Beemster -> Purmerend
    "0398": ("1980", dt.date(2022, 1, 1)),  # Heerhugowaard -> Dijk en Waard
    "0416": ("1980", dt.date(2022, 1, 1)),  # Langedijk -> Dijk en Waard
    "0756": ("1982", dt.date(2022, 1, 1)),  # Boxmeer -> Land van Cuijk
    "0786": ("1982", dt.date(2022, 1, 1)),  # Grave -> Land van Cuijk
    "0815": ("1982", dt.date(2022, 1, 1)),  # Mill en Sint Hubert -> Land van Cuijk
    "1684": ("1982", dt.date(2022, 1, 1)),  # Cuijk -> Land van Cuijk
    "1702": ("1982", dt.date(2022, 1, 1)),  # Sint Anthonis -> Land van Cuijk
    "0856": ("1991", dt.date(2022, 1, 1)),  # Uden -> Maashorst
    "1685": ("1991", dt.date(2022, 1, 1)),  # Landerd -> Maashorst
    "0457": ("0363", dt.date(2022, 3, 24)),  # Weesp -> Amsterdam
    "0501": ("1992", dt.date(2023, 1, 1)),  # Brielle -> Voorne aan Zee
    "0530": ("1992", dt.date(2023, 1, 1)),  # Hellevoetsluis -> Voorne aan Zee
    "0614": ("1992", dt.date(2023, 1, 1)),  # Westvoorne -> Voorne aan Zee
}
"""Ended code → (its successor, the day that one took over).

Only gemeenten whose whole area went to one successor: Winsum (0053) and Haaren (0788) were divided, so a row that
names them cannot be routed by its code, and is refused rather than guessed.
"""


def opvolger(code: str, *, on: dt.date) -> str:
    """The code that holds the rights and duties of `code` on that day: itself, or its successor (Wet arhi art. 44)."""
    if code not in OPVOLGERS:
        return code
    successor, since = OPVOLGERS[code]
    return successor if since <= on else code
