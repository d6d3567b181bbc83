"""What every failure of an exchange means; nothing foreign leaves the channel."""

import asyncio
import datetime as dt
import inspect
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import httpx
import pytest
import respx

from adapters import http
from adapters.config import AdapterConfigError, HttpConfig, Surroundings
from adapters.http import Answer, Failure, open_channel
from contracts.outcomes import Deferred, RefusalKind, Refused, Unknown

URL: Final = "https://systeem.example.test/base"
NOW: Final = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
SURROUNDINGS: Final = Surroundings(clock=lambda: NOW, dice=bytes)


def exchange(config: HttpConfig | None = None, **sent: str) -> Answer | Failure:
    async def scene() -> Answer | Failure:
        channel = open_channel(config or HttpConfig(url=URL), SURROUNDINGS)
        try:
            return await channel.send("POST", "/in", body=b"{}", headers=sent)
        finally:
            await channel.aclose()

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (httpx.ConnectTimeout, Deferred(reason="connect_timeout", unreachable=True)),
        (httpx.ConnectError, Deferred(reason="no_connection", unreachable=True)),
        (httpx.PoolTimeout, Deferred(reason="no_free_connection")),
        (httpx.ReadTimeout, Unknown(reason="read_timeout")),
        (httpx.WriteTimeout, Unknown(reason="write_timeout")),
        (httpx.ReadError, Unknown(reason="connection_lost")),
        (httpx.WriteError, Unknown(reason="connection_lost")),
        (httpx.CloseError, Unknown(reason="connection_lost")),
        (httpx.RemoteProtocolError, Unknown(reason="connection_lost")),
        (httpx.LocalProtocolError, Refused(code="request_not_valid", kind=RefusalKind.CONTRACT)),
        (httpx.UnsupportedProtocol, Refused(code="url_not_usable", kind=RefusalKind.CONTRACT)),
        (httpx.DecodingError, Unknown(reason="exchange_failed")),
        (ConnectionResetError, Unknown(reason="connection_lost")),
        (ssl.SSLError, Unknown(reason="connection_lost")),
    ],
)
def test_the_table_of_failures(error: type[Exception], failure: Failure, respx_mock: respx.MockRouter) -> None:
    respx_mock.post(f"{URL}/in").mock(side_effect=error("message with a value that must not travel"))
    assert exchange() == failure


def test_every_exception_of_httpx_has_a_meaning() -> None:
    kinds = [kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, httpx.HTTPError)]
    assert len(kinds) > 15
    for kind in kinds:
        error = kind.__new__(kind)
        assert isinstance(http.meaning(error), Deferred | Refused | Unknown)


def test_only_what_was_certainly_not_sent_is_deferred() -> None:
    deferred = {kind for kind, failure in http.FAILURES if isinstance(failure, Deferred)}
    assert deferred == {httpx.ConnectTimeout, httpx.ConnectError, httpx.PoolTimeout}


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name_not_resolved"),
        (ConnectionRefusedError(), "connection_refused"),
        (ssl.SSLCertVerificationError(), "server_certificate_not_trusted"),
        (ssl.SSLError(), "tls_failed"),
    ],
)
def test_why_there_was_no_connection_is_told_to_the_operator(cause: Exception, reason: str) -> None:
    error = httpx.ConnectError("")
    error.__cause__ = OSError("all attempts failed")
    error.__cause__.__cause__ = cause
    assert http.meaning(error) == Deferred(reason=reason, unreachable=True)


def test_of_several_addresses_the_reason_of_one_is_told() -> None:
    error = httpx.ConnectError("")
    error.__cause__ = ExceptionGroup("tries", [TimeoutError(), ConnectionRefusedError()])
    assert http.meaning(error) == Deferred(reason="connection_refused", unreachable=True)


def test_our_own_certificate_refused_by_an_alert_is_for_an_operator() -> None:
    alert = ssl.SSLError(1, "[SSL] alert")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert http.meaning(alert) == Refused(code="client_certificate_refused", kind=RefusalKind.CONTRACT)


def test_connecting_is_tried_again_quickly_and_a_few_times_only(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(f"{URL}/in").mock(side_effect=httpx.ConnectError)
    assert isinstance(exchange(), Deferred)
    assert route.call_count == http.QUICK_ATTEMPTS


def test_a_second_connection_may_bring_it_there(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(f"{URL}/in").mock(side_effect=[httpx.ConnectError, httpx.Response(200, content=b"{}")])
    answer = exchange()
    assert isinstance(answer, Answer)
    assert answer.body == b"{}"


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteTimeout])
def test_what_may_have_been_sent_is_not_sent_again_here(error: type[Exception], respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(f"{URL}/in").mock(side_effect=error)
    exchange()
    assert route.call_count == 1


def test_an_answer_that_is_too_large_is_not_read(respx_mock: respx.MockRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    respx_mock.post(f"{URL}/in").respond(200, content=b"x" * 1001)
    assert exchange() == Unknown(reason="answer_too_large")


def test_a_compressed_answer_is_not_unpacked(respx_mock: respx.MockRouter) -> None:
    class Bomb(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            raise AssertionError("must not be read")
            yield b""

    packed = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Bomb())
    respx_mock.post(f"{URL}/in").mock(return_value=packed)
    assert exchange() == Unknown(reason="answer_too_large")


def test_no_redirect_is_followed(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(f"{URL}/in").respond(307, headers={"Location": "https://elsewhere.example.test/"})
    answer = exchange()
    assert isinstance(answer, Answer)
    assert answer.status == 307


def test_the_token_is_shown_and_never_printed(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc123\n")
    route = respx_mock.post(f"{URL}/in").respond(200)
    exchange(HttpConfig(url=URL, token_file=str(file)))
    assert route.calls.last.request.headers["Authorization"] == "Bearer abc123"
    assert "abc123" not in repr(http.read_secret(file))


def test_the_whole_exchange_is_bounded(respx_mock: respx.MockRouter) -> None:
    async def forever(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    respx_mock.post(f"{URL}/in").mock(side_effect=forever)
    assert exchange(HttpConfig(url=URL, timeout_seconds=1)) == Deferred(
        reason="no_connection_in_time", unreachable=True
    )


def _config(**kw: str) -> Callable[[], object]:
    return lambda: open_channel(HttpConfig(**{"url": URL} | kw), SURROUNDINGS)


def test_personal_data_goes_over_tls_only() -> None:
    with pytest.raises(AdapterConfigError, match="https only"):
        _config(url="http://systeem.example.test")()
    asyncio.run(open_channel(HttpConfig(url="http://127.0.0.1:9"), SURROUNDINGS).aclose())


@pytest.mark.parametrize("key", ["token_file", "ca_file", "client_cert_file"])
def test_a_missing_file_is_named(key: str, tmp_path: Path) -> None:
    with pytest.raises(AdapterConfigError, match=r"absent\.pem"):
        _config(**{key: str(tmp_path / "absent.pem")})()


@pytest.mark.parametrize("text", ["", "\n", "has space", "tab\there", "é"])
def test_a_token_that_cannot_be_a_header_is_refused_without_showing_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(AdapterConfigError) as caught:
        _config(token_file=str(file))()
    assert "space" not in str(caught.value).replace("without spaces", "")
