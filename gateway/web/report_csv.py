"""The report as CSV for a spreadsheet: UTF-8 with BOM and semicolons, as a Dutch Excel reads it, without formulas."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.flow.advice import SYSTEEM_GEWEIGERD
from gateway.flow.report import ReportLine
from gateway.web import links

COLUMNS: Final = ("regel", "code", "ernst", "veld", "vorm", "melding", "wat_te_doen", "status", "signaal_id", "uitleg")
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""A cell that begins with one of these can run as a formula in a spreadsheet (OWASP, CSV injection)."""
LINES_AT_ONCE: Final = 1000


def csv_chunks(lines: Iterable[ReportLine], *, base_url: str) -> Iterator[bytes]:
    """The file, some lines at a time; `uitleg` is where the code is explained."""
    buffer = io.StringIO("\ufeff")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    for number, line in enumerate(lines, start=1):
        writer.writerow([*(harmless(getattr(line, column)) for column in COLUMNS[:-1]), _uitleg(line, base_url)])
        if number % LINES_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _uitleg(line: ReportLine, base_url: str) -> str:
    """A system's own code is explained by nobody here, but what follows from it is."""
    code = SYSTEEM_GEWEIGERD if line.status == SYSTEEM_GEWEIGERD else line.code
    path = None if code is None else links.uitleg(code)
    return "" if path is None else base_url + path


def harmless(value: object) -> str:
    """A cell as text that no spreadsheet takes for a formula: a leading apostrophe makes it text."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _taken(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return taken
