"""Backpressure: rate and concurrency per partner, and room on the disk. Checked before a byte of a body is read.

The counts are per process: with n hosts a partner can have n times as much. They guard this process.
"""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from contracts.overeenkomst import Signaalpartner
from gateway.errors import DiskFullError, TooLargeError, TooManyError
from gateway.flow.kit import Clock
from gateway.store.blobs import BlobStore

BUSY_RETRY_SECONDS: Final = 5.0
"""When all places of a partner are taken: an upload of some megabytes has ended by then."""
REPORTS_PER_UPLOAD: Final = 10
"""A report may be asked this many times as often as files may be sent."""
MIB: Final = 1 << 20


@dataclass
class _Bucket:
    """A token bucket: `tokens` left at `moment`."""

    tokens: float
    moment: dt.datetime


class Limits:
    """Counts of this process, safe for use from many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._running: dict[str, int] = {}

    def spend(self, partner: Signaalpartner) -> None:
        """Count one new upload of this partner; raises TooManyError above `max_per_minuut` (bursts up to as many)."""
        self._spend("aanleveringen", partner, partner.max_per_minuut)

    def spend_report(self, partner: Signaalpartner) -> None:
        """Count one reading of a report; raises TooManyError above REPORTS_PER_UPLOAD times `max_per_minuut`."""
        self._spend("verwerkingsverslagen", partner, REPORTS_PER_UPLOAD * partner.max_per_minuut)

    def _spend(self, what: str, partner: Signaalpartner, per_minute: int) -> None:
        capacity = float(per_minute)
        with self._mutex:
            now = self._clock()
            bucket = self._buckets.setdefault((what, partner.key), _Bucket(capacity, now))
            elapsed = max(0.0, (now - bucket.moment).total_seconds())  # the clock may be set back
            bucket.tokens = min(capacity, bucket.tokens + elapsed * capacity / 60.0)
            bucket.moment = now
            if bucket.tokens < 1.0:
                wait = (1.0 - bucket.tokens) * 60.0 / max(capacity, 1.0)
                raise TooManyError(f"Hooguit {per_minute} {what} per minuut.", retry_after=wait)
            bucket.tokens -= 1.0

    @contextmanager
    def place(self, partner: Signaalpartner) -> Iterator[None]:
        """One of the partner's concurrent uploads; raises TooManyError when all `max_gelijktijdig` are running."""
        with self._mutex:
            running = self._running.get(partner.key, 0)
            if running >= partner.max_gelijktijdig:
                raise TooManyError(
                    f"Hooguit {partner.max_gelijktijdig} aanleveringen tegelijk.", retry_after=BUSY_RETRY_SECONDS
                )
            self._running[partner.key] = running + 1
        try:
            yield
        finally:
            with self._mutex:
                self._running[partner.key] -= 1
                if self._running[partner.key] == 0:
                    del self._running[partner.key]


def check_room(blobs: BlobStore, *, watermark_mib: int, expected: int) -> None:
    """Raise DiskFullError when `expected` more bytes would leave less than the watermark free."""
    free = blobs.free_bytes()
    if free is not None and free - expected < watermark_mib * MIB:
        raise DiskFullError("below the watermark")


def check_size(partner: Signaalpartner, size: int) -> None:
    """Raise TooLargeError when `size` bytes are more than this partner may send at once."""
    if size > partner.max_bytes:
        raise TooLargeError(f"Een bestand mag hooguit {partner.max_bytes} bytes zijn.", limit=partner.max_bytes)
