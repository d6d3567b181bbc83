"""Faults of the world around one running gateway: lost answers, cut lines, a full disk, an agreement that ends."""

import datetime as dt
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from gateway.bootstrap import open_kit
from gateway.settings import load_settings
from gateway.store.database import Database, open_database
from gateway.store.schema import delivery, upload
from tests.acceptance import ledger
from tests.acceptance.installation import CALM, SYSTEMS, Installation, now
from tests.acceptance.load import Book, File, make_file, push, wait_until
from tests.acceptance.processes import Process

PARTNER = "woonstad"
BIG = 9_000_000
SECONDS = 60.0


@dataclass
class Running:
    """The gateway on SQLite with its systems; each test sends files of its own."""

    installation: Installation
    gateway: Process
    db: Database
    book: Book = field(default_factory=Book)
    files: int = 0

    def send(self, *, rows: int = 60) -> str:
        """Send a file of good rows; its id."""
        self.files += 1
        file = make_file(PARTNER, self.files, rows=rows, only="afgeleverd")
        with self.installation.client(PARTNER) as client:
            answer = push(client, file)
        assert answer.status_code == 202, answer.text
        self.book.send(file)
        self.book.acknowledge(file, answer)
        return str(answer.json()["aanleveringId"])

    def states(self, upload_id: str) -> dict[str, int]:
        """The rows of an upload by state, as its partner sees them; nothing before it is processed."""
        with self.installation.client(PARTNER) as client:
            told = client.get(f"/v1/aanleveringen/{upload_id}").json().get("aantallen")
        if told is None:
            return {}
        assert told["regels"] == told["geweigerd"] + told["afgeleverd"] + told["wachtend"]
        return {name: number for name, number in told["perStatus"].items() if number}

    def until(self, upload_id: str, wanted: dict[str, int]) -> None:
        """Let time pass until the rows are in these states."""

        def look() -> bool:
            ledger.let_time_pass(self.db)
            return self.states(upload_id) == wanted

        wait_until(look, seconds=SECONDS, what=f"{wanted}", every=0.3)

    def until_tried(self, upload_id: str) -> None:
        """Wait until some rows were sent in vain, and all still wait."""
        wait_until(lambda: self.states(upload_id).get("nieuwe_poging", 0) > 0, seconds=SECONDS, what="one attempt")
        assert set(self.states(upload_id)) <= {"nieuwe_poging", "in_wachtrij", "onderweg"}

    def there(self) -> int:
        """Signalen that the systems have, all together."""
        return sum(sum(ledger.received(self.installation, system).signalen.values()) for system in SYSTEMS)

    def restart(self, **environment: str) -> None:
        """Stop the gateway in good order and start it with these variables."""
        assert self.gateway.stop() == 0
        self.gateway = self.installation.gateway("gateway")
        self.gateway.environment = {**self.gateway.environment, **environment}
        self.installation.start(self.gateway)

    def leftovers(self) -> list[str]:
        """Raw bytes and keys of uploads, whole or half."""
        with open_kit(load_settings(self.installation.config, {})) as kit:
            keys = [name for name in kit.keys.names() if name.startswith("upload/")]
            half = [path.name for path in (self.installation.folder / "blobs" / ".new").iterdir()]
            return [*keys, *kit.blobs.names("upload/"), *half]

    def uploads(self) -> int:
        with self.db.read() as conn:
            return int(conn.scalar(sa.select(sa.func.count()).select_from(upload)) or 0)


