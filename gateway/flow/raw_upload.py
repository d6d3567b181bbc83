"""The bytes of an upload as they are kept between receiving and processing: one sealed blob under a key of its own."""

import io
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final, cast

from gateway.crypto.sealing import StreamSealer, StreamView, open_stream
from gateway.flow.kit import Kit

_SEGMENTS_HELD: Final = 4
"""Opened segments of a file that is read here and there: a ZIP is read at its end, at a member, and behind it."""


def raw_sealer(kit: Kit, *, upload_id: str) -> StreamSealer:
    """Seals the bytes of this upload; its key is made now unless it exists."""
    return StreamSealer(kit.keys.new_upload_key(upload_id), _context(upload_id), kit.dice)


def read_raw_upload(kit: Kit, *, upload_id: str, blob: str) -> Iterator[bytes]:
    """The partner's bytes in order, at most 1 MiB at a time.

    Raises KeyDestroyedError once the upload was processed, NotFoundError without its blob, IntegrityError when the
    blob was changed or cut; use nothing for good before the iterator ended.
    """
    return open_stream(kit.keys.open_upload_key(upload_id), _context(upload_id), kit.blobs.stream(blob))


@dataclass(frozen=True, kw_only=True)
class RawUpload:
    """The partner's bytes, to be read more than once, or anywhere. Raises as `read_raw_upload`."""

    kit: Kit
    upload_id: str
    blob: str

    def chunks(self) -> Iterator[bytes]:
        """All in order, at most 1 MiB at a time."""
        return read_raw_upload(self.kit, upload_id=self.upload_id, blob=self.blob)

    def file(self) -> BinaryIO:
        """To read and seek in; a segment is opened when it is needed, and a few are held."""
        view = StreamView(
            self.kit.keys.open_upload_key(self.upload_id),
            _context(self.upload_id),
            partial(_sealed, self.kit, self.blob),
            size=self.kit.blobs.size(self.blob),
        )
        return cast(BinaryIO, _UnsealedFile(view))  # RawIOBase has all of it but the name


def _sealed(kit: Kit, blob: str, offset: int, length: int) -> bytes:
    return kit.blobs.read(blob, offset=offset, length=length)


class _UnsealedFile(io.RawIOBase):
    """A StreamView as a file."""

    def __init__(self, view: StreamView) -> None:
        self._view = view
        self._at = 0
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._view.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """As many bytes as there are, up to `size`: unlike most raw files, never fewer."""
        end = self._view.size if size is None or size < 0 else min(self._at + size, self._view.size)
        parts: list[bytes] = []
        while self._at < end:
            number, start = divmod(self._at, self._view.segment_size)
            part = self._segment(number)[start : start + end - self._at]
            parts.append(part)
            self._at += len(part)
        return b"".join(parts)

    def _segment(self, number: int) -> bytes:
        if number in self._held:
            self._held.move_to_end(number)
            return self._held[number]
        segment = self._held[number] = self._view.segment(number)
        if len(self._held) > _SEGMENTS_HELD:
            self._held.popitem(last=False)
        return segment


def _context(upload_id: str) -> bytes:
    return b"upload:" + upload_id.encode()
