"""Leases are renewed while attempts run, so that they may be far shorter than an attempt: on both engines."""

import asyncio
import contextlib
import itertools
import logging
import time
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
from gateway.store.database import Database, now_ms
from tests.builders import a_directory, a_systeem
from tests.conftest import FakeClock, make_kit
from tests.deliveries import Receiver, a_delivery, configure, put, some_parts, states

pytestmark = [pytest.mark.timeout(60), pytest.mark.anyio]
LEASE = 1.5
SHORT = Work(concurrency=4, poll_seconds=60.0, lease_seconds=LEASE, attempt_timeout_seconds=20.0)
"""In the proportion of the defaults, polls so rare that only the lease sets the pace."""
SLACK = 0.4
"""For a loaded machine: a renewal may come so much after its time."""


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
    started = time.monotonic()
    async with working(kit, receiver, "a", "b"):
        await all_accepted(kit, 4)
    assert time.monotonic() - started > 3 * LEASE
    assert len(receiver.seen) == len(set(receiver.seen)) == 4
    assert receiver.queried == []
    assert log.DELIVERY_TAKEN_OVER not in caplog.text


async def test_each_lease_is_renewed_within_a_third_of_it(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[int] = []
    renew = leases.renew

    def told(conn: Connection, held: Collection[Claimed], *, lease_until_ms: int) -> int:
        if held:
            renewed.append(now_ms(conn))
        return renew(conn, held, lease_until_ms=lease_until_ms)

    monkeypatch.setattr(leases, "renew", told)  # only the calls are counted; the real one does the work
    put(kit.db, a_delivery())
    async with working(kit, Receiver(delay=3 * LEASE), "a"):
        await all_accepted(kit, 1)
    gaps = [later - earlier for earlier, later in itertools.pairwise(renewed)]
    assert len(gaps) >= 6
    assert sorted(gaps)[len(gaps) // 2] <= 1000 * LEASE / 3
    assert max(gaps) <= 1000 * (LEASE / 3 + SLACK)
