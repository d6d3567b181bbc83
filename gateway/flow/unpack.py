"""Every form of file becomes one stream of CSV: ZIP and gzip opened, workbooks and JSON written out.

A CSV file that is not packed passes through as it is, chunk for chunk.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import BinaryIO, Final, Protocol

from contracts.profiel import Bestandsvorm, Profiel, Tekenset
from gateway.flow.workbook import opened_workbook
from gateway.settings import Intake
from gateway.sheets import Request
from gateway.sheets.zips import Archive
from gateway.stages.dialect import FileFinding
from gateway.stages.gunzip import gunzip
from gateway.stages.json_rows import json_rows, tekenset_of
from gateway.stages.source import (
    ENCRYPTED_PACKAGE,
    OLE_MAGIC,
    PLAIN,
    Bron,
    Verpakking,
    packing,
    text_form,
)
from gateway.stages.unreadable import UnreadableError

MIB: Final = 1 << 20
CHUNK: Final = MIB
_TEXT_FORMS: Final = frozenset({Bestandsvorm.CSV, Bestandsvorm.JSON, Bestandsvorm.JSON_REGELS})

Note = Callable[[FileFinding], None]
Open = Callable[[], Iterator[bytes]]
"""The bytes from the start, each time it is called."""


class Source(Protocol):
    """A file as it was sent, to be read from its start more than once, or anywhere."""

    def chunks(self) -> Iterator[bytes]:
        """All bytes in order, at most 1 MiB at a time."""
        ...

    def file(self) -> BinaryIO:
        """The same bytes, to read and seek in."""
        ...


@dataclass(frozen=True)
class PlainFile:
    """A Source of a file that lies open and unsealed: one that a person tries a profile on."""

    opened: BinaryIO

    def chunks(self) -> Iterator[bytes]:
        """See Source. Whoever reads elsewhere in between does not move it."""
        at = 0
        while chunk := self._at(at):
            yield chunk
            at += len(chunk)

    def file(self) -> BinaryIO:
        """See Source."""
        return self.opened

    def _at(self, offset: int) -> bytes:
        self.opened.seek(offset)
        return self.opened.read(CHUNK)


@dataclass(frozen=True, kw_only=True)
class UnpackLimits:
    """Bounds: bytes unpacked, cells in a sheet, and what the process that opens workbooks may use."""

    unpacked_bytes: int
    cells: int
    memory_bytes: int
    cpu_seconds: int

    @classmethod
    def of(cls, intake: Intake) -> "UnpackLimits":
        """As the settings say."""
        return cls(
            unpacked_bytes=intake.unpacked_mib * MIB,
            cells=intake.workbook_cells,
            memory_bytes=intake.workbook_mib * MIB,
            cpu_seconds=intake.workbook_seconds,
        )


class UnpackRefusedError(Exception):
    """The file cannot be unpacked; `finding` is Fatal."""

    def __init__(self, finding: FileFinding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def ignored(_: FileFinding) -> None:
    """For callers that want the records alone."""


@contextmanager
def unpack(
    source: Source, *, profiel: Profiel | None, limits: UnpackLimits, note: Note = ignored
) -> Iterator[tuple[Bron, Iterator[bytes]]]:
    """What the file is, and its CSV. `note` is told what is odd but no reason to refuse, at the latest at the end.

    The profile's sheet is taken, and its form where text can be more than one. Raises UnpackRefusedError, also from
    the iterator; what came before it is refused with the file. IntegrityError and the like of the source pass.
    """
    try:
        with _unpacked(source, profiel, limits, _once(note)) as (bron, chunks):
            yield bron, _refusing(chunks)
    except UnreadableError as unreadable:
        raise _refused(unreadable) from None


def _once(note: Note) -> Note:
    """What is read twice is not told twice."""
    told: set[FileFinding] = set()

    def tell(finding: FileFinding) -> None:
        if finding not in told:
            told.add(finding)
            note(finding)

    return tell


def _refusing(chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except UnreadableError as unreadable:
        raise _refused(unreadable) from None


def _refused(unreadable: UnreadableError) -> UnpackRefusedError:
    return UnpackRefusedError(FileFinding(code=unreadable.code, vorm=unreadable.vorm, row_no=unreadable.row_no))


@contextmanager
def _unpacked(
    source: Source, profiel: Profiel | None, limits: UnpackLimits, note: Note
) -> Iterator[tuple[Bron, Iterator[bytes]]]:
    content = _Content(profiel, limits, note)
    chunks = source.chunks()
    head = next(chunks, b"")
    match packing(head):
        case "gzip":
            with content.read(partial(_gunzipped, source, limits, note), "gzip") as read:
                yield read
        case "zip":
            archive = Archive(source.file())
            if archive.form() is None:
                member = archive.only_file()
                with content.read(partial(archive.read, member, limit=limits.unpacked_bytes), "zip") as read:
                    yield read
            else:
                with content.workbook(chain([head], chunks), None) as read:
                    yield read
        case None:
            with content.read(source.chunks, None, head=head, chunks=chunks) as read:
                yield read


def _gunzipped(source: Source, limits: UnpackLimits, note: Note) -> Iterator[bytes]:
    def rest(size: int) -> None:
        note(FileFinding(code="bestand_ingepakt_rest", vorm=str(size)))

    return gunzip(source.chunks(), limit=limits.unpacked_bytes, rest=rest)


class _Content:
    """What is inside the packing, if any."""

    def __init__(self, profiel: Profiel | None, limits: UnpackLimits, note: Note) -> None:
        self._profiel = profiel
        self._limits = limits
        self._note = note

    @contextmanager
    def read(
        self, reopen: Open, verpakt: Verpakking | None, *, head: bytes = b"", chunks: Iterator[bytes] | None = None
    ) -> Iterator[tuple[Bron, Iterator[bytes]]]:
        """`head` and `chunks`: the first bytes and the rest, where these were read already."""
        if chunks is None:
            chunks = reopen()
            head = next(chunks, b"")
        inside = packing(head)
        if inside == "zip":
            with self.workbook(chain([head], chunks), verpakt) as read:
                yield read
        elif inside == "gzip":
            raise UnreadableError("bestand_ingepakt_meer", "nog een ingepakt bestand")
        elif head.startswith(OLE_MAGIC) and _names_encrypted(chain([head], chunks)):
            raise UnreadableError("bestand_ingepakt_versleuteld", "een Excel-werkmap")
        else:
            yield self._text(reopen, verpakt, head, chunks)

    def _text(
        self, reopen: Open, verpakt: Verpakking | None, head: bytes, chunks: Iterator[bytes]
    ) -> tuple[Bron, Iterator[bytes]]:
        wanted = self._profiel.vorm if self._profiel is not None else None
        vorm = wanted if wanted is not None and wanted in _TEXT_FORMS else text_form(head)
        if vorm is Bestandsvorm.CSV:
            return PLAIN if verpakt is None else Bron(vorm=Bestandsvorm.CSV, verpakt=verpakt), chain([head], chunks)
        tekenset = self._profiel.tekenset if self._profiel is not None else None
        tekenset = tekenset or tekenset_of(chain([head], chunks))
        bron = Bron(vorm=vorm, verpakt=verpakt, tekenset=None if tekenset is Tekenset.UTF_8 else tekenset)
        return bron, json_rows(reopen, vorm=vorm, tekenset=tekenset)

    @contextmanager
    def workbook(self, chunks: Iterator[bytes], verpakt: Verpakking | None) -> Iterator[tuple[Bron, Iterator[bytes]]]:
        """A workbook, or what claims to be one: the process tells."""
        limits = self._limits
        request = Request(
            memory_bytes=limits.memory_bytes,
            cpu_seconds=limits.cpu_seconds,
            unpacked_bytes=limits.unpacked_bytes,
            cells=limits.cells,
            blad=self._profiel.blad if self._profiel is not None else None,
        )
        with opened_workbook(chunks, request) as (opened, written):
            if opened.zonder_uitkomst:
                self._note(FileFinding(code="werkblad_formule_zonder_uitkomst", vorm=str(opened.zonder_uitkomst)))
            bron = Bron(vorm=Bestandsvorm(opened.vorm), verpakt=verpakt, blad=opened.blad, bladen=opened.bladen)
            yield bron, written


def _names_encrypted(chunks: Iterator[bytes]) -> bool:
    before = b""
    for chunk in chunks:
        seen = before + chunk
        if ENCRYPTED_PACKAGE in seen:
            return True
        before = seen[-len(ENCRYPTED_PACKAGE) :]
    return False
