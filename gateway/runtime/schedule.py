"""What happens by the clock: jobs, each in a loop of its own that survives every failure.

A job must be harmless when two processes run it at once (PostgreSQL), and when it is cut: it owns its transactions.
"""

import asyncio
import contextlib
import datetime as dt
import inspect
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.ports import Adapter, Poll
from gateway import log
from gateway.flow.confirm import refuse_unconfirmed, tell_held
from gateway.flow.deliver import DeliverParts, limits, send_elsewhere
from gateway.flow.hear import ONBEKEND_SIGNAAL, ONGELDIG
from gateway.flow.kit import Kit
from gateway.runtime.wake import woken
from gateway.stages.directory import Directory
from gateway.store import confirmations, deliveries, destinations, processing
from gateway.store.directory import current_generation

MOVED_AT_ONCE: Final = 500
"""Parcels judged anew in one transaction when systems change."""
POLLS_AT_ONCE: Final = 20
"""Pages of results fetched from one system before others get a turn."""
TOLD_AT_ONCE: Final = 100
"""Late parcels, and as many late uploads, told in one look; the rest follows in the next."""
TELL_AGAIN: Final = dt.timedelta(hours=1)
_ON_TIME: Final = 0.9
"""Of the period between polls: clocks and loops of one process may be off by less than the rest of it."""
UNREACHABLE: Final = dt.timedelta(hours=1)
"""A destination that has not answered for so long, while something waits for it, is worth a telephone call."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Something to do again and again. `run` is called in a thread; what it returns is awaited when it can be.

    `aligned`: at whole multiples of `every` on the business clock, so that the moment tells nothing (relay ticks).
    `channel`: also at once when this channel of the database is notified.
    """

    name: str
    every: dt.timedelta
    run: Callable[[], Awaitable[None] | None]
    aligned: bool = False
    channel: str | None = None


async def run_jobs(kit: Kit, jobs: Sequence[Job], stop: asyncio.Event) -> None:
    """Run every job until `stop` is set; a job in progress ends first."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_loop(kit, job, stop), name=f"job-{job.name}")


async def _loop(kit: Kit, job: Job, stop: asyncio.Event) -> None:
    wake = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        if job.channel is not None:
            await stack.enter_async_context(woken(kit.db, job.channel, wake))
        if job.aligned:
            await _sleep(until_next(job, kit.clock()), stop)
        while not stop.is_set():
            wake.clear()  # before the job looks: what is notified meanwhile makes it look again
            await run_once(job)
            await _sleep(until_next(job, kit.clock()) if job.aligned else job.every.total_seconds(), stop, wake)


async def _sleep(seconds: float, *events: asyncio.Event) -> None:
    """Until one of `events` is set, at most so long."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


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

    An upload that waits so long to be processed alerts too: nobody knows yet what it tells of. The hours count from
    the receipt. The alert tells operations; the partner's report then says to phone.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._told_parcels: set[int] = set()
        self._told_uploads: set[int] = set()

    def __call__(self) -> None:
        """Look once."""
        now = self._kit.clock()
        before = now - dt.timedelta(hours=self._kit.settings.work.threatening_alert_hours)
        with self._kit.db.read() as conn:
            parcels = deliveries.late_threatening(conn, before=before)
            uploads = processing.late(conn, before=before)
        self._told_parcels &= {id_ for id_, _ in parcels}
        self._told_uploads &= {no for no, _, _ in uploads}
        for id_, at in [found for found in parcels if found[0] not in self._told_parcels][:TOLD_AT_ONCE]:
            log.emit(log.THREATENING_LATE, level=logging.ERROR, delivery_id=id_, hours=_hours(now - at))
            self._told_parcels.add(id_)
        for no, upload_id, at in [found for found in uploads if found[0] not in self._told_uploads][:TOLD_AT_ONCE]:
            log.emit(log.UPLOAD_LATE, level=logging.ERROR, upload_id=upload_id, hours=_hours(now - at))
            self._told_uploads.add(no)


def _hours(age: dt.timedelta) -> float:
    return round(age.total_seconds() / 3600, 1)


