"""Where a reading and what is expected differ, in lines a person can act on."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import asdict

from tests.corpus.expected import Expected, Regel
from tests.corpus.observed import Observed


def differences(expected: Expected, observed: Observed) -> list[str]:
    """One line per difference; none when the file is read as expected."""
    return [*_file(expected, observed), *_read(expected, observed), *_rows(expected, observed)]


def _file(expected: Expected, observed: Observed) -> Iterator[str]:
    if (expected.rijen is None) is not observed.fatal:
        yield f"file: expected {'refused' if expected.rijen is None else 'read'}, is not"
    wanted = {finding.code: finding.regel for finding in expected.bestand}
    found = {finding.code: finding.regel for finding in observed.bestand}
    if wanted.keys() != found.keys():
        yield f"file: expected {sorted(wanted)}, found {sorted(found)}"
    for code, row in wanted.items():
        if row is not None and code in found and found[code] != row:
            yield f"file: {code} expected at row {row}, found at {found[code]}"


def _read(expected: Expected, observed: Observed) -> Iterator[str]:
    if expected.rijen is None or observed.gelezen is None:
        return
    found = asdict(observed.gelezen)
    for name, value in asdict(expected.gelezen).items():
        if value is not None and found[name] != value:
            yield f"read: {name} expected {value!r}, found {found[name]!r}"


def _rows(expected: Expected, observed: Observed) -> Iterator[str]:
    if expected.rijen is None or observed.fatal:
        return
    if observed.number != expected.rijen:
        yield f"rows: expected {expected.rijen}, found {observed.number}"
    for row in expected.regel:
        if row.nr not in observed.rows:
            yield f"row {row.nr}: not found"
        else:
            yield from (f"row {row.nr}: {line}" for line in _row(row, *observed.rows[row.nr]))


def _row(row: Regel, goes_on: bool, codes: frozenset[str], values: dict[str, Any]) -> Iterator[str]:
    if row.gaat_door is not goes_on:
        yield f"expected {'to go on' if row.gaat_door else 'refused'}, is not"
    if missing := row.codes - codes:
        yield f"codes missing {sorted(missing)}"
    if more := codes - row.codes:
        yield f"codes too many {sorted(more)}"
    for name, value in row.velden.items():
        if values[name] != value:
            yield f"{name} expected {value!r}, found {values[name]!r}"
    for name in row.leeg:
        if values[name] is not None:
            yield f"{name} expected empty, found {values[name]!r}"
