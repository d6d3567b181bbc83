"""Partners that push files and do not give up: what they sent, what was acknowledged, what must come of it."""

import datetime as dt
import hashlib
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import httpx

from tests.acceptance.installation import SIGNED, UNKNOWN_POSTCODE, UNSIGNED, Installation, now
from tests.builders import a_csv, a_row

SURNAME: Final = "Quistenburgh-Testelaar"
REFERENCE: Final = "GREPKENMERK"
FILE_NAME: Final = "grepbestandsnaam.csv"
PERSONAL: Final = (SURNAME, REFERENCE, FILE_NAME, "Grepstraatweg")
"""What must be nowhere on disk as it came."""
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 507})


@dataclass(frozen=True)
class File:
    """A file and what must become of its rows, by row number from 1, known before it is sent."""

    partner: str
    content: bytes
    key: str | None
    delivered: frozenset[int]
    states: dict[str, int]
    """Row state by name → number of rows, in the end."""

    @property
    def rows(self) -> int:
        return sum(self.states.values())

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def make_file(partner: str, number: int, *, rows: int, with_key: bool = True, only: str | None = None) -> File:
    """File `number` of a partner: mostly good rows over all gemeenten, some bad in a way of their own.

    `only`: all rows for this state.
    """
    due = (now().date() - dt.timedelta(days=45)).strftime("%d-%m-%Y")
    states = {"afgeleverd": 0, "geen_overeenkomst": 0, "regel_afgekeurd": 0, "systeem_geweigerd": 0}
    lines, delivered = [], set()
    for row_no in range(1, rows + 1):
        state = only or _fate(row_no + number)
        states[state] += 1
        if state == "afgeleverd":
            delivered.add(row_no)
        lines.append(
            a_row(
                kenmerk=f"{REFERENCE}-{partner}-{number}-{row_no}",
                achternaam=SURNAME,
                straat="Grepstraatweg",
                huisnummer=str(row_no),
                postcode=f"{UNKNOWN_POSTCODE} AB" if state == "systeem_geweigerd" else "1012 AB",
                gemeentecode=UNSIGNED if state == "geen_overeenkomst" else SIGNED[(row_no * 7 + number) % len(SIGNED)],
                herinnering_verstuurd="Nee" if state == "regel_afgekeurd" else "Ja",
                oudste_vervaldatum=due,
            )
        )
    return File(
        partner=partner,
        content=a_csv(lines),
        key=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{partner}-{number}")) if with_key else None,
        delivered=frozenset(delivered),
        states=states,
    )


def _fate(number: int) -> str:
    if number % 17 == 3:
        return "geen_overeenkomst"
    if number % 19 == 5:
        return "regel_afgekeurd"
    return "systeem_geweigerd" if number % 29 == 7 else "afgeleverd"


@dataclass
class Book:
    """What all partners sent and what was acknowledged; shared by their threads."""

    sent: dict[str, File] = field(default_factory=dict)
    """By sha-256 of the content."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Upload id → sha-256 of the content: a 202 that the client saw."""
    wrong: list[str] = field(default_factory=list)
    """Answers that a client must never get."""
    retried: int = 0

    def send(self, file: File) -> None:
        self.sent[file.sha256] = file

    def acknowledge(self, file: File, answer: httpx.Response) -> None:
        told = answer.json()
        if told["sha256"] != file.sha256 or told["grootte"] != len(file.content):
            self.wrong.append("a receipt for other bytes")
        self.acknowledged[told["aanleveringId"]] = file.sha256


def push(client: httpx.Client, file: File) -> httpx.Response:
    """One POST of the file."""
    headers = {"Content-Type": "text/csv", "Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    if file.key is not None:
        headers["Idempotency-Key"] = file.key
    return client.post("/v1/aanleveringen", content=file.content, headers=headers)


class Pusher(threading.Thread):
    """One partner: pushes its files in turn, each again and again until it is acknowledged, as its ERP would."""

    def __init__(self, installation: Installation, book: Book, files: Iterable[File], *, pace: float) -> None:
        super().__init__(name="pusher", daemon=True)
        self._installation = installation
        self._book = book
        self._files = iter(files)
        self._pace = pace
        self._stopping = threading.Event()
        self.failure: BaseException | None = None

    def stop(self) -> None:
        """Begin no other file; the one under way is pushed until it is acknowledged."""
        self._stopping.set()

    def finish(self, timeout: float) -> None:
        """Wait for the last acknowledgement; fails when it does not come."""
        self.stop()
        self.join(timeout)
        assert not self.is_alive(), "a file is not acknowledged although everything runs"
        if self.failure is not None:
            raise self.failure

    def run(self) -> None:
        try:
            for file in self._files:
                if self._stopping.is_set():
                    return
                self._book.send(file)
                with self._installation.client(file.partner) as client:
                    self._until_acknowledged(client, file)
                self._stopping.wait(self._pace)
        except BaseException as failure:
            self.failure = failure

    def _until_acknowledged(self, client: httpx.Client, file: File) -> None:
        while True:
            try:
                answer = push(client, file)
            except httpx.TransportError:
                self._book.retried += 1
                time.sleep(0.2)
                continue
            if answer.status_code == 202:
                self._book.acknowledge(file, answer)
                return
            if answer.status_code not in _RETRIED:
                self._book.wrong.append(f"HTTP {answer.status_code}: {answer.text}")
                return
            if answer.status_code == 500:
                self._book.wrong.append("HTTP 500")
            self._book.retried += 1
            time.sleep(0.2)


def files_of(partner: str, dice: random.Random, *, rows: range) -> Iterable[File]:
    """An endless row of files; every third comes without an Idempotency-Key, as from a simple client."""
    number = 0
    while True:
        number += 1
        yield make_file(partner, number, rows=dice.choice(rows), with_key=number % 3 != 0)


def wait_until(done: Callable[[], bool], *, seconds: float, what: str, every: float = 0.1) -> float:
    """Wait for it; the seconds it took. Fails with `what` when it takes longer than `seconds`."""
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, f"not within {seconds:.0f} s: {what}"
        time.sleep(every)
    return time.monotonic() - started
