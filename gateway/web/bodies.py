"""Request bodies as streams: off the event loop in 1 MiB steps, never whole in memory, never on disk as they are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from email.message import Message
from typing import TYPE_CHECKING, Any, Final

from anyio import to_thread
from litestar.types import Receive
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

from gateway.errors import IncompleteBodyError, InvalidInputError, Problem, TooLargeError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # exists for type checkers only

BUFFER: Final = 1 << 20
"""Bytes that one step in a thread takes: large enough that hashing and sealing outweigh the step."""
FIELD_BYTES: Final = 256
"""What is kept of a field beside the file."""
IDLE_SECONDS: Final = 60.0
"""A sender that sends nothing for this long is taken for gone, and its place is free for others."""

Sink = Callable[[memoryview], None]


async def body_chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it arrives; raises IncompleteBodyError when the connection ends or falls silent before it does."""
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                event = await receive()
        except TimeoutError:
            raise IncompleteBodyError("Er kwam te lang niets; er is niets ontvangen.") from None
        if event["type"] != "http.request":
            raise IncompleteBodyError("De verbinding werd verbroken; er is niets ontvangen.")
        if event["body"]:
            yield event["body"]
        if not event.get("more_body", False):
            return


async def pump(chunks: AsyncIterator[bytes], sink: Sink) -> None:
    """Feed the chunks to `sink` in a thread, in order, one buffer being filled while the other is drained.

    Buffers are full except the last, and are filled again: `sink` must not keep what it is given.
    """
    buffers = _TwoBuffers()
    draining: asyncio.Task[None] | None = None
    try:
        async for chunk in chunks:
            for full in buffers.fill(chunk):
                if draining is not None:
                    await draining
                draining = asyncio.create_task(to_thread.run_sync(sink, full))
        if draining is not None:
            await draining
            draining = None
        if buffers.rest:
            await to_thread.run_sync(sink, buffers.rest)
    finally:
        if draining is not None:
            await asyncio.wait({draining})
            draining.cancelled() or draining.exception()  # whatever it raised, the first error is the one to tell


class _TwoBuffers:
    """Chunks of any size in, buffers of exactly BUFFER out: what is sealed in whole segments is copied once only."""

    def __init__(self) -> None:
        self._filling = memoryview(bytearray(BUFFER))
        self._other: memoryview | None = None
        self._filled = 0

    def fill(self, chunk: bytes) -> Iterator[memoryview]:
        """Take the chunk; each buffer that is full now. One given before must be drained when this goes on."""
        left = memoryview(chunk)
        while left:
            part = left[: BUFFER - self._filled]
            self._filling[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            left = left[len(part) :]
            if self._filled == BUFFER:
                yield self._filling
                self._filling, self._other = self._other or memoryview(bytearray(BUFFER)), self._filling
                self._filled = 0

    @property
    def rest(self) -> memoryview:
        """What was filled since the last full buffer."""
        return self._filling[: self._filled]


async def small_body(receive: Receive, *, limit: int) -> bytes:
    """A whole body of at most `limit` bytes; raises TooLargeError."""
    body = bytearray()
    async for chunk in body_chunks(receive):
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"De inhoud mag hier hooguit {limit} bytes zijn.", limit=limit)
    return bytes(body)


class MultipartFile:
    """The one file of a multipart/form-data body, pushed to `sink` as it passes.

    `profiel` is the text of the field with that name, before or after the file; other fields are dropped. Raises
    InvalidInputError for a body that is no multipart, holds two files, or (at `finish`) none or no end.
    """

    def __init__(self, boundary: str | None, sink: Callable[[bytes], None]) -> None:
        self.file_name: str | None = None
        self._profiel = bytearray()
        self._in_profiel = False
        self._sink = sink
        self._files = 0
        self._in_file = False
        self._ended = False
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        if not boundary:
            raise InvalidInputError(
                "multipart/form-data heeft een boundary nodig.",
                [Problem(location="header:Content-Type", detail="De parameter boundary ontbreekt.")],
            )
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError:
            raise _no_multipart() from None

    @property
    def profiel(self) -> str | None:
        """What the field says; None when there is none, or nothing in it."""
        return self._profiel.decode("utf-8", "replace").strip() or None

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(bytes(data))
        except FormParserError:
            raise _no_multipart() from None

    def finish(self) -> None:
        """The body ended."""
        if not self._ended:
            raise InvalidInputError("De multipart-inhoud is niet afgesloten; er is niets ontvangen.")
        if self._files == 0:
            raise InvalidInputError("Er zit geen bestand in de multipart-inhoud (een deel met filename).")

    def _part_begins(self) -> None:
        self._disposition = b""
        self._in_file = False
        self._in_profiel = False

    def _header_ends(self) -> None:
        name, value = self._header
        if bytes(name).strip().lower() == b"content-disposition":
            self._disposition = bytes(value)
        name.clear()
        value.clear()

    def _headers_finished(self) -> None:
        if b"filename" not in self._disposition.lower():
            self._in_profiel = _field_name(self._disposition) == "profiel"
            return
        self._files += 1
        if self._files > 1:
            raise InvalidInputError("Stuur één bestand per aanlevering.")
        self._in_file = True
        self.file_name = file_name_of(self._disposition)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._sink(data[start:end])
        elif self._in_profiel:
            # Longer than any name there is: as unknown as what was cut off.
            self._profiel += data[start:end][: FIELD_BYTES - len(self._profiel)]

    def _end(self) -> None:
        self._ended = True


def _field_name(content_disposition: bytes) -> str | None:
    message = Message()
    message["content-disposition"] = _text(content_disposition)
    name = message.get_param("name", header="content-disposition")
    return name if isinstance(name, str) else None


def _no_multipart() -> InvalidInputError:
    return InvalidInputError("De inhoud is geen geldige multipart/form-data; er is niets ontvangen.")


def file_name_of(content_disposition: bytes | None) -> str | None:
    """The file name in a Content-Disposition (RFC 6266, RFC 2231's `filename*` too), without folders; or None.

    Browsers and curl put UTF-8 in it, old clients Windows-1252.
    """
    if not content_disposition:
        return None
    message = Message()
    message["content-disposition"] = _text(content_disposition)
    return clean_file_name(message.get_filename())


def clean_file_name(name: Any) -> str | None:
    """A file name without folders and control characters, at most 255 characters; None when nothing is left."""
    if not isinstance(name, str):
        return None
    base = name.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in base if char.isprintable()).strip()[:255] or None


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return text.replace("\r", " ").replace("\n", " ")
