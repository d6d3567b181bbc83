"""The outermost layer of both apps: what must hold for every answer, also those the framework gives by itself."""

from collections.abc import Callable
from typing import cast

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import HTTPReceiveMessage, HTTPSendMessage, Message, Receive, Scope, Send

from gateway.errors import NotFoundError
from gateway.web import problems
from gateway.web.headers import RawHeaders, completed


class EdgedLitestar(Litestar):
    """Litestar behind the edge: security and version headers on all answers, no second spelling of a path.

    A path with a trailing or double slash is another path, and there is nothing there (ADR /core/no-trailing-slash).
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]  # lifespan scopes pass through as they are
        """Wrap `receive` and `send` of a request."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._allowed)
        if _has_empty_segment(scope["path"]):
            await _send_not_found(exchange.send)
            return
        await super().__call__(scope, exchange.receive, exchange.send)

    def _allowed(self, template: str) -> str | None:
        methods = {
            str(m) for r in self.routes if r.path_format == template and isinstance(r, HTTPRoute) for m in r.methods
        }
        return ", ".join(sorted(methods)) or None


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, allowed: Callable[[str], str | None]) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._allowed = allowed
        self._awaited = _expects_continue(scope)

    async def receive(self) -> HTTPReceiveMessage:
        """Read on: from now on a waiting client has its 100 Continue."""
        self._awaited = False
        return cast("HTTPReceiveMessage", await self._receive())

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = completed(cast("RawHeaders", list(message["headers"])))
            if self._awaited:
                # The client holds its body; whether it sends it now is open, so the connection ends (RFC 9110 §10.1.1).
                headers.append((b"connection", b"close"))
            message["headers"] = self._with_allow(headers)
        await self._send(message)

    def _with_allow(self, headers: RawHeaders) -> RawHeaders:
        """Litestar's answer to OPTIONS names the methods of one handler; ours those of the path."""
        template = self._scope.get("path_template")
        if self._scope.get("method") != "OPTIONS" or not isinstance(template, str):
            return headers
        allowed = self._allowed(template)
        if allowed is None:
            return headers
        return [*((name, value) for name, value in headers if name != b"allow"), (b"allow", allowed.encode())]


def _expects_continue(scope: Scope) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"])


def _has_empty_segment(path: str) -> bool:
    return path != "/" and (path.endswith("/") or "//" in path)


async def _send_not_found(send: Send) -> None:
    status, headers, body = problems.encode(NotFoundError(""))
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send(cast("HTTPSendMessage", {"type": "http.response.start", "status": status, "headers": raw}))
    await send({"type": "http.response.body", "body": body, "more_body": False})
