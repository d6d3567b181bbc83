"""Connections that misbehave: silent ones, and ones that go on sending what nobody will read."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from gateway.web import protocol
from tests.integration.serving import Api, running_api

REQUEST = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 20.0
"""Seconds: far longer than the waits the tests set, shorter than those of the protocol."""


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


def connected(api: Api) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", api.port), timeout=20)
    return api.ca.client_context().wrap_socket(plain, server_hostname="localhost")


def read_until(sock: ssl.SSLSocket, end: bytes, *, times: int = 1) -> bytes:
    """All that came until `end` was in it that often; the socket's timeout bounds the wait."""
    got = b""
    while got.count(end) < times:
        got += sock.recv(65536)
    return got


def closes(sock: ssl.SSLSocket, *, sending: bytes = b"") -> bool:
    """Whether the other side closes, while sending bits; it is given far longer than it says it takes."""
    began = time.monotonic()
    sock.settimeout(0.05)
    while time.monotonic() - began < PATIENCE:
        try:
            if sending:
                sock.sendall(sending)
            if sock.recv(65536) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_a_connection_that_says_nothing_is_closed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FIRST_BYTE_SECONDS", 0.3)
    with connected(api) as sock:
        assert closes(sock)


@pytest.mark.parametrize("part", [b"X-More: " + b"a" * 1000 + b"\r\n", b"a" * 1000])
def test_a_head_that_does_not_end_is_refused_before_it_fills_the_memory(api: Api, part: bytes) -> None:
    with connected(api) as sock:
        sock.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-First: " + b"a" * 40_000 + b"\r\n\r\n")
        assert b"HTTP/1.1 200" in read_until(sock, b'{"status":"ok"}')
        sock.sendall(b"GET /v1/status HTTP/1.1\r\n" + (b"X-Long: " if part.startswith(b"a") else b""))
        sock.sendall(part * (protocol.HEAD_BYTES // len(part) + 1))
        assert sock.recv(12) == b"HTTP/1.1 400"


def test_a_body_larger_than_a_head_may_be_is_no_head(api: Api) -> None:
    body = b"x" * (3 * protocol.HEAD_BYTES)
    head = f"POST /v1/aanleveringen HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with connected(api) as sock:
        sock.sendall(head.encode() + body + REQUEST)
        assert b"HTTP/1.1 401" in read_until(sock, b'{"status":"ok"}')


def test_a_body_that_was_answered_is_read_for_a_while_and_no_longer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.5)
    head = b"POST /v1/aanleveringen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n"
    with connected(api) as sock:
        sock.sendall(head)
        assert sock.recv(12) == b"HTTP/1.1 401"
        assert closes(sock, sending=b"x" * 1000)


def test_after_a_body_that_was_answered_early_the_connection_serves_on(api: Api) -> None:
    with connected(api) as sock:
        sock.sendall(b"POST /v1/aanleveringen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345")
        read_until(sock, b'token."}')
        sock.sendall(b"67890" + REQUEST)
        assert b"HTTP/1.1 200" in read_until(sock, b'{"status":"ok"}')


def test_requests_behind_each_other_are_answered_in_order(api: Api) -> None:
    with connected(api) as sock:
        sock.sendall(REQUEST * 3)
        answers = read_until(sock, b'{"status":"ok"}', times=3)
    assert answers.count(b"HTTP/1.1 200") == 3


def test_an_idle_connection_that_is_not_read_does_not_hold_up_the_end(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """As in the pool of a partner's client: it reads nothing until its next request, so also no end of TLS."""
    with running_api(sqlite_database, tmp_path) as api:
        sock = connected(api)
        sock.sendall(REQUEST)
        read_until(sock, b"\r\n\r\n")
        client_ends = threading.Timer(PATIENCE, sock.close)  # lets this test fail instead of hang
        client_ends.start()
    assert client_ends.is_alive()
    client_ends.cancel()
    sock.close()
