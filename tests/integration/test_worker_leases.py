"""Leases are renewed while attempts run, so that they may be far shorter than an attempt: on both engines."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway import log
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.runtime.worker import Worker
from gateway.settings import Settings, Work
from gateway.store import leases
from gateway.store.claims import Claimed
from gateway.store.database import Database
from tests.builders import a_directory, a_systeem
from tests.conftest import FakeClock, make_kit
from tests.deliveries import Receiver, a_delivery, configure, put, some_parts, states

pytestmark = [pytest.mark.timeout(60), pytest.mark.anyio]
LEASE = 4.0
SHORT = Work(concurrency=4, poll_seconds=60.0, lease_seconds=LEASE, attempt_timeout_seconds=40.0)
"""In the proportion of the defaults, polls so rare that only the lease sets the pace."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    configure(database, a_directory(systemen=[a_systeem(gelijktijdig=4)]))
    return make_kit(database, tmp_path, clock, Settings(work=SHORT))


@contextlib.asynccontextmanager
async def working(kit: Kit, receiver: Receiver, *names: str) -> AsyncIterator[None]:
    stop = asyncio.Event()
    workers = [Worker(kit, some_parts(), lambda _: receiver, name=name) for name in names]
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def all_accepted(kit: Kit, number: int) -> None:
    async with asyncio.timeout(30):
        while states(kit.db)[DeliveryState.ACCEPTED] < number:  # noqa: ASYNC110  # it is in the database
            await asyncio.sleep(0.05)


async def test_an_attempt_of_three_leases_is_not_taken_over(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    put(kit.db, *(a_delivery() for _ in range(4)))
    receiver = Receiver(delay=3.2 * LEASE)
    async with working(kit, receiver, "a", "b"):
        await all_accepted(kit, 4)
    assert len(receiver.seen) == len(set(receiver.seen)) == 4
    assert receiver.queried == []
    assert log.DELIVERY_TAKEN_OVER not in caplog.text


async def test_while_something_is_on_the_wire_its_lease_is_renewed_and_the_next_turn_is_soon(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How soon is what the worker asks for, not what a loaded machine gives."""
    renewals: list[Claimed] = []
    pauses: list[float] = []
    renew, take_turn = leases.renew, Worker._turn

    def told_renewal(conn: Connection, held: Collection[Claimed], *, lease_until_ms: int) -> int:
        renewals.extend(held)
        return renew(conn, held, lease_until_ms=lease_until_ms)

    async def told_turn(worker: Worker, slots: int) -> float:
        pause = await take_turn(worker, slots)
        pauses.append(pause)
        return pause

    monkeypatch.setattr(leases, "renew", told_renewal)
    monkeypatch.setattr(Worker, "_turn", told_turn)
    put(kit.db, a_delivery())
    async with working(kit, Receiver(delay=LEASE), "a"):
        await all_accepted(kit, 1)
    assert renewals
    assert max(pauses) <= LEASE / 3
