"""What a partner can fetch about refused rows: the repair file, and proofs that rows were offered."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from anyio import to_thread
from litestar import Response, route
from litestar.params import FromPath
from litestar.response import Stream

from contracts.aanbieding import AangebodenRegel
from gateway.flow import offer_proof, repair
from gateway.web import links
from gateway.web.aanleveringen import READ, own_id
from gateway.web.forms import BewijzenQuery
from gateway.web.identity import AnyRequest, parts_of, signed_in_partner
from gateway.web.negotiate import CSV, JSON, best
from gateway.web.schema import convert_query

PROOFS_AT_ONCE: Final = 500
"""Some 25 ms of signing between two pieces of the answer."""


@route(links.AANLEVERINGEN + "/{upload_id:str}/herstelbestand", http_method=READ)
async def get_herstelbestand(request: AnyRequest, upload_id: FromPath[str]) -> Response[Any]:
    """The refused rows that can be repaired, as they were sent, with their findings in a last column."""
    partner = await signed_in_partner(request)
    best(request.headers.get("accept"), (CSV,))
    parts = parts_of(request)
    parts.limits.spend_report(partner)
    wanted = own_id(upload_id)
    made = await to_thread.run_sync(lambda: repair.repair_file(parts.kit, partner, upload_id=wanted))
    return Stream(
        iter(()) if request.method == "HEAD" else made.chunks,
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="herstelbestand-{made.upload_id}.csv"'},
    )


@route(links.AANLEVERINGEN + "/{upload_id:str}/bewijzen-van-aanbieding", http_method=READ)
async def get_bewijzen_van_aanbieding(request: AnyRequest, upload_id: FromPath[str]) -> Response[Any]:
    """Signed proofs of rows that gate or threshold refused, with their salts; signed as the answer is sent."""
    partner = await signed_in_partner(request)
    best(request.headers.get("accept"), (JSON,))
    query = convert_query(dict(request.query_params), BewijzenQuery)
    parts = parts_of(request)
    parts.limits.spend_report(partner)
    wanted = own_id(upload_id)
    made = await to_thread.run_sync(
        lambda: offer_proof.offers(parts.kit, partner, upload_id=wanted, after=query.na, limit=query.aantal)
    )
    chunks = iter(()) if request.method == "HEAD" else _json(made.upload_id, made.lines)
    return Stream(chunks, media_type=JSON)


def _json(upload_id: str, lines: Iterator[AangebodenRegel]) -> Iterator[bytes]:
    """A `BewijzenVanAanbieding`, some rows at a time."""
    yield b'{"versie":1,"aanleveringId":"%s","bewijzen":[' % upload_id.encode()
    encode = msgspec.json.encode
    before = b""
    piece: list[bytes] = []
    for line in lines:
        piece.append(encode(line))
        if len(piece) == PROOFS_AT_ONCE:
            yield before + b",".join(piece)
            before, piece = b",", []
    yield (before + b",".join(piece) if piece else b"") + b"]}"
