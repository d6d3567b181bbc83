"""Keys: a data key per sealed thing, wrapped by the key of its retention class and month.

The wrapping keys live outside database and backups and are destroyed on schedule. Destroying the key of a class and
month makes every data key that it wrapped worthless, in every backup too; that is what erasing means here.
"""

import datetime as dt
import enum
import errno
import os
import re
import stat
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import DiskFullError, IntegrityError, KeyDestroyedError, SettingsError, StoreUnavailableError

Dice = Callable[[int], bytes]
"""n random bytes."""

KEY_SIZE: Final = 32
_NONCE_SIZE: Final = 12
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_SEPARATOR: Final = "~"
"""Stands for "/" in a file name; no key name holds it."""
_CREATE_TRIES: Final = 20
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class RetentionClass(enum.StrEnum):
    """What is kept equally long (domain rule 7)."""

    WACHTEND = "wachtend"
    """Rows of parcels that are not settled; month of sealing."""
    AFGELEVERD = "afgeleverd"
    """Rows of settled parcels; month in which they expire."""
    LINK = "link"
    """Row → partner's reference and invoices; month in which it expires."""
    HERSTEL = "herstel"
    """Refused rows that may be repaired, and what proves that others were offered; month in which they expire."""
    VERSLAG = "verslag"
    """Findings of a report; month in which they expire."""
    HASH = "hash"
    """Runs of keyed row hashes; month in which they expire."""
    NAAM = "naam"
    """File names; month in which they expire."""


_CLASSES: Final = frozenset(str(cls) for cls in RetentionClass)


class KeyStore(Protocol):
    """Where keys of 32 bytes live. Names are `part[/part…]` of [A-Za-z0-9._-]."""

    def get(self, name: str) -> bytes:
        """The key; raises KeyDestroyedError when there is none (any more), StoreUnavailableError on failure."""
        ...

    def create(self, name: str) -> bytes:
        """The key of that name, made now unless it exists; the same for all processes, durable on return."""
        ...

    def destroy(self, name: str) -> None:
        """Destroy it for all processes, durable on return; nothing happens when there is none."""
        ...

    def names(self) -> Iterator[str]:
        """Every key that exists, in order of name."""
        ...


@dataclass(frozen=True)
class DataKey:
    """A data key, opened and wrapped; `key_name` is the key that wrapped it. Its repr shows the name alone."""

    plain: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    key_name: str


class FileKeyStore:
    """One file per key in `directory`, safe across processes and power cuts.

    Made with mode 0700; raises SettingsError when others may read it.

    A key is cached together with its file's identity, which is looked at on every use: a key that any process
    destroyed is gone for all of them at once.
    """

    def __init__(self, directory: Path, *, dice: Dice = os.urandom) -> None:
        self._directory = directory
        self._dice = dice
        self._cache: dict[str, tuple[tuple[int, int], bytes]] = {}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _fsync_directory(directory.parent)
        if stat.S_IMODE(directory.stat().st_mode) & 0o077:
            raise SettingsError(f"settings: {directory} must be readable by its owner alone: chmod 700")
        self._finish_destroying()

    def get(self, name: str) -> bytes:
        """See KeyStore."""
        path = self._path(name)
        try:
            found = os.stat(path)  # noqa: PTH116 - see _path
            identity = (found.st_ino, found.st_mtime_ns)
            cached = self._cache.get(name)
            if cached is not None and cached[0] == identity:
                return cached[1]
            key = Path(path).read_bytes()
        except FileNotFoundError:
            self._cache.pop(name, None)
            raise KeyDestroyedError(f"no key {_kind(name)}") from None
        except OSError as error:
            raise _unavailable(error) from error
        if not any(key):  # opened before, and read after, another process overwrote it
            raise KeyDestroyedError(f"no key {_kind(name)}")
        if len(key) != KEY_SIZE:
            raise IntegrityError(f"key {_kind(name)} is not {KEY_SIZE} bytes")
        self._cache[name] = (identity, key)
        return key

    def create(self, name: str) -> bytes:
        """See KeyStore. A hard link either makes the whole key or finds another's: no process sees half of one."""
        path = self._path(name)
        for _ in range(_CREATE_TRIES):
            try:
                return self.get(name)
            except KeyDestroyedError:
                pass
            try:
                self._link_new(path)
            except (FileExistsError, FileNotFoundError):
                continue  # another made it just now, or cleaned up the temporary file: look again
            except OSError as error:
                raise _unavailable(error) from error
        raise StoreUnavailableError("a key cannot be created: it comes and goes")

    def destroy(self, name: str) -> None:
        """See KeyStore. The name goes first, so a cut leaves no overwritten key that looks like one."""
        self._cache.pop(name, None)
        doomed = self._directory / f".gone-{self._dice(8).hex()}"
        try:
            Path(self._path(name)).rename(doomed)
            _fsync_directory(self._directory)
            _shred(doomed)
            _fsync_directory(self._directory)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unavailable(error) from error

    def names(self) -> Iterator[str]:
        """See KeyStore."""
        files = sorted(entry.name for entry in os.scandir(self._directory))
        return (name.replace(_SEPARATOR, "/") for name in files if not name.startswith("."))

    def _link_new(self, path: str) -> None:
        temporary = self._directory / f".new-{self._dice(8).hex()}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self._dice(KEY_SIZE))
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _fsync_directory(self._directory)

    def _finish_destroying(self) -> None:
        """Shred the destroyed keys that a killed process left, unlink its temporary files.

        A temporary file is not overwritten: it may be another name of a key that lives.
        """
        for path in self._directory.glob(".*"):
            if path.name.startswith(".gone-"):
                _shred(path)
            else:
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> str:
        # Plain text: a file makes thousands of keys, and a Path takes longer than looking at the file.
        if _NAME.fullmatch(name) is None:
            raise ValueError("not a key name")
        return f"{self._directory}/{name.replace('/', _SEPARATOR)}"


