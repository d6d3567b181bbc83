"""The app for people: what this is, and the rules that a file is checked against. Plain pages, no scripts."""

from typing import Final

from litestar import Litestar, Response, route
from litestar.datastructures import State

from contracts.aanlevering import Ernst
from gateway.stages.rules import RULES
from gateway.web import problems, uitleg
from gateway.web.edge import EdgedLitestar
from gateway.web.headers import SERVED_STYLE_POLICY
from gateway.web.identity import AnyRequest, parts_of
from gateway.web.parts import WebParts
from gateway.web.templating import environment, stylesheet

READ: Final = ("GET", "HEAD")
SEVERITIES: Final = (
    (Ernst.FATAL, "Het hele bestand wordt afgekeurd"),
    (Ernst.ERROR, "De regel wordt geweigerd"),
    (Ernst.WARNING, "De regel gaat door, met een waarschuwing"),
)


def create_pages_app(gateway: WebParts) -> Litestar:
    """`/`, `/regels`, the explanation of every finding, and the stylesheet."""
    return EdgedLitestar(
        route_handlers=[home, regels, stijl, uitleg.list_bevindingen, uitleg.get_bevinding],
        exception_handlers={Exception: problems.answer},
        state=State({"parts": gateway}),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


@route("/", http_method=READ)
async def home(request: AnyRequest) -> Response[str]:
    """What this is, and where to go."""
    return _page("start.html", api=parts_of(request).kit.settings.installation.base_url)


@route("/regels", http_method=READ)
async def regels(request: AnyRequest) -> Response[str]:
    """Every rule, by severity."""
    groups = [(heading, [rule for rule in RULES if rule.ernst is severity]) for severity, heading in SEVERITIES]
    return _page("regels.html", groepen=groups)


@route("/stijl.css", http_method=READ)
async def stijl(request: AnyRequest) -> Response[str]:
    """The one stylesheet."""
    return Response(stylesheet(), media_type="text/css")


def _page(template: str, **values: object) -> Response[str]:
    return Response(
        environment().get_template(template).render(values),
        media_type="text/html",
        headers={"Content-Security-Policy": SERVED_STYLE_POLICY},
    )
