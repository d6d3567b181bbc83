"""The webhook: signed as Standard Webhooks says, a CloudEvent as NL GOV says, never into our own network."""

import asyncio
import base64
import datetime as dt
import json
import time
from pathlib import Path
from typing import Final

import httpx
import pytest
import respx
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from adapters.config import AdapterConfigError, Secret, Surroundings
from adapters.webhook import TIMEOUT_SECONDS, open_webhook
from adapters.webhook.cloudevent import encode
from adapters.webhook.guard import is_allowed, resolve
from adapters.webhook.signature import SigningKey, signature_headers
from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, Unknown
from contracts.overeenkomst import Webhook
from contracts.ports import FeedbackParcel
from contracts.terugkoppeling import NietOpgepaktReden, Terugkoppeling, TerugkoppelingSoort
from tests.builders import UPLOAD_ID, an_oin

NEWEST: Final = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OLDER: Final = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()
PUBLIC: Final = "203.0.114.7"
MOMENT: Final = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)


def a_feedback(soort: TerugkoppelingSoort = TerugkoppelingSoort.NIET_OPGEPAKT, key: str = "key-1") -> FeedbackParcel:
    return FeedbackParcel(
        idempotency_key=key,
        source=f"urn:nld:oin:{an_oin(7)}:systeem:signaalpoort",
        terugkoppeling=Terugkoppeling(
            id="event-1",
            volgnummer=3,
            signaal_id=UPLOAD_ID[:-1] + "1",
            soort=soort,
            reden=NietOpgepaktReden.HERHAALDE_MELDING,
            beschikbaar_op=MOMENT,
            kenmerk="Huurder Dorpsstraat",
            facturen=("F1",),
        ),
    )


def deliver(
    folder: Path,
    *answers: list[str],
    url: str = "https://partner.example.test/hook",
    secrets: tuple[str, ...] = (NEWEST,),
    private: bool = False,
    times: int = 1,
) -> list[Outcome]:
    """Deliver `times`; the resolver answers with each of `answers` in turn, the last one for ever."""
    for n, secret in enumerate(secrets):
        (folder / f"secret-{n}").write_text(secret + "\n")
    names = tuple(f"secret-{n}" for n in range(len(secrets)))
    webhook = Webhook(url=url, geheimen=names, prive_adres_toegestaan=private)
    asked = list(answers or [[PUBLIC]])

    async def resolver(host: str, port: int) -> list[str]:
        return asked.pop(0) if len(asked) > 1 else asked[0]

    async def scene() -> list[Outcome]:
        clock = Surroundings(clock=lambda: dt.datetime.fromtimestamp(time.time(), dt.UTC), dice=bytes)
        adapter = open_webhook(webhook, secret_dir=folder, surroundings=clock, resolver=resolver)
        try:
            return [await adapter.deliver(a_feedback()) for _ in range(times)]
        finally:
            await adapter.aclose()

    return asyncio.run(scene())


