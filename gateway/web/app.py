"""The app for machines. Nothing happens at import: `create_app` builds it of its parts."""

from litestar import Litestar
from litestar.datastructures import State

from gateway.web import aanleveringen, bevestiging, feedback, problems, public, refused, uitleg, uploads
from gateway.web.edge import EdgedLitestar
from gateway.web.parts import WebParts


def create_app(gateway: WebParts) -> Litestar:
    """All paths under /v1, and security.txt."""
    return EdgedLitestar(
        route_handlers=[
            uploads.post_aanlevering,
            uploads.put_inhoud,
            aanleveringen.list_aanleveringen,
            aanleveringen.get_aanlevering,
            aanleveringen.get_ontvangstbewijs,
            aanleveringen.get_verwerkingsverslag,
            bevestiging.post_bevestiging,
            refused.get_herstelbestand,
            refused.get_bewijzen_van_aanbieding,
            uitleg.list_bevindingen,
            uitleg.get_bevinding,
            feedback.post_resultaten,
            feedback.list_terugkoppelingen,
            public.get_openapi,
            public.get_sleutels,
            public.get_status,
            public.get_security_txt,
        ],
        exception_handlers={Exception: problems.answer},
        state=State({"parts": gateway}),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # bodies are bounded where they are read: per partner, and as they stream
        debug=False,
    )
