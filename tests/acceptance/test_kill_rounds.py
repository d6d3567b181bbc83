"""SIGKILL on everything, under load, with systems that lose answers: nothing lost, nothing twice, nothing guessed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation
from tests.acceptance.ledger import places_of
from tests.acceptance.load import PERSONAL
from tests.acceptance.processes import Process
from tests.acceptance.rounds import ROUNDS, SEED, Torture, check_traces, tell
from tests.postgres import PostgresServer

SHORT = 4
"""Rounds of a plain test run; `make torture` does many more."""


def _survive(installation: Installation, processes: Sequence[Process], engine: str, *more: Path) -> None:
    installation.set_up()
    numbers = Torture(installation, processes).run(ROUNDS or SHORT)
    tell(engine, numbers)
    check_traces(installation, *more)
    # A run in which nothing went wrong would prove nothing.
    assert min(numbers[name] for name in ("kills", "sent_again", "delivery_unknown", "delivery_split")) > 0
    assert numbers["delivery_taken_over"] > 0


@pytest.mark.timeout(7200 if ROUNDS else 300)
def test_one_serving_process_on_sqlite(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/signaalpoort.db", SEED)
    _survive(installation, [installation.gateway("gateway")], "sqlite")


@pytest.mark.timeout(7200 if ROUNDS else 300)
def test_a_serving_process_and_three_workers_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    installation = Installation(tmp_path, postgres_server.url(name), SEED + 1)
    workers = [installation.gateway(f"worker-{n}", "work") for n in (1, 2, 3)]
    try:
        _survive(
            installation, [installation.gateway("gateway"), *workers], "postgresql", postgres_server.folder / "data"
        )
    finally:
        postgres_server.drop(name)


def test_what_lies_on_disk_as_it_came_would_be_found(tmp_path: Path) -> None:
    for n, text in enumerate(PERSONAL):
        (tmp_path / f"{n}.bin").write_bytes(b"\x00\xff" + text.encode() + b"\x00")
    (tmp_path / "wide.bin").write_bytes(PERSONAL[0].encode("utf-16-le"))
    assert len(list(places_of(PERSONAL, tmp_path))) == len(PERSONAL) + 1
