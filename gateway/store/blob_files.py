"""Blobs as files: written under a passing name, then renamed; any number of processes on one volume."""

import contextlib
import datetime as dt
import errno
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from gateway.errors import DiskFullError, NotFoundError, StoreUnavailableError

Bytes = bytes | bytearray | memoryview

CHUNK_SIZE: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_MAX_NAME: Final = 200
_SEPARATOR: Final = "~"
"""Stands for "/" in a file name; no blob name holds it."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the volume, for this user, or under the limit of the process (LimitFSIZE of systemd)."""


class FileBlobs:
    """Files under `path`: `ab/<name>` where ab is a hash's first byte; in the making under `.new/`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = path / ".new"
        self._new.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, name: str) -> "FileWriter":
        """See BlobStore."""
        with _mapped():
            return FileWriter(self._new / uuid.uuid4().hex, self._file(name))

    def read(self, name: str, *, offset: int, length: int) -> bytes:
        """See BlobStore."""
        with _mapped(), self._file(name).open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, offset)

    def stream(self, name: str, *, chunk: int = CHUNK_SIZE) -> Iterator[bytes]:
        """See BlobStore. Opened at the first step; a blob deleted after that is read to its end."""
        with _mapped():
            path = self._file(name)
            path.stat()
        return _chunks(path, chunk)

    def size(self, name: str) -> int:
        """See BlobStore."""
        with _mapped():
            return self._file(name).stat().st_size

    def written_at(self, name: str) -> dt.datetime:
        """See BlobStore."""
        with _mapped():
            return dt.datetime.fromtimestamp(self._file(name).stat().st_mtime, dt.UTC)

    def delete(self, name: str) -> None:
        """See BlobStore."""
        path = self._file(name)
        with _mapped():
            try:
                path.unlink()
            except FileNotFoundError:
                return
            _fsync_directory(path.parent)

    def names(self, prefix: str = "") -> Iterator[str]:
        """See BlobStore."""
        for path in self._path.glob("[0-9a-f][0-9a-f]/*"):
            name = path.name.replace(_SEPARATOR, "/")
            if name.startswith(prefix):
                yield name

    def sweep(self, *, older_than: dt.timedelta) -> int:
        """See BlobStore. Ages are told by a file made now, so the volume's clock alone counts."""
        with _mapped():
            probe = self._new / f"probe-{uuid.uuid4().hex}"
            probe.touch(mode=0o600)
            limit = probe.stat().st_mtime - older_than.total_seconds()
            probe.unlink()
            old = [path for path in self._new.iterdir() if _mtime(path) < limit]
            for path in old:
                path.unlink(missing_ok=True)
        return len(old)

    def free_bytes(self) -> int | None:
        """See BlobStore. What an unprivileged writer may still fill."""
        with _mapped():
            room = os.statvfs(self._path)
        return room.f_bavail * room.f_frsize

    def _file(self, name: str) -> Path:
        spread = hashlib.blake2b(checked_name(name).encode(), digest_size=1).hexdigest()
        return self._path / spread / name.replace("/", _SEPARATOR)


class FileWriter:
    """See BlobWriter."""

    def __init__(self, temporary: Path, path: Path) -> None:
        self._temporary = temporary
        self._path = path
        self._file: BinaryIO | None = None
        self._offset = 0

    def __enter__(self) -> Self:
        """Begin."""
        with _mapped():
            handle = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(handle, "wb", buffering=CHUNK_SIZE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not committed."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):  # closing flushes; what is thrown away need not fit
            file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, data: Bytes) -> int:
        """See BlobWriter."""
        with _mapped():
            self._opened().write(data)
        at = self._offset
        self._offset += len(data)
        return at

    def commit(self) -> None:
        """See BlobWriter."""
        file = self._opened()
        with _mapped():
            file.flush()
            os.fsync(file.fileno())
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._temporary.rename(self._path)
            _fsync_directory(self._path.parent)
            _fsync_directory(self._path.parent.parent)
            file.close()
        self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("a blob is written inside its with, before commit")
        return self._file


def checked_name(name: str) -> str:
    """The name itself; raises ValueError for what is no blob name."""
    if len(name) > _MAX_NAME or _NAME.fullmatch(name) is None:
        raise ValueError("not a blob name")
    return name


def _chunks(path: Path, chunk: int) -> Iterator[bytes]:
    with _mapped(), path.open("rb", buffering=0) as file:
        while data := file.read(chunk):
            yield data


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")  # committed or removed by its writer just now


def _fsync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    """What a failure of the file system means. Its text is dropped: it names files."""
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError("no such blob") from None
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError("the blob volume has no room left") from None
        raise StoreUnavailableError(f"the blob volume answers: {os.strerror(error.errno or 0)}") from None
