"""The worker on both engines: real event loop, real threads, a receiver that can be slow, silent or wrong."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from contracts.outcomes import Deferred, Outcome, Refused, Unknown
from contracts.overeenkomst import Period
from contracts.ports import Adapter, Parcel, Poll
from gateway.errors import DiskFullError, StoreUnavailableError
from gateway.flow.deliver import DeliverParts
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.runtime.schedule import Job, ReloadOnChange, ThreateningAlert, poll_results, run_jobs, until_next
from gateway.runtime.worker import Worker
from gateway.settings import Settings, Work
from gateway.store import deliveries, destinations, overeenkomsten
from gateway.store.database import Database
from tests.builders import LONG_AGO, a_directory, a_systeem, an_overeenkomst
from tests.conftest import START, FakeClock, make_kit
from tests.deliveries import Receiver, a_delivery, configure, put, some_parts, states, view

pytestmark = [pytest.mark.timeout(60), pytest.mark.anyio]
QUICK = Work(concurrency=8, poll_seconds=0.05, lease_seconds=2.0, attempt_timeout_seconds=1.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    configure(database, a_directory(systemen=[a_systeem(gelijktijdig=3)]))
    return make_kit(database, tmp_path, clock, Settings(work=QUICK))


@contextlib.asynccontextmanager
async def working(
    kit: Kit, adapter: Adapter, *, parts: DeliverParts | None = None, name: str = "w"
) -> AsyncIterator["asyncio.Task[None]"]:
    stop = asyncio.Event()
    worker = Worker(kit, parts or some_parts(), lambda _: adapter, name=name)
    task = asyncio.create_task(worker.run(stop))
    try:
        yield task
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def eventually(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # what is waited for is in the database
            await asyncio.sleep(0.02)


async def until(kit: Kit, state: DeliveryState, number: int, *, seconds: float = 20.0) -> None:
    """Wait until so many deliveries are in a state."""
    await eventually(lambda: states(kit.db)[state] == number, seconds=seconds)


async def test_all_is_delivered_once_within_the_limit(kit: Kit) -> None:
    put(kit.db, *(a_delivery() for _ in range(30)))
    receiver = Receiver(delay=0.01)
    async with working(kit, receiver):
        await until(kit, DeliveryState.ACCEPTED, 30)
    assert len(receiver.taken) == 30
    assert set(receiver.taken.values()) == {1}
    assert receiver.most_in_flight <= 3


async def test_several_workers_share_the_limit(kit: Kit) -> None:
    put(kit.db, *(a_delivery() for _ in range(30)))
    receiver = Receiver(delay=0.02)
    async with working(kit, receiver, name="a"), working(kit, receiver, name="b"), working(kit, receiver, name="c"):
        await until(kit, DeliveryState.ACCEPTED, 30)
    assert set(receiver.taken.values()) == {1}
    assert receiver.most_in_flight <= 3


async def test_a_new_delivery_wakes_the_worker(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    configure(database)
    slow = Work(poll_seconds=60.0, lease_seconds=240.0)
    kit = make_kit(database, tmp_path, clock, Settings(work=slow))
    async with working(kit, Receiver()):
        await asyncio.sleep(0.5)
        put(kit.db, a_delivery())
        await until(kit, DeliveryState.ACCEPTED, 1, seconds=10)


class Silent(Receiver):
    """Takes the parcel, and does not answer the first time."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        outcome = self.accept(parcel)
        self.seen.append(parcel.idempotency_key)
        if len(self.seen) == 1:
            await asyncio.sleep(3600)
        return outcome


async def test_an_answer_that_does_not_come_is_unknown_and_settled_by_query(kit: Kit, clock: FakeClock) -> None:
    (one,) = put(kit.db, a_delivery())
    receiver = Silent()
    async with working(kit, receiver):
        await until(kit, DeliveryState.UNKNOWN, 1)
        clock.advance(minutes=5)
        await until(kit, DeliveryState.ACCEPTED, 1)
    assert view(kit.db, one).attempts == 2
    assert (len(receiver.seen), len(receiver.queried)) == (1, 1)


async def test_when_it_cannot_tell_the_same_key_is_sent_again(kit: Kit, clock: FakeClock) -> None:
    put(kit.db, a_delivery())
    receiver = Silent()
    receiver.tells = False
    async with working(kit, receiver):
        await until(kit, DeliveryState.UNKNOWN, 1)
        clock.advance(minutes=5)
        await until(kit, DeliveryState.ACCEPTED, 1)
    assert len(receiver.seen) == 2
    assert len(set(receiver.seen)) == 1
    assert set(receiver.taken.values()) == {1}


