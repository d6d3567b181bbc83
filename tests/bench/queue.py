"""The queue against the libraries it stands in for: jobs a second through claim, a trivial adapter and record.

One worker process each, the same number of jobs put in beforehand, the same database server or the same kind of file.
Ours includes the gate, the attempts' own rows, leases and compare-and-set; a peer is given the settings that suit it
best. The server runs without fsync, which favours a peer that commits more often than we do.
`python -m tests.bench.queue SIDE URL JOBS` runs one side and prints a JSON object.
"""

import asyncio
import datetime as dt
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from contracts.outcomes import Accepted, Outcome
from contracts.ports import Parcel
from gateway.crypto.keys import FileKeyStore, KeyRing
from gateway.crypto.signing import ReceiptSigner
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.runtime.worker import Worker
from gateway.settings import Settings, Work
from gateway.store import migrate
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database, open_database
from gateway.store.schema import delivery
from tests.bench.figures import figure, in_process, tell
from tests.builders import a_directory, a_systeem
from tests.conftest import START
from tests.deliveries import Receiver, a_delivery, configure, put, some_parts
from tests.postgres import running_postgres

AT_ONCE: Final = 64
"""Jobs in flight of ours: the most that one receiving system may be configured for."""
OVER_PROCRASTINATE: Final = 1.5
OVER_DBOS: Final = 1.0
TAKEOVER_SECONDS: Final = 10.0
LEASE_SECONDS: Final = 6.0
PROCRASTINATE_AT_ONCE: Final = 16
"""Its best here: 64 at once are a third slower."""
DBOS_AT_ONCE: Final = 64
DBOS_POLL_SECONDS: Final = 0.02
"""Its default of a second would measure the sleep."""


