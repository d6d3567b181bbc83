"""Files of reference data as they are published: what each is, told by its header. A zip or workbook is looked into."""

import csv
import enum
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gateway.errors import InvalidInputError, Problem
from gateway.flow.unpack import PlainFile, UnpackLimits, UnpackRefusedError, unpack

MAX_BYTES: Final = 4 << 30
"""Of one file, unpacked; that of CBS has some 250 MiB."""
BLOCK: Final = 8 << 20
_HEAD: Final = 1 << 16
_GEONAMES_COLUMNS: Final = 12
_GEONAMES: Final = {"postcode": 1, "gemeentecode": 6}
_YEAR: Final = re.compile(r"(?<!\d)20\d\d(?!\d)")
_ADDRESS: Final = {"postcode": r"pc6", "huisnummer": r"huisnummer", "gemeentecode": r"(gemeente|gem|gm)_?(20\d\d)?"}
_GEMEENTE: Final = {
    "gemeentecode": r"gemeentecode(gm)?|gem(code)?_?20\d\d|gm_?(code|20\d\d)",
    "naam": r"gemeentenaam_?(20\d\d)?|gm_?naam",
}
_MERGER: Final = {
    "oud": r"(?!.*(naam|name)).*(oud|old).*",
    "nieuw": r"(?!.*(naam|name)).*(nieuw|new).*",
    "datum": r".*(datum|date|ingang).*",
}
_SMALLER: Final = re.compile(r"(buurt|wijk|brt|wk_)")
_OF_A_WORKBOOK: Final = frozenset({"[Content_Types].xml", "mimetype"})
"""A workbook of Excel or LibreOffice is a zip with one of these in it."""
_UNREADABLE: Final = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What reading raises: the disk, a zip that was cut or changed, one packed or locked in a way that we do not open."""


class Layout(enum.StrEnum):
    """What a file holds, and as whom."""

    ADRESSEN = "adressen"
    GEONAMES = "geonames"
    PC4 = "pc4"
    GEMEENTEN = "gemeenten"
    OPVOLGERS = "opvolgers"


HEADERS: Final = {
    Layout.ADRESSEN: 'CBS, "buurt, wijk en gemeente voor postcode-huisnummer": PC6;Huisnummer;...;Gemeente<year>',
    Layout.GEONAMES: "GeoNames NL.txt: no header, 12 columns with tabs between them, the first NL",
    Layout.PC4: "pc4;gemeentecode",
    Layout.GEMEENTEN: "CBS, the gemeenten of a year: Gemeentecode or GemeentecodeGM, and Gemeentenaam",
    Layout.OPVOLGERS: "mergers and divisions: oud;nieuw;datum (two codes, and the day from which)",
}
"""How each begins, for an operator."""


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A file, or one in a zip."""

    name: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that we know. `columns`: position of each column that its layout needs, of `width`;

    `year`: the one that its header names, or else its own name."""

    raw: Raw
    layout: Layout
    separator: str
    columns: dict[str, int]
    width: int
    year: int | None

    @property
    def name(self) -> str:
        """Its name, for messages."""
        return self.raw.name


def recognised(files: Sequence[Path], limits: UnpackLimits) -> tuple[list[Source], list[str]]:
    """(the files whose layout is known, the names of those in zips that are passed over).

    `limits`: for a workbook, of which the first sheet counts. Raises InvalidInputError for a file that cannot be read,
    or in which nothing is known.
    """
    found: list[Source] = []
    passed: list[str] = []
    for file in files:
        members = _members(file, limits)
        known = [source for raw in members if (source := _recognise(raw)) is not None]
        if not known:
            lines = [Problem(location=layout.value, detail=detail) for layout, detail in HEADERS.items()]
            raise InvalidInputError(f"{file.name} begins with no header that is known; nothing was loaded", lines)
        found += known
        passed += sorted({raw.name for raw in members} - {source.name for source in known})
    return found, passed


def _members(file: Path, limits: UnpackLimits) -> list[Raw]:
    with _readable(file.name):
        if not zipfile.is_zipfile(file):
            return [Raw(name=file.name, size=file.stat().st_size, open=lambda: file.open("rb"))]
        with zipfile.ZipFile(file) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    if _OF_A_WORKBOOK & {info.filename for info in infos}:
        return [_workbook(file, limits)]
    return [
        Raw(name=f"{file.name}/{info.filename}", size=info.file_size, open=_opener(file, info.filename))
        for info in infos
    ]


def _workbook(file: Path, limits: UnpackLimits) -> Raw:
    """Its first sheet as CSV; CBS publishes the gemeenten of a year so."""
    try:
        with file.open("rb") as opened, unpack(PlainFile(opened), profiel=None, limits=limits) as (_, chunks):
            data = b"".join(chunks)
    except UnpackRefusedError as error:
        raise InvalidInputError(f"{file.name}: {error.finding.code}; nothing was loaded") from None
    return Raw(name=file.name, size=len(data), open=lambda: io.BytesIO(data))


def _opener(file: Path, member: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    @contextmanager
    def open_member() -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(file) as archive, archive.open(member) as opened:
            yield opened

    return open_member


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise InvalidInputError(f"{name} cannot be read ({type(error).__name__}); nothing was loaded") from None


def blocks(raw: Raw, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The bytes in order, cut behind line ends, at most BLOCK and a line each; `progress` hears how many each time.

    Raises InvalidInputError when they cannot be read to the end, or are more than MAX_BYTES.
    """
    rest, total = b"", 0
    with _readable(raw.name), raw.open() as opened:
        while read := opened.read(BLOCK):
            total += len(read)
            if total > MAX_BYTES or len(rest) > BLOCK:
                raise InvalidInputError(f"{raw.name} is larger than any such file, or has no lines; nothing was loaded")
            cut = read.rfind(b"\n") + 1
            if cut:
                yield rest + read[:cut]
                rest = b""
            rest += read[cut:]
            progress(len(read))
    if rest:
        yield rest


