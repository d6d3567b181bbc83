"""The bytes of an upload as they are kept between receiving and processing: one sealed blob under a key of its own."""

from collections.abc import Iterator

from gateway.crypto.sealing import StreamSealer, open_stream
from gateway.flow.kit import Kit


def raw_sealer(kit: Kit, *, upload_id: str) -> StreamSealer:
    """Seals the bytes of this upload; its key is made now unless it exists."""
    return StreamSealer(kit.keys.new_upload_key(upload_id), _context(upload_id), kit.dice)


def read_raw_upload(kit: Kit, *, upload_id: str, blob: str) -> Iterator[bytes]:
    """The partner's bytes in order, at most 1 MiB at a time.

    Raises KeyDestroyedError once the upload was processed, NotFoundError without its blob, IntegrityError when the
    blob was changed or cut; use nothing for good before the iterator ended.
    """
    return open_stream(kit.keys.open_upload_key(upload_id), _context(upload_id), kit.blobs.stream(blob))


def _context(upload_id: str) -> bytes:
    return b"upload:" + upload_id.encode()
