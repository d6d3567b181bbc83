"""Results in from systems of gemeenten; what a partner may hear out to the partner."""

from typing import Any, Final

from anyio import to_thread
from litestar import Response, post, route

from contracts.overeenkomst import Toegang
from contracts.terugkoppeling import Resultaat, ResultaatAntwoord
from gateway.errors import NotFoundError
from gateway.flow import hear
from gateway.web import links
from gateway.web.aanleveringen import READ
from gateway.web.answers import JSON_ONLY, json_answer
from gateway.web.bodies import small_body
from gateway.web.forms import ResultaatAntwoorden, Resultaten, Terugkoppelingen, TerugkoppelingenQuery
from gateway.web.identity import AnyRequest, parts_of, signed_in_partner, signed_in_toegangen
from gateway.web.negotiate import best, require_identity, require_json
from gateway.web.schema import convert_query, decode_json

RESULTATEN_BYTES: Final = 1 << 20
"""A thousand results of at most some 400 bytes, with room to spare."""


@post(links.RESULTATEN, status_code=200)
async def post_resultaten(request: AnyRequest) -> Response[Any]:
    """Take in results. 404 when none of the signalen was delivered to this system."""
    toegangen = await signed_in_toegangen(request)
    best(request.headers.get("accept"), JSON_ONLY)
    require_identity(request.headers.get("content-encoding"))
    require_json(request.headers.get("content-type"))
    body = decode_json(await small_body(request.receive, limit=RESULTATEN_BYTES), Resultaten)
    answers = await to_thread.run_sync(_hear, request, toegangen, body.resultaten)
    if all(answer.status == hear.ONBEKEND_SIGNAAL for answer in answers):
        raise NotFoundError("no signaal of this batch is known to the caller")
    return json_answer(request, ResultaatAntwoorden(resultaten=answers))


@route(links.TERUGKOPPELINGEN, http_method=READ)
async def list_terugkoppelingen(request: AnyRequest) -> Response[Any]:
    """The events of this partner after a cursor, oldest first, at least once."""
    partner = await signed_in_partner(request)
    query = convert_query(dict(request.query_params), TerugkoppelingenQuery)
    kit = parts_of(request).kit
    events = await to_thread.run_sync(
        lambda: tuple(hear.list_terugkoppelingen(kit, partner.key, after=query.na, limit=query.aantal))
    )
    return json_answer(
        request, Terugkoppelingen(terugkoppelingen=events, na=events[-1].volgnummer if events else query.na)
    )


def _hear(
    request: AnyRequest, toegangen: tuple[Toegang, ...], resultaten: tuple[Resultaat, ...]
) -> tuple[ResultaatAntwoord, ...]:
    """Ask each credential of the caller in turn about what the ones before it did not know."""
    parts = parts_of(request)
    answers: dict[int, ResultaatAntwoord] = {}
    open_places = list(range(len(resultaten)))
    for toegang in toegangen:
        some = [resultaten[place] for place in open_places]
        answers.update(zip(open_places, hear.hear(parts.kit, parts.directory(), toegang, some), strict=True))
        open_places = [place for place in open_places if answers[place].status == hear.ONBEKEND_SIGNAAL]
        if not open_places:
            break
    return tuple(answers[place] for place in range(len(resultaten)))
