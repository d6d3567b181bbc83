"""What must hold between the lists of gemeenten and the mergers, before any of them is loaded."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from contracts.codelists.indeling import Gemeentelijst, Indeling
from gateway.errors import Problem


def indeling_problems(indeling: Indeling) -> list[Problem]:
    """Everything that does not hold: a gemeente that vanishes, one that ended and is there, a successor that is not."""
    return [*_lists(indeling), *_endings(indeling)]


def _lists(indeling: Indeling) -> Iterator[Problem]:
    for lijst in indeling.lijsten:
        for code, naam in lijst.gemeenten.items():
            end = indeling.opvolgingen.get(code)
            if end is not None and end.vanaf <= lijst.van:
                yield _problem(lijst, f"{code} {naam} is in it, but ended on {end.vanaf} by the mergers")
    for earlier, later in pairwise(indeling.lijsten):
        for code in sorted(earlier.gemeenten.keys() - later.gemeenten.keys()):
            end = indeling.opvolgingen.get(code)
            if end is None or end.vanaf > later.van:
                yield _problem(
                    later,
                    f"{code} {earlier.gemeenten[code]} is not in it, and no merger says where it went: "
                    "load the mergers before, or together with it",
                )


def _problem(lijst: Gemeentelijst, detail: str) -> Problem:
    return Problem(location=f"gemeenten from {lijst.van}", detail=detail)


def _endings(indeling: Indeling) -> Iterator[Problem]:
    newest = indeling.lijsten[-1].van
    for code, end in sorted(indeling.opvolgingen.items()):
        for successor in end.opvolgers:
            detail = _wrong_successor(indeling, successor, end.vanaf, newest)
            if detail is not None:
                yield Problem(location=f"opvolgers {end.vanaf}", detail=f"{code} went to {successor}, {detail}")


def _wrong_successor(indeling: Indeling, code: str, since: dt.date, newest: dt.date) -> str | None:
    """A day later than the newest list may name a gemeente that no list has yet."""
    end = indeling.opvolgingen.get(code)
    if end is not None and end.vanaf <= since:
        return f"which ended on {end.vanaf} itself"
    listed = any(code in lijst.gemeenten for lijst in indeling.lijsten)
    if end is None and not listed and since <= newest:
        return "which is in no list of gemeenten"
    return None
