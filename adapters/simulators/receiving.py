"""The business of a receiving system, whatever its wire: judge rows, and answer a known key the same way again."""

import hashlib
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from adapters.config import Clock
from adapters.simulators.asgi import Reply, Request
from adapters.simulators.behaviour import Behaviour, Mood
from adapters.simulators.memory import Memory, Parcel

KEY_HEADER: Final = "idempotency-key"
PAGE: Final = 200


class Row(Struct, frozen=True, kw_only=True):
    """What the judging needs of a record; nothing of it but the id is kept."""

    signaal_id: str
    bedrag: int
    postcode: str
    threatening: bool = False


class Refusal(Struct, frozen=True, kw_only=True):
    """A refused row: position from 0; `amounts` (value, minimum) in cents with a threshold."""

    position: int
    cause: str
    amounts: tuple[int, int] | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of a batch. `fatal`: nothing was taken."""

    received: int
    taken: int
    fatal: str | None = None
    refusals: tuple[Refusal, ...] = ()


class Ask(Struct, frozen=True, kw_only=True):
    """A look at a parcel by its key or reference, or at results after a cursor."""

    key: str | None = None
    reference: str | None = None
    results_after: int | None = None
    status: bool = False


class MalformedError(Exception):
    """A body that does not fit the dialect."""


class Dialect(Protocol):
    """The wire of one system. `render` says what became of a parcel; `pending` when it is still being processed."""

    name: str

    def ask(self, request: Request) -> Ask | None: ...

    def is_delivery(self, request: Request) -> bool: ...

    def parse(self, body: bytes) -> list[Row]: ...

    def render(self, reference: str, verdict: Verdict, *, repeated: bool, pending: bool, first: bool) -> Reply: ...

    def problem(self, cause: str) -> Reply: ...

    def results(self, rows: list[tuple[int, str, str, str, bool, str]], cursor: str, *, more: bool) -> Reply: ...


class ReceivingSystem:
    """Implements simulator.Work for a dialect. `token`: what the caller must show; None: anybody may come."""

    def __init__(self, dialect: Dialect, *, memory: Memory, mood: Mood, clock: Clock, token: str | None) -> None:
        self._dialect = dialect
        self._memory = memory
        self._mood = mood
        self._clock = clock
        self._token = token

    def is_delivery(self, request: Request) -> bool:
        """Whether faults may strike this request."""
        return self._dialect.is_delivery(request)

    def answer(self, request: Request) -> Reply:
        """Take a delivery or answer a question."""
        if self._token is not None and request.headers.get("authorization") != f"Bearer {self._token}":
            return self._dialect.problem("no_access")
        if self._dialect.is_delivery(request):
            return self._take(request)
        ask = self._dialect.ask(request)
        return self._dialect.problem("not_found") if ask is None else self._tell(ask)

    def _take(self, request: Request) -> Reply:
        key = request.headers.get(KEY_HEADER)
        if not key:
            return self._dialect.problem("no_key")
        digest = hashlib.sha256(request.body).hexdigest()
        known = self._memory.find(key)
        if known is not None:
            return self._repeat(key, known, digest)
        try:
            rows = self._dialect.parse(request.body)
        except MalformedError:
            return self._dialect.problem("malformed")
        verdict = judge(rows, self._mood.behaviour)
        parcel = Parcel(
            digest=digest,
            reference=f"{self._dialect.name.upper()}-{digest[:8]}-{key[:8]}",
            verdict=msgspec.json.encode(verdict).decode(),
            ready_at=self._now() + self._mood.behaviour.processing_ms / 1000,
        )
        refused = {refusal.position for refusal in verdict.refusals}
        taken = [r.signaal_id for n, r in enumerate(rows) if n not in refused] if verdict.taken else []
        self._memory.remember(key, parcel, taken)
        return self._show(parcel, repeated=False, first=True)

    def _repeat(self, key: str, known: Parcel, digest: str) -> Reply:
        if known.digest != digest:
            return self._dialect.problem("other_content")
        self._memory.repeat(key)
        if self._mood.behaviour.conflict_on_repeat:
            return self._dialect.problem("processed_before")
        return self._show(known, repeated=True, first=True)

    def _tell(self, ask: Ask) -> Reply:
        if ask.status:
            return Reply(status=200, body=b'{"status":"ok"}')
        if ask.results_after is not None:
            rows = self._memory.results_after(ask.results_after, PAGE)
            last = rows[-1][0] if rows else ask.results_after
            return self._dialect.results(rows, str(last), more=len(rows) == PAGE)
        found = self._memory.find(ask.key) if ask.key else self._memory.find_reference(ask.reference or "")
        if found is None:
            return self._dialect.problem("unknown_key")
        return self._show(found, repeated=True, first=False)

    def _show(self, parcel: Parcel, *, repeated: bool, first: bool) -> Reply:
        verdict = msgspec.json.decode(parcel.verdict, type=Verdict)
        pending = self._now() < parcel.ready_at
        return self._dialect.render(parcel.reference, verdict, repeated=repeated, pending=pending, first=first)

    def _now(self) -> float:
        return self._clock().timestamp()


def judge(rows: list[Row], behaviour: Behaviour) -> Verdict:
    """By threshold and known postcodes; one bad record refuses all of them when the behaviour says so."""
    if len(rows) > behaviour.max_records:
        return Verdict(received=len(rows), taken=0, fatal="too_many")
    refusals = [refusal for n, row in enumerate(rows) if (refusal := _judge_row(n, row, behaviour)) is not None]
    if refusals and behaviour.spoil_batch:
        return Verdict(received=len(rows), taken=0, fatal="spoiled")
    return Verdict(received=len(rows), taken=len(rows) - len(refusals), refusals=tuple(refusals))


def _judge_row(position: int, row: Row, behaviour: Behaviour) -> Refusal | None:
    if row.postcode.startswith(behaviour.unknown_postcodes):
        return Refusal(position=position, cause="postcode")
    if row.bedrag < behaviour.drempel and not row.threatening:
        return Refusal(position=position, cause="drempel", amounts=(row.bedrag, behaviour.drempel))
    return None
