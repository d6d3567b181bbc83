"""Rows of text written out as the CSV that every form of file becomes: UTF-8, `;`, quoted where needed, CRLF."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

NUL_SUBSTITUTE: Final = "\x1a"
"""SUB (ISO/IEC 646), for a NUL inside a text: the file is not damaged, that one field holds a wrong character."""
LOST: Final = "\ufffd"
"""For half a surrogate pair, which is no character."""
_BATCH: Final = 1 << 20
"""Characters written at a time."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as CSV. Every line end inside a text becomes a line feed, NUL and lost characters their substitutes."""
    text = _written(rows)
    if text.count("\r") != len(rows):
        text = _written([[_one_line_end(cell) for cell in row] for row in rows])
    if "\0" in text:
        text = text.replace("\0", NUL_SUBSTITUTE)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(LOST, text).encode()


def written(rows: Iterable[list[str]]) -> Iterator[bytes]:
    """`csv_bytes` of as many rows at a time as make about 1 MiB."""
    batch: list[list[str]] = []
    weight = 0
    for row in rows:
        batch.append(row)
        weight += len(row) + sum(map(len, row))
        if weight >= _BATCH:
            yield csv_bytes(batch)
            batch, weight = [], 0
    if batch:
        yield csv_bytes(batch)


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _one_line_end(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def decimal_text(value: float) -> str:
    """A number as a person writes it: decimal comma, no exponent, 15 digits as Excel shows them (12 -> "12")."""
    if not math.isfinite(value):
        return "#GETAL!"
    text = f"{value:.15g}"
    if "e" in text:
        text = f"{Decimal(text):f}"
    return "0" if text == "-0" else text.replace(".", ",")


def truth_text(*, value: bool) -> str:
    """Ja or Nee."""
    return "Ja" if value else "Nee"
