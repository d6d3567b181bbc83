"""A ZIP read with distrust: its directory bounded, every member's size, checksum and end held to what it says.

APPNOTE.TXT 6.3.10; zip64 (4.3.14, 4.5.3). Stored and deflated members only, as everything that partners use makes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from contracts.profiel import Bestandsvorm
from gateway.stages.source import zip_form
from gateway.stages.unreadable import UnreadableError, damaged, too_large

PIECE: Final = 1 << 20
"""Bytes read, and unpacked, at a time."""
MAX_DIRECTORY: Final = 4 << 20
"""Bytes of the list of members: some forty thousand. A workbook has tens, a packed file has one."""

_MIMETYPE_BYTES: Final = 100
"""More than any name of a type of document."""

_END: Final = struct.Struct("<4s4H2LH")
_END_64_LOCATOR: Final = struct.Struct("<4sLQL")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_MAX_COMMENT: Final = 0xFFFF
_ZIP64_EXTRA: Final = 1
_ENCRYPTED: Final = 0x2041
"""Flags: encrypted, strongly so, names masked."""
_UTF8: Final = 0x800
_AES: Final = 99
_STORED: Final = 0
_DEFLATED: Final = 8
_NO_FILES: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


@dataclass(frozen=True, kw_only=True)
class Member:
    """One entry of the directory, as it says itself. `packed`, `size`: bytes; `offset`: of its header in the file."""

    name: str
    encrypted: bool
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def is_file(self) -> bool:
        """It is something that the sender put there: no folder, and nothing that a system adds by itself."""
        base = self.name.rpartition("/")[2]
        return bool(base) and not (
            self.name.startswith("__MACOSX/") or base.startswith("._") or base.lower() in _NO_FILES
        )


class Archive:
    """The members of a ZIP. Raises UnreadableError for what does not fit together."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.members = tuple(_members(file))
        self.names = frozenset(member.name for member in self.members)

    def only_file(self) -> Member:
        """The one file in it; raises UnreadableError when there is none, or more than one."""
        files = [member for member in self.members if member.is_file]
        if len(files) != 1:
            raise UnreadableError("bestand_ingepakt_meer", f"{len(files)} bestanden" if files else "geen enkel bestand")
        return files[0]

    def named(self, name: str) -> Member | None:
        """The first member of that name."""
        return next((member for member in self.members if member.name == name), None)

    def form(self) -> Bestandsvorm | str | None:
        """What it is: a workbook, a document that is not read (in Dutch), or None for a ZIP that holds files."""
        mimetype = self.named("mimetype")
        if mimetype is None or mimetype.size > _MIMETYPE_BYTES:
            return zip_form(self.names, b"")
        return zip_form(self.names, b"".join(self.read(mimetype, limit=_MIMETYPE_BYTES)))

    def read(self, member: Member, *, limit: int) -> Iterator[bytes]:
        """Its unpacked bytes in pieces of at most PIECE; nothing is sure before the end was reached.

        Raises UnreadableError: behind a password, larger than `limit` or than it says, damaged.
        """
        if member.encrypted:
            raise UnreadableError("bestand_ingepakt_versleuteld", "een ZIP-bestand")
        if member.method not in {_STORED, _DEFLATED}:
            raise damaged("het is ingepakt op een manier die wij niet kennen")
        if member.size > limit:
            raise too_large(limit)
        pieces = self._packed(member) if member.method == _STORED else _inflated(self._packed(member))
        size = crc = 0
        for piece in pieces:
            size += len(piece)
            if size > member.size:
                raise damaged("er zit meer in dan het zelf opgeeft")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != member.size:
            raise damaged("er zit minder in dan het zelf opgeeft")
        if crc != member.crc:
            raise damaged("de inhoud klopt niet met het controlegetal")

    def _packed(self, member: Member) -> Iterator[bytes]:
        header = _read_at(self._file, member.offset, _LOCAL.size)
        magic, _, _, _, _, _, _, _, _, name, extra = _LOCAL.unpack(header)
        if magic != b"PK\x03\x04":
            raise damaged("een onderdeel staat niet op zijn plaats")
        at, left = member.offset + _LOCAL.size + name + extra, member.packed
        while left:
            piece = _read_at(self._file, at, min(left, PIECE))
            at, left = at + len(piece), left - len(piece)
            yield piece


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    full = False
    data = b""
    while not stream.eof:
        if not data and not full:
            data = next(packed, b"")
            if not data:
                raise damaged("een onderdeel houdt te vroeg op")
        try:
            piece = stream.decompress(data, PIECE)
        except zlib.error:
            raise damaged("een onderdeel is niet uit te pakken") from None
        data, full = stream.unconsumed_tail, len(piece) == PIECE
        if piece:
            yield piece
    if stream.unused_data or next(packed, b""):
        raise damaged("achter een onderdeel staat nog iets")


