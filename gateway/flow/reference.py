"""Load reference data: read and checked whole, then made current in one small transaction; shown before that.

Every file is a version that holds from a day on. It takes the place of the one of its kind and day, and stays until
another does. Running processes hear of it by the generation of the configuration.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl
from msgspec import Struct

from contracts.codelists.indeling import Gemeentelijst, Indeling
from contracts.codelists.opvolgers import Opvolging
from gateway.errors import InvalidInputError, Problem
from gateway.flow.kit import Kit
from gateway.flow.reference_addresses import read_addresses
from gateway.flow.reference_checks import indeling_problems
from gateway.flow.reference_files import Layout, Source, recognised
from gateway.flow.reference_lists import read_bytes, read_gemeenten, read_opvolgers, read_pc4
from gateway.flow.unpack import UnpackLimits
from gateway.stages.postcodes import compacted
from gateway.store import reference
from gateway.store.directory import CONFIG_CHANNEL, next_generation
from gateway.store.reference import Kind, NewVersion, Version

Progress = Callable[[str, int, int], None]
"""(name of the file, its bytes, how many more of them were read)."""
_LISTS_FIRST: Final = (Layout.OPVOLGERS, Layout.GEMEENTEN, Layout.GEONAMES, Layout.PC4, Layout.ADRESSEN)
_JANUARY: Final = (1, 1)


class Part(Struct, frozen=True, kw_only=True):
    """One version to be. `replaces`: the one of its kind and day; `same`: that is made of the same bytes.

    `table`: of postcodes; `missing`: gemeenten in force that it has no postcode of.
    """

    name: str
    new: NewVersion
    replaces: Version | None
    table: pl.DataFrame | None = None
    missing: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether loading it changes nothing."""
        return self.replaces is not None and self.replaces.sha256 == self.new.sha256


class Plan(Struct, frozen=True, kw_only=True):
    """What loading would do. `passed`: files in a zip that are none of ours; the division `before` and `after` it."""

    parts: tuple[Part, ...]
    passed: tuple[str, ...]
    before: Indeling
    after: Indeling


def gemeenten_in_force(kit: Kit) -> Mapping[str, str]:
    """Code → name of the gemeenten there are today."""
    with kit.db.read() as conn:
        return reference.load_indeling(conn).gemeenten(kit.today())


def plan(
    kit: Kit,
    files: Sequence[Path],
    *,
    progress: Progress = lambda name, size, read: None,
    from_day: dt.date | None = None,
    incomplete: bool = False,
) -> Plan:
    """Read and check everything, writing nothing; InvalidInputError names every line and list that does not fit.

    `from_day`: from when postcodes and gemeenten hold; without it from 1 January of the year that the file names, or
    of this one for postcodes that name none. `incomplete`: take the addresses although gemeenten are missing.
    """
    sources, passed = recognised(files, UnpackLimits.of(kit.settings.intake))
    sources.sort(key=lambda source: _LISTS_FIRST.index(source.layout))
    with kit.db.read() as conn:
        stored = reference.stored_lists(conn)
        there = {(version.kind, version.valid_from): version for version in reference.versions(conn)}
    reading = _Reading(kit, stored, there, progress=progress, from_day=from_day)
    for source in sources:
        reading.take(source)
    after = reference.laid_over(reading.lists)
    _refuse(indeling_problems(after), "the lists do not fit together")
    parts = [part if part.table is None else _covered(part, after) for part in reading.parts]
    if not incomplete:
        _refuse([_incomplete(part, after) for part in parts if part.new.source == Layout.ADRESSEN and part.missing])
    return Plan(parts=tuple(parts), passed=tuple(passed), before=reference.laid_over(stored), after=after)


def load(kit: Kit, plan: Plan) -> bool:
    """Make it current, all or nothing; False when it was already. Raises InvalidInputError as `plan` does.

    What was loaded by another between the plan and now is judged together with it.
    """
    new = [part.new for part in plan.parts if not part.same]
    if not new:
        return False
    with kit.db.write() as conn:
        next_generation(conn)
        for version in new:
            reference.put_version(conn, version, loaded_at=kit.clock())
        _refuse(indeling_problems(reference.load_indeling(conn)), "the lists do not fit together")
        kit.db.notify(conn, CONFIG_CHANNEL)
    return True


def _refuse(problems: Sequence[Problem], what: str = "the table is not whole") -> None:
    if problems:
        raise InvalidInputError(f"{what}; nothing was loaded", problems)


