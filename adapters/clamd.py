"""A malware scanner: clamd (ClamAV's daemon), asked over a unix socket or TCP with INSTREAM.

It fails closed: whatever is not plainly "stream: OK" behind a whole stream is no clean verdict. A scanner that skips
what is over a limit of its own must say so (`AlertExceedsMax yes`): that too is then not scanned.

Source: clamd(8), "COMMANDS"; clamd.conf(5), StreamMaxLength, MaxFileSize, AlertExceedsMax.
"""

import datetime as dt
import re
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from adapters.config import AdapterConfigError, Clock
from contracts.ports import Clean, Infected, NotScanned, Probe, ScanVerdict

MIB: Final = 1 << 20
_ADDRESS: Final = re.compile(r"unix:(?P<path>/.+)|tcp:(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]/]+):(?P<port>\d{1,5})")
_FOUND: Final = re.compile(r"stream: (?P<name>[!-~]{1,200}) FOUND")
_OVER_A_LIMIT: Final = "Heuristics.Limits.Exceeded"
_LENGTH: Final = struct.Struct("!I")
_LONGEST_ANSWER: Final = 4096
_DATE: Final = "%a %b %d %H:%M:%S %Y"

UNREACHABLE: Final = "unreachable"
TIMEOUT: Final = "timeout"
CUT: Final = "cut"
SIZE_LIMIT: Final = "size_limit"
NOT_UNDERSTOOD: Final = "not_understood"


class _ConnectError(Exception):
    """Nobody is there."""


class _CutError(Exception):
    """The connection ended before its answer did."""

    def __str__(self) -> str:
        """For an operator."""
        return "the connection was cut"


@dataclass(frozen=True, kw_only=True)
class Clamd:
    """One scanner; opens a connection per stream, so threads may share it.

    `timeout_seconds`: for connecting, for each block, and for the answer behind the last. `stream_limit` in bytes: more
    is not sent at all; clamd's StreamMaxLength and MaxFileSize must not be smaller.
    """

    address: str
    timeout_seconds: float
    stream_limit: int
    signature_days: int
    clock: Clock

    def __post_init__(self) -> None:
        """Raise AdapterConfigError for an address that is none."""
        match = _ADDRESS.fullmatch(self.address)
        if match is None or int(match["port"] or 0) > 65_535:
            raise AdapterConfigError("scan.clamd: write unix:/path/of/the/socket or tcp:host:port")

    def scan(self, chunks: Iterable[bytes]) -> ScanVerdict:
        """Send all of it and hear the verdict. What `chunks` raises goes through; nothing else is raised."""
        stream = iter(chunks)
        try:
            with self._connected() as connection:
                return self._scanned(connection, stream)
        except TimeoutError:
            return NotScanned(reason=TIMEOUT)
        except _CutError:
            return NotScanned(reason=CUT)
        except _ConnectError:
            return NotScanned(reason=UNREACHABLE)

    def _scanned(self, connection: socket.socket, stream: Iterator[bytes]) -> ScanVerdict:
        sent = 0
        early = not self._send(connection, b"zINSTREAM\0")
        for chunk in stream:
            sent += len(chunk)
            if sent > self.stream_limit:
                return NotScanned(reason=SIZE_LIMIT)
            if chunk:
                early = not self._send(connection, _LENGTH.pack(len(chunk)) + chunk)
            if early:
                break
        early = early or _has_answered(connection) or not self._send(connection, _LENGTH.pack(0))
        verdict = verdict_of(self._answer(connection))
        return NotScanned(reason=CUT) if early and isinstance(verdict, Clean) else verdict

    def probe(self) -> Probe:
        """Whether it answers, takes streams of the size that we send, and has signatures that are not old."""
        try:
            if self._asked(b"zPING\0") != "PONG":
                return Probe(reachable=False, detail=f"{self.address} answers, but is no clamd")
            version = self._asked(b"zVERSION\0")
        except TimeoutError:
            return Probe(reachable=False, detail=f"{self.address}: no answer within {self.timeout_seconds:g} s")
        except (_CutError, _ConnectError) as error:
            return Probe(reachable=False, detail=f"{self.address}: {error}; is clamd running?")
        wrong = self._wrong_age(version) or self._wrong_limit()
        return Probe(reachable=wrong is None, detail=f"{version}: {wrong or 'takes streams of our size'}")

    def _asked(self, command: bytes) -> str:
        with self._connected() as connection:
            self._send(connection, command)
            return self._answer(connection)

    def _wrong_age(self, version: str) -> str | None:
        """`ClamAV 1.4.6/27450/Thu Nov 20 09:12:33 2026`; without official signatures only the first part."""
        try:
            made = dt.datetime.strptime(version.rpartition("/")[2], _DATE).replace(tzinfo=dt.UTC)
        except ValueError:
            return "it has no official signatures: let freshclam fetch them"
        days = (self.clock() - made).days
        return None if days <= self.signature_days else f"its signatures are {days} days old: see to freshclam"

    def _wrong_limit(self) -> str | None:
        verdict = self.scan(bytes(MIB) for _ in range(self.stream_limit // MIB))
        if isinstance(verdict, Clean):
            return None
        size = f"{self.stream_limit // MIB} MiB (scan.stream_limit_mib)"
        return f"it does not take a stream of {size}: raise StreamMaxLength, MaxFileSize and MaxScanSize, or lower ours"

    def _connected(self) -> socket.socket:
        match = _ADDRESS.fullmatch(self.address)
        assert match is not None
        try:
            if match["path"] is None:
                place = match["host"].strip("[]"), int(match["port"])
                return socket.create_connection(place, timeout=self.timeout_seconds)
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(self.timeout_seconds)
                connection.connect(match["path"])
            except BaseException:
                connection.close()
                raise
            return connection
        except TimeoutError:
            raise
        except OSError as error:
            raise _ConnectError(error.strerror or str(error)) from None

    def _send(self, connection: socket.socket, data: bytes) -> bool:
        """False when the other side does not read any more: it may have answered before the end."""
        try:
            connection.settimeout(self.timeout_seconds)
            connection.sendall(data)
        except TimeoutError:
            raise
        except OSError:
            return False
        return True

    def _answer(self, connection: socket.socket) -> str:
        """All up to the NUL that ends it, however slowly it comes, within the time of one answer."""
        until = time.monotonic() + self.timeout_seconds
        answer = b""
        while b"\0" not in answer:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            try:
                part = connection.recv(_LONGEST_ANSWER)
            except TimeoutError:
                raise
            except OSError:
                raise _CutError from None
            answer += part
            if not part or len(answer) > _LONGEST_ANSWER:
                raise _CutError
        return answer.partition(b"\0")[0].decode("ascii", "replace")


def _has_answered(connection: socket.socket) -> bool:
    poller = select.poll()  # select() takes no file descriptor above 1023
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(0))


def verdict_of(answer: str) -> ScanVerdict:
    """What one answer to INSTREAM means."""
    if answer == "stream: OK":
        return Clean()
    if answer.startswith("INSTREAM size limit exceeded"):
        return NotScanned(reason=SIZE_LIMIT)
    found = _FOUND.fullmatch(answer)
    if found is None:
        return NotScanned(reason=NOT_UNDERSTOOD)
    return NotScanned(reason=SIZE_LIMIT) if found["name"].startswith(_OVER_A_LIMIT) else Infected(name=found["name"])
