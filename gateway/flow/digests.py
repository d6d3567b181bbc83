"""Content-Digest (RFC 9530): what the sender says its bytes hash to, checked against what arrived."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from gateway.errors import DigestMismatchError

ALGORITHMS: Final[Mapping[str, str]] = {"sha-256": "sha256", "sha-512": "sha512"}
"""RFC 9530's active algorithms → hashlib's names. All others are deprecated or unknown, and are not believed."""


class RunningDigests:
    """sha-256 always, and every algorithm of `declared`; raises KeyError for one that is not in `ALGORITHMS`."""

    def __init__(self, declared: Mapping[str, bytes]) -> None:
        self._declared = dict(declared)
        self._running = {name: hashlib.new(ALGORITHMS[name]) for name in {"sha-256", *declared}}

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        for running in self._running.values():
            running.update(data)

    @property
    def sha256(self) -> str:
        """In hex, of the bytes so far."""
        return self._running["sha-256"].hexdigest()

    def verify(self) -> None:
        """Raise DigestMismatchError unless all declared digests are those of the bytes that arrived."""
        for name, declared in self._declared.items():
            if not hmac.compare_digest(self._running[name].digest(), declared):
                raise DigestMismatchError(
                    f"Content-Digest ({name}) klopt niet met wat is aangekomen; er is niets ontvangen."
                )
