"""The malware scanner against a daemon that answers anything, late or never: what is not surely clean is not clean."""

import datetime as dt
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.clamd import Clamd, verdict_of
from adapters.config import AdapterConfigError
from contracts.ports import Clean, Infected, NotScanned

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
Behaviour = Callable[[socket.socket], None]


@contextmanager
def fake(behaviour: Behaviour) -> Iterator[str]:
    """A daemon on a unix socket that does this with every connection; its address."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    behaviour(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"unix:{folder}/s"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def clamd(address: str, timeout: float = 10.0, limit: int = 1 << 20) -> Clamd:
    return Clamd(address=address, timeout_seconds=timeout, stream_limit=limit, signature_days=3, clock=lambda: NOW)


def read_stream(connection: socket.socket) -> tuple[bytes, bytes]:
    """(the command, the bytes of the stream) as the protocol has them."""
    with connection.makefile("rb") as lines:
        command = lines.read(len(b"zINSTREAM\0"))
        body = b""
        while size := struct.unpack("!I", lines.read(4))[0]:
            body += lines.read(size)
        return command, body


def answering(answer: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        read_stream(connection)
        connection.sendall(answer)

    return behave


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=6))
def test_all_bytes_are_sent_in_order_as_they_came(chunks: list[bytes]) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_stream(connection))
        connection.sendall(b"stream: OK\0")

    with fake(behave) as address:
        assert clamd(address).scan(chunks) == Clean()
    assert seen == [(b"zINSTREAM\0", b"".join(chunks))]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"stream: OK\0", Clean()),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Infected(name="Win.Test.EICAR_HDB-1")),
        (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", NotScanned(reason="size_limit")),
        (b"INSTREAM size limit exceeded. ERROR\0", NotScanned(reason="size_limit")),
        (b"stream: OK", NotScanned(reason="cut")),
        (b"", NotScanned(reason="cut")),
        (b"stream: OK\n\0", NotScanned(reason="not_understood")),
        (b"stream: a b FOUND\0", NotScanned(reason="not_understood")),
        (b"UNKNOWN COMMAND\0", NotScanned(reason="not_understood")),
        (b"\0", NotScanned(reason="not_understood")),
        (b"\xff\xfe garbage \x80\0", NotScanned(reason="not_understood")),
        (b"x" * 10_000, NotScanned(reason="cut")),
    ],
)
def test_what_an_answer_means(answer: bytes, verdict: object) -> None:
    with fake(answering(answer)) as address:
        assert clamd(address).scan([b"a;b\n"]) == verdict


@settings(deadline=None)
@given(st.text(max_size=60))
def test_only_one_answer_is_clean(answer: str) -> None:
    assert (verdict_of(answer) == Clean()) == (answer == "stream: OK")


def test_one_that_is_silent_is_given_up_on() -> None:
    done = threading.Event()

    def behave(connection: socket.socket) -> None:
        read_stream(connection)
        done.wait(10)

    with fake(behave) as address:
        assert clamd(address, timeout=0.1).scan([b"a"]) == NotScanned(reason="timeout")
        done.set()


def test_one_that_answers_a_letter_at_a_time_is_given_up_on() -> None:
    done = threading.Event()

    def behave(connection: socket.socket) -> None:
        read_stream(connection)
        while not done.wait(0.02):
            try:
                connection.sendall(b"s")
            except OSError:
                return

    with fake(behave) as address:
        assert clamd(address, timeout=0.3).scan([b"a"]) == NotScanned(reason="timeout")
        done.set()


def test_one_that_reads_nothing_is_given_up_on() -> None:
    done = threading.Event()
    with fake(lambda connection: done.wait(10) and None) as address:
        many = (bytes(1 << 20) for _ in range(64))
        assert clamd(address, timeout=0.1, limit=64 << 20).scan(many) == NotScanned(reason="timeout")
        done.set()


def test_one_that_hangs_up_halfway_has_not_scanned() -> None:
    with fake(lambda connection: connection.recv(5) and None) as address:
        verdict = clamd(address, limit=64 << 20).scan(bytes(1 << 20) for _ in range(64))
    assert verdict == NotScanned(reason="cut")


def test_clean_before_the_end_is_not_believed() -> None:
    asked = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"stream: OK\0")
        asked.set()
        while connection.recv(1 << 16):
            pass

    def chunks() -> Iterator[bytes]:
        yield b"a"
        asked.wait(10)
        yield b"b"

    with fake(behave) as address:
        assert clamd(address).scan(chunks()) == NotScanned(reason="cut")


def test_its_limit_is_heard_when_it_stops_reading() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
        connection.shutdown(socket.SHUT_RDWR)

    with fake(behave) as address:
        verdict = clamd(address, limit=64 << 20).scan(bytes(1 << 20) for _ in range(64))
    assert verdict == NotScanned(reason="size_limit")


def reads_on(connection: socket.socket) -> None:
    """Takes all that is sent and says nothing."""
    while connection.recv(1 << 20):
        pass


def test_more_than_our_limit_is_not_sent_on() -> None:
    with fake(reads_on) as address:
        assert clamd(address, limit=10).scan([b"12345", b"67890", b"1"]) == NotScanned(reason="size_limit")


def test_nobody_there(tmp_path: Path) -> None:
    assert clamd(f"unix:{tmp_path}/none").scan([b"a"]) == NotScanned(reason="unreachable")
    assert clamd("unix:/" + "x" * 200).scan([b"a"]) == NotScanned(reason="unreachable")


def test_what_the_bytes_raise_goes_through() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise ConnectionError("the disk")

    with fake(reads_on) as address, pytest.raises(ConnectionError):
        clamd(address).scan(chunks())


@pytest.mark.parametrize(
    "address", ["", "/run/clamd.ctl", "unix:", "unix:relative", "tcp:host", "tcp:host:99999", "tcp::3310", "tcp:a:b:1"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(AdapterConfigError, match=r"scan\.clamd"):
        clamd(address)


@pytest.mark.parametrize("address", ["unix:/run/clamav/clamd.ctl", "tcp:scanner:3310", "tcp:10.0.0.1:1", "tcp:[::1]:1"])
def test_addresses(address: str) -> None:
    clamd(address)


class TestProbe:
    def probe(self, *, version: bytes, pong: bytes = b"PONG\0", verdict: bytes = b"stream: OK\0") -> tuple[bool, str]:
        def behave(connection: socket.socket) -> None:
            command = connection.recv(6, socket.MSG_PEEK)
            if command.startswith(b"zINST"):
                read_stream(connection)
            answers = {b"zPING\0": pong, b"zVERSI": version}
            connection.sendall(answers.get(command, verdict))

        with fake(behave) as address:
            found = clamd(address).probe()
        return found.reachable, found.detail

    def test_one_to_rely_on(self) -> None:
        good, detail = self.probe(version=b"ClamAV 1.4.6/27823/Wed Nov 18 08:26:13 2026\0")
        assert good
        assert "27823" in detail

    @pytest.mark.parametrize(
        ("answers", "said"),
        [
            ({"version": b"ClamAV 1.4.6/27823/Mon Nov 16 08:26:13 2026\0"}, "4 days old"),
            ({"version": b"ClamAV 1.4.6\0"}, "no official signatures"),
            ({"version": b"x\0", "pong": b"HELLO\0"}, "no clamd"),
            ({"version": b"x", "pong": b""}, "the connection was cut"),
            (
                {
                    "version": b"ClamAV 1.4.6/27823/Thu Nov 19 08:26:13 2026\0",
                    "verdict": b"INSTREAM size limit exceeded. ERROR\0",
                },
                "does not take a stream of 1 MiB",
            ),
        ],
    )
    def test_one_not_to_rely_on(self, answers: dict[str, bytes], said: str) -> None:
        good, detail = self.probe(**answers)
        assert not good
        assert said in detail

    def test_nobody_there(self, tmp_path: Path) -> None:
        found = clamd(f"unix:{tmp_path}/none").probe()
        assert not found.reachable
        assert "is clamd running?" in found.detail
