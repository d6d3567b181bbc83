"""A workbook, through a process of its own: bytes by a pipe in, CSV by a pipe out, and a reason when it ends early."""

import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn

from gateway.sheets import Ended, Opened, Refused, Request, answer
from gateway.stages.unreadable import UnreadableError, damaged

PIECE: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 20
"""Of the first line: a hundred names of a hundred characters, each at most twelve bytes of JSON."""


@contextmanager
def opened_workbook(chunks: Iterable[bytes], request: Request) -> Iterator[tuple[Opened, Iterator[bytes]]]:
    """What was opened, and the sheet as CSV. The process is gone when the `with` is left, whatever happened.

    Raises UnreadableError, also from the iterator.
    """
    # What it says on standard error may quote the file; without an environment it gets no secret.
    process = subprocess.Popen(  # noqa: S603 - our own code, and a request that we made
        request.command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
    )
    try:
        _feed(process, chunks)
        opened = _opened(process, request)
        yield opened, _csv(process, request)
    finally:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what it did not read is lost with it
                pipe.close()  # type: ignore[union-attr]  # both are pipes
        process.wait()


def _feed(process: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
    """It reads all before it writes anything. When it ended already, its answer says why."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        for chunk in chunks:
            process.stdin.write(chunk)
        process.stdin.close()


def _opened(process: subprocess.Popen[bytes], request: Request) -> Opened:
    assert process.stdout is not None
    line = process.stdout.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        _tell_end(process.wait(), request)
    said = answer(line)
    if isinstance(said, Refused):
        raise UnreadableError(said.code, said.vorm)
    return said


def _csv(process: subprocess.Popen[bytes], request: Request) -> Iterator[bytes]:
    assert process.stdout is not None
    while piece := process.stdout.read(PIECE):
        yield piece
    status = process.wait()
    if status != Ended.WRITTEN:
        _tell_end(status, request)


def _tell_end(status: int, request: Request) -> NoReturn:
    """Why it ended without having written everything. A library that runs out of memory aborts."""
    if status == -signal.SIGXCPU:
        raise _too_large(f"openen duurt langer dan {request.cpu_seconds} seconden")
    if status in {Ended.OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGKILL}:
        raise _too_large(f"openen kost meer dan {request.memory_bytes >> 20} MiB geheugen")
    raise damaged("de werkmap is beschadigd")


def _too_large(why: str) -> UnreadableError:
    return UnreadableError("bestand_werkblad_te_groot", why)
