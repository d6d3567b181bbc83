"""Deliveries for tests: builders, a configuration in the store, and a receiver that can be told how to behave."""

import asyncio
import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from contracts.outcomes import Accepted, Deferred, Outcome, Refused, RowRefusal
from contracts.overeenkomst import Overeenkomst
from contracts.ports import Parcel, Poll, Probe, SignaalParcel
from contracts.row_states import ROW_STATES, Group, RowState
from contracts.signaal import Signaal
from contracts.terugkoppeling import Terugkoppeling, TerugkoppelingSoort
from gateway.flow.deliver import DeliverParts
from gateway.flow.kit import Kit
from gateway.ids import signaal_id
from gateway.lifecycle import ROW_STATE_OF_DELIVERY, DeliveryState
from gateway.stages.directory import Directory
from gateway.stages.schedule import BreakerPolicy, DestinationLimit, Kind
from gateway.store import deliveries, overeenkomsten
from gateway.store.claims import Candidate
from gateway.store.database import Database
from gateway.store.deliveries import DeliveryView, NewDelivery
from gateway.store.directory import next_generation, put_object
from gateway.store.rows import delivery_counts
from gateway.store.schema import delivery
from tests.builders import AMSTERDAM, UPLOAD_ID, a_directory, a_signaal, an_overeenkomst
from tests.conftest import START

POLICY = BreakerPolicy(failures=3, pause=dt.timedelta(seconds=30))
_numbers = itertools.count(1)


def a_delivery(**kw: Any) -> NewDelivery:
    """A parcel of eight huursignalen of `woonstad` for Amsterdam, to `vps`, due at START."""
    return NewDelivery(
        **{
            "idempotency_key": str(uuid.uuid5(uuid.NAMESPACE_OID, str(next(_numbers)))),
            "kind": Kind.SIGNALEN,
            "destination": "vps",
            "partner": "woonstad",
            "created_at": START,
            "due_at": START,
            "row_count": 8,
            "upload_no": 1,
            "attempt_no": 1,
            "parcel_no": 1,
            "overeenkomst": "woonstad-0363",
            "overeenkomst_version": 1,
            "gemeentecode": AMSTERDAM,
            "soort": "huur",
            "signaaltype": "vroegsignaal",
        }
        | kw
    )


def feedback(n: int, **kw: Any) -> NewDelivery:
    """A terugkoppeling to `woonstad` about the n-th signaal of an upload."""
    webhook = {"kind": Kind.TERUGKOPPELING, "destination": "webhook:woonstad", "row_count": 1, "relay_id": n}
    return a_delivery(**webhook | {"ordering_key": f"1:{n}", "gemeentecode": None, "overeenkomst": None} | kw)


def put(db: Database, *new: NewDelivery) -> list[int]:
    """Enqueue in a transaction of their own."""
    with db.write() as conn:
        ids = deliveries.enqueue(conn, new)
        db.notify(conn, deliveries.CHANNEL)
    return ids


def limits(*, slots: int = 4, keys: Sequence[str] = ("vps",)) -> dict[str, DestinationLimit]:
    return {key: DestinationLimit(slots) for key in keys}


def configure(db: Database, directory: Directory | None = None, *agreements: Overeenkomst) -> None:
    """Store a directory and agreements as `apply` would; the defaults fit `a_delivery`."""
    directory = directory or a_directory()
    with db.write() as conn:
        generation = next_generation(conn)
        kinds = (directory.systemen, directory.gemeenten, directory.partners)
        for document in (document for kind in kinds for document in kind.values()):
            put_object(conn, document, owner="file", at_generation=generation)
        overeenkomsten.put(db, conn, agreements or (an_overeenkomst(),), owner="file", moment=START)


def view(db: Database, id_: int) -> DeliveryView:
    with db.read() as conn:
        found = deliveries.find(conn, id_)
    assert found is not None
    return found


def everything(db: Database) -> list[DeliveryView]:
    with db.read() as conn:
        return deliveries.listing(conn, limit=100_000)


def states(db: Database) -> Counter[DeliveryState]:
    return Counter(v.state for v in everything(db))