def _recognise(raw: Raw) -> Source | None:
    with _readable(raw.name), raw.open() as opened:
        head = opened.read(_HEAD)
    line = decoded(head.partition(b"\n")[0]).strip("\r\ufeff")
    separator = max(";,\t", key=line.count)
    cells = [_plain(cell) for cell in next(csv.reader([line], delimiter=separator), [])]
    if len(cells) == _GEONAMES_COLUMNS and separator == "\t" and cells[0] == "nl":
        return Source(
            raw=raw, layout=Layout.GEONAMES, separator=separator, columns=_GEONAMES, width=len(cells), year=None
        )
    for layout, wanted in _WANTED.items():
        columns = _columns(cells, wanted)
        if columns is not None and not (layout is Layout.GEMEENTEN and any(map(_SMALLER.match, cells))):
            years = _YEAR.findall(" ".join(cells).replace("_", " ").translate(_LETTERS_OUT)) or _YEAR.findall(raw.name)
            year = int(years[0]) if len(set(years)) == 1 else None
            return Source(raw=raw, layout=layout, separator=separator, columns=columns, width=len(cells), year=year)
    return None


def decoded(data: bytes) -> str:
    """UTF-8, or else Windows-1252, in which CBS's own tables for Excel are: never fails."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _plain(cell: str) -> str:
    return cell.strip(' "\t').lower()


_LETTERS_OUT: Final = str.maketrans(dict.fromkeys("abcdefghijklmnopqrstuvwxyz", " "))
_WANTED: Final[dict[Layout, dict[str, str]]] = {
    Layout.ADRESSEN: _ADDRESS,
    Layout.PC4: {"postcode": "pc4", "gemeentecode": "gemeentecode"},
    Layout.GEMEENTEN: _GEMEENTE,
    Layout.OPVOLGERS: _MERGER,
}


def _columns(cells: list[str], wanted: dict[str, str]) -> dict[str, int] | None:
    """Where each wanted column is; None when one is missing. Of several that fit the first counts."""
    places: dict[str, int] = {}
    for name, pattern in wanted.items():
        fitting = [at for at, cell in enumerate(cells) if re.fullmatch(pattern, cell)]
        if not fitting:
            return None
        places[name] = fitting[0]
    return places
