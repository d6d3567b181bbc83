"""What anybody may ask without logging in: the interface's document, the receipt keys, the status, security.txt."""

import datetime as dt
from typing import Any, Final

from anyio import to_thread
from litestar import MediaType, Response, route

from gateway.store.database import now_ms
from gateway.web import links
from gateway.web.aanleveringen import READ
from gateway.web.answers import json_answer
from gateway.web.forms import GatewayStatus
from gateway.web.identity import AnyRequest, parts_of
from gateway.web.negotiate import JSON, best
from gateway.web.openapi import document

OPENAPI_JSON: Final = "application/vnd.oai.openapi+json"
JWK_SET_JSON: Final = "application/jwk-set+json"
SECURITY_TXT_DAYS: Final = 180
"""RFC 9116 asks for less than a year; the file is made anew at each request."""


@route(links.OPENAPI, http_method=READ)
async def get_openapi(request: AnyRequest) -> Response[bytes]:
    """The OpenAPI document (ADR /core/publish-openapi), for any origin."""
    media_type = best(request.headers.get("accept"), (JSON, OPENAPI_JSON))
    body = document(parts_of(request).kit.settings.installation)
    return Response(body, media_type=media_type, headers={"Access-Control-Allow-Origin": "*", "Vary": "Accept"})


@route(links.SLEUTELS, http_method=READ)
async def get_sleutels(request: AnyRequest) -> Response[bytes]:
    """The public keys (RFC 7517) that receipts verify with, retired ones too."""
    media_type = best(request.headers.get("accept"), (JWK_SET_JSON, JSON))
    body = parts_of(request).kit.signer.jwks()
    return Response(body, media_type=media_type, headers={"Access-Control-Allow-Origin": "*", "Vary": "Accept"})


@route(links.STATUS, http_method=READ)
async def get_status(request: AnyRequest) -> Response[Any]:
    """200 when this process can serve; 503 when its database does not answer."""
    await to_thread.run_sync(_ask_database, request)
    return json_answer(request, GatewayStatus(status="ok"))


@route(links.SECURITY_TXT, http_method=READ)
async def get_security_txt(request: AnyRequest) -> Response[str]:
    """Where to report a vulnerability (RFC 9116)."""
    kit = parts_of(request).kit
    installation = kit.settings.installation
    expires = (kit.clock() + dt.timedelta(days=SECURITY_TXT_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = (
        f"Contact: mailto:{installation.contact_email}\n"
        f"Expires: {expires}\n"
        "Preferred-Languages: nl, en\n"
        f"Canonical: {installation.base_url}{links.SECURITY_TXT}\n"
    )
    return Response(text, media_type=MediaType.TEXT)


def _ask_database(request: AnyRequest) -> None:
    with parts_of(request).kit.db.read() as conn:
        now_ms(conn)
