"""One HTTP exchange with a receiving system: an answer, or the outcome that its absence means.

No exception of httpx, ssl or the operating system leaves this module; `FAILURES` is the one table that says what each
of them means for a parcel. The question behind every line: can the receiver have acted on the request?
No body and no URL with data is logged or put in a reason.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, stop_before_delay

from adapters.config import AdapterConfigError, HttpConfig, Secret, Surroundings, read_secret
from contracts.outcomes import Deferred, RefusalKind, Refused, Unknown

Failure = Deferred | Refused | Unknown

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""A receiver's answer is a few bytes per row; more than this is a fault, and memory is ours."""
KEEPALIVE_SECONDS: Final = 4.0
"""Below the usual idle limit of servers (5 s), so that a request seldom goes out on a connection just closed."""
CONNECT_SECONDS: Final = 5.0
QUICK_ATTEMPTS: Final = 3
QUICK_SECONDS: Final = 2.0
"""Quick retries inside one attempt, only when nothing was sent; longer waiting is the worker's."""
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""NCSC TLS guideline 2025, for TLS 1.2; TLS 1.3 suites are all good."""


def _contract(code: str) -> Refused:
    return Refused(code=code, kind=RefusalKind.CONTRACT)


FAILURES: Final[tuple[tuple[type[Exception], Failure], ...]] = (
    (httpx.ConnectTimeout, Deferred(reason="connect_timeout", unreachable=True)),
    (httpx.ConnectError, Deferred(reason="no_connection", unreachable=True)),
    (httpx.PoolTimeout, Deferred(reason="no_free_connection")),
    (httpx.UnsupportedProtocol, _contract("url_not_usable")),
    (httpx.InvalidURL, _contract("url_not_usable")),
    (httpx.LocalProtocolError, _contract("request_not_valid")),
    (httpx.ReadTimeout, Unknown(reason="read_timeout")),
    (httpx.WriteTimeout, Unknown(reason="write_timeout")),
    (httpx.NetworkError, Unknown(reason="connection_lost")),
    (httpx.RemoteProtocolError, Unknown(reason="connection_lost")),
    (httpx.HTTPError, Unknown(reason="exchange_failed")),
    (ssl.SSLError, Unknown(reason="connection_lost")),
    (OSError, Unknown(reason="connection_lost")),
)
"""First match counts. A request that may have been sent in part is Unknown: a socket buffer can still be flushed."""

CONNECT_CAUSES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ssl.SSLCertVerificationError, "server_certificate_not_trusted"),
    (ssl.SSLError, "tls_failed"),
    (socket.gaierror, "name_not_resolved"),
    (ConnectionRefusedError, "connection_refused"),
)
"""Why there was no connection, for the operator; all are Deferred, since the other side or the network mends it."""

CERTIFICATE_ALERTS: Final = (
    "CERTIFICATE_REQUIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "BAD_CERTIFICATE",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
)
"""Alerts by which a server refuses our client certificate: in TLS 1.3 they arrive after the request was written,
but a server that refused the handshake never handed the request on."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer. Header names are lower case; `body` is at most MAX_ANSWER_BYTES."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class _Trace:
    """Notes whether anything of the request was written to a connection."""

    began = False

    async def __call__(self, name: str, info: Mapping[str, Any]) -> None:
        if name.endswith("send_request_headers.started"):
            self.began = True


class AnswerTooLargeError(Exception):
    """The answer is over MAX_ANSWER_BYTES or compressed though we asked for neither; stays in this module."""


class Channel:
    """A pool of HTTP/1.1 connections to one base address."""

    def __init__(self, client: httpx.AsyncClient, surroundings: Surroundings, *, timeout_seconds: float) -> None:
        self._client = client
        self._surroundings = surroundings
        self._timeout = timeout_seconds

    @property
    def surroundings(self) -> Surroundings:
        """Clock and dice."""
        return self._surroundings

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        sni_hostname: str | None = None,
    ) -> Answer | Failure:
        """Exchange one request for an answer; connects again, quickly, when nothing was sent."""
        extensions: dict[str, Any] = {} if sni_hostname is None else {"sni_hostname": sni_hostname}

        async def once() -> Answer | Failure:
            return await self._once(method, path, body, headers or {}, params, extensions)

        return await self._quickly()(once)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _quickly(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_result(_nothing_sent),
            stop=stop_after_attempt(QUICK_ATTEMPTS) | stop_before_delay(QUICK_SECONDS),
            wait=self._pause,
            retry_error_callback=_last_result,
        )

    def _pause(self, state: RetryCallState) -> float:
        longest = 0.1 if state.attempt_number == 1 else 0.4
        return longest * (0.5 + self._surroundings.dice(1)[0] / 510)

    async def _once(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        extensions: dict[str, Any],
    ) -> Answer | Failure:
        trace = _Trace()
        try:
            async with asyncio.timeout(self._timeout):
                request = self._client.build_request(
                    method,
                    path,
                    content=body,
                    headers=headers,
                    params=params,
                    extensions={**extensions, "trace": trace},
                )
                return await self._answer(request)
        except TimeoutError:
            return _ran_out(began=trace.began)
        except AnswerTooLargeError:
            return Unknown(reason="answer_too_large")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return meaning(error)

    async def _answer(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise AnswerTooLargeError
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise AnswerTooLargeError
        finally:
            await response.aclose()
        return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body))


