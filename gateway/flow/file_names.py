"""File names of partners: perhaps personal data, so sealed; echoed to their own partner, gone with their key."""

import datetime as dt
import hashlib

import msgspec
from msgspec import Struct

from gateway.crypto.keys import RetentionClass, month_of
from gateway.crypto.sealing import open_bytes, seal_bytes
from gateway.errors import KeyDestroyedError
from gateway.flow.kit import Kit


class _SealedName(Struct, frozen=True, array_like=True):
    """What the column holds: the wrapped data key, the key that wrapped it, the sealed name."""

    wrapped: bytes
    key_name: str
    sealed: bytes


def hash_file_name(name: str | None) -> str | None:
    """SHA-256 in hex of the name in UTF-8: what the receipt carries."""
    return None if name is None else hashlib.sha256(name.encode()).hexdigest()


def seal_file_name(kit: Kit, name: str | None, *, upload_id: str) -> bytes | None:
    """The name as it is stored with the upload, readable as long as its report is kept."""
    if name is None:
        return None
    month = month_of(kit.today() + dt.timedelta(days=kit.settings.retention.report_days))
    key = kit.keys.new_data_key(RetentionClass.NAAM, month=month)
    sealed = seal_bytes(key.plain, _context(upload_id), name.encode(), kit.dice)
    return msgspec.msgpack.encode(_SealedName(key.wrapped, key.key_name, sealed))


def open_file_name(kit: Kit, sealed: bytes | None, *, upload_id: str) -> str | None:
    """The name back; None when there was none, or when retention destroyed it."""
    if sealed is None:
        return None
    stored = msgspec.msgpack.decode(sealed, type=_SealedName)
    try:
        key = kit.keys.open_data_key(stored.wrapped, stored.key_name)
    except KeyDestroyedError:
        return None
    return open_bytes(key, _context(upload_id), stored.sealed).decode()


def _context(upload_id: str) -> bytes:
    return b"name:" + upload_id.encode()
