"""What a workbook holds, seen without opening it: every part is really unpacked, and its cells are counted.

The library makes room for the whole rectangle from the first cell to the last, so that is what has a limit: one cell
in the last row of an otherwise empty sheet asks for as much as a full sheet. The count reads what Excel, LibreOffice
and their like write; whatever it overlooks meets the limit of memory of the process.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

from contracts.profiel import Bestandsvorm
from gateway.sheets.zips import Archive, Member
from gateway.stages.unreadable import UnreadableError, damaged, too_large

CONTENT: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_SHEETS: Final = "xl/worksheets/"

_LAST_CELL: Final = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
_NO_RESULT: Final = re.compile(rb"<c\b([^<>]*)><f\b[^<>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>")
_REPEATED: Final = re.compile(rb'table:number-(?:rows|columns)-repeated="([0-9]{1,10})"')
_CELL: Final = b"table-cell"


@dataclass
class Part:
    """What was seen in one sheet (of an ODS: in all together). `errors`: cells that the library would leave empty."""

    cells: int = 0
    last: str = ""
    without_result: int = 0
    errors: bool = False


@dataclass
class Survey:
    """What was seen in a workbook, per part of the archive."""

    parts: dict[str, Part] = field(default_factory=dict)

    def part(self, path: str) -> Part:
        """What was seen in the sheet at this path; where that is not known, in the largest."""
        largest = max(self.parts.values(), key=lambda part: part.cells, default=Part())
        return self.parts.get(path.lower(), largest)

    def ensure_fits(self, path: str, *, max_cells: int) -> None:
        """Raise UnreadableError when the sheet in this part is a rectangle of more than `max_cells`."""
        part = self.part(path)
        if part.cells > max_cells:
            at = f"het werkblad loopt door tot cel {part.last}" if part.last else "er zijn te veel cellen"
            raise UnreadableError("bestand_werkblad_te_groot", at)


class _Reader(Protocol):
    part: Part

    def take(self, text: bytes) -> None: ...


def survey(archive: Archive, vorm: Bestandsvorm, *, limit: int) -> Survey:
    """Unpack every member within `limit` bytes together and count. Raises UnreadableError."""
    found = Survey()
    left = limit
    for member in archive.members:
        reader = _reader(member, vorm)
        rest, size = b"", 0
        for piece in archive.read(member, limit=limit):
            size += len(piece)
            if size > left:
                raise too_large(limit)
            _look(member, piece)
            if reader is not None:
                rest = _take(reader, rest + piece)
        left -= size
        if reader is not None:
            reader.take(rest)
            found.parts[member.name.lower()] = reader.part
    return found


def _look(member: Member, piece: bytes) -> None:
    if member.name == _MANIFEST and b"encryption-data" in piece:
        raise UnreadableError("bestand_ingepakt_versleuteld", "een werkmap van LibreOffice of OpenOffice")
    if b"<!DOCTYPE" in piece and member.name.lower().endswith((".xml", ".rels")):
        raise damaged("de werkmap verwijst naar een DTD, wat een werkmap nooit doet")


def _reader(member: Member, vorm: Bestandsvorm) -> _Reader | None:
    if vorm is Bestandsvorm.ODS:
        return _Ods() if member.name == CONTENT else None
    return _Xlsx() if member.name.lower().startswith(_SHEETS) and member.name.lower().endswith(".xml") else None


def _take(reader: _Reader, text: bytes) -> bytes:
    """Give the reader whole rows, or whole tags of a row that is longer than a piece; what is left."""
    end = text.rfind(b"row>") + len(b"row>")
    if end < len(b"row>"):
        end = max(text.rfind(b"<"), 0)
    reader.take(text[:end])
    return text[end:]


class _Xlsx:
    """A sheet of Excel. Cells without content do not count: a border down to the last row is no data."""

    def __init__(self) -> None:
        self.part = Part()
        self._column = ""
        self._row = 0
        self._wider = _wider_than("")

    def take(self, text: bytes) -> None:
        at = 0
        while (match := self._wider.search(text, at)) is not None:
            at = match.start()
            self._column = match[1].decode()
            self._wider = _wider_than(self._column)
        self._row = max(self._row, _last_row(text))
        self.part.cells = self._row * _number(self._column)
        self.part.last = f"{self._column}{self._row}"
        self.part.errors = self.part.errors or b' t="e"' in text
        if b"<f" in text:
            empty = _NO_RESULT.finditer(text)
            self.part.without_result += sum(1 for match in empty if b't="str"' not in match[1])


def _last_row(text: bytes) -> int:
    """The row of the last cell that has content; 0 without one."""
    end = text.rfind(b"c>")
    start = max(text.rfind(b"<c ", 0, max(end, 0)), text.rfind(b":c ", 0, max(end, 0)))
    match = _LAST_CELL.search(text, max(start, 0), end) if end > 0 and start >= 0 else None
    return int(match[2]) if match is not None else 0


def _wider_than(column: str) -> re.Pattern[bytes]:
    """Finds the first cell with content in a column beyond this one."""
    same_length = [
        column[:n] + f"[{chr(ord(letter) + 1)}-Z]" + "[A-Z]" * (len(column) - n - 1)
        for n, letter in enumerate(column)
        if letter != "Z"
    ]
    longer = ["[A-Z]" * n for n in range(len(column) + 1, 4)]
    wider = "|".join([*same_length, *longer]) or "(?!)"
    return re.compile(rf' r="({wider})[0-9]{{1,7}}"(?:[^<>]*[^/<>])?>(?!</)'.encode())


def _number(column: str) -> int:
    number = 0
    for letter in column:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


class _Ods:
    """The sheets of LibreOffice: all of them are opened together. One row or cell may stand for many."""

    def __init__(self) -> None:
        self.part = Part()
        self._before = 0
        self._rows = self._empty_rows = self._width = 0

    def take(self, text: bytes) -> None:
        self.part.errors = (
            self.part.errors
            or b'calcext:value-type="error"' in text
            or b"<text:tab" in text
            or b"<text:line-break" in text
        )
        at = text.find(b"<table:table")
        while at >= 0:
            after = text[at + len(b"<table:table") : at + len(b"<table:table-row ")]
            end = at + 1
            if after[:1] in {b" ", b">"}:
                self._next_table()
            elif after.startswith((b"-row ", b"-row>")):
                end = self._take_row(text, at)
            at = text.find(b"<table:table", end)
        self.part.cells = self._before + self._rows * self._width

    def _next_table(self) -> None:
        self._before += self._rows * self._width
        self._rows = self._empty_rows = self._width = 0

    def _take_row(self, text: bytes, at: int) -> int:
        start = text.find(b">", at) + 1
        end = text.find(b"</table:table-row>", start)
        if end < 0:
            end = len(text)
        repeated = _repeats(text[at:start])
        width = _row_width(text, start, end)
        if width:
            self._rows += self._empty_rows + repeated
            self._empty_rows = 0
            self._width = max(self._width, width)
        else:
            self._empty_rows += repeated
        return end


def _repeats(tag: bytes) -> int:
    match = _REPEATED.search(tag)
    return int(match[1]) if match is not None else 1


def _row_width(text: bytes, start: int, end: int) -> int:
    """Cells of a row up to the last that holds something."""
    while text.endswith(b"/>", start, end):
        tag = text.rfind(b"<", start, end)
        if tag < 0 or b"office:" in text[tag:end] or b"table:formula" in text[tag:end]:
            break
        end = tag
    width = text.count(_CELL, start, end) - text.count(b"</table:table-cell", start, end)
    width -= text.count(b"</table:covered-table-cell", start, end)
    if text.find(b"-columns-repeated", start, end) >= 0:
        width += sum(int(match[1]) - 1 for match in _REPEATED.finditer(text, start, end))
    return width
