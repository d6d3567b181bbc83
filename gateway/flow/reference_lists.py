"""Reading the small files of reference data: postcodes of four digits, the gemeenten of a year, mergers."""

import csv
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import polars as pl

from contracts.codelists.opvolgers import Opvolging
from gateway.errors import InvalidInputError
from gateway.flow.reference_addresses import BadLines, plain_code, wrong_code
from gateway.flow.reference_files import Layout, Source, blocks, decoded
from gateway.stages.postcodes import TABLE

MAX_LIST: Final = 64 << 20
"""Bytes; GeoNames' file has 0.4 MiB in short form, 60 MiB with full postcodes."""
_PC4: Final = re.compile(r"([1-9]\d{3})(?: ?[A-Z]{2})?")
_DATES: Final = ("%Y-%m-%d", "%d-%m-%Y", "%Y%m%d")
_ANY: Final = re.compile(r"(GM)?\d{1,4}")


def read_bytes(source: Source, progress: Callable[[int], None]) -> bytes:
    """All of it; raises InvalidInputError when it is larger than any such list."""
    if source.raw.size > MAX_LIST:
        raise InvalidInputError(f"{source.name} is larger than any such list; nothing was loaded")
    return b"".join(blocks(source.raw, progress))


def read_pc4(source: Source, data: bytes, *, exists: Callable[[str], bool]) -> pl.DataFrame:
    """The pairs of postcode and gemeente, each once, schema TABLE. InvalidInputError names every bad line."""
    pairs: set[tuple[str, str]] = set()
    bad = BadLines(source.name)
    for line, cells in _lines(source, data, bad):
        postcode, code = (cells[source.columns[name]] for name in ("postcode", "gemeentecode"))
        match = _PC4.fullmatch(postcode)
        if source.layout is Layout.GEONAMES and cells[0] != "NL":
            bad.add(line, "is not of the Netherlands (NL)")
        elif match is None:
            bad.add(line, "the postcode is not four digits")
        elif (wrong := wrong_code(code, exists)) is not None:
            bad.add(line, wrong)
        else:
            pairs.add((match[1], plain_code(code)))
    bad.refuse()
    if not pairs:
        raise InvalidInputError(f"{source.name} is empty; nothing was loaded")
    return pl.DataFrame([(pc4, None, None, code) for pc4, code in sorted(pairs)], schema=TABLE, orient="row")


def read_gemeenten(source: Source, data: bytes) -> dict[str, str]:
    """Code → name. InvalidInputError names every bad line."""
    found: dict[str, str] = {}
    bad = BadLines(source.name)
    for line, cells in _lines(source, data, bad):
        code, naam = (cells[source.columns[name]] for name in ("gemeentecode", "naam"))
        if not _ANY.fullmatch(code):
            bad.add(line, "the gemeentecode is not four digits")
        elif not naam:
            bad.add(line, "the gemeente has no name")
        elif plain_code(code) in found:
            bad.add(line, f"the gemeentecode {plain_code(code)} is in the list twice")
        else:
            found[plain_code(code)] = naam
    bad.refuse()
    if not found:
        raise InvalidInputError(f"{source.name} is empty; nothing was loaded")
    return found


def read_opvolgers(source: Source, data: bytes, *, naam: Callable[[str], str]) -> list[Opvolging]:
    """Every code that ended, with where it went. A code that is its own successor too went on, and is left out."""
    went: dict[str, set[str]] = defaultdict(set)
    since: dict[str, dt.date] = {}
    bad = BadLines(source.name)
    for line, cells in _lines(source, data, bad):
        oud, nieuw, datum = (cells[source.columns[name]] for name in ("oud", "nieuw", "datum"))
        day = _date(datum)
        if not _ANY.fullmatch(oud) or not _ANY.fullmatch(nieuw):
            bad.add(line, "a gemeentecode is not four digits")
        elif day is None:
            bad.add(line, "the date is none of jjjj-mm-dd, dd-mm-jjjj, jjjjmmdd")
        elif since.setdefault(plain_code(oud), day) != day:
            bad.add(line, f"the gemeente {plain_code(oud)} ends on two days")
        else:
            went[plain_code(oud)].add(plain_code(nieuw))
    bad.refuse()
    ended = [
        Opvolging(oud, naam(oud), tuple(sorted(nieuw)), since[oud]) for oud, nieuw in went.items() if oud not in nieuw
    ]
    if not ended:
        raise InvalidInputError(f"{source.name} names no gemeente that ended; nothing was loaded")
    return sorted(ended, key=lambda end: (end.vanaf, end.code))


def _date(text: str) -> dt.date | None:
    for form in _DATES:
        try:
            return dt.datetime.strptime(text, form).date()  # noqa: DTZ007  # a day in a published list has no zone
        except ValueError:
            continue
    return None


def _lines(source: Source, data: bytes, bad: BadLines) -> Iterator[tuple[int, list[str]]]:
    """(line number, its stripped cells) of each line below the header that has as many cells as the first one."""
    texts, separator = decoded(data).splitlines(), source.separator
    plain = source.layout is Layout.GEONAMES
    reader = csv.reader(texts, delimiter=separator, quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL)
    try:
        for line, cells in enumerate(reader, start=1):
            if not any(cells) or (line == 1 and not plain):
                continue
            if len(cells) != source.width:
                bad.add(line, f"has {len(cells)} columns, the first line {source.width}")
            else:
                yield line, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise InvalidInputError(f"{source.name} is no such list: {error}; nothing was loaded") from None
