"""Kill rounds: everything runs under load, everything is killed at random moments, and nothing may be lost.

A round: each process is killed and started again at moments of its own, then all at once, and while everything stands
still both sides' books must agree. After the last round the systems are kind, time passes, and every row must be where
its file says. The moments and the faults follow from a seed.
"""

import json
import os
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.bootstrap import open_kit
from gateway.flow.erase import erase_due
from gateway.settings import load_settings
from gateway.store.database import Database, open_database
from tests.acceptance import ledger
from tests.acceptance.installation import CALM, FAULTY, PARTNERS, SYSTEMS, Installation
from tests.acceptance.later import later
from tests.acceptance.load import PERSONAL, Book, Pusher, files_of, wait_until
from tests.acceptance.processes import Process, kill_all

ROUNDS: Final = int(os.environ.get("TORTURE_ROUNDS", "0"))
SEED: Final = int(os.environ.get("TORTURE_SEED", "20261122"))
ROUND_SECONDS: Final = 4.0
SETTLE_SECONDS: Final = max(150.0, 10.0 * ROUNDS)
ROWS: Final = range(60, 240)
_LOOK_EVERY: Final = 0.05
PACE: Final = 0.8
"""Seconds between two files of one partner: more would only fill the queue of a small machine."""


@dataclass
class Torture:
    """One installation under torture; `processes` are those of the gateway, the simulators come on top."""

    installation: Installation
    processes: Sequence[Process]
    book: Book = field(default_factory=Book)
    settled_in: float = 0.0
    """Seconds from the last start until every row was delivered or refused."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.installation.seed)
        self.all = [*self.processes, *self.installation.simulators.values()]

    def run(self, rounds: int) -> dict[str, int]:
        """All of it; what happened, in numbers."""
        installation = self.installation
        installation.write_behaviour(FAULTY)
        pushers = [
            Pusher(installation, self.book, files_of(partner, self.dice, rows=ROWS), pace=PACE) for partner in PARTNERS
        ]
        with open_database(installation.database_url) as db:
            watch = ledger.Watch(installation, db)
            try:
                for number in range(rounds):
                    installation.start(*self.all)
                    if number == 0:
                        for pusher in pushers:
                            pusher.start()
                    self._kill_one_by_one(watch)
                    kill_all(self.all)
                    ledger.check_cut(installation, db, self.book)
                started = time.monotonic()
                self._settle(db, pushers, watch)
                self.settled_in = time.monotonic() - started
                ledger.check_end(installation, db, self.book)
                return self._numbers(db)
            finally:
                for pusher in pushers:
                    pusher.stop()
                installation.down(*self.processes)

    def _kill_one_by_one(self, watch: ledger.Watch) -> None:
        """Each process, or nearly, once per round; started again at once, while the others go on."""
        moments = sorted((self.dice.uniform(0.3, ROUND_SECONDS), process.name) for process in self.all)
        by_name = {process.name: process for process in self.all}
        started = time.monotonic()
        for moment, name in moments:
            _watch_until(started + moment, watch)
            if self.dice.random() < 0.7:
                by_name[name].kill()
                by_name[name].start()
        _watch_until(started + ROUND_SECONDS, watch)

    def _settle(self, db: Database, pushers: Sequence[Pusher], watch: ledger.Watch) -> None:
        self.installation.start(*self.all)
        for pusher in pushers:
            pusher.stop()
        self.installation.behave(CALM)
        for pusher in pushers:
            pusher.finish(timeout=SETTLE_SECONDS)

        def settled() -> bool:
            for process in self.all:
                process.ensure_running()
            watch.look()
            ledger.let_time_pass(db)
            return ledger.unfinished(db) == (0, 0)

        wait_until(settled, seconds=SETTLE_SECONDS, what="every row delivered or refused", every=0.4)
        for process in self.processes:
            assert process.stop() == 0, "a process does not stop in good order"
        kill_all(list(self.installation.simulators.values()))

    def _numbers(self, db: Database) -> dict[str, int]:
        seen = [ledger.received(self.installation, system) for system in SYSTEMS]
        logs = _logs(self.installation.folder)
        return {
            "kills": sum(process.kills for process in self.all),
            "uploads": len(self.book.acknowledged),
            "rows": sum(file.rows for file in self.book.sent.values()),
            "signalen": sum(sum(one.signalen.values()) for one in seen),
            "parcels": sum(len(one.keys) for one in seen),
            "sent_again": sum(one.repeated for one in seen),
            "pushed_again": self.book.retried,
            "settled_in": round(self.settled_in),
            **{event: len(re.findall(f'"event": "{event}"', logs)) for event in EVENTS},
        }


def _watch_until(moment: float, watch: ledger.Watch) -> None:
    while time.monotonic() < moment:
        watch.look()
        time.sleep(max(0.0, min(_LOOK_EVERY, moment - time.monotonic())))


EVENTS: Final = ("delivery_taken_over", "delivery_unknown", "delivery_split", "upload_abandoned", "work_failed")


def _logs(folder: Path) -> str:
    return "\n".join(file.read_text("utf-8", "replace") for file in sorted((folder / "logs").iterdir()))


def check_traces(installation: Installation, *more: Path) -> None:
    """No plaintext anywhere on disk; no raw upload of what was processed; nothing left once orphans are swept."""
    folder = installation.folder
    assert list(ledger.places_of(PERSONAL, folder, *more)) == []
    with open_kit(load_settings(installation.config, {})) as kit:
        processed = {one.id for one in ledger.uploads_of(kit.db)}
        raw = [name for name in kit.blobs.names("upload/") if name.removeprefix("upload/")[:36] in processed]
        keys = [name for name in kit.keys.names() if name.removeprefix("upload/") in processed]
        assert (raw, keys) == ([], []), "a raw upload outlives its processing"
        erase_due(later(kit, days=8))
        assert list(kit.blobs.names("upload/")) == []
        assert [name for name in kit.keys.names() if name.startswith("upload/")] == []


def tell(engine: str, numbers: dict[str, int]) -> None:
    """One JSON line for whoever watches."""
    print(json.dumps({"torture": engine, "seed": SEED, **numbers}), flush=True)
