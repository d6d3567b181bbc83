"""Sealing of streams: AES-256-GCM in segments, order and end authenticated.

A segment is `nonce (12) || ciphertext || tag (16)`; its associated data is `context || u64 sequence || u8 last`, so a
segment that is moved, repeated, dropped, or taken from another thing does not open. A frame is a segment behind a
u32 of its length, whose top bit marks the last one (authenticated, since `last` is in the associated data).
`context` names what is sealed (for instance b"upload:" + id); it is not secret and not stored.

A random 96-bit nonce allows 2**32 segments for one key (NIST SP 800-38D, 8.3): 4 PiB at 1 MiB each.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import IntegrityError

Dice = Callable[[int], bytes]
"""n random bytes."""
Bytes = bytes | bytearray | memoryview
"""What can be sealed without copying it first."""

SEGMENT_SIZE: Final = 1 << 20
"""Plain bytes in a full segment of a stream: large enough for full speed, small enough for flat memory."""
KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16
OVERHEAD: Final = NONCE_SIZE + TAG_SIZE
"""Bytes that a segment is longer than what it seals."""

_AAD: Final = struct.Struct(">QB")
_LENGTH: Final = struct.Struct(">I")
_LAST: Final = 1 << 31


class SegmentSealer:
    """Seals segments in order; `last` ends it, and only once. Raises ValueError for a key that is not 32 bytes."""

    def __init__(self, key: bytes, context: bytes, dice: Dice) -> None:
        self._cipher = _cipher(key)
        self._context = context
        self._dice = dice
        self._sequence = 0
        self._ended = False

    def seal(self, plain: Bytes) -> Bytes:
        """The next segment; raises ValueError after `last`."""
        return self._sealed(plain, last=False)

    def last(self, plain: Bytes = b"") -> Bytes:
        """The segment that ends the sequence; raises ValueError the second time."""
        return self._sealed(plain, last=True)

    def _frame(self, plain: Bytes, *, last: bool) -> Bytes:
        length = _LENGTH.pack((len(plain) + OVERHEAD) | (_LAST if last else 0))
        return self._sealed(plain, last=last, before=length)

    def _sealed(self, plain: Bytes, *, last: bool, before: bytes = b"") -> Bytes:
        """`before`, nonce, ciphertext and tag in one piece, made where they stay."""
        if self._ended:
            raise ValueError("sealed after its last segment")
        nonce = self._dice(NONCE_SIZE)
        start = len(before) + NONCE_SIZE
        segment = bytearray(start + len(plain) + TAG_SIZE)
        segment[:start] = before + nonce
        aad = self._context + _AAD.pack(self._sequence, last)
        self._cipher.encrypt_into(nonce, plain, aad, memoryview(segment)[start:])
        self._sequence += 1
        self._ended = last
        return segment


class SegmentOpener:
    """Opens segments in the order in which they were sealed."""

    def __init__(self, key: bytes, context: bytes) -> None:
        self._cipher = _cipher(key)
        self._context = context
        self._sequence = 0
        self._ended = False

    def open(self, segment: Bytes, *, last: bool) -> bytes:
        """The plain bytes; raises IntegrityError for a changed byte, a wrong order, key or context, or a wrong end."""
        if self._ended:
            raise IntegrityError("sealed bytes go on after their end")
        view = memoryview(segment)
        aad = self._context + _AAD.pack(self._sequence, last)
        try:
            plain = self._cipher.decrypt(view[:NONCE_SIZE], view[NONCE_SIZE:], aad)
        except (InvalidTag, ValueError):
            raise IntegrityError(f"sealed segment {self._sequence} does not verify") from None
        self._sequence += 1
        self._ended = last
        return plain

    def ensure_ended(self) -> None:
        """Raise IntegrityError unless the last segment was opened: else a cut tail would pass unseen."""
        if not self._ended:
            raise IntegrityError("sealed bytes end before their last segment")


class StreamSealer:
    """Cuts a stream of any chunk sizes into frames of one full segment each. Memory: at most one segment."""

    def __init__(self, key: bytes, context: bytes, dice: Dice, *, segment_size: int = SEGMENT_SIZE) -> None:
        self._sealer = SegmentSealer(key, context, dice)
        self._size = segment_size
        self._rest = bytearray()

    def write(self, data: Bytes) -> list[Bytes]:
        """Frames that are full now; whole segments inside `data` are sealed where they lie, without a copy."""
        view = memoryview(data)
        frames: list[Bytes] = []
        if self._rest:
            take = min(self._size - len(self._rest), len(view))
            self._rest += view[:take]
            view = view[take:]
            if len(self._rest) < self._size:
                return frames
            frames.append(self._frame(self._rest))
            self._rest = bytearray()
        whole = len(view) - len(view) % self._size
        frames.extend(self._frame(view[at : at + self._size]) for at in range(0, whole, self._size))
        self._rest += view[whole:]
        return frames

    def finish(self) -> list[Bytes]:
        """The frame that ends the stream (always one, perhaps of nothing)."""
        rest, self._rest = self._rest, bytearray()
        return [self._sealer._frame(rest, last=True)]  # noqa: SLF001 - one module, one frame format

    def _frame(self, plain: Bytes) -> Bytes:
        return self._sealer._frame(plain, last=False)  # noqa: SLF001 - one module, one frame format


def open_stream(key: bytes, context: bytes, chunks: Iterable[Bytes]) -> Iterator[bytes]:
    """Plain bytes, one item per frame, of frames that arrive in chunks of any size.

    Raises IntegrityError as SegmentOpener does, when the last frame is missing, and when anything follows it. What
    was yielded before the end is authentic but perhaps not all: use nothing for good before the iterator ended.
    """
    opener = SegmentOpener(key, context)
    for segment, last in _segments(chunks):
        yield opener.open(segment, last=last)
    opener.ensure_ended()


class StreamView:
    """Any part of what `StreamSealer` sealed, without opening what is before it.

    `sealed` gives `length` bytes of the frames from `offset`; `size` is how many there are. Every full segment holds
    `segment_size` bytes, so where one begins can be reckoned; each is opened as what it claims to be, and the last one
    at once, so that the end is authentic too. Raises IntegrityError.
    """

    def __init__(
        self,
        key: bytes,
        context: bytes,
        sealed: Callable[[int, int], Bytes],
        *,
        size: int,
        segment_size: int = SEGMENT_SIZE,
    ) -> None:
        self._cipher = _cipher(key)
        self._context = context
        self._sealed = sealed
        self._sealed_size = size
        self._frame = _LENGTH.size + OVERHEAD + segment_size
        self._last = max(0, size - 1) // self._frame
        self._ending = self._open(self._last)
        self.segment_size = segment_size
        self.size = self._last * segment_size + len(self._ending)

    def segment(self, number: int) -> bytes:
        """The plain bytes of segment `number`, from 0; the last one may be short, or empty."""
        return self._ending if number == self._last else self._open(number)

    def _open(self, number: int) -> bytes:
        start = number * self._frame
        last = number == self._last
        length = (self._sealed_size - start) if last else self._frame
        frame = memoryview(self._sealed(start, length))
        said = (length - _LENGTH.size) | (_LAST if last else 0)
        if len(frame) != length or length < _LENGTH.size + OVERHEAD or _LENGTH.unpack_from(frame)[0] != said:
            raise IntegrityError(f"sealed segment {number} is not where it belongs")
        segment = frame[_LENGTH.size :]
        try:
            aad = self._context + _AAD.pack(number, last)
            return self._cipher.decrypt(segment[:NONCE_SIZE], segment[NONCE_SIZE:], aad)
        except (InvalidTag, ValueError):
            raise IntegrityError(f"sealed segment {number} does not verify") from None


def seal_bytes(key: bytes, context: bytes, plain: Bytes, dice: Dice) -> bytes:
    """One small thing as one segment."""
    return bytes(SegmentSealer(key, context, dice).last(plain))


def open_bytes(key: bytes, context: bytes, sealed: Bytes) -> bytes:
    """The plain bytes of `seal_bytes`; raises IntegrityError."""
    return SegmentOpener(key, context).open(sealed, last=True)


def _segments(chunks: Iterable[Bytes]) -> Iterator[tuple[memoryview, bool]]:
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        at, segments = _cut(pending)
        yield from segments
        if at:
            pending = pending[at:]
    if pending:
        raise IntegrityError("sealed bytes end inside a frame")


def _cut(pending: bytearray) -> tuple[int, list[tuple[memoryview, bool]]]:
    view = memoryview(pending)
    segments: list[tuple[memoryview, bool]] = []
    at = 0
    while at + _LENGTH.size <= len(view):
        (word,) = _LENGTH.unpack_from(view, at)
        end = at + _LENGTH.size + (word & ~_LAST)
        if end > len(view):
            break
        segments.append((view[at + _LENGTH.size : end], bool(word & _LAST)))
        at = end
    return at, segments


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_SIZE:
        raise ValueError(f"a data key is {KEY_SIZE} bytes")
    return AESGCM(key)