def _read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise damaged("het houdt te vroeg op")
    return data


def _members(file: BinaryIO) -> Iterator[Member]:
    entries, size, offset, shift = _directory(file)
    if size > MAX_DIRECTORY:
        raise UnreadableError("bestand_ingepakt_meer", f"{entries} bestanden")
    directory = _read_at(file, offset + shift, size)
    at = 0
    for _ in range(entries):
        if at + _ENTRY.size > size or directory[at : at + 4] != b"PK\x01\x02":
            raise damaged("de inhoudsopgave klopt niet")
        member, at = _member(directory, at, shift)
        yield member


def _member(directory: bytes, at: int, shift: int) -> tuple[Member, int]:
    (_, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment, _, _, _, offset) = (
        _ENTRY.unpack_from(directory, at)
    )
    name_at = at + _ENTRY.size
    extra_at = name_at + name_length
    name = directory[name_at:extra_at].decode("utf-8" if flags & _UTF8 else "cp437", "replace").replace("\\", "/")
    extra = directory[extra_at : extra_at + extra_length]
    size, packed, offset = _zip64(extra, size, packed, offset)
    member = Member(
        name=name,
        encrypted=bool(flags & _ENCRYPTED) or method == _AES,
        method=method,
        crc=crc,
        packed=packed,
        size=size,
        offset=offset + shift,
    )
    return member, extra_at + extra_length + comment


def _zip64(extra: bytes, *fields: int) -> tuple[int, int, int]:
    """Size, packed size and offset, each replaced by the wide one where it says 2**32 - 1."""
    wide = _extra_field(extra, _ZIP64_EXTRA)
    values: list[int] = []
    for value in fields:
        if value == 0xFFFFFFFF:
            if len(wide) < 8:
                raise damaged("de inhoudsopgave klopt niet")
            value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        values.append(value)
    size, packed, offset = values
    return size, packed, offset


def _extra_field(extra: bytes, wanted: int) -> bytes:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == wanted:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""


def _directory(file: BinaryIO) -> tuple[int, int, int, int]:
    """(entries, bytes, offset, bytes that stand before the archive) of the directory."""
    length = file.seek(0, 2)
    start = max(0, length - _END.size - _MAX_COMMENT)
    tail = _read_at(file, start, length - start)
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or found + _END.size > len(tail):
        raise damaged("het einde ontbreekt")
    _, disk, first_disk, here, entries, size, offset, _ = _END.unpack_from(tail, found)
    end = start + found
    wide = _wide_directory(file, end)
    if wide is not None:
        end, entries, size, offset = wide
    elif disk or first_disk or here != entries:
        raise damaged("het is een deel van een gesplitst ZIP-bestand")
    shift = end - size - offset
    if shift < 0:
        raise damaged("de inhoudsopgave klopt niet")
    return entries, size, offset, shift


def _wide_directory(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    """(offset of the zip64 end, entries, bytes, offset) when a zip64 locator stands before the end."""
    at = end - _END_64_LOCATOR.size
    if at < 0:
        return None
    magic, _, _, disks = _END_64_LOCATOR.unpack(_read_at(file, at, _END_64_LOCATOR.size))
    if magic != b"PK\x06\x07":
        return None
    end = at - _END_64.size  # without the extensible sector that nothing makes
    if disks > 1 or end < 0:
        raise damaged("het is een deel van een gesplitst ZIP-bestand")
    magic, _, _, _, _, _, _, entries, size, offset = _END_64.unpack(_read_at(file, end, _END_64.size))
    if magic != b"PK\x06\x06":
        raise damaged("de inhoudsopgave klopt niet")
    return end, entries, size, offset
