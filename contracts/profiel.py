"""Profiel: how one signaalpartner's files are to be read, where they differ from the layout or leave doubt.

A profile is data of the partner, versioned, and decides wherever a file by itself leaves a question: which column is
which, in which order a date stands, which words mean which kind. What it does not say is detected as in any other file.
"""

import enum
from typing import Annotated

from msgspec import Meta, Struct

from contracts.overeenkomst import Key

Profielnaam = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$",
        description="the partner's own name of a profile: letters, digits, space, dot, dash, underscore",
    ),
]


class Bestandsvorm(enum.StrEnum):
    """What kind of file carries the rows, inside a ZIP or gzip or not."""

    CSV = "csv"
    XLSX = "xlsx"
    ODS = "ods"
    JSON = "json"
    JSON_REGELS = "json_regels"


class Tekenset(enum.StrEnum):
    """Character sets that are read."""

    UTF_8 = "utf-8"
    WINDOWS_1252 = "windows-1252"
    ISO_8859_15 = "iso-8859-15"
    UTF_16 = "utf-16"


class Datumvolgorde(enum.StrEnum):
    """The order of day (d), month (m) and year (j) in a date of digits and marks."""

    DMJ = "dmj"
    JMD = "jmd"
    MDJ = "mdj"


class Bedrageenheid(enum.StrEnum):
    """What an amount counts."""

    EURO = "euro"
    CENT = "cent"


class Profiel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One profile of a partner, as its TOML file says it. Everything but `naam` may be left out.

    `kolommen`: header text as in the file, or the column's place as "1", "2" … in a file without a header → column of
    the layout, or a composed column (`layout.SAMENGESTELD`). `negeren`: header texts whose columns are not read.
    `constanten`: layout column → the text that stands for every empty field of it. `waarden`: layout column → (text in
    the file → text of the layout), compared without regard to case. `kopregel`: the line of the header, 1 is the first
    line of the file (of the sheet); 0: there is none, and `kolommen` names places. `blad`: the sheet's name.
    """

    naam: Profielnaam
    versie: Annotated[int, Meta(ge=1)] = 1
    vorm: Bestandsvorm | None = None
    blad: str | None = None
    tekenset: Tekenset | None = None
    scheidingsteken: str | None = None
    kopregel: int | None = None
    decimaalteken: str | None = None
    datumvolgorde: Datumvolgorde | None = None
    bedragen_in: Bedrageenheid | None = None
    kolommen: dict[str, str] = {}
    negeren: tuple[str, ...] = ()
    constanten: dict[str, str] = {}
    waarden: dict[str, dict[str, str]] = {}


class Partnerprofiel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a profile in the configuration. A version is never changed: another reading is a higher one.

    `standaard`: reads the uploads of this signaalpartner that name no profile.
    """

    signaalpartner: Key
    standaard: bool = False
    profiel: Profiel

    @property
    def key(self) -> str:
        """`<signaalpartner>/<naam>/<versie>`: neither part holds a slash."""
        return f"{self.signaalpartner}/{self.profiel.naam}/{self.profiel.versie}"
