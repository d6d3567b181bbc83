"""A partner's webhook receiver: checks the signature, counts what came, answers 204."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from adapters.config import Clock
from adapters.simulators.asgi import Reply, Request
from adapters.simulators.memory import Memory

TOLERANCE_SECONDS: Final = 300
CONTENT_TYPE: Final = "application/cloudevents+json"


class Event(Struct, frozen=True, kw_only=True):
    """The attributes that the receiver looks at."""

    specversion: str
    id: str
    source: str
    type: str
    data: msgspec.Raw


class PartnerReceiver:
    """Implements simulator.Work. `secrets`: `whsec_…`; none: signatures are not checked."""

    def __init__(self, secrets: Sequence[str], *, memory: Memory, clock: Clock) -> None:
        self._secrets = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
        self._memory = memory
        self._clock = clock

    def is_delivery(self, request: Request) -> bool:
        """Every POST."""
        return request.method == "POST"

    def answer(self, request: Request) -> Reply:
        """Take one event; the same `webhook-id` again is counted and answered alike."""
        if request.method != "POST":
            return Reply(status=204, headers={"Allow": "POST, OPTIONS"})
        if self._secrets and not self._is_signed(request):
            return Reply(status=401)
        if not request.headers.get("content-type", "").startswith(CONTENT_TYPE):
            return Reply(status=415)
        try:
            event = msgspec.json.decode(request.body, type=Event)
        except msgspec.DecodeError:
            return Reply(status=400)
        digest = hashlib.sha256(request.body).hexdigest()
        self._memory.take_event(request.headers.get("webhook-id", event.id), digest, event.type)
        return Reply(status=204)

    def _is_signed(self, request: Request) -> bool:
        message_id, timestamp, signatures = (
            request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
        )
        if not timestamp.isdigit() or abs(self._clock().timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            return False
        signed = f"{message_id}.{timestamp}.".encode() + request.body
        expected = {b"v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)) for secret in self._secrets}
        given = [one.encode() for one in signatures.split(" ")]
        return any(hmac.compare_digest(one, known) for one in given for known in expected)
