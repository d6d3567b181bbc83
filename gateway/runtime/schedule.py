"""What happens by the clock: jobs, each in a loop of its own that survives every failure.

A job must be harmless when two processes run it at once (PostgreSQL), and when it is cut: it owns its transactions.
"""

import asyncio
import contextlib
import datetime as dt
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.ports import Adapter, Poll
from gateway import log
from gateway.flow.deliver import DeliverParts, send_elsewhere
from gateway.flow.kit import Kit
from gateway.store import deliveries, destinations
from gateway.store.directory import current_generation

MOVED_AT_ONCE: Final = 500
"""Parcels judged anew in one transaction when systems change."""
POLLS_AT_ONCE: Final = 20
"""Pages of results fetched from one system before others get a turn."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something to do again and again. `run` is called in a thread; what it returns is awaited when it can be.

    `aligned`: at whole multiples of `every` on the business clock, so that the moment tells nothing (relay ticks).
    """

    name: str
    every: dt.timedelta
    run: Callable[[], Awaitable[None] | None]
    aligned: bool = False


async def run_jobs(kit: Kit, jobs: Sequence[Job], stop: asyncio.Event) -> None:
    """Run every job until `stop` is set; a job in progress ends first."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_loop(kit, job, stop), name=f"job-{job.name}")


async def _loop(kit: Kit, job: Job, stop: asyncio.Event) -> None:
    if job.aligned:
        await _sleep(stop, until_next(job, kit.clock()))
    while not stop.is_set():
        await run_once(job)
        await _sleep(stop, until_next(job, kit.clock()) if job.aligned else job.every.total_seconds())


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def until_next(job: Job, now: dt.datetime) -> float:
    """Seconds from `now` to the next whole multiple of the job's period since 1970."""
    period = job.every.total_seconds()
    return period - now.timestamp() % period


async def run_once(job: Job) -> None:
    """Run a job; a failure is told and tried again at the next time."""
    try:
        result = await asyncio.to_thread(job.run)
        if inspect.isawaitable(result):
            await result
    except Exception as error:
        log.emit(log.WORK_FAILED, level=logging.ERROR, step=job.name, error_type=type(error).__name__, where="")


class ThreateningAlert:
    """Alerts once per process for each possibly threatening parcel that no system has after the hours of the settings.

    The alert tells operations; the partner's report then says to phone.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._told: set[int] = set()

    def __call__(self) -> None:
        """Look once."""
        now = self._kit.clock()
        limit = dt.timedelta(hours=self._kit.settings.work.threatening_alert_hours)
        with self._kit.db.read() as conn:
            late = deliveries.late_threatening(conn, before=now - limit)
        for found in late:
            if found.id not in self._told:
                hours = (now - found.created_at).total_seconds() / 3600
                log.emit(log.THREATENING_LATE, level=logging.ERROR, delivery_id=found.id, hours=round(hours, 1))
        self._told = {found.id for found in late}


class ReloadOnChange:
    """Calls `reload` when the configuration got another generation, and moves parcels whose system changed.

    The first look moves too: dates may have passed while no process ran.
    """

    def __init__(self, kit: Kit, parts: DeliverParts, reload: Callable[[int], None]) -> None:
        self._kit = kit
        self._parts = parts
        self._reload = reload
        self._seen: tuple[int, dt.date] | None = None

    def __call__(self) -> None:
        """Look once."""
        with self._kit.db.read() as conn:
            generation = current_generation(conn)
        now = (generation, self._kit.today())
        if now == self._seen:
            return
        if self._seen is None or generation != self._seen[0]:
            self._reload(generation)
            log.emit(log.CONFIG_RELOADED, generation=generation)
        while send_elsewhere(self._kit, self._parts, at_most=MOVED_AT_ONCE) == MOVED_AT_ONCE:
            pass
        self._seen = now


TakeResults = Callable[[str, Poll], None]
"""Make the results of a poll of this destination durable; taking the same twice is harmless."""


async def poll_results(kit: Kit, key: str, adapter: Adapter, take: TakeResults) -> None:
    """Fetch results of one system from where the last poll ended; taken first, then the cursor: at least once."""
    for _ in range(POLLS_AT_ONCE):
        cursor = await asyncio.to_thread(_cursor, kit, key)
        poll = await adapter.poll(cursor)
        if poll.problem is not None:
            log.emit(log.WORK_FAILED, level=logging.WARNING, step="poll_results", error_type=poll.problem, where=key)
            return
        await asyncio.to_thread(_taken, kit, key, poll, take)
        if not poll.more:
            return


def _cursor(kit: Kit, key: str) -> str | None:
    with kit.db.read() as conn:
        return destinations.poll_cursor(conn, key)


def _taken(kit: Kit, key: str, poll: Poll, take: TakeResults) -> None:
    take(key, poll)
    with kit.db.write() as conn:
        destinations.set_poll_cursor(conn, key, cursor=poll.cursor, polled_at=kit.clock())