class _Reading:
    """Reads one file after another; the lists come first, so that the others know their codes."""

    def __init__(
        self,
        kit: Kit,
        stored: reference.StoredLists,
        there: Mapping[tuple[Kind, dt.date], Version],
        *,
        progress: Progress,
        from_day: dt.date | None,
    ) -> None:
        self._there = there
        self._progress = progress
        self._from_day = from_day
        self._this_year = kit.today().year
        self.lists = dict(stored)
        self.parts: list[Part] = []

    def take(self, source: Source) -> None:
        match source.layout:
            case Layout.OPVOLGERS:
                self._take_mergers(source)
            case Layout.GEMEENTEN:
                self._take_gemeenten(source)
            case Layout.ADRESSEN:
                self._take_addresses(source)
            case Layout.GEONAMES | Layout.PC4:
                self._take_postcodes(source)

    def _take_mergers(self, source: Source) -> None:
        data = read_bytes(source, self._heard(source))
        per_year: dict[dt.date, list[Opvolging]] = defaultdict(list)
        for end in read_opvolgers(source, data, naam=reference.laid_over(self.lists).naam):
            per_year[dt.date(end.vanaf.year, *_JANUARY)].append(end)
        for day, ended in per_year.items():
            self.lists[Kind.OPVOLGERS, day] = ended
            content = reference.pack_list(ended)
            self._add(source, Kind.OPVOLGERS, day, content, sha256=_digest(data), lines=len(ended), entries=len(ended))

    def _take_gemeenten(self, source: Source) -> None:
        day = self._day(source, default=None)
        data = read_bytes(source, self._heard(source))
        gemeenten = read_gemeenten(source, data)
        lijst = Gemeentelijst(day, gemeenten)
        self.lists[Kind.GEMEENTEN, day] = lijst
        content = reference.pack_list(lijst)
        self._add(
            source, Kind.GEMEENTEN, day, content, sha256=_digest(data), lines=len(gemeenten), entries=len(gemeenten)
        )

    def _take_postcodes(self, source: Source) -> None:
        day = self._day(source, default=self._this_year)
        data = read_bytes(source, self._heard(source))
        table = read_pc4(source, data, exists=self._exists())
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        self._add_table(source, day, table, sha256=_digest(data), lines=lines)

    def _take_addresses(self, source: Source) -> None:
        day = self._day(source, default=None)
        read = read_addresses(source, exists=self._exists(), progress=self._heard(source))
        self._add_table(source, day, compacted(read.packed), sha256=read.sha256, lines=read.lines)

    def _exists(self) -> Callable[[str], bool]:
        return cache(reference.laid_over(self.lists).ooit)

    def _heard(self, source: Source) -> Callable[[int], None]:
        return lambda read: self._progress(source.name, source.raw.size, read)

    def _day(self, source: Source, *, default: int | None) -> dt.date:
        year = source.year if source.year is not None else default
        if self._from_day is None and year is None:
            detail = "neither its header nor its name says of which year it is: say from which day it holds (--vanaf)"
            raise InvalidInputError(f"{source.name}: {detail}; nothing was loaded")
        return self._from_day or dt.date(year or 0, *_JANUARY)

    def _add_table(self, source: Source, day: dt.date, table: pl.DataFrame, *, sha256: str, lines: int) -> None:
        content = reference.pack_postcodes(table)
        self._add(source, Kind.POSTCODES, day, content, sha256=sha256, lines=lines, entries=table.height, table=table)

    def _add(
        self,
        source: Source,
        kind: Kind,
        day: dt.date,
        content: bytes,
        *,
        sha256: str,
        lines: int,
        entries: int,
        table: pl.DataFrame | None = None,
    ) -> None:
        if any((part.new.kind, part.new.valid_from) == (kind, day) for part in self.parts):
            raise InvalidInputError(f"{source.name}: another file gives {kind} from {day} too; nothing was loaded")
        new = NewVersion(
            kind=kind,
            valid_from=day,
            source=source.layout.value,
            sha256=sha256,
            lines=lines,
            entries=entries,
            content=content,
        )
        self.parts.append(Part(name=source.name, new=new, replaces=self._there.get((kind, day)), table=table))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _covered(part: Part, indeling: Indeling) -> Part:
    assert part.table is not None
    day = part.new.valid_from
    codes = part.table["gemeentecode"].unique()
    covered = {now for code in codes for now in indeling.opvolgers(code, on=day)}
    missing = tuple(sorted(indeling.gemeenten(day).keys() - covered))
    return Part(name=part.name, new=part.new, replaces=part.replaces, table=part.table, missing=missing)


def _incomplete(part: Part, indeling: Indeling) -> Problem:
    named = ", ".join(f"{code} {indeling.naam(code)}" for code in part.missing[:10])
    more = f" and {len(part.missing) - 10} more" if len(part.missing) > 10 else ""
    detail = f"has no address in {named}{more}: is it cut off? With --onvolledig it is taken all the same"
    return Problem(location=part.name, detail=detail)
