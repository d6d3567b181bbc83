"""Who is calling: a signaalpartner or a receiving system, by client certificate or bearer token. Fails closed."""

import logging
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from litestar import Litestar, Request
from litestar.connection import ASGIConnection

from contracts.overeenkomst import Signaalpartner, Toegang
from gateway import log
from gateway.crypto.certificates import oin_of
from gateway.errors import NotAllowedError, NotAuthenticatedError
from gateway.store.credentials import find_by_token
from gateway.web.parts import WebParts
from gateway.web.protocol import CLIENT_CERTIFICATE

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A proven caller. One OIN can be a partner and hold several toegangen; a token stands for one thing."""

    partner: Signaalpartner | None = None
    toegangen: tuple[Toegang, ...] = ()


async def signed_in_partner(request: AnyRequest) -> Signaalpartner:
    """The signaalpartner that calls; raises NotAuthenticatedError (401) or NotAllowedError (403)."""
    identity = await _identify(request)
    if identity.partner is None:
        raise _refused("not_a_partner", "Dit pad is voor signaalpartners.")
    return identity.partner


async def signed_in_toegangen(request: AnyRequest) -> tuple[Toegang, ...]:
    """The toegangen, in force today, that the calling system holds; raises as `signed_in_partner`."""
    identity = await _identify(request)
    if not identity.toegangen:
        raise _refused("not_a_system", "Dit pad is voor systemen van gemeenten.")
    today = parts_of(request).kit.today()
    in_force = tuple(
        t for t in identity.toegangen if t.van <= today and (t.tot_en_met is None or today <= t.tot_en_met)
    )
    if not in_force:
        raise _refused("outside_dates", "Deze toegang geldt vandaag niet.")
    return in_force


def parts_of(connection: ASGIConnection[Any, Any, Any, Any]) -> WebParts:
    """What the app was built of."""
    return parts_of_app(connection.app)


def parts_of_app(app: Litestar) -> WebParts:
    """What this app was built of."""
    parts: WebParts = app.state["parts"]
    return parts


async def _identify(request: AnyRequest) -> Identity:
    """A token goes before a certificate: who sends one means it."""
    parts = parts_of(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return await to_thread.run_sync(_by_token, parts, authorization)
    certificate = _peer_certificate(request)
    if certificate is not None:
        return await to_thread.run_sync(_by_certificate, parts, certificate)
    raise NotAuthenticatedError("no credential")


def _peer_certificate(request: AnyRequest) -> bytes | None:
    extensions: Any = request.scope.get("extensions") or {}
    der: bytes | None = extensions.get(CLIENT_CERTIFICATE, {}).get("der")
    return der


def _by_token(parts: WebParts, authorization: str) -> Identity:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _unknown("other_scheme")
    with parts.kit.db.read() as conn:
        found = find_by_token(conn, token.strip())
    if found is None:
        raise _unknown("unknown_token")
    if not found.is_valid(parts.kit.clock()):
        raise _unknown("expired_or_revoked_token")
    directory = parts.directory()
    if found.audience == "signaalpartner":
        return _known(Identity(partner=directory.partners.get(found.subject)))
    toegang = directory.toegangen.get(found.subject)
    return _known(Identity(toegangen=() if toegang is None else (toegang,)))


def _by_certificate(parts: WebParts, der: bytes) -> Identity:
    if parts.revocation.is_revoked(der):
        raise _refused("certificate_revoked", "Dit certificaat is ingetrokken, of dat is niet na te gaan.")
    try:
        oin = oin_of(der)
    except NotAllowedError:
        raise _refused(
            "certificate_without_oin", "Het certificaat moet precies één OIN bevatten, in Subject.serialNumber."
        ) from None
    directory = parts.directory()
    return _known(Identity(partner=directory.partner_by_oin(oin), toegangen=directory.toegangen_by_oin(oin)))


def _known(identity: Identity) -> Identity:
    if identity.partner is None and not identity.toegangen:
        raise _refused("unknown_to_configuration", "Deze organisatie is hier niet aangesloten.")
    return identity


def _unknown(reason: str) -> NotAuthenticatedError:
    log.emit(log.CREDENTIAL_REFUSED, level=logging.WARNING, reason=reason)
    return NotAuthenticatedError(reason)


def _refused(reason: str, told: str) -> NotAllowedError:
    log.emit(log.CREDENTIAL_REFUSED, level=logging.WARNING, reason=reason)
    return NotAllowedError(told)