class Lost(Receiver):
    """Never gets the first parcel: the line breaks, and nobody on our side can know."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        self.seen.append(parcel.idempotency_key)
        return Unknown(reason="line_broke") if len(self.seen) == 1 else self.accept(parcel)


async def test_what_never_arrived_passes_the_gate_before_it_is_sent_again(kit: Kit, clock: FakeClock) -> None:
    (one,) = put(kit.db, a_delivery())
    receiver = Lost()
    async with working(kit, receiver):
        await until(kit, DeliveryState.UNKNOWN, 1)
        ended = an_overeenkomst(van_kracht=Period(from_=LONG_AGO, until=START.date() - dt.timedelta(days=1)))
        with kit.db.write() as conn:
            overeenkomsten.put(kit.db, conn, [ended], owner="file", moment=clock())
        clock.advance(minutes=5)
        await eventually(lambda: bool(receiver.queried))
        clock.advance(minutes=5)
        await until(kit, DeliveryState.STOPPED, 1)
    assert len(receiver.seen) == 1
    assert view(kit.db, one).last_reason == "overeenkomst_niet_van_kracht"


async def test_what_never_arrived_is_sent_again_with_the_same_key(kit: Kit, clock: FakeClock) -> None:
    put(kit.db, a_delivery())
    receiver = Lost()
    async with working(kit, receiver):
        await until(kit, DeliveryState.UNKNOWN, 1)
        clock.advance(minutes=5)
        await until(kit, DeliveryState.ACCEPTED, 1)
    assert len(set(receiver.seen)) == 1
    assert set(receiver.taken.values()) == {1}


async def test_stopping_finishes_what_is_on_the_wire(kit: Kit) -> None:
    put(kit.db, *(a_delivery() for _ in range(10)))
    receiver = Receiver(delay=0.3)
    async with working(kit, receiver):
        await eventually(lambda: receiver.in_flight == 3)
    assert states(kit.db) == {DeliveryState.ACCEPTED: 3, DeliveryState.QUEUED: 7}


async def test_the_work_of_a_dead_worker_is_taken_over(kit: Kit) -> None:
    put(kit.db, *(a_delivery() for _ in range(3)))
    silent, receiver = Silent(), Receiver()
    async with working(kit, silent, name="dead") as task:
        await eventually(lambda: bool(silent.seen))
        task.cancel()
    receiver.known, receiver.taken = silent.known, silent.taken
    async with working(kit, receiver, name="alive"):
        await until(kit, DeliveryState.ACCEPTED, 3)
    assert set(receiver.taken.values()) == {1}


class Flaky:
    """A database that is gone while `gone` says so."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.gone: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.gone is not None:
            raise self.gone
        with self._db.write() as conn:
            yield conn


@pytest.mark.parametrize("error", [StoreUnavailableError("gone"), DiskFullError("full")])
async def test_answers_outlive_a_database_that_is_gone(kit: Kit, error: Exception) -> None:
    put(kit.db, *(a_delivery() for _ in range(3)))
    flaky, receiver = Flaky(kit.db), Receiver(delay=0.2)
    async with working(dataclasses.replace(kit, db=flaky), receiver):
        await eventually(lambda: receiver.in_flight == 3)
        flaky.gone = error
        await asyncio.sleep(0.5)
        assert states(kit.db) == {DeliveryState.CLAIMED: 3}
        flaky.gone = None
        await until(kit, DeliveryState.ACCEPTED, 3)
    assert len(receiver.seen) == 3


async def test_an_adapter_that_raises_loses_nothing(kit: Kit) -> None:
    class Broken(Receiver):
        async def deliver(self, parcel: Parcel) -> Outcome:
            raise ZeroDivisionError

    put(kit.db, a_delivery())
    async with working(kit, Broken()):
        await until(kit, DeliveryState.UNKNOWN, 1)


async def test_without_its_adapter_a_delivery_waits(kit: Kit) -> None:
    (one,) = put(kit.db, a_delivery())
    stop = asyncio.Event()

    def nothing(key: str) -> Adapter:
        raise KeyError(key)

    task = asyncio.create_task(Worker(kit, some_parts(), nothing, name="w").run(stop))
    await eventually(lambda: view(kit.db, one).last_reason == "no_adapter")
    stop.set()
    await task
    assert view(kit.db, one).state is DeliveryState.QUEUED


