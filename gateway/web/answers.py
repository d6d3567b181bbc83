"""Answers of handlers: typed structures out as JSON, nothing else in between."""

from typing import Any, Final

import msgspec
from litestar import Response
from msgspec import Struct

from gateway.web.identity import AnyRequest
from gateway.web.negotiate import JSON, best

JSON_ONLY: Final = (JSON,)


def json_answer(
    request: AnyRequest, body: Struct, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[Any]:
    """`body` as JSON; raises NotAcceptableError when the caller takes none."""
    best(request.headers.get("accept"), JSON_ONLY)
    return Response(msgspec.json.encode(body), status_code=status, headers=headers, media_type=JSON)
