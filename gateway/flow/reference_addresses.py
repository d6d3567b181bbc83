"""Reading CBS's file of every address in the country: eight million lines, in blocks, eight bytes kept of each."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from typing import Final

import polars as pl
from msgspec import Struct

from gateway.errors import InvalidInputError, Problem
from gateway.flow.reference_files import Source, blocks, decoded
from gateway.stages.postcodes import CODES, NUMBERS, packed

MAX_PROBLEMS: Final = 100
"""Lines named at once: a file in another layout is wrong in each of its lines."""
MAX_LINES: Final = 20_000_000
"""Twice the addresses of the country."""
_NOISE: Final = b'" \r'
_EMPTY: Final = re.compile(rb"\n{2,}")
_POSTCODE: Final = r"^[1-9][0-9]{3}[A-Z]{2}$"
_NUMBER: Final = r"^0*[1-9][0-9]{0,4}$"
_CODE: Final = r"^(GM)?[0-9]{1,4}$"


class Addresses(Struct, frozen=True, kw_only=True):
    """`packed` as `postcodes.packed` makes them; `sha256` of the bytes as published; `lines` below the header."""

    packed: pl.Series
    lines: int
    sha256: str


class BadLines:
    """Collects what is wrong, line by line; the first MAX_PROBLEMS are named, all are counted."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0
        self._problems: list[Problem] = []

    def add(self, line: int, detail: str) -> None:
        """One more."""
        self._count += 1
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(Problem(location=f"{self._name} line {line}", detail=detail))

    @property
    def count(self) -> int:
        """How many so far."""
        return self._count

    def refuse(self) -> None:
        """Raise InvalidInputError if there was any."""
        if self._count:
            many = f"{self._count} lines of {self._name} do not fit; nothing was loaded"
            raise InvalidInputError(many, self._problems)


def read_addresses(source: Source, *, exists: Callable[[str], bool], progress: Callable[[int], None]) -> Addresses:
    """Every address in it. `exists`: whether a code of four digits is, was or will be a gemeente.

    Raises InvalidInputError that names the lines that do not fit.
    """
    digest, bad = hashlib.sha256(), BadLines(source.name)
    kept: list[pl.Series] = []
    lines = 0
    for number, block in enumerate(blocks(source.raw, progress)):
        digest.update(block)
        first = 2 + lines
        body = block if number else block.partition(b"\n")[2]
        found = _read_block(body, source)
        fits = found is not None and not found.null_count() and all(map(exists, _codes(found)))
        if found is not None and fits:
            kept.append(found)
        else:
            _name_bad_lines(body, source, first, exists, bad)
        lines += body.count(b"\n") + (not body.endswith(b"\n") and bool(body))
        if lines > MAX_LINES:
            raise InvalidInputError(f"{source.name} has more lines than twice the addresses there are")
    bad.refuse()
    if not sum(map(len, kept)):
        raise InvalidInputError(f"{source.name} has no lines below its header; nothing was loaded")
    return Addresses(packed=pl.concat(kept, rechunk=False), lines=lines, sha256=digest.hexdigest())


def _codes(found: pl.Series) -> Iterator[str]:
    return (f"{code:04}" for code in (found // NUMBERS % CODES).unique())


def _read_block(body: bytes, source: Source) -> pl.Series | None:
    """The packed addresses, null for a line that does not fit; None when it has to be read line by line."""
    clean = _EMPTY.sub(b"\n", body.translate(None, _NOISE)).strip(b"\n")
    if not clean:
        return pl.Series("address", [], dtype=pl.Int64)
    if not clean.isascii():
        return None
    names = [f"c{n}" for n in range(source.width + 1)]  # one more, in which what is too much shows
    frame = pl.read_csv(
        io.BytesIO(clean),
        has_header=False,
        separator=source.separator,
        quote_char=None,
        schema=dict.fromkeys(names, pl.String()),
        truncate_ragged_lines=True,
        missing_columns="insert",
        extra_columns="ignore",
    )
    postcode, number, code = (pl.col(names[source.columns[n]]) for n in ("postcode", "huisnummer", "gemeentecode"))
    fits = (
        postcode.str.contains(_POSTCODE) & number.str.contains(_NUMBER) & code.str.contains(_CODE)
        & pl.col(names[-1]).is_null()
    )  # fmt: skip
    digits = code.str.strip_prefix("GM")
    return frame.select(pl.when(fits).then(packed(postcode, number, digits)).alias("address")).to_series()


def _name_bad_lines(body: bytes, source: Source, first: int, exists: Callable[[str], bool], bad: BadLines) -> None:
    """Look at each line of a block in which something does not fit."""
    before = bad.count
    for line, text in enumerate(decoded(body).split("\n"), start=first):
        cells = [cell.strip('" \r').replace(" ", "") for cell in text.split(source.separator)]
        wrong = _wrong(cells, source, exists) if text.strip('" \r') else None
        if wrong is not None:
            bad.add(line, wrong)
    if bad.count == before:
        bad.add(first, "something from this line on is not the layout of its header")


def _wrong(cells: list[str], source: Source, exists: Callable[[str], bool]) -> str | None:
    if len(cells) != source.width and not (len(cells) == source.width + 1 and not cells[-1]):
        return f"has {len(cells)} columns, the header {source.width}"
    postcode, number, code = (cells[source.columns[n]] for n in ("postcode", "huisnummer", "gemeentecode"))
    if re.fullmatch(_POSTCODE, postcode) is None:
        return "the postcode has not the form 1234AB"
    if re.fullmatch(_NUMBER, number) is None:
        return "the house number is not a number from 1 to 99999"
    return wrong_code(code, exists)


def wrong_code(code: str, exists: Callable[[str], bool]) -> str | None:
    """What is wrong with a gemeentecode, with or without GM or leading zeros; None: nothing."""
    if re.fullmatch(_CODE, code) is None:
        return "the gemeentecode is not four digits"
    if not exists(plain_code(code)):
        return "the gemeentecode is in no list of gemeenten: load the list of that year before, or together with it"
    return None


def plain_code(code: str) -> str:
    """GM0363, 363 or 0363 as 0363."""
    return code.removeprefix("GM").zfill(4)
