"""Which gemeenten there are on a day, and who follows an ended one: lists per period, and mergers with dates.

Packaged with this version is one list and the mergers before it; what an operator loads is laid over them.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from contracts.codelists.gemeenten import GEMEENTEN, GEMEENTEN_VAN
from contracts.codelists.opvolgers import OPVOLGERS, Opvolging

_LONGEST: Final = 50
"""Mergers after one another: far more than ever were; it only ends a circle, which no list that was checked has."""


class Gemeentelijst(Struct, frozen=True):
    """The gemeenten from the day `van` on, until a later list: code of four digits → name as CBS spells it."""

    van: dt.date
    gemeenten: dict[str, str]


@dataclass(frozen=True)
class Indeling:
    """All that is known of the division into gemeenten. `lijsten`: at least one, each of another day.

    A day before the first list has the first one. Made by `over`, which keeps one ending per code.
    """

    lijsten: tuple[Gemeentelijst, ...]
    opvolgingen: Mapping[str, Opvolging]
    _op: dict[dt.date, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def opvolger(self, code: str, *, on: dt.date) -> str:
        """The code that holds the rights and duties of `code` on that day: itself, or its successor.

        A gemeente that was divided has no single successor: its code stays what it is (Wet arhi art. 44).
        """
        found = self.opvolgers(code, on=on)
        return found[0] if len(found) == 1 else code

    def opvolgers(self, code: str, *, on: dt.date) -> tuple[str, ...]:
        """The codes that have the area of `code` on that day: itself, its successor, or several when it was divided."""
        found, todo = set[str](), [code]
        for _ in range(_LONGEST):
            following = [end for part in todo if (end := self._ended(part, on)) is not None]
            found |= set(todo) - {end.code for end in following}
            todo = [part for end in following for part in end.opvolgers]
            if not todo:
                break
        return tuple(sorted(found)) or (code,)

    def _ended(self, code: str, on: dt.date) -> Opvolging | None:
        end = self.opvolgingen.get(code)
        return end if end is not None and end.vanaf <= on else None

    def gemeenten(self, on: dt.date) -> Mapping[str, str]:
        """Code → name of the gemeenten in force on that day."""
        if on not in self._op:
            self._op[on] = self._gemeenten(on)
        return self._op[on]

    def _gemeenten(self, on: dt.date) -> dict[str, str]:
        """The list of that day, with what merged since it was drawn up; before the first list, with what had yet to."""
        lijst = self.lijst(on)
        found = dict(lijst.gemeenten)
        since = [end for end in self.opvolgingen.values() if lijst.van < end.vanaf <= on]
        for end in since:
            found |= {code: self.naam(code) for code in end.opvolgers if code not in found}
        for end in since:
            found.pop(end.code, None)
        yet = [end for end in self.opvolgingen.values() if on < end.vanaf <= lijst.van]
        return found | {end.code: end.naam for end in yet}

    def lijst(self, on: dt.date) -> Gemeentelijst:
        """The list that holds on that day, as it was published."""
        before = [lijst for lijst in self.lijsten if lijst.van <= on]
        return before[-1] if before else self.lijsten[0]

    def naam(self, code: str) -> str:
        """The newest name known of a code; empty when there is none."""
        for lijst in reversed(self.lijsten):
            if code in lijst.gemeenten:
                return lijst.gemeenten[code]
        end = self.opvolgingen.get(code)
        return "" if end is None else end.naam

    def ooit(self, code: str) -> bool:
        """Whether it is, was or will be the code of a gemeente."""
        named = any(code in lijst.gemeenten for lijst in self.lijsten) or code in self.opvolgingen
        return named or any(code in end.opvolgers for end in self.opvolgingen.values())

    def over(self, lijsten: Iterable[Gemeentelijst], opvolgingen: Iterable[Opvolging]) -> "Indeling":
        """This one with others laid over it: a list replaces that of its day, an ending that of its code."""
        by_day = {lijst.van: lijst for lijst in (*self.lijsten, *lijsten)}
        by_code = {**self.opvolgingen, **{end.code: end for end in opvolgingen}}
        return Indeling(tuple(by_day[day] for day in sorted(by_day)), by_code)


MEEGELEVERD: Final = Indeling(
    (Gemeentelijst(GEMEENTEN_VAN, GEMEENTEN),), {opvolging.code: opvolging for opvolging in OPVOLGERS}
)
"""What is packaged: the list since 2023 and the mergers of 2019-2023."""
