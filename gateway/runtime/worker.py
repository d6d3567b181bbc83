"""The worker: turns the wheel. Claims in a thread, attempts on the event loop, answers recorded by the next turn.

    wake (notify, poll, an attempt that ended) -> turn: record + claim, one transaction -> attempts, all at once

One turn records all attempts that ended since the one before, so the busier it is the larger its transactions. When the
database is gone, attempts that run go on, their answers are kept and recorded when it is back; claims that could not be
renewed become unknown at another worker, and our late answers are then refused.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from contracts.outcomes import Deferred, Outcome, Unknown
from contracts.ports import Adapter
from gateway import log, retry
from gateway.errors import DiskFullError, StoreUnavailableError
from gateway.flow.answers import Ended, fraction
from gateway.flow.deliver import LOOK_PARTS, DeliverParts, Wheel, open_parcel, turn
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.retry import Cause
from gateway.runtime.wake import woken
from gateway.stages.schedule import NotSent
from gateway.store.claims import Claimed
from gateway.store.deliveries import CHANNEL

CONTENDED_SECONDS: Final = 0.02
"""Another worker held the destination a moment ago: about the length of its transaction."""
FINAL_TRIES: Final = 3
"""How often answers are tried to be recorded when stopping."""

OpenAdapter = Callable[[str], Adapter]
"""destination key → its adapter, the same one each time; raises when it is not configured."""


class Worker:
    """One worker of this process; `run` until stopped. `name` is unique over all processes that share the database."""

    def __init__(self, kit: Kit, parts: DeliverParts, adapters: OpenAdapter, *, name: str, alone: bool = False) -> None:
        self._kit = kit
        self._parts = parts
        self._adapters = adapters
        self._work = kit.settings.work
        self._look_seconds = self._work.lease_seconds / LOOK_PARTS
        self._wheel = Wheel(worker=name, alone=alone)
        self._flying: dict[asyncio.Task[None], Claimed] = {}
        self._ended: list[Ended] = []
        self._wake = asyncio.Event()
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then claim nothing more, finish what is on the wire, record it, and return."""
        async with woken(self._kit.db, CHANNEL, self._wake), self._stopping(stop):
            while not stop.is_set():
                self._wake.clear()
                pause = await self._turn(self._work.concurrency - len(self._flying))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
            await self._finish()

    async def _turn(self, slots: int) -> float:
        """One turn; the seconds to sleep unless something wakes us. Never raises for what the next turn may mend."""
        ended, self._ended = self._ended, []
        flying = [claimed for task, claimed in self._flying.items() if not task.done()]
        try:
            turned = await asyncio.to_thread(
                turn, self._kit, self._parts, self._wheel, ended=ended, flying=flying, slots=slots
            )
        except (StoreUnavailableError, DiskFullError) as error:
            self._ended = ended + self._ended
            return self._failed(error)
        except Exception as error:
            await self._record_apart(ended)
            return self._failed(error)
        self._failures = 0
        for claimed in turned.claimed:
            self._start(claimed)
        if turned.again:
            return CONTENDED_SECONDS
        return min(self._work.poll_seconds, self._look_seconds)

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        _tell("turn", error)
        pause = retry.wait(Cause.NOT_SENT, attempt=self._failures, fraction=fraction(self._kit)).total_seconds()
        return min(pause, self._look_seconds) if self._flying else pause

    async def _record_apart(self, ended: list[Ended]) -> None:
        """A defect in one answer must not hold up the others: each alone; the one at fault is left to its lease."""
        for one in ended:
            try:
                await asyncio.to_thread(turn, self._kit, self._parts, self._wheel, ended=[one])
            except (StoreUnavailableError, DiskFullError):
                self._ended.append(one)
            except Exception as error:
                _tell("record", error)

    def _start(self, claimed: Claimed) -> None:
        task = asyncio.create_task(self._attempt(claimed), name=f"delivery-{claimed.delivery.id}")
        self._flying[task] = claimed
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._flying[task]
        self._wake.set()

    async def _attempt(self, claimed: Claimed) -> None:
        attempt = _Attempt(self._kit, self._parts, self._adapters, claimed)
        outcome = await attempt.run()
        self._ended.append(Ended(claimed=claimed, outcome=outcome, ended_at=self._kit.clock(), absent=attempt.absent))

    async def _finish(self) -> None:
        """Attempts end by their own timeout; answers that cannot be recorded any more are left to their leases."""
        while self._flying:
            await asyncio.wait(set(self._flying), timeout=self._look_seconds)
            await self._turn(0)
        for _ in range(FINAL_TRIES):
            pause = await self._turn(0)
            if not self._ended:
                return
            await asyncio.sleep(pause)

    @contextlib.asynccontextmanager
    async def _stopping(self, stop: asyncio.Event) -> AsyncIterator[None]:
        async def watch() -> None:
            await stop.wait()
            self._wake.set()

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()


class _Attempt:
    """One attempt: what can be known of it at any moment is whether something may have left."""

    def __init__(self, kit: Kit, parts: DeliverParts, adapters: OpenAdapter, claimed: Claimed) -> None:
        self._kit = kit
        self._parts = parts
        self._adapters = adapters
        self._claimed = claimed
        self._sent = False
        self.absent = False

    async def run(self) -> Outcome | NotSent:
        """The outcome; what ends otherwise is unknown once something may have left, and not sent before that."""
        try:
            async with asyncio.timeout(self._kit.settings.work.attempt_timeout_seconds):
                return await self._run()
        except TimeoutError:
            return self._cut("no_answer_in_time")
        except Exception as error:  # an adapter raises nothing; if it does, that must not lose the parcel
            _tell("attempt", error)
            return self._cut("attempt_failed")

    def _cut(self, reason: str) -> Unknown | NotSent:
        return Unknown(reason=reason) if self._sent else NotSent(reason=reason)

    async def _run(self) -> Outcome | NotSent:
        delivery = self._claimed.delivery
        try:
            adapter = self._adapters(delivery.destination)
        except Exception as error:
            _tell("open_adapter", error)
            return NotSent(reason="no_adapter")
        if delivery.state == DeliveryState.UNKNOWN:
            settled = await adapter.query(delivery.idempotency_key)
            self.absent = isinstance(settled, Deferred)
            if self.absent:  # a definite answer: what is sent next is sent under the gate of then
                return NotSent(reason="receiver_has_none")
            if settled is not None:
                return settled
        parcel = await asyncio.to_thread(open_parcel, self._kit, self._parts, self._claimed)
        if isinstance(parcel, NotSent):
            return parcel
        self._sent = True
        return await adapter.deliver(parcel)


def _tell(step: str, error: Exception) -> None:
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = "" if where is None else f"{where.tb_frame.f_globals.get('__name__', '')}:{where.tb_lineno}"
    log.emit(log.WORK_FAILED, level=logging.ERROR, step=step, error_type=type(error).__name__, where=place)