def run(quick: bool) -> list[dict[str, Any]]:
    """All figures of the queue; each ratio taken in this run."""
    jobs = 600 if quick else 10_000
    lines = []
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        mine = _rate("ours", f"sqlite:///{folder}/ours.db", jobs)
        peer = _rate("dbos", f"sqlite:///{folder}/dbos.db", jobs // 4)
        lines.append(_line("queue/sqlite-against-dbos", mine, peer, OVER_DBOS))
        mine = _rate("ours", server.url(server.create()), jobs)
        peer = _rate("procrastinate", server.url(server.create()), jobs // 2)
        lines.append(_line("queue/postgresql-against-procrastinate", mine, peer, OVER_PROCRASTINATE))
        if quick:  # `takeover` measures it too
            return [tell(line) for line in lines]
        seconds = takeover(server.url(server.create()))
        lines.append(figure("queue/takeover", value=seconds, peer=1.0, target=TAKEOVER_SECONDS, at_most=True, unit="s"))
    return [tell(line) for line in lines]


def _rate(side: str, url: str, jobs: int) -> float:
    return in_process("tests.bench.queue", side, url, str(jobs))["jobs_a_second"]


def _line(bench: str, mine: float, peer: float, target: float) -> dict[str, Any]:
    return figure(bench, value=mine, peer=peer, target=target, at_most=False, unit="jobs/s")


class Trivial(Receiver):
    """Accepts everything at once."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        del parcel
        return Accepted()


def ours(url: str, jobs: int) -> float:
    """Jobs a second of one worker of ours."""
    with open_database(url) as db, tempfile.TemporaryDirectory() as folder:
        migrate.upgrade(db)
        kit = _kit(db, Path(folder), Work(concurrency=AT_ONCE))
        configure(db, a_directory(systemen=[a_systeem(gelijktijdig=AT_ONCE)]))
        put(db, *(a_delivery(row_count=1) for _ in range(jobs)))
        return jobs / asyncio.run(_work(kit, jobs))


def _kit(db: Database, folder: Path, work: Work) -> Kit:
    keys = KeyRing(FileKeyStore(folder / "keys"), os.urandom)
    begun = time.monotonic()  # the clock runs: what waits a few seconds must become due
    return Kit(
        db=db,
        blobs=FileBlobs(folder / "blobs"),
        keys=keys,
        signer=ReceiptSigner(keys.named_key("receipt-ed25519"), "bench"),
        clock=lambda: START + dt.timedelta(seconds=time.monotonic() - begun),
        dice=os.urandom,
        settings=Settings(work=work),
    )


async def _work(kit: Kit, jobs: int) -> float:
    stop, adapter = asyncio.Event(), Trivial()
    started = time.perf_counter()
    worker = asyncio.create_task(Worker(kit, some_parts(), lambda _: adapter, name="bench").run(stop))
    while await asyncio.to_thread(_number, kit.db, DeliveryState.ACCEPTED) < jobs:  # noqa: ASYNC110  # the count is in the database
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - started
    stop.set()
    await worker
    return seconds


def _number(db: Database, state: DeliveryState) -> int:
    with db.read() as conn:
        there = sa.select(sa.func.count()).where(delivery.c.state == int(state))
        return int(conn.execute(there).scalar_one())


def procrastinate(url: str, jobs: int) -> float:
    """Jobs a second of one worker of procrastinate."""
    import procrastinate as peer

    async def main() -> float:
        app = peer.App(connector=peer.PsycopgConnector(conninfo=url, min_size=4, max_size=PROCRASTINATE_AT_ONCE * 2))

        @app.task(name="job")
        async def job(n: int) -> None:
            del n

        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            for start in range(0, jobs, 1000):
                await job.batch_defer_async(*({"n": n} for n in range(start, min(start + 1000, jobs))))
            started = time.perf_counter()
            await app.run_worker_async(wait=False, concurrency=PROCRASTINATE_AT_ONCE, listen_notify=False)
            return jobs / (time.perf_counter() - started)

    return asyncio.run(main())


def dbos(url: str, jobs: int) -> float:
    """Jobs a second of one process of DBOS; the queue is opened when all jobs are in it."""
    from dbos import DBOS, DBOSClient

    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR", "application_version": "1"})

    @DBOS.workflow(name="job")
    def job(n: int) -> int:
        return n

    DBOS.launch()
    client = DBOSClient(system_database_url=url)
    for n in range(jobs):
        client.enqueue({"workflow_name": "job", "queue_name": "q", "app_version": "1"}, n)
    counter = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)
    started = time.perf_counter()
    DBOS.register_queue("q", worker_concurrency=DBOS_AT_ONCE, polling_interval_sec=DBOS_POLL_SECONDS)
    done = "SELECT count(*) FROM workflow_status WHERE status = 'SUCCESS' AND name = 'job'"
    while counter.execute(done).fetchone()[0] < jobs:
        time.sleep(0.05)
    rate = jobs / (time.perf_counter() - started)
    counter.close()
    client.destroy()
    DBOS.destroy()
    return rate


def takeover(url: str) -> float:
    """Seconds from the SIGKILL of a worker in the middle of 16 attempts until another has delivered them."""
    with open_database(url) as db, tempfile.TemporaryDirectory() as folder:
        migrate.upgrade(db)
        configure(db, a_directory(systemen=[a_systeem(gelijktijdig=16)]))
        put(db, *(a_delivery(row_count=1) for _ in range(16)))
        command = [sys.executable, "-m", "tests.bench.queue", "hang", url, "16"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as doomed:
            while _number(db, DeliveryState.CLAIMED) < 16:
                time.sleep(0.05)
            doomed.send_signal(signal.SIGKILL)
            started = time.perf_counter()
        logging.getLogger("signaalpoort").setLevel(logging.ERROR)
        kit = _kit(db, Path(folder), Work(lease_seconds=LEASE_SECONDS, attempt_timeout_seconds=LEASE_SECONDS / 2))
        asyncio.run(_work(kit, 16))
        return time.perf_counter() - started


class Hanging(Receiver):
    """Takes everything and answers nothing."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        del parcel
        await asyncio.sleep(3600)
        raise AssertionError


def hang(url: str, jobs: int) -> float:
    """A worker that never gets an answer; to be killed."""
    with open_database(url) as db, tempfile.TemporaryDirectory() as folder:
        work = Work(concurrency=jobs, lease_seconds=LEASE_SECONDS, attempt_timeout_seconds=LEASE_SECONDS / 2)
        adapter = Hanging()
        worker = Worker(_kit(db, Path(folder), work), some_parts(), lambda _: adapter, name="doomed")
        asyncio.run(worker.run(asyncio.Event()))
    return 0.0


SIDES: Final = {"ours": ours, "procrastinate": procrastinate, "dbos": dbos, "hang": hang}

if __name__ == "__main__":
    name, where, number = sys.argv[1:]
    print(json.dumps({"jobs_a_second": SIDES[name](where, int(number))}))
