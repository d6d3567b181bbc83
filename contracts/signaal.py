"""Signaal v1: one natural person, one delivery address, one kind of arrears.

Sources: Wgs art. 3 lid 1 sub b, Bgs art. 2, Regeling zorgverzekering art. 7b.1, LCV model agreement.
Amounts are integers in euro cents; dates are calendar dates in Europe/Amsterdam.
"""

import datetime as dt
import enum
from typing import Annotated, Final

from msgspec import Meta, Struct

SIGNAAL_VERSIE: Final = 1


class Soort(enum.StrEnum):
    """The kinds of arrears: the four of the LCV (Bgs art. 2), then the rest of the national code list."""

    HUUR = "huur"
    ENERGIE = "energie"
    WATER = "water"
    ZORG = "zorg"
    BELASTINGDIENST = "belastingdienst"
    CAK_EIGEN_BIJDRAGE = "cak_eigen_bijdrage"
    CAK_ZORGVERZEKERINGEN = "cak_zorgverzekeringen"
    DIENST_TOESLAGEN = "dienst_toeslagen"
    DUO = "duo"
    HYPOTHEEK = "hypotheek"
    OVERIGE = "overige"


LCV_SOORTEN: Final = frozenset({Soort.HUUR, Soort.ENERGIE, Soort.WATER, Soort.ZORG})
"""Every other kind is refused unless an experiment names it (Wgs art. 10)."""


class Product(enum.StrEnum):
    """The energy products, three separate legal grounds (Energiewet; Warmtewet)."""

    ELEKTRICITEIT = "elektriciteit"
    GAS = "gas"
    WARMTE = "warmte"


class Signaaltype(enum.StrEnum):
    """What the partner announces; the last three may mean a bedreigende situatie (Wgs art. 4 lid 2)."""

    VROEGSIGNAAL = "vroegsignaal"
    GEACTUALISEERD = "geactualiseerd_signaal"
    EINDELEVERING = "eindeleveringssignaal"
    AFSLUIT = "afsluitsignaal"
    OPZEGGING_ZORG = "opzegging_zorgverzekering"


MOGELIJK_BEDREIGEND: Final = frozenset({Signaaltype.EINDELEVERING, Signaaltype.AFSLUIT, Signaaltype.OPZEGGING_ZORG})
"""Types that go by this route only where agreement or addendum says so; no threshold, no window."""

Gemeentecode = Annotated[str, Meta(pattern=r"^\d{4}$", description="CBS code, four digits, no GM")]
Postcode = Annotated[str, Meta(pattern=r"^[1-9]\d{3}[A-Z]{2}$", description="1234AB, without a space")]
SignaalId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")]
KvkNummer = Annotated[str, Meta(pattern=r"^\d{8}$")]
Bsn = Annotated[str, Meta(pattern=r"^\d{9}$")]
Centen = Annotated[int, Meta(ge=0, description="euro cents")]


class Signaal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """One row that passed every check, as it is sealed, and as an adapter maps it to its system.

    Only fields that the field policy of the sector lets pass are filled (AVG art. 5 lid 1 sub c).
    """

    versie: int = SIGNAAL_VERSIE
    signaal_id: SignaalId
    soort: Soort
    signaaltype: Signaaltype = Signaaltype.VROEGSIGNAAL
    producten: tuple[Product, ...] = ()
    bedreigend: bool = False
    warme_overdracht: bool = False
    kenmerk: str
    opdrachtgever: KvkNummer | None = None
    klantnummer: str | None = None
    polisnummer: str | None = None
    uzovi: Annotated[str, Meta(pattern=r"^\d{4}$")] | None = None
    bsn: Bsn | None = None
    voorletters: str | None = None
    voorvoegsel: str | None = None
    achternaam: str
    geslacht: Annotated[str, Meta(pattern=r"^[MVX]$")] | None = None
    geboortedatum: dt.date | None = None
    telefoon: str | None = None
    email: str | None = None
    straat: str
    huisnummer: Annotated[int, Meta(ge=1, le=99999)]
    huisletter: str | None = None
    huisnummertoevoeging: str | None = None
    postcode: Postcode
    woonplaats: str
    gemeentecode: Gemeentecode
    bedrag: Centen
    bedrag_premie: Centen | None = None
    bedrag_eigen_risico: Centen | None = None
    bedrag_eigen_bijdrage: Centen | None = None
    oudste_vervaldatum: dt.date
    facturen: tuple[str, ...] = ()
    einde_levering: dt.date | None = None

    def __repr__(self) -> str:
        """Show the id alone: a Signaal is personal data and its repr reaches logs and tracebacks."""
        return f"Signaal({self.signaal_id})"
