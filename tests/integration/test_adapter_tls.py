"""Adapters over TLS: whom they trust, how they show who they are, and which name of a webhook is checked."""

import asyncio
import datetime as dt
import os
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Final

import pytest

from adapters.catalogue import open_adapter
from adapters.config import Surroundings
from adapters.simulators.serving import Listener, Running, Setup, in_thread
from adapters.webhook import open_webhook
from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused
from contracts.overeenkomst import Systeem, Webhook
from contracts.ports import Probe
from tests.certificates import CertificateAuthority, Pair
from tests.unit.adapters.test_webhook import NEWEST, a_feedback

NAME: Final = "hook.partner.example.test"


def real_clock() -> dt.datetime:
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


@pytest.fixture
def ca(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


def probe(**config: str | int) -> Probe:
    async def scene() -> Probe:
        systeem = Systeem(key="vps", naam="VPS", adapter="vps", config={"timeout_seconds": 5} | config)
        adapter = open_adapter(systeem, clock=real_clock, dice=os.urandom)
        try:
            return await adapter.probe()
        finally:
            await adapter.aclose()

    return asyncio.run(scene())


def test_a_system_is_trusted_by_its_own_authority_alone(ca: CertificateAuthority, tmp_path: Path) -> None:
    pair = ca.server()
    stranger = CertificateAuthority(tmp_path / "stranger", "Stranger")
    setup = Setup(kind="vps", state=tmp_path / "state")
    with in_thread(setup, real_clock, Listener(certificate=pair.certificate_file, key=pair.key_file)) as running:
        assert probe(url=running.url, ca_file=str(ca.file)).reachable
        assert probe(url=running.url, ca_file=str(stranger.file)).detail == "server_certificate_not_trusted"
        assert probe(url=running.url).detail == "server_certificate_not_trusted"


class MutualServer:
    """A server that demands a client certificate of `ca`; refusing one, it waits until its alert was read."""

    def __init__(self, ca: CertificateAuthority) -> None:
        pair = ca.server()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate_file, pair.key_file)
        self._context.load_verify_locations(ca.file)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            self._answer(self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False))

    def _answer(self, connection: ssl.SSLSocket) -> None:
        try:
            connection.do_handshake()
        except ssl.SSLError:
            with socket.socket(fileno=connection.detach()) as raw:
                raw.settimeout(5)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass
            return
        with connection:
            connection.recv(65536)
            self.requests += 1
            connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def mutual(ca: CertificateAuthority, client: Pair | None) -> tuple[Probe, int]:
    """A probe at a server that demands a client certificate, and how many requests that server read."""
    server = MutualServer(ca)
    shown: dict[str, str | int] = {}
    if client is not None:
        shown = {"client_cert_file": str(client.certificate_file), "client_key_file": str(client.key_file)}
    try:
        return probe(url=server.url, ca_file=str(ca.file), **shown), server.requests
    finally:
        server.close()


def test_a_client_certificate_is_shown(ca: CertificateAuthority) -> None:
    assert mutual(ca, ca.client()) == (Probe(reachable=True, detail="answers with HTTP 204"), 1)


def test_a_client_certificate_that_is_missing_or_strange_is_for_an_operator(
    ca: CertificateAuthority, tmp_path: Path
) -> None:
    stranger = CertificateAuthority(tmp_path / "stranger", "Stranger").client()
    for client in (None, stranger):
        assert mutual(ca, client) == (Probe(reachable=False, detail="client_certificate_refused"), 0)


def deliver(running: Running, ca: CertificateAuthority, folder: Path, address: str = "127.0.0.1") -> Outcome:
    (folder / "secret").write_text(NEWEST)
    port = running.url.rpartition(":")[2]
    webhook = Webhook(
        url=f"https://{NAME}:{port}/hook", geheimen=("secret",), prive_adres_toegestaan=True, ca_bestand=str(ca.file)
    )

    async def resolver(host: str, port: int) -> list[str]:
        assert host == NAME
        return [address]

    async def scene() -> Outcome:
        surroundings = Surroundings(clock=real_clock, dice=os.urandom)
        adapter = open_webhook(webhook, secret_dir=folder, surroundings=surroundings, resolver=resolver)
        try:
            return await adapter.deliver(a_feedback())
        finally:
            await adapter.aclose()

    return asyncio.run(scene())


def test_a_webhook_s_name_is_checked_at_the_address_that_was_judged(ca: CertificateAuthority, tmp_path: Path) -> None:
    setup = Setup(kind="partner", state=tmp_path / "state", secrets=(NEWEST,))
    right, wrong = ca.server(NAME), ca.server("another.example.test")
    with in_thread(setup, real_clock, Listener(certificate=right.certificate_file, key=right.key_file)) as running:
        assert deliver(running, ca, tmp_path) == Accepted()
        assert deliver(running, ca, tmp_path, "169.254.169.254") == Refused(
            code="address_not_allowed", kind=RefusalKind.CONTRACT
        )
    with in_thread(setup, real_clock, Listener(certificate=wrong.certificate_file, key=wrong.key_file)) as running:
        outcome = deliver(running, ca, tmp_path)
    assert outcome == Deferred(reason="server_certificate_not_trusted", unreachable=True)
