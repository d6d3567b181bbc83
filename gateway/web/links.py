"""Paths of the interface, in one place; links in answers are paths, so that a proxy in between cannot break them."""

from typing import Final

from msgspec.structs import replace

from contracts.aanlevering import Aanlevering, AanleveringStatus, BevestigingStatus

AANLEVERINGEN: Final = "/v1/aanleveringen"
RESULTATEN: Final = "/v1/resultaten"
TERUGKOPPELINGEN: Final = "/v1/terugkoppelingen"
OPENAPI: Final = "/v1/openapi.json"
SLEUTELS: Final = "/v1/sleutels"
STATUS: Final = "/v1/status"
SECURITY_TXT: Final = "/.well-known/security.txt"


def aanlevering(upload_id: str) -> str:
    """The upload itself."""
    return f"{AANLEVERINGEN}/{upload_id}"


def inhoud(upload_id: str) -> str:
    """Where its bytes are PUT."""
    return f"{aanlevering(upload_id)}/inhoud"


def ontvangstbewijs(upload_id: str) -> str:
    """Its signed receipt."""
    return f"{aanlevering(upload_id)}/ontvangstbewijs"


def verwerkingsverslag(upload_id: str) -> str:
    """Its report."""
    return f"{aanlevering(upload_id)}/verwerkingsverslag"


def bevestiging(upload_id: str) -> str:
    """Where its partner says whether a held file is right."""
    return f"{aanlevering(upload_id)}/bevestiging"


def with_links(shown: Aanlevering) -> Aanlevering:
    """The Aanlevering with where to go next."""
    announced = shown.status is AanleveringStatus.AANGEKONDIGD
    asked = shown.bevestiging is not None and shown.bevestiging.status is BevestigingStatus.OPEN
    return replace(
        shown,
        content_uri=inhoud(shown.aanlevering_id) if announced else None,
        verwerkingsverslag_uri=None if announced else verwerkingsverslag(shown.aanlevering_id),
        bevestiging_uri=bevestiging(shown.aanlevering_id) if asked else None,
    )
