"""uvicorn's protocol plus four things that it lacks.

They are: the client's certificate in the scope, a problem+json for bytes that are no HTTP, an end to a head that has
none, and an orderly end of a connection whose request was answered before its body was read.
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.errors import InvalidInputError
from gateway.web import problems
from gateway.web.headers import completed

CLIENT_CERTIFICATE: Final = "signaalpoort.client_certificate"
"""Key in `scope["extensions"]`: {"der": bytes | None}. Only the TLS connection itself fills it, never a header."""

FIRST_BYTE_SECONDS: Final = 30.0
"""A connection that says nothing for this long is closed."""
FAREWELL_SECONDS: Final = 1.0
"""How long a stopping process waits for an idle client to end TLS; one that is not reading never would."""
HEAD_BYTES: Final = 64 * 1024
"""What the head of a request may be, within one read of the connection; the parser itself would keep any amount."""
LINGER_SECONDS: Final = 30.0
"""How long a client may go on sending a body that was answered already.

Closing at once would reset the connection, and the client would lose the answer that tells it why.
"""


class CertificateProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client_certificate: bytes | None = None
        self._body_open = False
        self._head_bytes: int | None = 0  # None while a body is read
        self._linger: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so too
        """Keep the certificate: the handshake has ended, and it does not change."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self._client_certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        self.timeout_keep_alive_task = self.loop.call_later(FIRST_BYTE_SECONDS, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._unset_keepalive_if_required()
        self._stop_lingering()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass it to the parser; end a connection whose head does not end: nobody has signed in yet."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """The end of the head."""
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """Hand the certificate to the app with every request."""
        super().on_message_begin()
        self._body_open = True
        self.scope["extensions"] = {CLIENT_CERTIFICATE: {"der": self._client_certificate}}

    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on as it is where it comes alone: uvicorn would copy it twice on the event loop.

        Adding to empty bytes gives the piece itself. A second piece, as small chunks bring, makes it a bytearray again:
        adding to bytes over and over would copy the square of them.
        """
        cycle: Any = self.cycle
        if not cycle.body:
            cycle.body = b""
        elif isinstance(cycle.body, bytes):
            cycle.body = bytearray(cycle.body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request's last byte: when its answer went first, the connection is idle from now on."""
        self._body_open = False
        self._head_bytes = 0
        super().on_message_complete()
        if self._linger is not None:
            self._stop_lingering()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """The answer's last byte: a body that is still coming is read and dropped for a while."""
        super().on_response_complete()
        if self._body_open and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._stop_lingering()
            self._linger = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def shutdown(self) -> None:
        """The process stops: an idle connection ends now, for certain; a running request ends first."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no HTTP: the same problem+json and headers as everywhere, then close."""
        status, headers, body = problems.encode(InvalidInputError(""))
        raw = completed([(name.lower().encode(), value.encode()) for name, value in headers.items()])
        raw += [(b"content-length", str(len(body)).encode()), (b"connection", b"close")]
        lines = b"".join(b"%s: %s\r\n" % line for line in raw)
        self.transport.write(b"HTTP/1.1 %d Bad Request\r\n%s\r\n%s" % (status, lines, body))
        self.transport.close()

    def _stop_lingering(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
