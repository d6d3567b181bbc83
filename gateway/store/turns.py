"""Who may write on SQLite: one thread at a time, in order of arrival; one serving process at a time."""

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SettingsError, StoreUnavailableError


class WriteTurns:
    """A first-in first-out lock.

    SQLite's own busy handler polls with sleeps and lets late comers overtake: a writer between busy others waited a
    second. Handing the turn over in order keeps that wait at the sum of the transactions ahead.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._owner: int | None = None

    @contextmanager
    def turn(self, timeout: float) -> Iterator[None]:
        """Hold the turn; StoreUnavailableError after `timeout` seconds, RuntimeError when this thread has it."""
        self._acquire(timeout)
        try:
            yield
        finally:
            self._release()

    def _acquire(self, timeout: float) -> None:
        me = threading.get_ident()
        with self._mutex:
            if self._owner == me:
                raise RuntimeError("a write transaction inside a write transaction would wait for itself")
            if self._owner is None:
                self._owner = me
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if not mine.acquire(timeout=timeout) and self._gave_up(mine):
            raise StoreUnavailableError(f"no turn to write within {timeout:g} s")
        self._owner = me

    def _gave_up(self, mine: threading.Lock) -> bool:
        """Leave the line; False when the turn was handed over in the last instant."""
        with self._mutex:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True

    def _release(self) -> None:
        with self._mutex:
            if self._waiting:
                self._owner = -1  # handed over: nobody may pass before the next in line wakes up
                self._waiting.popleft().release()
            else:
                self._owner = None


@contextmanager
def exclusive_process_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` for one serving process on SQLite; SettingsError when another process holds it.

    The operating system drops the lock with the process, however it ends, so nothing is left to clean up.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"another process serves this database ({path.name} is locked): stop it, or use PostgreSQL"
            ) from None
        yield
    finally:
        os.close(descriptor)