async def test_a_defect_in_one_answer_does_not_hold_up_the_others(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    ids = put(kit.db, *(a_delivery() for _ in range(3)))

    def on_settled(conn: Connection, kit: Kit, roots: Sequence[int]) -> None:
        if ids[1] in roots:
            raise ZeroDivisionError

    parts = dataclasses.replace(some_parts(), on_settled=on_settled)
    with caplog.at_level(logging.ERROR, logger="signaalpoort"):
        async with working(kit, Receiver(), parts=parts):
            await until(kit, DeliveryState.ACCEPTED, 2)
            assert view(kit.db, ids[1]).state in {DeliveryState.CLAIMED, DeliveryState.UNKNOWN}
    assert "work_failed" in caplog.messages


async def test_jobs_survive_their_failures(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []
    stop = asyncio.Event()

    def fails() -> None:
        calls.append("fails")
        raise StoreUnavailableError("gone")

    async def works() -> None:
        calls.append("works")
        if calls.count("works") == 3:
            stop.set()

    often = dt.timedelta(milliseconds=5)
    jobs = [Job(name="fails", every=often, run=fails), Job(name="works", every=often, run=works)]
    with caplog.at_level(logging.ERROR, logger="signaalpoort"):
        await asyncio.wait_for(run_jobs(kit, jobs, stop), 10)
    assert calls.count("works") == 3
    assert "work_failed" in caplog.messages


@pytest.mark.parametrize(("second", "left"), [(0, 900), (1, 899), (899, 1), (900, 900)])
def test_ticks_fall_on_whole_multiples_of_the_period(second: int, left: int) -> None:
    tick = Job(name="tick", every=dt.timedelta(minutes=15), run=lambda: None, aligned=True)
    assert until_next(tick, START + dt.timedelta(seconds=second)) == left


def test_a_late_threatening_parcel_alerts_once(kit: Kit, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    put(kit.db, a_delivery(threatening=True), a_delivery())
    alert = ThreateningAlert(kit)
    with caplog.at_level(logging.ERROR, logger="signaalpoort"):
        alert()
        assert caplog.messages == []
        clock.advance(hours=4, minutes=1)
        alert()
        alert()
    assert caplog.messages == ["threatening_late"]


def test_a_change_of_configuration_is_seen_once(kit: Kit) -> None:
    seen: list[int] = []
    look = ReloadOnChange(kit, some_parts(), seen.append)
    look()
    look()
    configure(kit.db, a_directory())
    look()
    assert len(seen) == 2
    assert seen[0] < seen[1]


class Pages(Receiver):
    """Three pages of results, then a failure."""

    async def poll(self, cursor: str | None, signaal_ids: Sequence[str] = ()) -> Poll:
        page = int(cursor or 0)
        if page == 3:
            return Poll(resultaten=(), cursor=cursor, problem="http_503")
        return Poll(resultaten=(), cursor=str(page + 1), more=True)


async def test_polling_goes_on_where_it_ended(kit: Kit) -> None:
    taken: list[str] = []

    def take(key: str, poll: Poll) -> list[str]:
        taken.append(f"{key}:{poll.cursor}")
        return []

    await poll_results(kit, "vps", Pages(), take)
    assert taken == ["vps:1", "vps:2", "vps:3"]
    with kit.db.read() as conn:
        assert destinations.poll_cursor(conn, "vps") == "3"


async def test_refusals_split_through_the_worker(kit: Kit) -> None:
    put(kit.db, a_delivery(row_count=8))
    bad = Receiver(bad=["019aab00-0000-7000-8000-000000000003"])
    async with working(kit, bad):
        await until(kit, DeliveryState.REFUSED, 1)
        await until(kit, DeliveryState.ACCEPTED, 3)
    with kit.db.read() as conn:
        refused = deliveries.listing(conn, state=DeliveryState.REFUSED)
    assert [(v.row_count, v.last_reason) for v in refused] == [(1, "BATCH")]
    assert isinstance(bad.known[bad.seen[0]], Refused)
    assert not any(isinstance(outcome, Deferred) for outcome in bad.known.values())
    assert view(kit.db, 1).created_at == START
