"""A profile as TOML text: read strictly, every mistake told with its place and with what is allowed there.

A mistake is a `Problem`; its location is the key as it stands in the file, such as `kolommen."Klantnr."`.
"""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, get_type_hints

import msgspec

from contracts.profiel import Bedrageenheid, Bestandsvorm, Datumvolgorde, Partnerprofiel, Profiel, Tekenset
from gateway.errors import InvalidInputError, Problem
from gateway.stages.column_names import header_key

SCHEIDINGSTEKENS: Final = (";", ",", "\t", "|")
DECIMAALTEKENS: Final = (",", ".")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_HINTS: Final = get_type_hints(Profiel, include_extras=True)
_TABLES: Final = {
    "kolommen": '"header text" = "column"',
    "constanten": 'column = "text"',
}


def _members(kind: type[StrEnum]) -> str:
    return "one of " + ", ".join(f'"{member.value}"' for member in kind)


_ALLOWED: Final[dict[str, str]] = {
    "naam": "letters, digits, spaces, dots, dashes and underscores, at most 63",
    "versie": "a whole number from 1 on; one higher with every change",
    "vorm": _members(Bestandsvorm),
    "blad": "the name of a sheet, in quotes",
    "tekenset": _members(Tekenset),
    "scheidingsteken": 'one of ";", ",", "\\t", "|"',
    "kopregel": "a whole number: the line of the header, counted from 1; 0 when there is none",
    "decimaalteken": 'one of ",", "."',
    "datumvolgorde": _members(Datumvolgorde),
    "bedragen_in": _members(Bedrageenheid),
    "negeren": 'a list of header texts: ["Saldo", "Regio"]',
}
"""Key → what stands behind it, in words; the tables are read by themselves."""


def parse_profile(text: str) -> Profiel:
    """Read a profile file; raises InvalidInputError that lists everything that does not fit its form.

    What the profile says together is for `profile_checks.problems_of` to judge.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(f"the profile is not TOML: {error}") from None
    return profile_of(document)


def profile_of(document: Mapping[str, Any]) -> Profiel:
    """The profile that a TOML table says; raises InvalidInputError as `parse_profile`."""
    problems = [problem for key, value in document.items() for problem in _field(key, value)]
    if "naam" not in document:
        problems.append(Problem(location="naam", detail=f"is missing: {_ALLOWED['naam']}"))
    if problems:
        raise InvalidInputError(f"{len(problems)} mistakes in the profile", problems)
    return msgspec.convert(document, Profiel)


def in_force(profielen: Iterable[Partnerprofiel]) -> dict[str, tuple[Partnerprofiel, ...]]:
    """signaalpartner → the highest version of each of its profiles, by name."""
    highest: dict[tuple[str, str], Partnerprofiel] = {}
    for one in profielen:
        place = one.signaalpartner, one.profiel.naam
        if place not in highest or highest[place].profiel.versie < one.profiel.versie:
            highest[place] = one
    found: dict[str, tuple[Partnerprofiel, ...]] = {}
    for partner, name in sorted(highest):
        found[partner] = (*found.get(partner, ()), highest[partner, name])
    return found


def chosen(profielen: Sequence[Partnerprofiel], *, named: str | None) -> Profiel | None:
    """Which of a partner's profiles reads an upload, whatever is in it: the one it names, the only one, the standard.

    None: what is in the file decides (`by_headers`). Raises KeyError for a name that none of them has.
    """
    if named is not None:
        return {one.profiel.naam: one.profiel for one in profielen}[named]
    certain = [one.profiel for one in profielen if one.standaard or len(profielen) == 1]
    return certain[0] if certain else None


def by_headers(read: Iterable[tuple[Profiel, Collection[str]]]) -> Profiel | None:
    """The profile whose header texts all occur among those of the file as it reads it; of several the longest list.

    None when none fits, or when two fit equally well: a file is not read by chance.
    """
    fitting = [
        profiel
        for profiel, headers in read
        if profiel.kopregel != 0
        and profiel.kolommen
        and {header_key(text) for text in profiel.kolommen} <= {header_key(text) for text in headers}
    ]
    fitting.sort(key=lambda profiel: len(profiel.kolommen), reverse=True)
    if len(fitting) > 1 and len(fitting[0].kolommen) == len(fitting[1].kolommen):
        return None
    return fitting[0] if fitting else None


def place(*keys: str) -> str:
    """A TOML key as it is written in a file: `kolommen."Klantnr."`."""
    return ".".join(key if _BARE.fullmatch(key) else quoted(key) for key in keys)


def nearest(name: str, names: Iterable[str]) -> str:
    """What to tell of a name that is none of `names`: the nearest of them, or all."""
    known = tuple(names)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'the nearest is "{near[0]}"' if near else "known are " + ", ".join(known)


def quoted(text: str) -> str:
    """A text as a TOML string; what a terminal would not show as it is, is escaped."""
    json = msgspec.json.encode(text).decode()  # what JSON escapes, TOML escapes alike
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in json)


def _field(key: str, value: Any) -> Iterator[Problem]:
    if key not in _HINTS:
        yield Problem(location=place(key), detail=f"unknown; {nearest(key, _HINTS)}")
    elif key in _TABLES:
        yield from _texts((key,), value, _TABLES[key])
    elif key == "waarden":
        yield from _words(value)
    else:
        try:
            msgspec.convert(value, _HINTS[key])
        except msgspec.ValidationError:
            yield Problem(location=key, detail=f"is {_ALLOWED[key]}")


def _texts(keys: tuple[str, ...], value: Any, form: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(location=place(*keys), detail=f"is a table: {form}")
        return
    for key, text in value.items():
        if not isinstance(text, str):
            yield Problem(location=place(*keys, key), detail="is a text, in quotes")


def _words(value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(location="waarden", detail='is a table: column = { "text in the file" = "text of the layout" }')
        return
    for column, table in value.items():
        yield from _texts(("waarden", column), table, '"text in the file" = "text of the layout"')