@contextmanager
def _run(tmp: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp.mktemp("faults")
    installation = Installation(folder, f"sqlite:///{folder}/signaalpoort.db", 7)
    installation.set_up()
    installation.write_behaviour(CALM)
    with open_database(installation.database_url) as db:
        running = Running(installation, installation.gateway("gateway"), db)
        try:
            installation.start(running.gateway, *installation.simulators.values())
            yield running
        finally:
            installation.down(running.gateway)


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with _run(tmp_path_factory) as running:
        yield running


@pytest.fixture
def running(_running: Running) -> Iterator[Running]:
    """Before each test nothing is under way; after it both sides' books agree."""
    db = _running.db
    wait_until(lambda: ledger.unfinished(db) == (0, 0), seconds=SECONDS, what="an end of the test before")
    wait_until(lambda: _running.leftovers() == [], seconds=SECONDS, what="nothing left by the test before")
    yield _running
    ledger.check_cut(_running.installation, _running.db, _running.book)


def test_a_lost_answer_is_said_to_be_unknown_until_its_system_tells(running: Running) -> None:
    before, rows = running.there(), 60
    running.installation.behave({**CALM, "shares": {"lose_answer": 1.0}, "latency_ms": 200})
    upload_id = running.send(rows=rows)
    # Answers are lost while the systems can still be asked: killed at once, they take the answers with them.
    wait_until(lambda: running.there() > before, seconds=SECONDS, what="a first parcel at a system", every=0.01)
    for simulator in running.installation.simulators.values():
        simulator.kill()
    arrived = running.there() - before
    assert 0 < arrived <= rows
    for _ in range(6):
        ledger.let_time_pass(running.db)
        time.sleep(0.5)
        _check_nothing_is_guessed(running, running.states(upload_id), arrived=arrived, rows=rows)
    running.installation.write_behaviour(CALM)
    running.installation.start(*running.installation.simulators.values())
    running.until(upload_id, {"afgeleverd": rows})
    assert running.there() - before == rows


def _check_nothing_is_guessed(running: Running, states: dict[str, int], *, arrived: int, rows: int) -> None:
    """What arrived is unknown or on the wire, however often a second attempt does not get through."""
    assert set(states) <= {"antwoord_onbekend", "onderweg", "in_wachtrij", "nieuwe_poging", "afgeleverd"}
    assert sum(states.values()) == rows
    assert states.get("antwoord_onbekend", 0) + states.get("onderweg", 0) + states.get("afgeleverd", 0) >= arrived
    ledger.check_cut(running.installation, running.db, running.book)


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_connection_cut_in_the_middle_leaves_a_line_in_the_log_and_nothing_else(running: Running, how: str) -> None:
    installation = running.installation
    uploads, log = running.uploads(), installation.folder / "logs" / "gateway.log"
    said = log.stat().st_size
    context = installation.partners[PARTNER].client_context(installation.ca)
    plain = socket.create_connection(("127.0.0.1", installation.port), timeout=30)
    with context.wrap_socket(plain, server_hostname="localhost") as line:
        line.sendall(f"POST /v1/aanleveringen HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BIG}\r\n\r\n".encode())
        line.sendall(b"x" * (BIG // 2))
        wait_until(lambda: running.leftovers() != [], seconds=SECONDS, what="the first bytes on disk")
        if how == "reset":
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: running.leftovers() == [], seconds=SECONDS, what="nothing left behind")
    assert running.uploads() == uploads
    wait_until(lambda: b'"upload_cut"' in log.read_bytes()[said:], seconds=SECONDS, what="a line in the log")


def test_an_agreement_ended_between_two_attempts_stops_the_rows_and_says_why(running: Running) -> None:
    installation, before, rows = running.installation, running.there(), 40
    installation.behave({**CALM, "shares": {"throttle": 1.0}})
    try:
        upload_id = running.send(rows=rows)
        running.until_tried(upload_id)
        installation.apply(installation.document(until=now().date() - dt.timedelta(days=1)))
        installation.behave(CALM)
        running.until(upload_id, {"gestopt": rows})
        assert running.there() == before
        with running.db.read() as conn:
            ours = delivery.c.upload_no == sa.select(upload.c.no).where(upload.c.id == upload_id).scalar_subquery()
            reasons = set(conn.scalars(sa.select(delivery.c.last_reason).where(ours)))
        assert reasons == {"overeenkomst_niet_van_kracht"}
        with installation.client(PARTNER) as client:
            report = client.get(f"/v1/aanleveringen/{upload_id}/verwerkingsverslag").json()
        assert report["aantallen"]["perStatus"]["gestopt"] == rows
        assert any("overeenkomst" in text for text in report["watNu"])
    finally:
        installation.behave(CALM)
        installation.apply(installation.document())
    after = running.send(rows=20)
    running.until(after, {"afgeleverd": 20})


def test_below_the_watermark_nothing_is_received_and_what_was_received_goes_on(running: Running) -> None:
    installation = running.installation
    installation.behave({**CALM, "shares": {"throttle": 1.0}})
    waiting = running.send(rows=30)
    running.until_tried(waiting)
    running.restart(SIGNAALPOORT_STORAGE_WATERMARK_MIB=str(1 << 40))
    try:
        _check_refused_for_room(running, make_file(PARTNER, 1001, rows=5).content)
        installation.behave(CALM)
        running.until(waiting, {"afgeleverd": 30})
    finally:
        running.restart()
    running.until(running.send(rows=20), {"afgeleverd": 20})


def test_a_disk_that_fills_up_while_a_file_comes_in_leaves_nothing_of_it(running: Running) -> None:
    """The kernel refuses to let files grow any more, as a quota does."""
    pid, limit = running.gateway.pid, BIG // 2
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, unlimited[1]))
    try:
        _check_refused_for_room(running, b"x" * BIG)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    running.until(running.send(rows=20), {"afgeleverd": 20})


