"""Laws of the queue, on histories nobody thought of: any answers, lost workers, ended agreements, operators.

At every step: rows = refused + delivered + waiting; no delivery has two claims; every transition stands in the table;
what may have arrived is called unknown; a receiver that honours keys takes every row at most once.
"""

import asyncio
import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, Unknown
from contracts.overeenkomst import Period
from gateway.flow.answers import Ended
from gateway.flow.deliver import Wheel, open_parcel, turn
from gateway.lifecycle import DELIVERY, DeliveryState
from gateway.stages.schedule import NotSent
from gateway.store import deliveries, migrate, overeenkomsten
from gateway.store.claims import Claimed
from gateway.store.database import Database, open_database
from gateway.store.schema import delivery
from tests.builders import LONG_AGO, a_directory, a_systeem, an_overeenkomst
from tests.conftest import START, FakeClock, make_kit
from tests.deliveries import Receiver, Settled, a_delivery, configure, everything, groups, put, some_parts

CERTAIN = {DeliveryState.QUEUED, DeliveryState.RETRYING, DeliveryState.STOPPED, DeliveryState.HELD, DeliveryState.DEAD}
"""States that say: the receiver does not have it."""


def _successors() -> dict[DeliveryState, set[DeliveryState]]:
    """Where a delivery can be after one step of ours, which may hold several transitions."""
    direct = {state: set(row.values()) for state, row in DELIVERY.items()}
    reached = {state: {state} | row for state, row in direct.items()}
    for _ in DeliveryState:
        for row in reached.values():
            row |= {after for state in tuple(row) for after in direct[state]}
    return reached


REACHABLE = _successors()


KINDS = st.sampled_from(["take", "lose", "lose", "busy", "refuse", "contract", "unsent"])
ROUNDS = st.tuples(st.sampled_from([6, 20]), st.lists(KINDS, min_size=3, max_size=3), st.booleans())


