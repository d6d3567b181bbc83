"""PostgreSQL crashes under load and comes back: whoever asks meanwhile hears 503, and afterwards every row is there."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.store.database import open_database
from tests.acceptance import ledger
from tests.acceptance.installation import CALM, PARTNERS, Installation
from tests.acceptance.load import Book, Pusher, make_file, push, wait_until
from tests.postgres import PostgresServer, running_postgres

CRASHES = 2
SECONDS = 90.0


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of its own: nobody else may see it crash."""
    with running_postgres() as server:
        yield server


def test_the_database_crashes_and_comes_back_under_load(tmp_path: Path, server: PostgresServer) -> None:
    installation = Installation(tmp_path, server.url(server.create()), 11)
    installation.set_up()
    installation.write_behaviour({**CALM, "latency_ms": 30, "shares": {"lose_answer": 0.05}})
    gateway, worker = installation.gateway("gateway"), installation.gateway("worker", "work")
    book = Book()
    # Every file must be there long before the end, so each partner has a fixed number of them.
    pushers = [
        Pusher(installation, book, [make_file(key, n, rows=90) for n in range(12)], pace=0.4) for key in PARTNERS
    ]
    try:
        installation.start(gateway, worker, *installation.simulators.values())
        for pusher in pushers:
            pusher.start()
        for _ in range(CRASHES):
            _crash(installation, server)
            gateway.ensure_running()
            worker.ensure_running()
        for pusher in pushers:
            pusher.join(SECONDS)
            pusher.finish(1)
        installation.behave(CALM)
        with open_database(installation.database_url) as db:
            _settle(installation, db)
            ledger.check_end(installation, db, book)
        assert book.retried > 0
        assert {gateway.stop(), worker.stop()} == {0}
    finally:
        installation.down(gateway, worker)


def _crash(installation: Installation, server: PostgresServer) -> None:
    time.sleep(1.5)
    server.crash()
    with installation.client(PARTNERS[0]) as client:
        _check_unavailable(push(client, make_file(PARTNERS[0], 5000, rows=3)))
        _check_unavailable(client.get("/v1/aanleveringen"))
    time.sleep(1.0)
    server.start_again()
    with installation.client(PARTNERS[0]) as client:
        wait_until(lambda: client.get("/v1/aanleveringen").is_success, seconds=SECONDS, what="answers again")


def _check_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def _settle(installation: Installation, db: ledger.Database) -> None:
    def settled() -> bool:
        ledger.let_time_pass(db)
        return ledger.unfinished(db) == (0, 0)

    wait_until(settled, seconds=SECONDS, what="every row delivered or refused", every=0.4)
