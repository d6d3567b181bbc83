"""The little HTTP that a simulator needs: whole requests in, whole replies out, and a line cut on purpose."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_BODY: Final = 64 * 1024 * 1024
CUT_KEY: Final = "signaalpoort.cut"
"""Where CuttableProtocol leaves the function that drops the connection."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A whole request; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole reply."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Cut:
    """Instead of a reply: the connection is dropped without one."""


Handler = Callable[[Request], Awaitable[Reply | Cut]]


def json_reply(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """`value` as JSON."""
    return Reply(status=status, body=msgspec.json.encode(value), headers=headers or {})


def as_app(handler: Handler) -> App:
    """An ASGI application around `handler`; for CuttableProtocol."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        reply = Reply(status=413) if body is None else await handler(_request(scope, body))
        if isinstance(reply, Cut):
            await _cut(scope, receive)
            return
        headers = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
        await send({"type": "http.response.body", "body": reply.body})

    return app


class CuttableProtocol(H11Protocol):
    """uvicorn's protocol, with the transport's `abort` in the scope: ASGI has no way to drop a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wrap the application of this connection."""
        super().connection_made(transport)
        inner = self.app

        async def with_cut(scope: Message, receive: Receive, send: Send) -> None:
            scope[CUT_KEY] = transport.abort
            await inner(scope, receive, send)

        self.app = with_cut


async def _body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _request(scope: Message, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode("ascii"))),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _cut(scope: Message, receive: Receive) -> None:
    scope[CUT_KEY]()
    while (await receive())["type"] != "http.disconnect":
        pass
