"""The error tree → problem+json (RFC 9457), in one table.

Titles are generic and never change with the request; `detail` is text of ours that quotes nothing the caller
sent (ADR /core/error-handling). What is not in the table is a defect: 500, logged with its place, told to nobody.
"""

import logging
import traceback
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from gateway import errors, log
from gateway.web.negotiate import NotAcceptableError

PROBLEM_JSON: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:signaalpoort:probleem:"


class Kind(Struct, frozen=True, kw_only=True):
    """One line of the table: status, the end of `type`, title, what is wrong, and what to do about it.

    `detail` gives way to what the error itself says is wrong; `advice` always follows.
    """

    status: int
    slug: str
    title: str
    detail: str
    advice: str


def _kind(status: int, slug: str, title: str, detail: str, advice: str) -> Kind:
    return Kind(status=status, slug=slug, title=title, detail=detail, advice=advice)


SERVER_FAULT: Final = _kind(
    500,
    "interne-fout",
    "Er ging bij ons iets mis",
    "De fout is vastgelegd. Er is niets ontvangen of gewijzigd tenzij u daar een bewijs van hebt.",
    "Probeer het opnieuw.",
)

PROBLEMS: Final[dict[type[Exception], Kind]] = {
    errors.InvalidInputError: _kind(
        400,
        "ongeldige-invoer",
        "De aanvraag bevat fouten",
        "Zo kan de aanvraag niet worden gelezen.",
        "Herstel de genoemde punten en stuur de aanvraag opnieuw.",
    ),
    errors.DigestMismatchError: _kind(
        400,
        "inhoud-wijkt-af",
        "De inhoud wijkt af van wat is opgegeven",
        "Er is niets ontvangen.",
        "Controleer wat u opgeeft en stuur het bestand opnieuw.",
    ),
    errors.IncompleteBodyError: _kind(
        400, "inhoud-afgebroken", "De inhoud is niet compleet", "Er is niets ontvangen.", "Stuur het bestand opnieuw."
    ),
    errors.NotAuthenticatedError: _kind(
        401,
        "niet-aangemeld",
        "U bent niet aangemeld",
        "Er is geen geldige aanmelding.",
        "Gebruik een clientcertificaat van een vertrouwde uitgever of een geldig token.",
    ),
    errors.NotAllowedError: _kind(
        403,
        "niet-toegestaan",
        "U mag dit niet",
        "Uw aanmelding geeft hier geen recht op.",
        "Vraag beheer om uw toegang na te gaan.",
    ),
    errors.NotFoundError: _kind(
        404,
        "niet-gevonden",
        "Niet gevonden",
        "Dit bestaat niet, of het is niet van u.",
        "Controleer het adres en met welke aanmelding u dit vraagt.",
    ),
    NotAcceptableError: _kind(
        406,
        "vorm-niet-beschikbaar",
        "Deze vorm is niet beschikbaar",
        "Dit pad geeft geen vorm die u aanneemt.",
        "Vraag in Accept om een vorm die dit pad geeft.",
    ),
    errors.ConflictError: _kind(
        409,
        "botst",
        "De aanvraag botst met wat er al is",
        "Wat u vraagt past niet bij de huidige stand.",
        "Haal eerst de huidige stand op en pas de aanvraag aan.",
    ),
    errors.TooLargeError: _kind(
        413,
        "te-groot",
        "De inhoud is te groot",
        "Er is niets ontvangen.",
        "Splits het bestand, of vraag beheer om een hogere grens.",
    ),
    errors.UnsupportedMediaError: _kind(
        415,
        "soort-inhoud-onbekend",
        "Deze soort inhoud wordt niet aangenomen",
        "Er is niets ontvangen.",
        "Kies een Content-Type en een Content-Encoding die dit pad aanneemt.",
    ),
    errors.UnknownProfileError: _kind(
        422,
        "profiel-onbekend",
        "Dit profiel is er niet",
        "Er is niets ontvangen.",
        "Noem een profiel dat er is, of laat profiel weg.",
    ),
    errors.TooManyError: _kind(
        429,
        "te-veel-aanvragen",
        "Te veel aanvragen",
        "U stuurt meer aanvragen dan is afgesproken.",
        "Wacht het aantal seconden in Retry-After en probeer het opnieuw.",
    ),
    errors.StoreUnavailableError: _kind(
        503,
        "tijdelijk-niet-beschikbaar",
        "Tijdelijk niet beschikbaar",
        "Er is niets ontvangen of gewijzigd.",
        "Probeer het na Retry-After opnieuw.",
    ),
    errors.DiskFullError: _kind(
        507,
        "geen-ruimte",
        "Er is tijdelijk geen ruimte",
        "Er is niets ontvangen; beheer is gewaarschuwd.",
        "Probeer het na Retry-After opnieuw.",
    ),
    errors.KeyDestroyedError: _kind(
        410,
        "vernietigd",
        "Dit is op tijd vernietigd",
        "De bewaartermijn is voorbij; dit is met opzet niet meer leesbaar.",
        "Hebt u het nog nodig, gebruik dan uw eigen gegevens.",
    ),
    errors.IntegrityError: SERVER_FAULT,
    errors.SettingsError: SERVER_FAULT,
    errors.ReceiverError: SERVER_FAULT,
}
"""A subclass that is not named takes the line of its nearest named ancestor."""

