"""The processes of the demo: started with a log file each, stopped together, never left behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.errors import SettingsError

_STOPPING_SECONDS: Final = 30.0
_PIDS: Final = "processes"


class Household:
    """Everything that runs for one demo, in `folder`. A demo that was killed is cleaned up by the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def make_room(self) -> None:
        """An empty folder; what an earlier demo left running there is stopped first."""
        pids = self._folder / _PIDS
        if pids.is_file():
            for pid in {*map(int, pids.read_text("utf-8").split()), *_started_in(self._folder)}:
                _stop_leftover(pid, self._folder)
        if self._folder.exists() and any(self._folder.iterdir()) and not pids.is_file():
            raise SettingsError(f"{self._folder} is not a folder of the demo; name an empty one with --folder")
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("certificates", "secrets", "bestanden", "verslagen", "logs", "nagebootst"):
            (self._folder / name).mkdir(parents=True, mode=0o700)
        pids.touch()

    def start(self, name: str, *command: str | Path) -> None:
        """Start a Python module with its arguments; its output goes to logs/<name>.log."""
        with (self._folder / "logs" / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  # our own modules, our own arguments
                [sys.executable, "-m", *map(str, command)], stdout=log, stderr=log, start_new_session=True
            )
        self._running.append(process)
        with (self._folder / _PIDS).open("a", encoding="utf-8") as file:
            file.write(f"{process.pid}\n")

    def ensure_running(self) -> None:
        """Raise SettingsError when one ended by itself."""
        for process in self._running:
            if process.poll() is not None:
                logs = self._folder / "logs"
                raise SettingsError(f"a process of the demo ended by itself ({process.returncode}); see {logs}")

    def stop(self) -> None:
        """Stop all, the newest first; what does not end in good order is killed."""
        for process in reversed(self._running):
            process.terminate()
        deadline = time.monotonic() + _STOPPING_SECONDS
        for process in reversed(self._running):
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        (self._folder / _PIDS).write_text("", "utf-8")


@contextlib.contextmanager
def household(folder: Path) -> Iterator[Household]:
    """An empty folder and, at the end, no process left."""
    made = Household(folder)
    made.make_room()
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield made
    finally:
        made.stop()
        signal.signal(signal.SIGTERM, previous)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def ensure_free(port: int, variable: str) -> None:
    """Raise SettingsError when somebody listens there."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        raise SettingsError(f"port {port} is in use; choose another: make demo {variable}={port + 1000}") from None


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _started_in(folder: Path) -> Iterator[int]:
    """Processes like those we start that name this folder: a demo may be killed before it wrote a number down."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError, ValueError):
            module, *arguments = entry.read_bytes().split(b"\0")[2:]
            ours = module.startswith((b"gateway.", b"adapters.")) and b"demo" not in arguments
            if ours and any(
                folder in (place := Path(os.fsdecode(argument))).parents or place == folder for argument in arguments
            ):
                yield int(entry.parent.name)


def _stop_leftover(pid: int, folder: Path) -> None:
    """Stop a process only if its command line names this demo's folder: numbers are used again."""
    command = Path(f"/proc/{pid}/cmdline")
    deadline = time.monotonic() + _STOPPING_SECONDS
    with contextlib.suppress(OSError):
        while str(folder).encode() in command.read_bytes():
            os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            time.sleep(0.2)