def row_counts(conn: Connection) -> Counter[RowState]:
    """Rows of all parcels of signalen by state."""
    t = delivery.c
    apart = sa.case((t.state == int(DeliveryState.ACCEPTED), t.refused_count), else_=0)
    counted = [int(state) for state in ROW_STATE_OF_DELIVERY]
    sums = sa.select(t.state, sa.func.sum(t.row_count), sa.func.sum(apart)).where(t.state.in_(counted))
    rows = conn.execute(sums.where(t.kind == Kind.SIGNALEN.value).group_by(t.state))
    return delivery_counts((int(s), int(n), int(r)) for s, n, r in rows)


def groups(db: Database) -> dict[Group, int]:
    """Rows of all parcels by group."""
    with db.read() as conn:
        counted = row_counts(conn)
    sums = dict.fromkeys(Group, 0)
    for state, number in counted.items():
        sums[ROW_STATES[state].group] += number
    return sums


def signalen_of(_kit: Kit, d: Candidate) -> tuple[Signaal, ...]:
    """Fake content: the signaal at position p is row p + 1 of one upload."""
    upload = uuid.UUID(UPLOAD_ID)
    return tuple(
        a_signaal(signaal_id=str(signaal_id(upload, position + 1)))
        for position in range(d.position_from, d.position_to)
    )


def terugkoppeling_of(_kit: Kit, d: Candidate) -> Terugkoppeling:
    return Terugkoppeling(
        id=f"event-{d.relay_id}",
        volgnummer=1,
        signaal_id=UPLOAD_ID[:-1] + "1",
        soort=TerugkoppelingSoort.OVERLEDEN,
        beschikbaar_op=START,
    )


class Settled:
    """Remembers the roots that were told to be settled."""

    def __init__(self) -> None:
        self.roots: list[int] = []

    def __call__(self, conn: Connection, kit: Kit, roots: Sequence[int]) -> None:
        del conn, kit
        self.roots += roots


def some_parts(on_settled: Settled | None = None) -> DeliverParts:
    return DeliverParts(
        read_signalen=signalen_of, read_terugkoppeling=terugkoppeling_of, on_settled=on_settled or Settled()
    )


Answer = Callable[[Parcel], Outcome]


class Receiver:
    """A receiver that honours idempotency keys. `answers` are given in turn, then `accept` for ever.

    `taken` counts how often each key was seen as new; `bad` are signaal ids refused as a batch, `odd` row by row.
    """

    def __init__(self, *answers: Outcome, delay: float = 0.0, bad: Iterable[str] = (), odd: Iterable[str] = ()) -> None:
        self.answers = list(answers)
        self.delay = delay
        self.bad, self.odd = frozenset(bad), frozenset(odd)
        self.taken: Counter[str] = Counter()
        self.seen: list[str] = []
        self.queried: list[str] = []
        self.known: dict[str, Outcome] = {}
        self.rows: Counter[str] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self.tells = True

    async def deliver(self, parcel: Parcel) -> Outcome:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.delay)
            self.seen.append(parcel.idempotency_key)
            return self.answers.pop(0) if self.answers else self.accept(parcel)
        finally:
            self.in_flight -= 1

    def accept(self, parcel: Parcel) -> Outcome:
        if parcel.idempotency_key in self.known:
            return self.known[parcel.idempotency_key]
        self.taken[parcel.idempotency_key] += 1
        outcome = self._judge(parcel) if isinstance(parcel, SignaalParcel) else Accepted()
        self.known[parcel.idempotency_key] = outcome
        return outcome

    def _judge(self, parcel: SignaalParcel) -> Outcome:
        ids = [signaal.signaal_id for signaal in parcel.signalen]
        if self.bad & set(ids):
            return Refused(code="BATCH")
        refusals = tuple(RowRefusal(position=n, code="ROW") for n, id_ in enumerate(ids) if id_ in self.odd)
        self.rows.update(id_ for id_ in ids if id_ not in self.odd)
        return Accepted(receipt=f"r-{parcel.idempotency_key[:8]}", refusals=refusals)

    async def query(self, idempotency_key: str) -> Outcome | None:
        self.queried.append(idempotency_key)
        if not self.tells:
            return None
        return self.known.get(idempotency_key, Deferred(reason="receiver_does_not_have_it"))

    async def poll(self, cursor: str | None, signaal_ids: Sequence[str] = ()) -> Poll:
        del signaal_ids
        return Poll(resultaten=(), cursor=cursor)

    async def probe(self) -> Probe:
        return Probe(reachable=True, detail="here")

    async def aclose(self) -> None: ...
