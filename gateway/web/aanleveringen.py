"""GET of uploads: the list, one, its receipt, its report. A partner sees its own; all others are not there."""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar
from uuid import UUID

from anyio import to_thread
from litestar import Response, route
from litestar.params import FromPath
from litestar.response import Stream

from contracts.overeenkomst import Signaalpartner
from gateway.errors import InvalidInputError, NotFoundError, Problem
from gateway.flow import report
from gateway.flow.kit import Kit
from gateway.web import links
from gateway.web.answers import json_answer
from gateway.web.forms import Aanleveringen, PageQuery
from gateway.web.identity import AnyRequest, parts_of, signed_in_partner
from gateway.web.negotiate import CSV, HTML, JOSE, JSON, best
from gateway.web.report_csv import csv_chunks
from gateway.web.report_page import render_report
from gateway.web.schema import convert_query

T = TypeVar("T")

READ: Final = ("GET", "HEAD")
"""HEAD wherever GET (ADR /core/http-methods); the server leaves the body out."""
REPORT_FORMS: Final = (JSON, CSV, HTML)


@route(links.AANLEVERINGEN, http_method=READ)
async def list_aanleveringen(request: AnyRequest) -> Response[Any]:
    """The received uploads of this partner, newest first."""
    partner = await signed_in_partner(request)
    query = convert_query(dict(request.query_params), PageQuery)
    page = await _flow(request, lambda kit: _page(kit, partner, query))
    return json_answer(request, page)


@route(links.AANLEVERINGEN + "/{upload_id:str}", http_method=READ)
async def get_aanlevering(request: AnyRequest, upload_id: FromPath[str]) -> Response[Any]:
    """State and counts of one upload."""
    partner = await signed_in_partner(request)
    shown = await _flow(request, lambda kit: report.show(kit, partner, upload_id=own_id(upload_id)))
    return json_answer(request, links.with_links(shown))


@route(links.AANLEVERINGEN + "/{upload_id:str}/ontvangstbewijs", http_method=READ)
async def get_ontvangstbewijs(request: AnyRequest, upload_id: FromPath[str]) -> Response[str]:
    """The signed receipt, a compact JWS."""
    partner = await signed_in_partner(request)
    best(request.headers.get("accept"), (JOSE,))
    receipt = await _flow(request, lambda kit: report.receipt(kit, partner, upload_id=own_id(upload_id)))
    return Response(receipt, media_type=JOSE)


@route(links.AANLEVERINGEN + "/{upload_id:str}/verwerkingsverslag", http_method=READ)
async def get_verwerkingsverslag(request: AnyRequest, upload_id: FromPath[str]) -> Response[Any]:
    """The report in the form that the caller likes best: JSON, CSV, or a page."""
    partner = await signed_in_partner(request)
    form = best(request.headers.get("accept"), REPORT_FORMS)
    parts_of(request).limits.spend_report(partner)
    wanted = own_id(upload_id)
    if form == CSV:
        return await _as_csv(request, partner, wanted)
    found = links.report_with_links(await _flow(request, lambda kit: report.report(kit, partner, upload_id=wanted)))
    if form == JSON:
        answer = json_answer(request, found)
    else:
        page, policy = render_report(found, base_url=_base_url(request))
        answer = Response(page, media_type="text/html", headers={"Content-Security-Policy": policy})
    answer.headers["Vary"] = "Accept"
    return answer


async def _as_csv(request: AnyRequest, partner: Signaalpartner, upload_id: FromPath[str]) -> Response[Any]:
    lines = await _flow(request, lambda kit: report.report_lines(kit, partner, upload_id=upload_id))
    chunks: Iterator[bytes] = iter(()) if request.method == "HEAD" else csv_chunks(lines, base_url=_base_url(request))
    headers = {
        "Content-Disposition": f'attachment; filename="verwerkingsverslag-{upload_id}.csv"',
        "Vary": "Accept",
    }
    return Stream(chunks, media_type="text/csv; charset=utf-8; header=present", headers=headers)


def _base_url(request: AnyRequest) -> str:
    """Pages and spreadsheets are saved and opened elsewhere, so their links are whole."""
    return parts_of(request).kit.settings.installation.base_url


def _page(kit: Kit, partner: Signaalpartner, query: PageQuery) -> Aanleveringen:
    try:
        page = report.page(kit, partner, after=None if query.na is None else own_id(query.na), limit=query.aantal)
    except NotFoundError:
        raise InvalidInputError(
            "De aanvraag bevat 1 fout.",
            [Problem(location="query:na", detail="Verwacht: een aanleveringId van een eigen aanlevering.")],
        ) from None
    following = None
    if page.next_after is not None:
        following = f"{links.AANLEVERINGEN}?na={page.next_after}&aantal={query.aantal}"
    return Aanleveringen(aanleveringen=tuple(links.with_links(one) for one in page.aanleveringen), volgende=following)


async def _flow(request: AnyRequest, call: Callable[[Kit], T]) -> T:
    return await to_thread.run_sync(call, parts_of(request).kit)


def own_id(text: str) -> str:
    """An id as we write it; raises NotFoundError: what is no UUID cannot be an upload."""
    try:
        return str(UUID(text))
    except ValueError:
        raise NotFoundError("not an id") from None
