"""Feedback: what a gemeente's system reports (Resultaat), what a partner hears (Terugkoppeling).

Sources: DDAS vroegsignalering v0.9, v1.0, v1.2 (VNG-Realisatie); LCV art. 3-4; Bgs art. 17; domain rule 6.
"""

import datetime as dt
import enum
from typing import Annotated, Final

from msgspec import Meta, Struct

from contracts.signaal import SignaalId

TERUGKOPPELING_VERSIE: Final = 1


class Gebeurtenis(enum.StrEnum):
    """Events of our own beside the DDAS list, which has no value for them."""

    HULP_GEACCEPTEERD = "hulp_geaccepteerd"
    KWALITEIT_ONVOLDOENDE = "kwaliteit_onvoldoende"
    VERKEERD_GEKOPPELD = "verkeerd_gekoppeld"


class Resultaat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One result for one signaal, as `POST /v1/resultaten` takes it.

    Exactly one of `gebeurtenis` and `code` (a DDAS value of `codelijst_versie`) is filled. `resultaat_id` is the
    sender's own and makes the call repeatable. Free text is not part of it.
    """

    resultaat_id: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
    signaal_id: SignaalId
    gebeurtenis: Gebeurtenis | None = None
    code: Annotated[str, Meta(max_length=120)] | None = None
    codelijst_versie: str = "1.2"
    datum: dt.date | None = None
    """The day it happened; required with hulp_geaccepteerd, and for an opted-in end result to count as such."""


class ResultaatAntwoord(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the sender of one Resultaat gets back. Nothing tells whether anything was relayed."""

    resultaat_id: str
    signaal_id: str
    status: str
    """`ontvangen` | `al_ontvangen` | `onbekend_signaal` | `ongeldig`."""
    detail: str | None = None


class TerugkoppelingSoort(enum.StrEnum):
    """All that a partner can ever hear of a signaal."""

    HULP_GEACCEPTEERD = "hulp_geaccepteerd"
    NIET_OPGEPAKT = "niet_opgepakt"
    GEEN_INWONER = "geen_inwoner"
    OVERLEDEN = "overleden"
    VERVALLEN = "vervallen"


class NietOpgepaktReden(enum.StrEnum):
    """The reasons of `niet_opgepakt` that may be told; another reason is told as none."""

    HERHAALDE_MELDING = "herhaalde_melding"
    ONTERECHT_SIGNAAL = "onterecht_signaal"
    KWALITEIT_ONVOLDOENDE = "kwaliteit_onvoldoende"


class Terugkoppeling(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One event as the partner gets it. Names the signaal by its id, the partner's own reference and invoices."""

    versie: int = TERUGKOPPELING_VERSIE
    id: str
    volgnummer: int
    signaal_id: SignaalId
    soort: TerugkoppelingSoort
    reden: NietOpgepaktReden | None = None
    beschikbaar_op: dt.datetime
    pauze_tot_en_met: dt.date | None = None
    kenmerk: str | None = None
    facturen: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the id alone: the reference can be personal data."""
        return f"Terugkoppeling({self.id})"
