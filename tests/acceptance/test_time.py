"""Time itself misbehaves: a receiver that is down for days, clocks that jump. Real files, parcels and workers."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.outcomes import Deferred, Outcome, Unknown
from contracts.ports import Parcel
from gateway.flow import deliver
from gateway.flow.deliver import DeliverParts, read_signalen
from gateway.flow.erase import erase_due, rewrap_settled
from gateway.flow.kit import Kit
from gateway.ids import signaal_id
from gateway.lifecycle import DeliveryState
from gateway.runtime.worker import Worker
from gateway.settings import Settings, Work
from gateway.store import deliveries
from gateway.store.database import Database, now_ms
from gateway.store.uploads import Upload
from tests.builders import UTRECHT, a_csv, a_directory, a_gemeente, a_row, a_systeem, an_overeenkomst
from tests.conftest import START, FakeClock, make_kit
from tests.deliveries import Receiver, everything, states, terugkoppeling_of
from tests.world import configure, counted, process

pytestmark = [pytest.mark.timeout(120), pytest.mark.anyio]
ROWS = 40
QUICK = Work(concurrency=8, poll_seconds=0.02, lease_seconds=2.0, attempt_timeout_seconds=1.5, breaker_open_seconds=30)
SECOND = "vps2"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    kit = make_kit(database, tmp_path, clock, Settings(work=QUICK))
    systems = [a_systeem(max_rijen=4, gelijktijdig=3), a_systeem(SECOND, max_rijen=4, gelijktijdig=3)]
    gemeenten = [a_gemeente(), a_gemeente(UTRECHT, systeem=SECOND)]
    agreements = [an_overeenkomst(), an_overeenkomst(key="woonstad-0344", gemeenten=(UTRECHT,))]
    configure(kit, a_directory(systemen=systems, gemeenten=gemeenten), agreements)
    return kit


@pytest.fixture
def upload(kit: Kit) -> Upload:
    """Forty rows in ten parcels, for two systems."""
    rows = [a_row(kenmerk=f"K-{n}", huisnummer=str(n), gemeentecode=("0363", UTRECHT)[n % 2]) for n in range(1, 41)]
    found = process(kit, a_csv(rows))
    assert counted(kit, found).waiting == ROWS
    return found


class Down(Receiver):
    """Not reached until `up`; then like any other."""

    def __init__(self, clock: FakeClock, *, until: dt.datetime) -> None:
        super().__init__()
        self._clock = clock
        self._until = until
        self.tried = 0

    async def deliver(self, parcel: Parcel) -> Outcome:
        if self._clock.now < self._until:
            self.tried += 1
            return Deferred(reason="no_connection", unreachable=True)
        return await super().deliver(parcel)


@contextlib.asynccontextmanager
async def working(kit: Kit, receiver: Receiver, *, name: str = "w") -> AsyncIterator["asyncio.Task[None]"]:
    parts = DeliverParts(read_signalen=read_signalen, read_terugkoppeling=terugkoppeling_of, on_settled=rewrap_settled)
    stop = asyncio.Event()
    task = asyncio.create_task(Worker(kit, parts, lambda _: receiver, name=name).run(stop))
    try:
        yield task
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def eventually(holds: Callable[[], bool], *, step: Callable[[], object] = lambda: None) -> None:
    async with asyncio.timeout(60):
        while not holds():
            step()
            await asyncio.sleep(0.05)


def all_delivered(kit: Kit, upload: Upload) -> bool:
    return counted(kit, upload).delivered == ROWS


def check_once(upload: Upload, receiver: Receiver) -> None:
    expected = {str(signaal_id(uuid.UUID(upload.id), row_no)) for row_no in range(1, ROWS + 1)}
    assert receiver.rows == Counter(expected)
    assert set(receiver.taken.values()) == {1}


async def test_a_receiver_that_is_down_for_two_days_gets_everything_when_it_is_back(
    kit: Kit, clock: FakeClock, upload: Upload
) -> None:
    receiver = Down(clock, until=START + dt.timedelta(days=2, minutes=1))
    async with working(kit, receiver):
        for hour in range(48):
            for _ in range(4):
                clock.advance(minutes=15)
                await asyncio.sleep(0.04)
            if hour % 6 == 0:
                await asyncio.to_thread(erase_due, kit)
            assert set(states(kit.db)) <= {DeliveryState.QUEUED, DeliveryState.RETRYING, DeliveryState.CLAIMED}
            assert counted(kit, upload).waiting == ROWS
        assert receiver.tried > 20
        await eventually(lambda: all_delivered(kit, upload), step=lambda: clock.advance(minutes=5))
    check_once(upload, receiver)


@pytest.mark.parametrize("jump", [{"days": 3}, {"hours": -5}, {"days": -400}], ids=str)
async def test_a_business_clock_that_jumps_loses_nothing(
    kit: Kit, clock: FakeClock, upload: Upload, jump: dict[str, float]
) -> None:
    """It jumps while half is unknown and the rest waits; when it is right again, everything goes on."""

    class Lossy(Receiver):
        async def deliver(self, parcel: Parcel) -> Outcome:
            outcome = await super().deliver(parcel)
            return Unknown(reason="connection_lost") if clock.now <= START + dt.timedelta(minutes=1) else outcome

    receiver = Lossy()
    async with working(kit, receiver):
        await eventually(lambda: states(kit.db)[DeliveryState.UNKNOWN] > 0)
        clock.advance(**jump)
        await asyncio.sleep(0.3)
        assert counted(kit, upload).refused == 0
        clock.now = START + dt.timedelta(minutes=2)
        await eventually(lambda: all_delivered(kit, upload), step=lambda: clock.advance(minutes=5))
    check_once(upload, receiver)


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000], ids=["ahead", "back"])
async def test_when_the_databases_clock_jumps_running_attempts_are_left_alone(
    kit: Kit, upload: Upload, jump_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = 0
    # The machine's clock cannot be set in a test; leases see it through this one function.
    monkeypatch.setattr(deliver, "now_ms", lambda conn: now_ms(conn) + offset)
    receiver = Receiver(delay=0.8)
    async with working(kit, receiver, name="a"), working(kit, receiver, name="b"):
        await eventually(lambda: receiver.in_flight > 0)
        offset = jump_ms
        await eventually(lambda: all_delivered(kit, upload))
    check_once(upload, receiver)
    assert len(receiver.seen) == len(set(receiver.seen)), "an attempt on the wire was taken for dead"
    with kit.db.read() as conn:
        attempts = [one for parcel in everything(kit.db) for one in deliveries.attempts(conn, parcel.id)]
    assert {one.outcome for one in attempts} == {"accepted"}


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000], ids=["ahead", "back"])
async def test_a_worker_that_dies_around_a_jump_is_taken_over_all_the_same(
    kit: Kit, clock: FakeClock, upload: Upload, jump_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = 0
    # As above.
    monkeypatch.setattr(deliver, "now_ms", lambda conn: now_ms(conn) + offset)
    slow, quick = Receiver(delay=30), Receiver()
    async with working(kit, slow, name="dies") as dying:
        await eventually(lambda: slow.in_flight > 0)
        async with working(kit, quick, name="lives"):
            await eventually(lambda: len(quick.taken) > 0 or slow.in_flight == 6)
            dying.cancel()
            offset = jump_ms
            await eventually(lambda: all_delivered(kit, upload), step=lambda: clock.advance(seconds=1))
    check_once(upload, quick)