def test_the_published_library_verifies_what_we_sign(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    route = respx_mock.post(f"https://{PUBLIC}/hook").respond(204)
    assert deliver(tmp_path) == [Accepted()]
    request = route.calls.last.request
    event = standardwebhooks.Webhook(NEWEST).verify(request.content, dict(request.headers))
    assert event["id"] == "event-1"
    assert request.headers["webhook-id"] == "key-1"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(NEWEST).verify(request.content + b" ", dict(request.headers))


def test_during_rotation_both_secrets_verify(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    route = respx_mock.post(f"https://{PUBLIC}/hook").respond(200)
    deliver(tmp_path, secrets=(NEWEST, OLDER))
    request = route.calls.last.request
    assert request.headers["webhook-signature"].count("v1,") == 2
    for secret in (NEWEST, OLDER):
        standardwebhooks.Webhook(secret).verify(request.content, dict(request.headers))
    stranger = "whsec_" + base64.b64encode(bytes(32)).decode()
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(stranger).verify(request.content, dict(request.headers))


@given(body=st.binary(max_size=60).map(lambda b: b.hex().encode()), key=st.binary(min_size=24, max_size=64))
def test_our_signature_is_the_library_s_signature(body: bytes, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = signature_headers([SigningKey(Secret(secret))], message_id="m", timestamp=1_700_000_000, body=body)
    moment = dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)
    assert headers["webhook-signature"] == standardwebhooks.Webhook(secret).sign("m", moment, body.decode())


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", NEWEST.removeprefix("whsec_")]
)
def test_a_secret_of_another_form_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(AdapterConfigError) as caught:
        SigningKey(Secret(secret))
    assert not secret or secret == "whsec_" or secret == "secret" or secret not in str(caught.value)
    assert "whsec_c2" not in str(caught.value)


@pytest.mark.parametrize("soort", list(TerugkoppelingSoort))
def test_the_event_is_a_cloudevent_and_its_attributes_name_nobody(soort: TerugkoppelingSoort) -> None:
    event = json.loads(encode(a_feedback(soort)))
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "event-1",
        "source": f"urn:nld:oin:{an_oin(7)}:systeem:signaalpoort",
        "type": "nl.signaalpoort.terugkoppeling." + soort.value.replace("_", "-"),
        "time": "2026-11-22T10:00:00Z",
        "datacontenttype": "application/json",
    }
    assert all(name.isascii() and name.islower() and name.isalnum() for name in event)
    assert data["kenmerk"] == "Huurder Dorpsstraat"
    assert data["signaalId"] == UPLOAD_ID[:-1] + "1"
    assert data["beschikbaarOp"].endswith("Z")


def test_each_attempt_has_the_same_body_and_id(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    route = respx_mock.post(f"https://{PUBLIC}/hook").respond(204)
    deliver(tmp_path, times=2)
    first, second = (call.request for call in route.calls)
    assert first.content == second.content
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["content-type"].startswith("application/cloudevents+json")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Accepted()),
        (202, Accepted()),
        (302, Deferred(reason="http_302")),
        (400, Deferred(reason="http_400")),
        (404, Deferred(reason="http_404")),
        (410, Refused(code="http_410", kind=RefusalKind.CONTRACT)),
        (429, Deferred(reason="http_429", retry_after=9.0)),
        (503, Deferred(reason="http_503", retry_after=9.0)),
        (500, Unknown(reason="http_500")),
    ],
)
def test_what_an_answer_means(status: int, outcome: Outcome, respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    headers = {"Retry-After": "9"} if status in (429, 503) else {"Location": "https://10.0.0.1/"}
    respx_mock.post(f"https://{PUBLIC}/hook").respond(status, headers=headers)
    assert deliver(tmp_path) == [outcome]


NEVER: Final = [
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",
    "::",
    "255.255.255.255",
    "240.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "not-an-address",
    "",
]
PRIVATE: Final = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:0a00:0001::",
]


@pytest.mark.parametrize("address", NEVER)
def test_addresses_that_are_never_allowed(address: str) -> None:
    assert not is_allowed(address, private_allowed=False)
    assert not is_allowed(address, private_allowed=True)


@pytest.mark.parametrize("address", [*PRIVATE, "100.64.0.1"])
def test_private_addresses_are_refused(address: str) -> None:
    assert not is_allowed(address, private_allowed=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "fd00::1"])
def test_private_addresses_pass_where_the_configuration_allows_them(address: str) -> None:
    assert is_allowed(address, private_allowed=True)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2a00:1450::1"])
def test_public_addresses_pass(address: str) -> None:
    assert is_allowed(address, private_allowed=False)


