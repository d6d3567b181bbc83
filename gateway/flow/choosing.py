"""Which profile of its partner reads an upload: named, the only one, the standard, or the one that its headers fit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from contracts.profiel import Partnerprofiel, Profiel
from gateway.flow.unpack import UnpackRefusedError
from gateway.stages.detect import detect
from gateway.stages.dialect import HEAD_BYTES, Dialect
from gateway.stages.profiles import by_headers, chosen
from gateway.stages.source import Bron

Opened = AbstractContextManager[tuple[Bron, Iterator[bytes]]]
Opener = Callable[[Profiel | None], Opened]
"""Opens the file from its beginning, unpacked as a profile says."""


def profile_for(profielen: Sequence[Partnerprofiel], *, named: str | None, opened: Opener) -> Profiel | None:
    """The profile that reads the file; None: it is read as it shows itself.

    Raises KeyError when the profile that the sender named is gone since.
    """
    certain = chosen(profielen, named=named)
    if certain is not None or not profielen:
        return certain
    return by_headers(_headers([one.profiel for one in profielen if one.profiel.kolommen], opened))


def _headers(profielen: Sequence[Profiel], opened: Opener) -> Iterator[tuple[Profiel, tuple[str, ...]]]:
    """The header texts that each profile finds; those that unpack alike look at the same first bytes."""
    heads: dict[object, tuple[Bron, bytes] | None] = {}
    for profiel in profielen:
        alike = (profiel.vorm, profiel.blad, profiel.tekenset)
        if alike not in heads:
            heads[alike] = _head(opened, profiel)
        head = heads[alike]
        if head is None:
            continue
        dialect = detect(head[1], required=frozenset(), bron=head[0], profiel=profiel)
        if isinstance(dialect, Dialect):
            yield profiel, dialect.headers


def _head(opened: Opener, profiel: Profiel) -> tuple[Bron, bytes] | None:
    """None when the file cannot be unpacked so: the reading that follows tells why, if it must."""
    try:
        with opened(profiel) as (bron, chunks):
            return bron, first_bytes(chunks)
    except UnpackRefusedError:
        return None


def first_bytes(chunks: Iterator[bytes]) -> bytes:
    """As much of a file as is looked at to see what it is."""
    parts: list[bytes] = []
    while sum(map(len, parts)) < HEAD_BYTES and (chunk := next(chunks, None)) is not None:
        parts.append(chunk)
    return b"".join(parts)[:HEAD_BYTES]
