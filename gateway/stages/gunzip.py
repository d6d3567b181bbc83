"""gzip as a stream (RFC 1952): several members after one another, each checked, the unpacked size bounded."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gateway.stages.unreadable import damaged, too_large

PIECE: Final = 1 << 20
"""Bytes unpacked at a time: one packed byte can become a thousand."""
_GZIP: Final = 31
"""zlib's window bits for a gzip header and trailer."""
_MAGIC: Final = b"\x1f\x8b"


def gunzip(chunks: Iterable[bytes], *, limit: int, rest: Callable[[int], None]) -> Iterator[bytes]:
    """Unpacked bytes in pieces of at most PIECE.

    Raises UnreadableError: damaged, cut off, or larger than `limit` bytes. `rest` is told how many bytes stand behind
    the last member that are no member; zeros, with which tapes are filled up, are none of them.
    """
    source = iter(chunks)
    total = 0
    data = b""
    while True:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            data = data or _next(source)
            piece = _unpacked(member, data)
            data = member.unconsumed_tail or member.unused_data
            total += len(piece)
            if total > limit:
                raise too_large(limit)
            if piece:
                yield piece
        data = _after_zeros(data, source)
        if not data.startswith(_MAGIC):
            break
    if data:
        rest(len(data) + sum(len(chunk) for chunk in source))


def _next(source: Iterator[bytes]) -> bytes:
    for chunk in source:
        if chunk:
            return chunk
    raise damaged("het houdt midden in de gegevens op")


def _unpacked(member: "zlib._Decompress", data: bytes) -> bytes:
    try:
        return member.decompress(data, PIECE)
    except zlib.error:
        raise damaged("de inhoud klopt niet met de controlegetallen") from None


def _after_zeros(data: bytes, source: Iterator[bytes]) -> bytes:
    """What follows a member, at least two bytes of it where there are as many."""
    data = data.lstrip(b"\0")
    while len(data) < len(_MAGIC) and (chunk := next(source, None)) is not None:
        data = (data + chunk).lstrip(b"\0")
    return data
