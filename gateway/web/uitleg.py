"""What every finding means, for anybody: the list, and a page for each code, as a page or as JSON."""

from typing import Any, Final

import msgspec
from litestar import Response, route
from litestar.params import FromPath

from contracts.aanlevering import Ernst
from contracts.row_states import ROW_STATES
from contracts.signaal import Soort
from contracts.uitleg import Uitleg, UitlegKort, UitlegLijst, Voorbeeld
from gateway.errors import NotFoundError
from gateway.flow.advice import known_rule
from gateway.stages.rule import Rule
from gateway.stages.rule_pages import page_of, steps
from gateway.stages.rules import RULES
from gateway.web import links
from gateway.web.aanleveringen import READ
from gateway.web.headers import page_policy
from gateway.web.identity import AnyRequest
from gateway.web.negotiate import HTML, JSON, best
from gateway.web.templating import environment, stylesheet

FORMS: Final = (JSON, HTML)
CACHED: Final = "public, max-age=3600"
"""Texts change with the program only; an hour after an upgrade everybody has the new ones."""
SEVERITIES: Final = {
    Ernst.FATAL: "Het hele bestand wordt afgekeurd",
    Ernst.ERROR: "De regel wordt geweigerd",
    Ernst.WARNING: "De regel gaat door, met een waarschuwing",
}


@route(links.BEVINDINGEN, http_method=READ)
async def list_bevindingen(request: AnyRequest) -> Response[Any]:
    """Every code, by severity."""
    if best(request.headers.get("accept"), FORMS) == JSON:
        return _cached(msgspec.json.encode(UitlegLijst(bevindingen=tuple(map(_short, RULES)))), JSON)
    groups = [(text, [_short(rule) for rule in RULES if rule.ernst is ernst]) for ernst, text in SEVERITIES.items()]
    return _page("bevindingen.html", groepen=groups)


@route(links.BEVINDINGEN + "/{code:str}", http_method=READ)
async def get_bevinding(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """One code; raises NotFoundError for one that does not exist."""
    form = best(request.headers.get("accept"), FORMS)
    rule = known_rule(code)
    if rule is None:
        raise NotFoundError("no such code")
    told = uitleg_of(rule)
    if form == JSON:
        return _cached(msgspec.json.encode(told), JSON)
    return _page("bevinding.html", uitleg=told, ernst=SEVERITIES[rule.ernst], gaat_door=rule.state is None)


def uitleg_of(rule: Rule) -> Uitleg:
    """All that there is to say of one rule."""
    page = page_of(rule)
    return Uitleg(
        code=rule.code,
        ernst=rule.ernst,
        veld=rule.veld,
        melding=rule.melding,
        wat_te_doen=rule.wat_te_doen,
        betekenis=page.betekenis,
        voorbeeld=Voorbeeld(fout=page.fout, goed=page.goed, bij=dict(page.bij)),
        stappen=steps(rule),
        grondslag=rule.bron,
        soorten=tuple(soort for soort in Soort if soort in page.soorten),
        status=None if rule.state is None else ROW_STATES[rule.state].name,
        uri=f"{links.BEVINDINGEN}/{rule.code}",
    )


def _short(rule: Rule) -> UitlegKort:
    uri = f"{links.BEVINDINGEN}/{rule.code}"
    return UitlegKort(code=rule.code, ernst=rule.ernst, veld=rule.veld, melding=rule.melding, uri=uri)


def _page(template: str, **values: object) -> Response[Any]:
    style = stylesheet()
    answer = _cached(environment().get_template(template).render(stijl=style, **values), "text/html")
    answer.headers["Content-Security-Policy"] = page_policy(style)
    return answer


def _cached(body: str | bytes, media_type: str) -> Response[Any]:
    return Response(body, media_type=media_type, headers={"Cache-Control": CACHED, "Vary": "Accept"})
