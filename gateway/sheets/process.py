"""The process: a workbook on standard input becomes one line of JSON and then CSV on standard output.

Native code opens the workbook and holds a whole sheet. Whatever a file makes it do, it happens here, under limits that
are set before the first byte is read, without a way to write a file or to leave its memory on disk.
"""

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from json import loads
from typing import Final, NoReturn

from contracts.profiel import Bestandsvorm
from gateway.sheets import Ended, Opened, Refused, Request
from gateway.sheets.cells import texts
from gateway.sheets.mend import mended
from gateway.sheets.survey import CONTENT, Survey, survey
from gateway.sheets.workbook import sheet_paths
from gateway.sheets.zips import Archive
from gateway.stages.csv_text import written
from gateway.stages.unreadable import UnreadableError, damaged

_PR_SET_DUMPABLE: Final = 4
_GRACE_SECONDS: Final = 5
_LONGEST_NAME: Final = 100
_MOST_NAMES: Final = 100
"""Sheets that are told, and of a name so many characters: more helps nobody."""


def main() -> NoReturn:
    """Read the request from the command line and the workbook from standard input; exits with an `Ended`."""
    request = Request(**loads(sys.argv[1]))
    _confine(request)
    gc.disable()  # rows make no cycles, and there are millions of them
    try:
        out = sys.stdout.buffer
        for piece in _answer(sys.stdin.buffer.read(), request):
            out.write(piece)
        out.flush()
    except UnreadableError as refused:
        sys.stdout.buffer.write(Refused(code=refused.code, vorm=refused.vorm).line())
        sys.stdout.buffer.flush()
        sys.exit(Ended.REFUSED)
    except MemoryError:
        sys.exit(Ended.OUT_OF_MEMORY)
    sys.exit(Ended.WRITTEN)


def _confine(request: Request) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (request.memory_bytes, request.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (request.cpu_seconds, request.cpu_seconds + _GRACE_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):  # where there is no prctl, the limit above is all there is
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _answer(data: bytes, request: Request) -> Iterator[bytes]:
    archive = Archive(BytesIO(data))
    vorm = _form(archive)
    found = survey(archive, vorm, limit=request.unpacked_bytes)
    instead = mended(archive, found, vorm, limit=request.unpacked_bytes)
    yield from _sheet(instead or data, _paths(archive, vorm), found, request, vorm)


def _form(archive: Archive) -> Bestandsvorm:
    vorm = archive.form()
    if vorm is None:
        raise UnreadableError("bestand_ingepakt_meer", "nog een ingepakt bestand")
    if not isinstance(vorm, Bestandsvorm):
        raise UnreadableError("bestand_geen_csv", vorm)
    return vorm


def _paths(archive: Archive, vorm: Bestandsvorm) -> dict[str, str]:
    return sheet_paths(archive) if vorm is Bestandsvorm.XLSX else {}


def _sheet(data: bytes, paths: dict[str, str], found: Survey, request: Request, vorm: Bestandsvorm) -> Iterator[bytes]:
    from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    if vorm is Bestandsvorm.ODS:
        found.ensure_fits(CONTENT, max_cells=request.cells)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        names = [sheet.name for sheet in sheets]
        visible = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
        blad: str | None = None
        sheet: CalamineSheet | None = None
        for blad in _wanted(names, visible, request.blad):
            found.ensure_fits(paths.get(blad, CONTENT), max_cells=request.cells)
            sheet = book.get_sheet_by_name(blad)
            if sheet.start is not None:
                break
    except CalamineError:
        raise damaged("de werkmap is beschadigd") from None
    yield Opened(
        vorm=vorm,
        blad=blad and blad[:_LONGEST_NAME],
        bladen=tuple(name[:_LONGEST_NAME] for name in names[:_MOST_NAMES]),
        zonder_uitkomst=found.part(paths.get(blad or "", CONTENT)).without_result,
    ).line()
    if sheet is not None and sheet.start is not None:
        yield from written(texts(sheet.iter_rows(), before=sheet.start[1]))


def _wanted(names: list[str], visible: list[str], wanted: str | None) -> list[str]:
    if wanted is None:
        return visible
    same = [name for name in names if name.strip().casefold() == wanted.strip().casefold()]
    if not same:
        raise UnreadableError("bestand_werkblad_ontbreekt", f"met de naam {wanted}")
    return same[:1]