class QueueLaws(RuleBasedStateMachine):
    """Two workers, one receiver, one operator."""

    opened: Any

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.context = self.opened()
        self.db: Database = self.context.__enter__()
        self.clock = FakeClock()
        self.kit = make_kit(self.db, Path(self.folder.name), self.clock)
        self.settled = Settled()
        self.parts = some_parts(self.settled)
        self.wheels = [Wheel(worker="a"), Wheel(worker="b")]
        self.held: dict[int, list[Claimed]] = {0: [], 1: []}
        self.receiver = Receiver()
        self.rows = 0
        self.before: dict[int, DeliveryState] = {}
        self.arrived: set[str] = set()

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        self.folder.cleanup()

    @initialize()
    def configured(self) -> None:
        configure(self.db, a_directory(systemen=[a_systeem(gelijktijdig=3)]))
        self.enqueue([1, 4, 2, 3], threatening=False)

    @rule(rows=st.lists(st.integers(1, 5), min_size=1, max_size=3), threatening=st.booleans())
    def enqueue(self, rows: list[int], threatening: bool) -> None:
        put(self.db, *(a_delivery(row_count=n, threatening=threatening) for n in rows))
        self.rows += sum(rows)

    @rule(worker=st.integers(0, 1), slots=st.integers(1, 4))
    def claim(self, worker: int, slots: int) -> None:
        turned = turn(self.kit, self.parts, self.wheels[worker], slots=slots)
        mine = {(c.delivery.id, c.claim_id) for claims in self.held.values() for c in claims}
        assert not mine & {(c.delivery.id, c.claim_id) for c in turned.claimed}
        self.held[worker] += turned.claimed
        with self.db.read() as conn:
            flying = conn.execute(sa.select(sa.func.count()).where(delivery.c.state == int(DeliveryState.CLAIMED)))
            assert flying.scalar_one() <= 3

    @rule(worker=st.integers(0, 1), rounds=st.lists(ROUNDS, min_size=2, max_size=6))
    def work(self, worker: int, rounds: list[tuple[int, list[str], bool]]) -> None:
        """A few rounds: claim after a while, and answer everything that the worker holds."""
        for minutes, kinds, tells in rounds:
            self.clock.advance(minutes=minutes)
            self.claim(worker, 3)
            self.receiver.tells = tells
            held, self.held[worker] = self.held[worker], []
            for claimed, kind in zip(held, kinds * len(held), strict=False):
                outcome, absent = self._meet(claimed, kind)
                ended = Ended(claimed=claimed, outcome=outcome, ended_at=self.clock(), absent=absent)
                turn(self.kit, self.parts, self.wheels[worker], ended=[ended])
            self.look()

    def _meet(self, claimed: Claimed, kind: str) -> tuple[Outcome | NotSent, bool]:
        """What happens between worker and receiver; a receiver that has the parcel says so when asked."""
        key, absent = claimed.delivery.idempotency_key, False
        if kind == "unsent":
            return NotSent(reason="x"), False
        if claimed.delivery.state == DeliveryState.UNKNOWN:
            known = asyncio.run(self.receiver.query(key))
            absent = isinstance(known, Deferred)
            if known is not None and not absent:
                return known, False
        parcel = open_parcel(self.kit, self.parts, claimed)
        assert not isinstance(parcel, NotSent)
        match kind:
            case "take":
                return self.receiver.accept(parcel), absent
            case "lose":
                self.receiver.accept(parcel)
                return Unknown(reason="x"), absent
            case "busy":
                return Deferred(reason="x", retry_after=1.0), absent
            case "refuse" if key not in self.receiver.known:
                return Refused(code="B"), absent
            case _:
                return Refused(code="C", kind=RefusalKind.CONTRACT), absent

    @precondition(lambda self: any(self.held.values()))
    @rule(worker=st.integers(0, 1), sent=st.booleans())
    def die(self, worker: int, sent: bool) -> None:
        """A worker is killed: its claims, and whether their parcels arrived, are forgotten."""
        for claimed in self.held[worker]:
            parcel = open_parcel(self.kit, self.parts, claimed)
            if sent and not isinstance(parcel, NotSent):
                self.receiver.accept(parcel)
        self.held[worker].clear()
        self.wheels[worker] = Wheel(worker="new")
        with self.db.write() as conn:
            conn.execute(sa.update(delivery).where(delivery.c.claim_id.is_not(None)).values(lease_until_ms=1))

    @rule(worker=st.integers(0, 1))
    def end_the_agreement_for_a_while(self, worker: int) -> None:
        yesterday = START.date() - dt.timedelta(days=1)
        for until in (yesterday, None):
            document = an_overeenkomst(van_kracht=Period(from_=LONG_AGO, until=until))
            with self.db.write() as conn:
                overeenkomsten.put(self.db, conn, [document], owner="file", moment=self.clock())
            self.claim(worker, 2)

    @rule()
    def operate(self) -> None:
        """Hold everything that can be held, let it go, replay the dead letters."""
        ids = [v.id for v in everything(self.db)]
        with self.db.write() as conn:
            deliveries.hold(conn, ids)
        self.look()
        with self.db.write() as conn:
            deliveries.release(conn, ids, now=self.clock())
            deliveries.replay(conn, ids, now=self.clock())

    @invariant()
    def look(self) -> None:
        """All laws."""
        self._counts_reconcile()
        self._every_transition_stands_in_the_table()
        self._what_arrived_is_never_called_absent()
        self._a_key_is_taken_once()
        self._roots_are_told_once()

    def _counts_reconcile(self) -> None:
        assert sum(groups(self.db).values()) == self.rows

    def _every_transition_stands_in_the_table(self) -> None:
        now = {v.id: v.state for v in everything(self.db)}
        for id_, state in now.items():
            assert state in REACHABLE[self.before.get(id_, DeliveryState.QUEUED)]
        self.before = now

    def _what_arrived_is_never_called_absent(self) -> None:
        """A key that the receiver took is claimed, unknown or accepted: nothing else may be said of it."""
        with self.db.read() as conn:
            rows = conn.execute(sa.select(delivery.c.idempotency_key, delivery.c.state)).all()
        for key, state in rows:
            if key in self.receiver.taken and isinstance(self.receiver.known[key], Accepted):
                assert DeliveryState(state) not in CERTAIN

    def _a_key_is_taken_once(self) -> None:
        assert set(self.receiver.taken.values()) <= {1}

    def _roots_are_told_once(self) -> None:
        assert len(self.settled.roots) == len(set(self.settled.roots))


LAWS = settings(max_examples=20, stateful_step_count=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_laws_hold_on_sqlite(sqlite_url: str) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "laws.db"
            shutil.copyfile(sqlite_url.removeprefix("sqlite:///"), path)
            with open_database(f"sqlite:///{path}") as db:
                yield db

    run_state_machine_as_test(type("SqliteLaws", (QueueLaws,), {"opened": staticmethod(opened)}), settings=LAWS)


def test_laws_hold_on_postgresql(postgres_url: str) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        with open_database(postgres_url) as db:
            migrate.upgrade(db)
            with db.write() as conn:
                for table in ("delivery", "delivery_attempt", "row_refusal", "destination"):
                    conn.execute(sa.text(f"TRUNCATE {table}"))
                for table in ("config_object", "overeenkomst_version", "overeenkomst_agent"):
                    conn.execute(sa.text(f"TRUNCATE {table}"))
            yield db

    few = settings(LAWS, max_examples=10)
    run_state_machine_as_test(type("PostgresLaws", (QueueLaws,), {"opened": staticmethod(opened)}), settings=few)


@pytest.mark.parametrize("state", sorted(CERTAIN))
def test_the_laws_know_every_state(state: DeliveryState) -> None:
    assert state in DELIVERY
