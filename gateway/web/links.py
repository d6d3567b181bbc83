"""Paths of the interface, in one place; links in answers are paths, so that a proxy in between cannot break them."""

from typing import Final

from msgspec.structs import replace

from contracts.aanlevering import Aanlevering, AanleveringStatus, BevestigingStatus, Verwerkingsverslag
from gateway.flow.advice import known_rule

AANLEVERINGEN: Final = "/v1/aanleveringen"
BEVINDINGEN: Final = "/v1/bevindingen"
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


def herstelbestand(upload_id: str) -> str:
    """Its refused rows, to repair."""
    return f"{aanlevering(upload_id)}/herstelbestand"


def bewijzen_van_aanbieding(upload_id: str) -> str:
    """Proofs that rows were offered which could not pass."""
    return f"{aanlevering(upload_id)}/bewijzen-van-aanbieding"


def uitleg(code: str) -> str | None:
    """The page that explains a finding; None for a code that no rule has."""
    return None if known_rule(code) is None else f"{BEVINDINGEN}/{code}"


def report_with_links(report: Verwerkingsverslag) -> Verwerkingsverslag:
    """The report with where each finding is explained and where the files about its rows are."""
    mend, offered = report.herstelbestand, report.bewijzen_van_aanbieding
    own = report.aanlevering_id
    return replace(
        report,
        bevindingen=tuple(replace(group, uitleg_uri=uitleg(group.code)) for group in report.bevindingen),
        weigeringen_na_aanname=tuple(
            replace(group, uitleg_uri=uitleg(group.code)) for group in report.weigeringen_na_aanname
        ),
        herstelbestand=None if mend is None else replace(mend, uri=herstelbestand(own)),
        bewijzen_van_aanbieding=None if offered is None else replace(offered, uri=bewijzen_van_aanbieding(own)),
    )


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
