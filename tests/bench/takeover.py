"""How soon another worker goes on with the work of one that was killed, from the SIGKILL: deliveries and processing.

Two `signaalpoort work` processes on PostgreSQL with leases of 6 seconds. One is killed while it has parcels on the
wire, and again while it processes a file; the clock stops when the other has claimed the last of what it held.
"""

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from gateway.bootstrap import open_kit
from gateway.flow.kit import Kit
from gateway.flow.receive import Claims, Reception
from gateway.lifecycle import UNFINISHED, DeliveryState, UploadState
from gateway.settings import load_settings
from gateway.store.directory import load_directory
from gateway.store.schema import delivery, delivery_attempt, upload
from tests.acceptance.installation import CALM, LEASE_SECONDS, PARTNERS, SIGNED, Installation
from tests.acceptance.load import make_file, wait_until
from tests.acceptance.processes import Process
from tests.bench.figures import figure, tell
from tests.postgres import running_postgres

LIMIT_SECONDS: Final = 10.0
_SLOW: Final = {**CALM, "latency_ms": 1500}
_BIG_ROWS: Final = 120_000
_BEGUN: Final = (int(UploadState.PROCESSING), 1)
_CARRIED: Final = 4
"""Parcels that a worker must have on the wire to be worth killing."""


def run(*, quick: bool) -> list[dict[str, Any]]:
    """Three kills of each sort, the slowest counts; when `quick` one, of deliveries alone."""
    kills = 1 if quick else 3
    with tempfile.TemporaryDirectory(prefix="takeover-") as folder, running_postgres() as server:
        installation = Installation(Path(folder), server.url(server.create()), 6)
        installation.set_up()
        installation.write_behaviour(_SLOW)
        workers = [installation.gateway(name, "work") for name in ("first", "second")]
        try:
            installation.start(*installation.simulators.values(), *workers)
            with open_kit(load_settings(installation.config, {})) as kit:
                measured = {"deliveries": [_deliveries(kit, workers, n) for n in range(kills)]}
                if not quick:
                    installation.behave(CALM)
                    measured["processing"] = [_processing(kit, workers, n) for n in range(kills)]
        finally:
            installation.down(*workers)
    return [tell(_line(name, times)) for name, times in measured.items()]


def _line(name: str, times: list[float]) -> dict[str, Any]:
    line = figure(
        f"takeover of {name} after SIGKILL", value=max(times), peer=1.0, target=LIMIT_SECONDS, at_most=True, unit="s"
    )
    return {**line, "median": round(statistics.median(times), 2), "lease": LEASE_SECONDS, "kills": len(times)}


def _deliveries(kit: Kit, workers: list[Process], number: int) -> float:
    """Kill the worker that has most parcels on the wire; seconds until each was claimed by another.

    No more parcels than there are places for them: what is measured is the taking over, not a queue.
    """
    wait_until(lambda: _idle(kit), seconds=120, what="nothing under way")
    _receive(kit, PARTNERS[number % len(PARTNERS)], number, rows=len(SIGNED), fate="afgeleverd")
    wait_until(lambda: max(map(_carried(kit), workers)) >= _CARRIED, seconds=120, what="on the wire", every=0.02)
    worker = max(workers, key=_carried(kit))
    worker.kill()
    killed = time.monotonic()
    held = _on_the_wire(kit, worker)
    wait_until(lambda: _claimed_again(kit, held) == len(held), seconds=120, what="taken over", every=0.02)
    took = time.monotonic() - killed
    worker.start()
    return took


def _carried(kit: Kit) -> Callable[[Process], int]:
    return lambda worker: len(_on_the_wire(kit, worker))


def _processing(kit: Kit, workers: list[Process], number: int) -> float:
    """Kill the worker that processes a big file; seconds until another processes it.

    Nothing in the store says who processes, so the other one stands still until then.
    """
    busy, other = workers if number % 2 else reversed(workers)
    wait_until(lambda: _idle(kit), seconds=120, what="nothing under way")
    os.kill(other.pid, signal.SIGSTOP)
    try:
        upload_id = _receive(
            kit, PARTNERS[number % len(PARTNERS)], 1000 + number, rows=_BIG_ROWS, fate="geen_overeenkomst"
        )
        wait_until(lambda: _upload(kit, upload_id) == _BEGUN, seconds=60, what="processing", every=0.005)
        busy.kill()
        killed = time.monotonic()
    finally:
        os.kill(other.pid, signal.SIGCONT)
    assert _upload(kit, upload_id) == _BEGUN, "it was processed before the kill"
    wait_until(lambda: _upload(kit, upload_id)[1] == 2, seconds=120, what="taken over", every=0.02)
    took = time.monotonic() - killed
    busy.start()
    wait_until(lambda: _upload(kit, upload_id)[0] == UploadState.PROCESSED, seconds=300, what="processed", every=0.2)
    return took


def _receive(kit: Kit, partner: str, number: int, *, rows: int, fate: str) -> str:
    """A file taken in here, by the flow that the listener calls."""
    with kit.db.read() as conn:
        known = load_directory(conn).partners[partner]
    with Reception(kit, known, channel="https", claims=Claims()) as reception:
        reception.write(make_file(partner, number, rows=rows, only=fate).content)
        return reception.finish().upload.id


def _on_the_wire(kit: Kit, worker: Process) -> list[int]:
    mine = delivery.c.worker.contains(f"-{worker.pid}-", autoescape=True)
    with kit.db.read() as conn:
        return list(conn.scalars(sa.select(delivery.c.id).where(mine, delivery.c.state == int(DeliveryState.CLAIMED))))


def _claimed_again(kit: Kit, ids: list[int]) -> int:
    """How many have an attempt after the one that was cut."""
    cut = sa.select(delivery_attempt.c.delivery_id).where(delivery_attempt.c.outcome == "unknown")
    with kit.db.read() as conn:
        again = sa.select(sa.func.count()).where(delivery.c.id.in_(ids), delivery.c.id.in_(cut))
        again = again.where(delivery.c.attempts >= 2)
        return int(conn.scalar(again) or 0)


def _upload(kit: Kit, upload_id: str) -> tuple[int, int]:
    """Its state, and how often its processing began."""
    with kit.db.read() as conn:
        row = conn.execute(sa.select(upload.c.state, upload.c.attempts).where(upload.c.id == upload_id)).one()
    return row.state, row.attempts


def _idle(kit: Kit) -> bool:
    """Nothing is on the wire or in processing: a worker that stops now holds no lock for long."""
    with kit.db.read() as conn:
        moving = sa.select(sa.func.count()).where(delivery.c.state.in_([int(state) for state in UNFINISHED]))
        return conn.scalar(moving) == 0


if __name__ == "__main__":
    run(quick=bool(os.environ.get("QUICK")))
