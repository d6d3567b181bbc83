"""Frames on disk: columnar segments in one sealed blob, written block by block, so that memory stays flat."""

import datetime as dt
import struct
from collections.abc import Iterator
from io import BytesIO
from types import TracebackType
from typing import Final, Literal, Self

import polars as pl

from gateway.crypto.keys import DataKey, RetentionClass, month_of
from gateway.crypto.sealing import StreamSealer, open_stream
from gateway.flow.kit import Kit

_LENGTH: Final = struct.Struct(">Q")


class SealedFrameWriter:
    """A blob of frames under its own data key; nothing is kept unless `finish` is reached after an `add`.

    `days`: how long it is kept, which decides the key of its class. `context` binds the blob to its owner.
    """

    def __init__(self, kit: Kit, *, name: str, context: bytes, cls: RetentionClass, days: int) -> None:
        self._kit = kit
        self._context = context
        self._cls = cls
        self._month = month_of(kit.today() + dt.timedelta(days=days))
        self.name = name
        self.key: DataKey | None = None
        self.rows = 0

    def __enter__(self) -> Self:
        self._writer = self._kit.blobs.create(self.name)
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def add(self, frame: pl.DataFrame, *, compression: Literal["uncompressed", "zstd"] = "zstd") -> None:
        """Seal one frame; an empty one leaves no trace."""
        if frame.is_empty():
            return
        if self.key is None:
            self.key = self._kit.keys.new_data_key(self._cls, month=self._month)
            self._sealer = StreamSealer(self.key.plain, self._context, self._kit.dice)
        buffer = BytesIO()
        frame.write_ipc_stream(buffer, compression=compression)
        body = buffer.getbuffer()
        self._write(_LENGTH.pack(len(body)))
        self._write(body)
        self.rows += frame.height

    def _write(self, data: bytes | memoryview) -> None:
        for sealed in self._sealer.write(data):
            self._writer.write(sealed)

    def finish(self) -> DataKey | None:
        """Make the blob durable and return its key; None when nothing was added and so nothing is kept."""
        if self.key is None:
            return None
        for sealed in self._sealer.finish():
            self._writer.write(sealed)
        self._writer.commit()
        return self.key


def read_frames(kit: Kit, *, name: str, context: bytes, wrapped_key: bytes, key_name: str) -> Iterator[pl.DataFrame]:
    """The frames in order; raises KeyDestroyedError once forgotten, IntegrityError when tampered with."""
    key = kit.keys.open_data_key(wrapped_key, key_name)
    for body in _bodies(open_stream(key, context, kit.blobs.stream(name))):
        yield pl.read_ipc_stream(BytesIO(body))


def _bodies(plain: Iterator[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    need: int | None = None
    for chunk in plain:
        buffer += chunk
        while True:
            if need is None and len(buffer) >= _LENGTH.size:
                need = _LENGTH.unpack_from(buffer)[0]
                del buffer[: _LENGTH.size]
            if need is None or len(buffer) < need:
                break
            yield bytes(buffer[:need])
            del buffer[:need]
            need = None
