"""The last column of a repair file: its name, how it is known again, and how cells are kept from running. Pure.

Cells of a repair file are the partner's own. One that a spreadsheet would take for a formula gets an apostrophe before
it, as does one that begins with apostrophes and then such a mark, so that taking one off gives back exactly what was
sent. Plain numbers with a sign run nothing and stay as they are.
"""

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

_HEADER: Final = "bevindingen (herstel van {id})"
_LINK: Final = re.compile(
    r"\s*bevindingen \(herstel van ([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})\)\s*", re.IGNORECASE
)
_SOMEWHERE: Final = re.compile(rb"bevindingen \(herstel van [0-9a-f-]{36}\)", re.IGNORECASE)
_STARTS: Final = r"=+\-@\t\r\n|%＝＋－＠"  # the wide forms run too
"""With these a cell can run as a formula (OWASP, CSV injection)."""
_NUMBER: Final = r"^[+-][0-9][0-9.,]*$"
_RUNS: Final = rf"^'*[{_STARTS}]"
_ESCAPED: Final = rf"^'('*[{_STARTS}])"


def link_header(upload_id: str) -> str:
    """The header of the column of findings in the repair file of an upload."""
    return _HEADER.format(id=upload_id)


def repaired_upload(header: str) -> str | None:
    """The id of the upload that a column with this header repairs; None for every other header."""
    found = _LINK.fullmatch(header)
    return None if found is None else found[1].lower()


def repairs(headers: Sequence[str]) -> str | None:
    """The id of the upload that a file with these headers repairs: the last such column tells."""
    return next((found for header in reversed(headers) if (found := repaired_upload(header)) is not None), None)


def names_upload(head: bytes) -> bool:
    """Whether such a header stands somewhere in the first bytes of a file."""
    return _SOMEWHERE.search(head) is not None


def without_marks(frame: pl.DataFrame, headers: Sequence[str]) -> pl.DataFrame:
    """A block of a repair file (columns named by position) as its partner would have sent it: no findings, no marks."""
    return frame.with_columns(
        as_sent(pl.col(str(n))) if repaired_upload(header) is None else pl.lit(None, dtype=pl.String).alias(str(n))
        for n, header in enumerate(headers)
    )


def header_as_sent(header: str) -> str:
    """A header as it was before `harmless`."""
    return re.sub(_ESCAPED, r"\1", header)


def harmless(cell: pl.Expr) -> pl.Expr:
    """Text as it goes into a repair file; null stays null."""
    plain = ~cell.str.contains(_RUNS) | cell.str.contains(_NUMBER)
    return pl.when(plain).then(cell).otherwise(pl.concat_str(pl.lit("'"), cell))


def as_sent(cell: pl.Expr) -> pl.Expr:
    """Back from `harmless`: the text that the partner sent."""
    return cell.str.replace(_ESCAPED, "$1")