class KeyRing:
    """All keys of this installation by purpose."""

    def __init__(self, store: KeyStore, dice: Dice) -> None:
        self._store = store
        self._dice = dice

    def new_upload_key(self, upload_id: uuid.UUID | str) -> bytes:
        """The key of a raw upload: a key of its own, so that destroying it shreds this one upload at once."""
        return self._store.create(_upload(upload_id))

    def open_upload_key(self, upload_id: uuid.UUID | str) -> bytes:
        """Raises KeyDestroyedError once the upload was processed."""
        return self._store.get(_upload(upload_id))

    def destroy_upload_key(self, upload_id: uuid.UUID | str) -> None:
        """Idempotent."""
        self._store.destroy(_upload(upload_id))

    def new_data_key(self, cls: RetentionClass, *, month: str) -> DataKey:
        """A fresh data key under the key of `cls` and `month` ("2026-11"), which is created on demand."""
        name = class_key_name(cls, month=month)
        return self._wrap(self._dice(KEY_SIZE), name)

    def open_data_key(self, wrapped: bytes, key_name: str) -> bytes:
        """The data key; raises KeyDestroyedError, or IntegrityError when it was not wrapped by the key of that name."""
        cipher = AESGCM(self._store.get(key_name))
        view = memoryview(wrapped)
        try:
            return cipher.decrypt(view[:_NONCE_SIZE], view[_NONCE_SIZE:], key_name.encode())
        except (InvalidTag, ValueError):
            raise IntegrityError("a wrapped data key does not verify") from None

    def rewrap(self, wrapped: bytes, key_name: str, cls: RetentionClass, *, month: str) -> tuple[bytes, str]:
        """(wrapped, key name) of the same data key under another class and month; raises as `open_data_key`."""
        key = self._wrap(self.open_data_key(wrapped, key_name), class_key_name(cls, month=month))
        return key.wrapped, key.key_name

    def named_key(self, name: str) -> bytes:
        """A key used as it is (a hash key, the receipt key), created on demand."""
        return self._store.create(name)

    def destroy(self, name: str) -> None:
        """Idempotent."""
        self._store.destroy(name)

    def names(self) -> Iterator[str]:
        """Every key that exists."""
        return self._store.names()

    def _wrap(self, plain: bytes, key_name: str) -> DataKey:
        nonce = self._dice(_NONCE_SIZE)
        sealed = AESGCM(self._store.create(key_name)).encrypt(nonce, plain, key_name.encode())
        return DataKey(plain=plain, wrapped=nonce + sealed, key_name=key_name)


def class_key_name(cls: RetentionClass, *, month: str) -> str:
    """The name of the wrapping key, "afgeleverd/2026-11"; raises ValueError for what is not a month."""
    if _MONTH.fullmatch(month) is None:
        raise ValueError("a month is written yyyy-mm")
    return f"{cls}/{month}"


def split_class_key_name(name: str) -> tuple[RetentionClass, str] | None:
    """(class, month) of the name of a wrapping key; None for every other key."""
    cls, _, month = name.partition("/")
    if cls not in _CLASSES or _MONTH.fullmatch(month) is None:
        return None
    return RetentionClass(cls), month


def month_of(day: dt.date) -> str:
    """The month of a day as key names write it, "2026-11"."""
    return f"{day.year:04d}-{day.month:02d}"


def _upload(upload_id: uuid.UUID | str) -> str:
    return f"upload/{upload_id}"


def _shred(path: Path) -> None:
    """Overwrite (best effort: a file system may keep the old block) and unlink; another may have done it already."""
    try:
        with path.open("r+b", buffering=0) as file:
            file.write(bytes(KEY_SIZE))
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return


def _fsync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _kind(name: str) -> str:
    """The part of a key's name that may stand in a message: never an upload's id or a partner's key."""
    return name.partition("/")[0]


def _unavailable(error: OSError) -> StoreUnavailableError | DiskFullError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError("the key directory is full")
    return StoreUnavailableError(f"the key directory answers: {os.strerror(error.errno or 0)}")
