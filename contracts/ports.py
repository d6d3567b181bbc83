"""The ports: what an adapter must offer. `adapters/` implements them, `tests/conformance` proves it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from contracts.outcomes import Outcome
from contracts.overeenkomst import Oin
from contracts.signaal import Gemeentecode, Signaal
from contracts.terugkoppeling import Resultaat, Terugkoppeling


class SignaalParcel(Struct, frozen=True, kw_only=True):
    """Signalen of one signaalpartner for one gemeente at one system, immutable once first sent.

    `signaalpartner`: its OIN, by which the gemeente's system knows who reports. Not its name: that may change
    between two attempts, and receivers compare the bytes under one key.
    """

    idempotency_key: str
    gemeentecode: Gemeentecode
    created_at: dt.datetime
    signaalpartner: Oin | None = None
    signalen: tuple[Signaal, ...]

    def __repr__(self) -> str:
        """Show key and size alone."""
        return f"SignaalParcel({self.idempotency_key}, rows={len(self.signalen)})"


class FeedbackParcel(Struct, frozen=True, kw_only=True):
    """One terugkoppeling on its way to a partner. `source` is the CloudEvents source of this installation."""

    idempotency_key: str
    source: str
    terugkoppeling: Terugkoppeling


Parcel = SignaalParcel | FeedbackParcel


class Poll(Struct, frozen=True, kw_only=True):
    """Results fetched from a system, and the cursor to go on from. `more`: call again at once.

    `problem` says why nothing could be fetched (the cursor is then the one that was given); `unreadable` counts
    results that the system offered and that do not fit a Resultaat: they are passed over and worth an alert.
    """

    resultaten: tuple[Resultaat, ...]
    cursor: str | None
    more: bool = False
    problem: str | None = None
    unreadable: int = 0


class Probe(Struct, frozen=True, kw_only=True):
    """Whether the other side answers, in words an operator can act on; never personal data."""

    reachable: bool
    detail: str


class Adapter(Protocol):
    """A way to one receiving system. Raises nothing of httpx or paramiko: every failure is an Outcome.

    `deliver` must send the parcel's idempotency key; sent twice with one key, a receiver that honours it
    takes the parcel once. `query` asks what became of a key: the outcome that was lost, `Deferred` when the
    receiver says it has no such parcel, or None when it cannot tell (the caller then sends again with the same key).
    """

    async def deliver(self, parcel: Parcel) -> Outcome: ...

    async def query(self, idempotency_key: str) -> Outcome | None: ...

    async def poll(self, cursor: str | None, signaal_ids: Sequence[str] = ()) -> Poll:
        """Fetch results since `cursor`; an adapter without polling returns none and the same cursor."""
        ...

    async def probe(self) -> Probe: ...

    async def aclose(self) -> None: ...


class Clean(Struct, frozen=True):
    """All bytes were scanned, and nothing was found."""


class Infected(Struct, frozen=True, kw_only=True):
    """Something harmful was found; `name` is the scanner's word for it, without any text of the file."""

    name: str


class NotScanned(Struct, frozen=True, kw_only=True):
    """Nobody knows: the scanner was not there, gave no answer, or did not take all of it. `reason` is one word."""

    reason: str


ScanVerdict = Clean | Infected | NotScanned


class Scanner(Protocol):
    """Looks for malware. Fails closed: what is not surely clean is Infected or NotScanned. Blocks while it looks."""

    def scan(self, chunks: Iterable[bytes]) -> ScanVerdict:
        """The verdict on the bytes in order; raises only what `chunks` raises."""
        ...

    def probe(self) -> Probe:
        """Whether it can be relied on now."""
        ...