def meaning(error: Exception) -> Failure:
    """What an exception of an exchange means for the parcel, by the tables above."""
    causes = _causes(error)
    if any(isinstance(cause, ssl.SSLError) and _refuses_our_certificate(cause) for cause in causes):
        return _contract("client_certificate_refused")
    failure = next(
        (failure for kind, failure in FAILURES if isinstance(error, kind)), Unknown(reason="exchange_failed")
    )
    if isinstance(error, httpx.ConnectError):
        for kind, reason in CONNECT_CAUSES:
            if any(isinstance(cause, kind) for cause in causes):
                return Deferred(reason=reason, unreachable=True)
    return failure


def open_channel(config: HttpConfig, surroundings: Surroundings) -> Channel:
    """A channel to `config.url`; raises AdapterConfigError for an address, file or secret that does not fit."""
    url = parse_url(config.url)
    if url.scheme != "https" and url.host not in ("127.0.0.1", "::1", "localhost"):
        raise AdapterConfigError("url: personal data leaves this machine over https only; plain http is for loopback")
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "signaalpoort"}
    if config.token_file is not None:
        headers["Authorization"] = f"Bearer {_token(read_secret(config.token_file))}"
    client = open_client(config, headers=headers, base_url=config.url.rstrip("/"))
    return Channel(client, surroundings, timeout_seconds=config.timeout_seconds)


def parse_url(text: str) -> httpx.URL:
    """An address with a host and a port that exists; raises AdapterConfigError."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise AdapterConfigError("url is not an address") from None
    if not url.host or not 0 < (url.port or 443) < 65536:
        raise AdapterConfigError("url needs a host, and a port below 65536")
    return url


def open_client(config: HttpConfig, *, headers: Mapping[str, str], base_url: str = "") -> httpx.AsyncClient:
    """An httpx client that reads no environment, follows no redirect and speaks HTTP/1.1 alone."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers=headers,
        verify=_tls(config),
        trust_env=False,
        follow_redirects=False,
        http2=False,
        limits=httpx.Limits(
            max_connections=config.connections,
            max_keepalive_connections=config.connections,
            keepalive_expiry=KEEPALIVE_SECONDS,
        ),
        timeout=httpx.Timeout(config.timeout_seconds, connect=min(CONNECT_SECONDS, config.timeout_seconds)),
    )


def _tls(config: HttpConfig) -> ssl.SSLContext:
    try:
        if config.ca_file is None:
            context = httpx.create_ssl_context(trust_env=False)
        else:
            context = ssl.create_default_context(cafile=config.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        if config.client_cert_file is not None:
            context.load_cert_chain(config.client_cert_file, config.client_key_file)
    except OSError as error:
        files = ", ".join(f for f in (config.ca_file, config.client_cert_file, config.client_key_file) if f)
        raise AdapterConfigError(f"cannot use the certificate files {files}: {type(error).__name__}") from None
    return context


def _token(secret: Secret) -> str:
    value = secret.reveal()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise AdapterConfigError("token_file: a bearer token is printable ASCII without spaces")
    return value


def _ran_out(*, began: bool) -> Failure:
    if began:
        return Unknown(reason="no_answer_in_time")
    return Deferred(reason="no_connection_in_time", unreachable=True)


def _nothing_sent(result: Answer | Failure) -> bool:
    return isinstance(result, Deferred) and result.unreachable


def _last_result(state: RetryCallState) -> Answer | Failure:
    assert state.outcome is not None
    result: Answer | Failure = state.outcome.result()
    return result


def _causes(error: BaseException | None) -> list[BaseException]:
    """The error and what it came from; of several tries (one per address) each."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        if isinstance(error, BaseExceptionGroup):
            found.extend(error.exceptions)
        error = error.__cause__ or error.__context__
    return found


def _refuses_our_certificate(error: ssl.SSLError) -> bool:
    reason: str = getattr(error, "reason", None) or ""  # absent when ssl itself raised without OpenSSL
    return "ALERT" in reason and any(name in reason for name in CERTIFICATE_ALERTS)