TOLD: Final = (
    errors.InvalidInputError,
    errors.DigestMismatchError,
    errors.IncompleteBodyError,
    errors.NotAllowedError,
    errors.ConflictError,
    errors.TooLargeError,
    errors.TooManyError,
    NotAcceptableError,
)
"""Errors whose own message opens the detail: it is Dutch, written for the sender, and quotes nothing.

NotFoundError is not among them: "not there" and "not yours" must read the same.
"""

HTTP_PROBLEMS: Final[dict[int, Kind]] = {
    400: PROBLEMS[errors.InvalidInputError],
    404: PROBLEMS[errors.NotFoundError],
    405: _kind(
        405,
        "methode-niet-toegestaan",
        "Deze methode kan hier niet",
        "Dit pad kent de methode van de aanvraag niet.",
        "Kies een van de methoden in Allow.",
    ),
    413: PROBLEMS[errors.TooLargeError],
    415: PROBLEMS[errors.UnsupportedMediaError],
}
"""What the framework raises by itself: routing and malformed requests. Its own words are dropped: they quote."""


class ProblemBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every 4xx and 5xx answer."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[dict[str, str], ...] = ()
    limit: int | None = None


def kind_of(error: Exception) -> Kind:
    """The line of the table for `error`; SERVER_FAULT for what is not ours."""
    if isinstance(error, HTTPException):
        return HTTP_PROBLEMS.get(error.status_code, SERVER_FAULT)
    for ancestor in type(error).__mro__:
        if issubclass(ancestor, Exception) and ancestor in PROBLEMS:
            return PROBLEMS[ancestor]
    return SERVER_FAULT


def body_of(error: Exception, kind: Kind) -> ProblemBody:
    """The problem as it is told: what is wrong, then what to do; only those of `TOLD` show their own message."""
    told = str(error) if isinstance(error, TOLD) else ""
    return ProblemBody(
        type=TYPE_PREFIX + kind.slug,
        title=kind.title,
        status=kind.status,
        detail=f"{told or kind.detail} {kind.advice}",
        errors=tuple(_located(problem) for problem in getattr(error, "problems", ())),
        limit=error.limit if isinstance(error, errors.TooLargeError) else None,
    )


def _located(problem: errors.Problem) -> dict[str, str]:
    """`query:naam`, `header:Naam` and JSON pointers (`/a/0/b`) as ADR's in/location pair."""
    place, _, name = problem.location.partition(":")
    if place in {"query", "header", "path"}:
        return {"in": place, "location": name, "detail": problem.detail}
    return {"in": "body", "location": problem.location, "detail": problem.detail}


def headers_of(error: Exception, kind: Kind) -> dict[str, str]:
    """Retry-After, WWW-Authenticate and Allow where the status asks for them."""
    headers: dict[str, str] = {}
    retry_after: float | None = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, round(retry_after)))
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="signaalpoort"'
    if kind.status == 405 and isinstance(error, HTTPException):
        headers["Allow"] = _allow(error.headers or {})
    return headers


def _allow(headers: Mapping[str, str]) -> str:
    allowed = {
        method.strip() for name, value in headers.items() if name.lower() == "allow" for method in value.split(",")
    }
    return ", ".join(sorted(allowed))


def encode(error: Exception) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to `error`, for callers below the framework."""
    kind = kind_of(error)
    headers = {"Content-Type": PROBLEM_JSON, "Content-Language": "nl", **headers_of(error, kind)}
    return kind.status, headers, msgspec.json.encode(body_of(error, kind))


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The exception handler of both apps. Logs what is our fault, with its place and without its message."""
    kind = kind_of(error)
    if kind.status == 500:
        log.emit(log.REQUEST_FAILED, level=logging.ERROR, error_type=type(error).__name__, where=_where(request, error))
    elif kind.status > 500:
        where = _where(request, error)
        log.emit(log.REQUEST_REFUSED, level=logging.WARNING, error_type=type(error).__name__, where=where)
    status, headers, body = encode(error)
    media_type = headers.pop("Content-Type")
    return Response(body, status_code=status, headers=headers, media_type=media_type)


def _where(request: Request[Any, Any, Any], error: Exception) -> str:
    """The route's template and the line that raised: never a path as sent, never a message."""
    frames = traceback.extract_tb(error.__traceback__)
    line = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    return f"{request.method} {request.scope.get('path_template', '?')} {line}"
