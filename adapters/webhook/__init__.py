"""Pushing feedback to a partner's webhook: CloudEvents, signed, never to an address of our own network."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from adapters.config import AdapterConfigError, HttpConfig, Surroundings, read_secret
from adapters.http import Answer, Channel, Failure, open_client, parse_url
from adapters.statuses import outcome_of, retry_after
from adapters.webhook.cloudevent import CONTENT_TYPE, encode
from adapters.webhook.guard import Resolve, is_allowed, resolve
from adapters.webhook.signature import SigningKey, signature_headers
from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused
from contracts.overeenkomst import Webhook
from contracts.ports import FeedbackParcel, Parcel, Poll, Probe

TIMEOUT_SECONDS: Final = 12
CONNECTIONS: Final = 4
SEARCH_SECONDS: Final = 4.0
"""After this no further address of a name is tried: an attempt must end before its lease does."""


class WebhookAdapter:
    """Implements contracts.ports.Adapter for one partner."""

    def __init__(
        self,
        channel: Channel,
        url: httpx.URL,
        keys: Sequence[SigningKey],
        *,
        private_allowed: bool,
        resolver: Resolve = resolve,
    ) -> None:
        self._channel = channel
        self._url = url
        self._keys = tuple(keys)
        self._private_allowed = private_allowed
        self._resolve = resolver

    async def deliver(self, parcel: Parcel) -> Outcome:
        """POST one signed event; `webhook-id` is the parcel's idempotency key."""
        if not isinstance(parcel, FeedbackParcel):
            return Refused(code="not_a_terugkoppeling", kind=RefusalKind.CONTRACT)
        body = encode(parcel)
        now = self._channel.surroundings.clock()
        headers = {"Content-Type": CONTENT_TYPE, "Idempotency-Key": parcel.idempotency_key} | signature_headers(
            self._keys, message_id=parcel.idempotency_key, timestamp=int(now.timestamp()), body=body
        )
        answer = await self._send("POST", body=body, headers=headers)
        return self._outcome(answer) if isinstance(answer, Answer) else answer

    async def query(self, idempotency_key: str) -> Outcome | None:
        """A webhook cannot be asked: the event is sent again under the same id."""
        return None

    async def poll(self, cursor: str | None, signaal_ids: Sequence[str] = ()) -> Poll:
        """A partner reports no results."""
        return Poll(resultaten=(), cursor=cursor)

    async def probe(self) -> Probe:
        """Whether anything answers at the address; OPTIONS, since every POST would be an event."""
        answer = await self._send("OPTIONS")
        if isinstance(answer, Answer):
            return Probe(reachable=True, detail=f"answers with HTTP {answer.status}")
        return Probe(reachable=False, detail=answer.code if isinstance(answer, Refused) else answer.reason)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._channel.aclose()

    async def _send(self, method: str, *, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer | Failure:
        """Send to the judged addresses in turn, as long as the one before could not be connected to."""
        addresses = await self._addresses()
        if isinstance(addresses, Deferred | Refused):
            return addresses
        elapsed = asyncio.get_running_loop().time
        until = elapsed() + SEARCH_SECONDS
        first, *others = addresses
        answer = await self._send_to(first, method, body=body, headers=headers or {})
        for address in others:
            if not (isinstance(answer, Deferred) and answer.unreachable) or elapsed() > until:
                break
            answer = await self._send_to(address, method, body=body, headers=headers or {})
        return answer

    async def _send_to(self, address: str, method: str, *, body: bytes, headers: dict[str, str]) -> Answer | Failure:
        """Connect to the address itself, with the name kept in Host, SNI and the certificate check."""
        host = self._url.host
        return await self._channel.send(
            method,
            str(self._url.copy_with(host=address)),
            body=body,
            headers={"Host": self._url.netloc.decode("ascii"), **headers},
            sni_hostname=host if self._url.scheme == "https" and host != address else None,
        )

    async def _addresses(self) -> list[str] | Deferred | Refused:
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        try:
            addresses = await self._resolve(self._url.host, port)
        except (OSError, UnicodeError):
            return Deferred(reason="name_not_resolved", unreachable=True)
        if not addresses:
            return Deferred(reason="name_not_resolved", unreachable=True)
        if not all(is_allowed(address, private_allowed=self._private_allowed) for address in addresses):
            return Refused(code="address_not_allowed", kind=RefusalKind.CONTRACT)
        return addresses

    def _outcome(self, answer: Answer) -> Outcome:
        """2xx: taken. 410: the partner wants no more. Other refusals wait, since the partner can mend its receiver."""
        now = self._channel.surroundings.clock()
        if 200 <= answer.status < 300:
            return Accepted()
        if answer.status == 410:
            return Refused(code="http_410", kind=RefusalKind.CONTRACT)
        if answer.status < 500:
            return Deferred(reason=f"http_{answer.status}", retry_after=retry_after(answer.headers, now=now))
        return outcome_of(answer, now=now)


def open_webhook(
    webhook: Webhook, *, secret_dir: Path, surroundings: Surroundings, resolver: Resolve = resolve
) -> WebhookAdapter:
    """A webhook adapter; `geheimen` are files in `secret_dir`. Raises AdapterConfigError."""
    url = _checked_url(webhook)
    if not webhook.geheimen:
        raise AdapterConfigError("webhook: geheimen names no secret file")
    keys = [SigningKey(read_secret(secret_dir / name)) for name in webhook.geheimen]
    config = HttpConfig(
        url=webhook.url, ca_file=webhook.ca_bestand, timeout_seconds=TIMEOUT_SECONDS, connections=CONNECTIONS
    )
    client = open_client(config, headers={"Accept-Encoding": "identity", "User-Agent": "signaalpoort"})
    channel = Channel(client, surroundings, timeout_seconds=TIMEOUT_SECONDS)
    return WebhookAdapter(channel, url, keys, private_allowed=webhook.prive_adres_toegestaan, resolver=resolver)


def _checked_url(webhook: Webhook) -> httpx.URL:
    try:
        url = parse_url(webhook.url)
    except AdapterConfigError as error:
        raise AdapterConfigError(f"webhook: {error}") from None
    if url.scheme != "https" and not (url.scheme == "http" and webhook.prive_adres_toegestaan):
        raise AdapterConfigError("webhook: url must be https; http only with prive_adres_toegestaan, for trials")
    if url.userinfo or url.fragment:
        raise AdapterConfigError("webhook: url has neither a user nor a fragment")
    return url
