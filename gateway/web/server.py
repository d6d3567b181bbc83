"""The listeners: uvicorn with httptools over TLS 1.2 and 1.3; machines and people each on their own port.

On one port browsers would be asked for a client certificate, so there are two (decision: two listeners).
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import uvicorn
from litestar import Litestar

from gateway.errors import SettingsError
from gateway.settings import Https, Pages
from gateway.web.protocol import CertificateProtocol

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 suites (NCSC TLS 2025: forward secrecy and AEAD only); those of TLS 1.3 are all good."""
GRACEFUL_SECONDS: Final = 20
"""How long a stopping process lets running requests end."""


def openssl_conf_path() -> Path:
    """The packaged OpenSSL configuration; the process must start with OPENSSL_CONF naming it."""
    return Path(__file__).parent.parent / "openssl.cnf"


def tls_context(https: Https, *, ask_certificate: bool) -> ssl.SSLContext:
    """The server side of TLS; raises SettingsError when certificate, key or CA list is missing or unreadable.

    `ask_certificate`: ask the client for one of `client_ca` and take its absence. The chain is checked in the
    handshake; revocation is not (an expired CRL would refuse every valid client): the app does that.
    """
    if https.certificate is None or https.key is None:
        raise SettingsError("settings: https.certificate and https.key are required; nothing is served without TLS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(https.certificate, https.key)
        if ask_certificate and https.client_ca:
            context.verify_mode = ssl.CERT_OPTIONAL
            for file in https.client_ca:
                context.load_verify_locations(file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"settings: https: certificate, key or client_ca does not load: {error.strerror}") from None
    return context


class Listener(uvicorn.Server):
    """One port. Signals are the process's business, not the listener's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    @property
    def port(self) -> int:
        """The port it listens on, once `started`: what the system chose where the setting is 0."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


def machine_listener(app: Litestar, https: Https) -> Listener:
    """The listener for machines: client certificate optional."""
    return _listener(app, tls_context(https, ask_certificate=True), host=https.host, port=https.port)


def pages_listener(app: Litestar, https: Https, pages: Pages) -> Listener:
    """The listener for people: never asks for a certificate."""
    return _listener(app, tls_context(https, ask_certificate=False), host=pages.host, port=pages.port)


def _listener(app: Litestar, context: ssl.SSLContext, *, host: str, port: int) -> Listener:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CertificateProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        loop="uvloop",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nothing a proxy says of a client is believed
        server_header=False,
        ssl_context_factory=lambda _config, _default: context,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    return Listener(config)


async def serve(listeners: Sequence[Listener], *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then no new connections, running requests end, and this returns.

    Run it on uvloop (`uvloop.run`). A listener that cannot bind ends the process (SystemExit), as uvicorn does.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listener.serve()) for listener in listeners]
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for listener in listeners:
            listener.should_exit = True