def _check_refused_for_room(running: Running, content: bytes) -> None:
    uploads = running.uploads()
    with running.installation.client(PARTNER) as client:
        refused = client.post("/v1/aanleveringen", content=content)
    assert refused.status_code == 507
    assert int(refused.headers["Retry-After"]) >= 1
    assert running.uploads() == uploads
    assert running.leftovers() == []


def test_a_gateway_killed_in_the_middle_of_a_file_received_nothing(running: Running) -> None:
    """The client saw no receipt, so it sends again, and there is one upload."""
    installation, uploads = running.installation, running.uploads()
    context = installation.partners[PARTNER].client_context(installation.ca)
    plain = socket.create_connection(("127.0.0.1", installation.port), timeout=30)
    with context.wrap_socket(plain, server_hostname="localhost") as line, suppress(OSError):
        line.sendall(f"POST /v1/aanleveringen HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BIG}\r\n\r\n".encode())
        line.sendall(b"x" * (BIG // 2))
        wait_until(lambda: running.leftovers() != [], seconds=SECONDS, what="the first bytes on disk")
        running.gateway.kill()
        assert line.recv(1) == b""
    installation.start(running.gateway)
    assert running.uploads() == uploads
    running.until(running.send(rows=20), {"afgeleverd": 20})
    _sweep(running)


def _sweep(running: Running) -> None:
    """What a killed process left is sealed and without an owner; here it goes at once, not after a day."""
    with open_kit(load_settings(running.installation.config, {})) as kit:
        for path in (running.installation.folder / "blobs" / ".new").iterdir():
            path.unlink()
        for name in [name for name in kit.keys.names() if name.startswith("upload/")]:
            kit.keys.destroy(name)


def test_one_key_pushed_from_many_sides_at_once_is_one_upload(running: Running) -> None:
    """A client that timed out sends again while its first request still runs."""
    from concurrent.futures import ThreadPoolExecutor

    file: File = make_file(PARTNER, 2001, rows=50, only="afgeleverd")
    uploads = running.uploads()

    def one(_: int) -> tuple[int, str]:
        with running.installation.client(PARTNER) as client:
            answer = push(client, file)
        running.book.send(file)
        return answer.status_code, answer.json().get("aanleveringId", answer.text)

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(one, range(6)))
    assert {status for status, _ in answers} == {202}, answers
    ((_, upload_id),) = answers
    assert running.uploads() == uploads + 1
    running.until(upload_id, {"afgeleverd": 50})
