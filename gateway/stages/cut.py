"""Cut a stream of bytes into blocks that end where a record ends, whatever the size of the chunks that arrive."""

from collections.abc import Iterator
from typing import Final

DEFAULT_BLOCK_BYTES: Final = 8 << 20
"""8 MiB: below it the engine's start-up per block shows, above it memory grows and nothing is won."""

_QUOTE: Final = b'"'
_NEWLINE: Final = b"\n"


class RecordTooLongError(ValueError):
    """One record is longer than a block; the reader turns this into a Fatal finding."""


class OpenQuoteError(ValueError):
    """The file ended inside a quoted field; `complete`: the records before it. The reader makes it a Fatal finding."""

    def __init__(self, complete: bytes) -> None:
        super().__init__("open quote")
        self.complete = complete


class BlockCutter:
    """Push parser: `feed` bytes, get whole blocks; `finish` gives what is left.

    Where it cuts depends on the bytes alone, not on the chunks in which they come. A line end inside a quoted field is
    no record end: the number of quotes before a cut is always even (an escaped quote is two). Holds at most one block
    and one chunk.
    """

    def __init__(self, block_bytes: int = DEFAULT_BLOCK_BYTES) -> None:
        self._block_bytes = block_bytes
        self._pending: list[bytes] = []
        self._size = 0
        self._quoted = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Blocks that are complete now, each as many records as fit in `block_bytes`; raises RecordTooLongError."""
        self._pending.append(chunk)
        self._size += len(chunk)
        self._quoted = self._quoted or _QUOTE in chunk
        if self._size < self._block_bytes:
            return []
        room = len(chunk) - (self._size - self._block_bytes)
        end = chunk.rfind(_NEWLINE, 0, room) + 1
        if not self._quoted and end and len(chunk) < self._block_bytes:
            self._pending[-1] = chunk[:end]
            block = b"".join(self._pending)
            self._keep(chunk[end:])
            return [block]
        return self._cut(b"".join(self._pending))

    def _cut(self, data: bytes) -> list[bytes]:
        blocks: list[bytes] = []
        start = 0
        while len(data) - start >= self._block_bytes:
            end = last_record_end(data, start, start + self._block_bytes)
            if end == start:
                raise RecordTooLongError
            blocks.append(data[start:end])
            start = end
        self._keep(data[start:])
        return blocks

    def _keep(self, rest: bytes) -> None:
        self._pending, self._size, self._quoted = [rest], len(rest), _QUOTE in rest

    def finish(self) -> tuple[bytes, bool]:
        """(the last block, whether its last record has a line end); raises OpenQuoteError."""
        data = b"".join(self._pending)
        self._keep(b"")
        if data.count(_QUOTE) % 2:
            raise OpenQuoteError(data[: last_record_end(data, 0, len(data))])
        return data, not data or data.endswith(_NEWLINE)


def in_halves(block: bytes, *, most_lines: int) -> Iterator[bytes]:
    """A block of whole records in parts of at most `most_lines` lines each, unless one record has more.

    No part is held while whoever takes it has it.
    """
    parts = [block]
    del block
    while parts:
        end = _middle(parts[-1]) if parts[-1].count(_NEWLINE) > most_lines else len(parts[-1])
        if end == len(parts[-1]):
            yield parts.pop()
        else:
            whole = parts.pop()
            parts += [whole[end:], whole[:end]]
            del whole


def _middle(data: bytes) -> int:
    """The last record end in the first half, or the first one at all."""
    return last_record_end(data, 0, len(data) // 2) or next_record_end(data, 0)


def next_record_end(data: bytes, start: int) -> int:
    """The offset after the end of the record that starts at `start`; len(data) when it does not end.

    Each quote is counted once, however many lines there are.
    """
    counted, quotes = start, 0
    end = data.find(_NEWLINE, start)
    while end >= 0:
        quotes += data.count(_QUOTE, counted, end)
        if quotes % 2 == 0:
            return end + 1
        counted, end = end, data.find(_NEWLINE, end + 1)
    return len(data)


def last_record_end(data: bytes, start: int, stop: int) -> int:
    """The offset after the last record end in `data[start:stop]`, or `start` when there is none.

    `start` must be the start of a record. Quotes are counted once, from the front, and only when there are any.
    """
    end = data.rfind(_NEWLINE, start, stop)
    if data.find(_QUOTE, start, stop) < 0:
        return end + 1 if end >= 0 else start
    quotes = data.count(_QUOTE, start, max(end, start))
    while end >= 0 and quotes % 2:
        opening = data.rfind(_QUOTE, start, end)
        quotes -= 1
        end, before = data.rfind(_NEWLINE, start, opening), opening
        quotes -= data.count(_QUOTE, max(end, start), before)
    return end + 1 if end >= 0 else start
