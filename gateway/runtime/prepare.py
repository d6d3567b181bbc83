"""What must be made once, in one thread, before there are others."""

import gc
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

_OURS: Final = frozenset({"gateway", "adapters", "contracts"})


def prepare() -> None:
    """Make a process ready to work, when all it needs is imported and before it has threads."""
    prepare_types()
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through it again for garbage took a twentieth of the time of a file


def prepare_types() -> int:
    """Let msgspec learn every structure of ours that is imported now; how many. Call it before threads decode.

    msgspec (0.22) learns a type when it is first decoded, and shows it half learnt to other threads meanwhile: two
    that decode the same type for the first time at once end the process with SIGSEGV.
    """
    found = {cls for cls in _descendants(Struct) if cls.__module__.partition(".")[0] in _OURS}
    return sum(_learnt(cls) for cls in found)


def _learnt(cls: type[Struct]) -> bool:
    """False for one that msgspec cannot decode at all, so nobody does: it only carries values."""
    try:
        msgspec.json.Decoder(cls)
    except TypeError:
        return False
    return True


def _descendants(cls: type[Struct]) -> Iterator[type[Struct]]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