@given(st.ip_addresses())
def test_what_passes_unasked_is_global(address: object) -> None:
    if is_allowed(str(address), private_allowed=False):
        assert address.is_global  # type: ignore[attr-defined]  # an address, which hypothesis types as object
        assert is_allowed(str(address), private_allowed=True)


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER[:-2]])
def test_nothing_is_sent_to_an_address_that_is_not_allowed(
    address: str, respx_mock: respx.MockRouter, tmp_path: Path
) -> None:
    route = respx_mock.route().respond(204)
    assert deliver(tmp_path, [address]) == [Refused(code="address_not_allowed", kind=RefusalKind.CONTRACT)]
    assert deliver(tmp_path, [PUBLIC, address]) == [Refused(code="address_not_allowed", kind=RefusalKind.CONTRACT)]
    assert not route.called


def test_a_second_look_up_cannot_turn_the_connection_elsewhere(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    route = respx_mock.post(f"https://{PUBLIC}/hook").respond(204)
    outcomes = deliver(tmp_path, [PUBLIC], ["127.0.0.1"], times=2)
    assert outcomes == [Accepted(), Refused(code="address_not_allowed", kind=RefusalKind.CONTRACT)]
    assert route.call_count == 1


def test_the_next_address_is_tried_when_the_first_cannot_be_connected_to(
    respx_mock: respx.MockRouter, tmp_path: Path
) -> None:
    deaf = respx_mock.route(host="2a00:1450::1").mock(side_effect=httpx.ConnectError)
    respx_mock.post(f"https://{PUBLIC}/hook").respond(204)
    assert deliver(tmp_path, ["2a00:1450::1", PUBLIC]) == [Accepted()]
    assert deaf.called


def test_the_next_address_is_not_tried_when_the_first_may_have_it(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    respx_mock.route(host="2a00:1450::1").mock(side_effect=httpx.ReadTimeout)
    second = respx_mock.post(f"https://{PUBLIC}/hook").respond(204)
    assert deliver(tmp_path, ["2a00:1450::1", PUBLIC]) == [Unknown(reason="read_timeout")]
    assert not second.called


def test_the_name_stays_in_host_and_sni(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    route = respx_mock.post(f"https://{PUBLIC}:8443/hook").respond(204)
    deliver(tmp_path, url="https://partner.example.test:8443/hook")
    request = route.calls.last.request
    assert request.headers["host"] == "partner.example.test:8443"
    assert request.extensions["sni_hostname"] == "partner.example.test"


def test_an_ipv6_address_is_connected_to(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    route = respx_mock.route(host="2a00:1450::1").respond(204)
    assert deliver(tmp_path, ["2a00:1450::1"]) == [Accepted()]
    assert route.called


def test_a_name_that_does_not_resolve_is_unreachable(tmp_path: Path) -> None:
    assert deliver(tmp_path, []) == [Deferred(reason="name_not_resolved", unreachable=True)]


def test_a_name_is_resolved_by_the_system() -> None:
    assert set(asyncio.run(resolve("localhost", 443))) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example.test/",
        "ftp://partner.example.test/",
        "https://user:pass@partner.example.test/",
        "https://partner.example.test/#part",
        "https:///hook",
        "partner.example.test",
        "https://[::1",
        "https://partner.example.test:99999999/",
    ],
)
def test_an_address_of_another_form_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(AdapterConfigError, match="webhook: url"):
        deliver(tmp_path, url=url)


def test_plain_http_only_where_private_addresses_are_allowed(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    respx_mock.post("http://127.0.0.1:9999/hook").mock(return_value=httpx.Response(204))
    assert deliver(tmp_path, ["127.0.0.1"], url="http://localhost:9999/hook", private=True) == [Accepted()]


def test_a_webhook_without_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterConfigError, match="geheimen"):
        deliver(tmp_path, secrets=())


def test_the_page_asks_for_an_answer_within_the_time_that_we_wait() -> None:
    page = (Path(__file__).parents[3] / "deploy" / "guarantees.md").read_text("utf-8")
    assert f"answer 2xx within {TIMEOUT_SECONDS} s" in page
