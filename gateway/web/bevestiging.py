"""POST of the partner's word on a file that was held. The same word again is answered the same."""

from typing import Any, Final

from anyio import to_thread
from litestar import Response, post
from litestar.params import FromPath

from contracts.aanlevering import Aanlevering, Besluit
from contracts.overeenkomst import Signaalpartner
from gateway.flow import confirm, report
from gateway.web import links
from gateway.web.aanleveringen import own_id
from gateway.web.answers import JSON_ONLY, json_answer
from gateway.web.bodies import small_body
from gateway.web.forms import BevestigingBesluit
from gateway.web.identity import AnyRequest, parts_of, signed_in_partner
from gateway.web.negotiate import best, require_identity, require_json
from gateway.web.schema import decode_json

DECISION_BYTES: Final = 1024
"""A decision is one word; this is generous."""


@post(links.AANLEVERINGEN + "/{upload_id:str}/bevestiging", status_code=200)
async def post_bevestiging(request: AnyRequest, upload_id: FromPath[str]) -> Response[Any]:
    """Let a held file go on, or take it back; the upload as it is then. 409 when it was decided otherwise."""
    partner = await signed_in_partner(request)
    best(request.headers.get("accept"), JSON_ONLY)
    require_identity(request.headers.get("content-encoding"))
    require_json(request.headers.get("content-type"))
    body = decode_json(await small_body(request.receive, limit=DECISION_BYTES), BevestigingBesluit)
    shown = await to_thread.run_sync(_decided, request, partner, own_id(upload_id), body.besluit)
    return json_answer(request, links.with_links(shown))


def _decided(request: AnyRequest, partner: Signaalpartner, upload_id: str, besluit: Besluit) -> Aanlevering:
    kit = parts_of(request).kit
    confirm.decide(kit, partner, upload_id=upload_id, besluit=besluit)
    return report.show(kit, partner, upload_id=upload_id)