class DestinationAlert:
    """Alerts, each at most once an hour, for destinations that parcels wait for and that are gone or do not answer.

    One that is paused or in maintenance may be unreachable without an alert: somebody knows.
    """

    def __init__(self, kit: Kit, directory: Callable[[], Directory]) -> None:
        self._kit = kit
        self._directory = directory
        self._told: dict[tuple[str, str], dt.datetime] = {}

    def __call__(self) -> None:
        """Look once."""
        now = self._kit.clock()
        with self._kit.db.read() as conn:
            waiting = destinations.waiting_counts(conn)
            remembered = destinations.read_all(conn)
        configured = limits(self._directory(), list(waiting), now)
        for key, count in sorted(waiting.items()):
            since = remembered[key].unreachable_since if key in remembered else None
            limit = configured.get(key)
            if limit is None:
                self._tell(log.DESTINATION_MISSING, now, destination=key, count=count)
            elif since is not None and now - since >= UNREACHABLE and not (limit.closed or remembered[key].paused):
                self._tell(log.DESTINATION_UNREACHABLE, now, destination=key, count=count, hours=_hours(now - since))

    def _tell(self, event: str, now: dt.datetime, *, destination: str, **numbers: float) -> None:
        told = self._told.get((event, destination))
        if told is None or now - told >= TELL_AGAIN:
            self._told[(event, destination)] = now
            log.emit(event, level=logging.ERROR, destination=destination, **numbers)


def look_after_held(kit: Kit) -> None:
    """Tell of held uploads of which a killed process could not tell; refuse what was not confirmed in time."""
    tell_held(kit)
    refuse_unconfirmed(kit)


class ReloadOnChange:
    """Calls `reload` when the configuration got another generation, and moves parcels whose system changed.

    The first look moves too: dates may have passed while no process ran. So does the word of a partner on what was
    held: its parcels may be meant for another system by now.
    """

    def __init__(self, kit: Kit, parts: DeliverParts, reload: Callable[[int], None]) -> None:
        self._kit = kit
        self._parts = parts
        self._reload = reload
        self._seen: tuple[int, dt.date, dt.datetime | None] | None = None

    def __call__(self) -> None:
        """Look once."""
        with self._kit.db.read() as conn:
            generation = current_generation(conn)
            decided_at = confirmations.last_decided_at(conn)
        now = (generation, self._kit.today(), decided_at)
        if now == self._seen:
            return
        if self._seen is None or generation != self._seen[0]:
            self._reload(generation)
            log.emit(log.CONFIG_RELOADED, generation=generation)
        while send_elsewhere(self._kit, self._parts, at_most=MOVED_AT_ONCE) == MOVED_AT_ONCE:
            pass
        self._seen = now


TakeResults = Callable[[str, Poll], Sequence[str]]
"""Make the results of a poll of this destination durable, and say the status of each; repeating it is harmless."""


def askable(kit: Kit, directory: Directory) -> list[str]:
    """Systems that may be asked for results now: not paused, not in maintenance."""
    found = limits(directory, list(directory.systemen), kit.clock())
    return [key for key, limit in found.items() if not limit.closed]


async def poll_results(kit: Kit, key: str, adapter: Adapter, take: TakeResults) -> None:
    """Fetch results of one system from where the last poll ended; taken first, then the cursor: at least once.

    Nothing when another process asked it a moment ago, or when its breaker is open.
    """
    if not await asyncio.to_thread(_claimed, kit, key):
        return
    for _ in range(POLLS_AT_ONCE):
        cursor = await asyncio.to_thread(_cursor, kit, key)
        poll = await adapter.poll(cursor)
        if poll.problem is not None:
            log.emit(log.WORK_FAILED, level=logging.WARNING, step="poll_results", error_type=poll.problem, where=key)
            return
        ours = await asyncio.to_thread(_taken, kit, key, poll, take, before=cursor)
        if not (ours and poll.more):
            return


def _claimed(kit: Kit, key: str) -> bool:
    every = dt.timedelta(seconds=kit.settings.work.result_poll_seconds)
    with kit.db.write() as conn:
        return destinations.claim_poll(conn, key, now=kit.clock(), every=every * _ON_TIME)


def _cursor(kit: Kit, key: str) -> str | None:
    with kit.db.read() as conn:
        return destinations.poll_cursor(conn, key)


def _taken(kit: Kit, key: str, poll: Poll, take: TakeResults, *, before: str | None) -> bool:
    """False when another process went on from here meanwhile."""
    statuses = Counter(take(key, poll))
    passed_over = {
        "unreadable": poll.unreadable,
        **{status: statuses[status] for status in (ONGELDIG, ONBEKEND_SIGNAAL)},
    }
    if any(passed_over.values()):
        log.emit(log.RESULTS_NOT_TAKEN, level=logging.WARNING, destination=key, **passed_over)
    if poll.cursor == before:
        return True
    with kit.db.write() as conn:
        return destinations.move_poll_cursor(conn, key, before=before, after=poll.cursor)
