"""Real processes of one installation: started from the command line, killed without warning, started again."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
START_SECONDS: Final = 60.0
_LOG_TAIL: Final = 4000
_PORTS: Final = range(20_000, 32_000)
"""Below the ports that Linux gives to outgoing connections: a killed listener must find its own free again."""


def free_port() -> int:
    """A port of loopback that nobody uses now, and that no outgoing connection will get.

    Never by the seed of a test: two runs with one seed, beside each other, would take each other's ports.
    """
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass
class Process:
    """One command. `is_up` tells when it serves; its output goes to `log`, one start after the other."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    is_up: Callable[[], bool] | None = None
    kills: int = 0
    pid: int = 0
    """Of the last start."""
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        assert self._running is None
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", *self.command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.pid = self._running.pid

    def wait_up(self) -> None:
        """Return when it serves; fails with the end of its log when it ends instead, or does not in a minute."""
        deadline = time.monotonic() + START_SECONDS
        while not (self.is_up is None or self.is_up()):
            self.ensure_running()
            assert time.monotonic() < deadline, f"{self.name} does not come up: {self._tail()}"
            time.sleep(0.05)

    def ensure_running(self) -> None:
        """Fail when it ended by itself: nothing but a kill of ours may end it."""
        assert self._running is not None
        status = self._running.poll()
        assert status is None, f"{self.name} ended by itself ({status}): {self._tail()}"

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        self.send_kill()
        self.reap()

    def send_kill(self) -> None:
        """Send SIGKILL without waiting for the end."""
        if self._running is not None:
            self.ensure_running()
            self._running.send_signal(signal.SIGKILL)
            self.kills += 1

    def reap(self) -> None:
        """Wait for the end of what was killed."""
        running, self._running = self._running, None
        if running is not None:
            running.wait(30)

    def stop(self) -> int:
        """SIGTERM; the exit status. Kills what does not end in 30 s, and fails then."""
        running, self._running = self._running, None
        assert running is not None
        running.terminate()
        try:
            return running.wait(30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(30)
            raise AssertionError(f"{self.name} does not stop: {self._tail()}") from None

    def _tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-_LOG_TAIL:]


def kill_all(processes: Sequence[Process]) -> None:
    """All at once, as a power cut would: nobody sees another one die first."""
    for process in processes:
        process.send_kill()
    for process in processes:
        process.reap()


def listens(port: int) -> Callable[[], bool]:
    """Whether somebody takes connections there."""

    def look() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return look
