"""Workbooks: opened in a process of their own, bounded in memory and time, and written out as CSV.

Imports nothing heavy: that process starts anew for every workbook.
"""

import enum
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from json import dumps, loads
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_START: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.sheets.process import main; main()"


class Ended(enum.IntEnum):
    """How the process ended by itself. Anything else is a signal, or a defect of the library."""

    WRITTEN = 0
    REFUSED = 3
    OUT_OF_MEMORY = 4


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the process may use, and which sheet is wanted (None: the first visible one that holds something)."""

    memory_bytes: int
    cpu_seconds: int
    unpacked_bytes: int
    cells: int
    blad: str | None

    def command(self) -> Sequence[str]:
        """The process: this very code, nothing from the environment or the working folder."""
        return (sys.executable, "-I", "-B", "-c", _START, str(_ROOT), dumps(asdict(self)))


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The first line that the process writes, before the CSV: what it opened.

    `zonder_uitkomst`: cells with a formula whose result is not in the file.
    """

    vorm: str
    blad: str | None
    bladen: tuple[str, ...]
    zonder_uitkomst: int

    def line(self) -> bytes:
        """As one line of JSON."""
        return dumps(asdict(self)).encode() + b"\n"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The first and only line when it opened nothing: the code of a rule, and what fills its message."""

    code: str
    vorm: str | None

    def line(self) -> bytes:
        """As one line of JSON."""
        return dumps(asdict(self)).encode() + b"\n"


def answer(line: bytes) -> Opened | Refused:
    """The first line; raises ValueError or TypeError for what is none."""
    fields = loads(line)
    if "code" in fields:
        return Refused(**fields)
    return Opened(**fields | {"bladen": tuple(fields["bladen"])})
