"""Standard Webhooks signatures: `v1`, HMAC-SHA256 over `id.timestamp.body`, several during rotation."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from adapters.config import AdapterConfigError, Secret

PREFIX: Final = "whsec_"
MIN_BYTES: Final = 24
MAX_BYTES: Final = 64
"""The bounds that the Standard Webhooks specification gives for a symmetric secret."""


class SigningKey:
    """One shared secret; masks its own repr."""

    __slots__ = ("_key",)

    def __init__(self, secret: Secret) -> None:
        """Raises AdapterConfigError unless the secret is `whsec_` and the base64 of 24 to 64 bytes."""
        text = secret.reveal()
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not text.startswith(PREFIX) or not MIN_BYTES <= len(key) <= MAX_BYTES:
            raise AdapterConfigError(f"a webhook secret is {PREFIX} and the base64 of {MIN_BYTES} to {MAX_BYTES} bytes")
        self._key = key

    def __repr__(self) -> str:
        """Show nothing."""
        return "SigningKey(***)"

    def sign(self, signed: bytes) -> str:
        """`v1,` and the base64 of the HMAC."""
        return "v1," + base64.b64encode(hmac.digest(self._key, signed, hashlib.sha256)).decode()


def signature_headers(keys: Sequence[SigningKey], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; one signature per key, newest first. `timestamp` in seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(key.sign(signed) for key in keys),
    }
