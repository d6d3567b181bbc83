"""Load the table postcode → gemeente that an operator brings: checked whole, then current in one small transaction.

Two layouts: GeoNames' postal code file (`NL.txt`: tab-separated, without a header; country, postal code, place name,
admin name1, admin code1, admin name2, admin code2, ...; https://download.geonames.org/export/zip/readme.txt), where
admin code2 is the gemeentecode; and two columns `pc4;gemeentecode` with that header.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from typing import Final

import polars as pl
from msgspec import Struct

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.opvolgers import OPVOLGERS
from gateway.errors import InvalidInputError, Problem
from gateway.flow.kit import Kit
from gateway.store.directory import CONFIG_CHANNEL, next_generation
from gateway.store.reference import TABLE, current_set, insert_set, make_current

MAX_PROBLEMS: Final = 100
"""Lines reported at once: a file in another layout is wrong in each of its lines."""
_HEADER: Final = "pc4;gemeentecode"
_COUNTRY, _POSTCODE, _CODE = 0, 1, 6
_GEONAMES_COLUMNS: Final = 12
_PC4: Final = re.compile(r"([1-9]\d{3})(?: ?[A-Z]{2})?")


class Loaded(Struct, frozen=True, kw_only=True):
    """What was loaded. `ambiguous`: postcodes in more than one gemeente; `changed` False: this file was current."""

    rows: int
    postcodes: int
    ambiguous: int
    sha256: str
    changed: bool


def load_postcodes(kit: Kit, data: bytes) -> Loaded:
    """Make `data` the current table. InvalidInputError names every bad line; then nothing was loaded."""
    table = read_postcodes(data)
    digest = hashlib.sha256(data).hexdigest()
    with kit.db.write() as conn:
        used = current_set(conn)
        changed = used is None or used.sha256 != digest
        if changed:
            next_generation(conn)
            make_current(conn, insert_set(kit.db, conn, table, sha256=digest, moment=kit.clock()))
            kit.db.notify(conn, CONFIG_CHANNEL)
    per_postcode = table.group_by("pc4").len()
    return Loaded(
        rows=table.height,
        postcodes=per_postcode.height,
        ambiguous=per_postcode.filter(pl.col("len") > 1).height,
        sha256=digest,
        changed=changed,
    )


def read_postcodes(data: bytes) -> pl.DataFrame:
    """The pairs in a file of either layout, schema TABLE, each once; InvalidInputError names every bad line."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InvalidInputError("the postcode file is not UTF-8") from error
    pairs: set[tuple[int, str]] = set()
    problems: list[Problem] = []
    for number, pc4, code in _fields(lines):
        wrong = _wrong(pc4, code)
        if wrong is None:
            pairs.add((int(pc4[:4]), code))
        else:
            problems.append(Problem(location=f"line {number}", detail=wrong))
    _refuse(pairs, problems)
    return pl.DataFrame(sorted(pairs), schema=TABLE, orient="row")


def _fields(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """(line number, postcode, gemeentecode) of each line that says something."""
    header = lines[0].strip().lower() if lines else ""
    two_columns = header.replace('"', "") == _HEADER
    reader = csv.reader(lines, delimiter=";") if two_columns else csv.reader(lines, "excel-tab", quoting=csv.QUOTE_NONE)
    for number, fields in enumerate(reader, start=1):
        if not fields or (two_columns and number == 1):
            continue
        yield number, *(_two(fields) if two_columns else _geonames(fields))


def _two(fields: list[str]) -> tuple[str, str]:
    return (fields[0].strip(), fields[1].strip()) if len(fields) == 2 else ("", "")


def _geonames(fields: list[str]) -> tuple[str, str]:
    if len(fields) != _GEONAMES_COLUMNS or fields[_COUNTRY] != "NL":
        return "", ""
    return fields[_POSTCODE].strip(), fields[_CODE].strip()


def _wrong(pc4: str, code: str) -> str | None:
    if not pc4 and not code:
        return "not a line of GeoNames' NL.txt (12 columns, country NL), nor of pc4;gemeentecode"
    if _PC4.fullmatch(pc4) is None:
        return "the postcode is not four digits"
    if code not in GEMEENTEN and code not in OPVOLGERS:
        return "the gemeentecode is not in the list of gemeenten"
    return None


def _refuse(pairs: set[tuple[int, str]], problems: list[Problem]) -> None:
    if problems:
        many = f"{len(problems)} lines of the postcode file do not fit; nothing was loaded"
        raise InvalidInputError(many, problems[:MAX_PROBLEMS])
    if not pairs:
        raise InvalidInputError("the postcode file is empty; nothing was loaded")
