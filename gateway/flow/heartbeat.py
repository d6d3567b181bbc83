"""Keeps the claim on an upload while it is processed, however long one step of it takes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.errors import OurError
from gateway.flow.kit import Kit
from gateway.store import processing
from gateway.store.uploads import Upload

BEATS: Final = 3
"""Renewals within a lease: two may fail before it runs out."""


def lease_ms(kit: Kit) -> int:
    """How long a process may be silent before another takes its upload over."""
    return int(kit.settings.work.lease_seconds * 1000)


@contextmanager
def kept(kit: Kit, upload: Upload) -> Iterator[None]:
    """Renew the claim from a thread of its own; it stops by itself once the claim is lost or settled.

    A process that is killed or stopped beats no more, so its claim runs out; one that is only slow keeps it.
    """
    assert upload.claim_id is not None
    claim_id, done = upload.claim_id, threading.Event()

    def beat() -> None:
        while not done.wait(kit.settings.work.lease_seconds / BEATS):
            if not _renewed(kit, upload.no, claim_id):
                return

    thread = threading.Thread(target=beat, name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renewed(kit: Kit, no: int, claim_id: str) -> bool:
    try:
        with kit.db.write() as conn:
            return processing.renew(conn, no=no, claim_id=claim_id, lease_ms=lease_ms(kit))
    except OurError:
        return True  # the database is away: try again; if it stays away the lease runs out by itself
