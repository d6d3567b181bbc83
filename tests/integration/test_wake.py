"""A job with a channel runs as soon as its channel is notified, on both engines; without one it waits for its time."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from gateway.flow.kit import Kit
from gateway.runtime.schedule import Job, run_jobs
from gateway.settings import Settings
from gateway.store.database import Database
from tests.conftest import FakeClock, make_kit

pytestmark = [pytest.mark.timeout(60), pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    return make_kit(database, tmp_path, clock, Settings())


def notify(kit: Kit, channel: str) -> None:
    with kit.db.write() as conn:
        kit.db.notify(conn, channel)


async def until(reached: int, seen: list[str]) -> None:
    async with asyncio.timeout(40):
        while len(seen) < reached:  # noqa: ASYNC110  # a thread fills it
            await asyncio.sleep(0.01)


async def test_a_job_runs_when_its_channel_is_notified(kit: Kit) -> None:
    seen: list[str] = []
    stop = asyncio.Event()
    never = dt.timedelta(days=1)
    jobs = [
        Job(name="waits", every=never, run=lambda: seen.append("waits")),
        Job(name="hears", every=never, run=lambda: seen.append("hears"), channel="files"),
    ]
    running = asyncio.create_task(run_jobs(kit, jobs, stop))
    await until(2, seen)
    for times in (3, 4):
        while len(seen) < times:  # it may not listen yet
            await asyncio.to_thread(notify, kit, "files")
            await asyncio.sleep(0.1)
    stop.set()
    await running
    assert seen.count("waits") == 1


async def test_what_is_notified_while_the_job_runs_makes_it_run_again(kit: Kit) -> None:
    seen: list[str] = []
    stop = asyncio.Event()

    def look() -> None:
        seen.append("looked")
        if len(seen) == 2:
            notify(kit, "files")

    running = asyncio.create_task(
        run_jobs(kit, [Job(name="look", every=dt.timedelta(days=1), run=look, channel="files")], stop)
    )
    await until(1, seen)
    while len(seen) < 2:
        await asyncio.to_thread(notify, kit, "files")
        await asyncio.sleep(0.1)
    await until(3, seen)
    stop.set()
    await running
