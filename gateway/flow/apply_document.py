"""What `signaalpoort apply` reads: a TOML file, strict, with every mistake named by its place.

Arrays of tables: systemen, gemeenten, signaalpartners, toegangen, experimenten, overeenkomsten, with the keys of the
structures in `contracts.overeenkomst`; and `[[profielen]]`: `signaalpartner`, perhaps `standaard = true`, and either
the keys of a profile or `bestand`, the name of its file beside this one. Short forms for many at once:

* `[[gemeente_groepen]]`: `codes = [...]` or `"alle"`, `behalve = [...]`, and the keys of a gemeente except `code`;
* `[[overeenkomst_groepen]]`: `gemeenten = [...]` or `"alle"`, `behalve = [...]`, and the keys of an overeenkomst except
  `gemeenten`; one overeenkomst a gemeente, its key is `<key>-<code>`, where `key` is the signaalpartner's unless given;
* `gemeenten = "alle"` in toegangen and experimenten.

`verwijderen = ["systeem/x", "overeenkomst/y"]` deletes; what the file does not name stays as it is. A profile is
`profiel/<signaalpartner>/<naam>`, all its versions, or `profiel/<signaalpartner>/<naam>/<versie>`.
"""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.overeenkomst import Experiment, Gemeente, Overeenkomst, Signaalpartner, Systeem, Toegang
from contracts.profiel import Partnerprofiel
from gateway.errors import InvalidInputError, Problem
from gateway.stages.profiles import parse_profile, profile_of

OVEREENKOMST: Final = "overeenkomst"
ALL: Final = "alle"
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]*")
_Item = Mapping[str, Any]
ReadFile = Callable[[str], str]
"""The text of a file that the configuration names, by its name there; raises InvalidInputError."""
_T = TypeVar("_T", bound=Struct)


class ApplyDocument(Struct, frozen=True, kw_only=True):
    """The file with its short forms written out. `verwijderen`: `<kind>/<key>` of objects to delete."""

    systemen: tuple[Systeem, ...] = ()
    gemeenten: tuple[Gemeente, ...] = ()
    signaalpartners: tuple[Signaalpartner, ...] = ()
    toegangen: tuple[Toegang, ...] = ()
    experimenten: tuple[Experiment, ...] = ()
    overeenkomsten: tuple[Overeenkomst, ...] = ()
    profielen: tuple[Partnerprofiel, ...] = ()
    verwijderen: tuple[str, ...] = ()


def _no_files(name: str) -> str:
    raise InvalidInputError(f"{name} cannot be read from here: put the profile itself in the configuration")


def parse_document(
    text: str, read_file: ReadFile = _no_files, *, gemeenten: Collection[str] = tuple(GEMEENTEN)
) -> ApplyDocument:
    """Read the TOML; raises InvalidInputError that lists what does not fit, each with its place.

    `gemeenten`: the codes that "alle" stands for.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(f"the file is not TOML: {error}") from None
    reader, alle = _Reader(document), sorted(gemeenten)
    read = ApplyDocument(
        systemen=tuple(reader.items("systemen", Systeem)),
        gemeenten=(
            *reader.items("gemeenten", Gemeente),
            *reader.groups("gemeente_groepen", partial(_gemeenten, alle=alle)),
        ),
        signaalpartners=tuple(reader.items("signaalpartners", Signaalpartner)),
        toegangen=tuple(reader.items("toegangen", Toegang, partial(_with_all_gemeenten, alle=alle))),
        experimenten=tuple(reader.items("experimenten", Experiment, partial(_with_all_gemeenten, alle=alle))),
        overeenkomsten=(
            *reader.items("overeenkomsten", Overeenkomst),
            *reader.groups("overeenkomst_groepen", partial(_overeenkomsten, alle=alle)),
        ),
        profielen=tuple(reader.groups("profielen", lambda item: _profiles(item, read_file))),
        verwijderen=reader.names("verwijderen"),
    )
    reader.finish()
    return read


class _Reader:
    """Takes the arrays out of the document one by one, and collects what does not fit."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._left = dict(document)
        self._problems: list[Problem] = []

    def items(self, name: str, cls: type[_T], prepare: Callable[[_Item], _Item] = lambda item: item) -> Iterator[_T]:
        yield from self.groups(name, lambda item: iter((msgspec.convert(prepare(item), cls),)))

    def groups(self, name: str, expand: Callable[[_Item], Iterator[_T]]) -> Iterator[_T]:
        array = self._left.pop(name, [])
        if not isinstance(array, list) or not all(isinstance(item, dict) for item in array):
            self._problems.append(Problem(location=name, detail=f"must be an array of tables: [[{name}]]"))
            return
        for number, item in enumerate(array):
            try:
                yield from expand(item)
            except msgspec.ValidationError as error:
                self._problems.append(_problem(f"{name}[{number}]", item, str(error)))
            except InvalidInputError as error:
                self._problems += _of_profile(f"{name}[{number}]", item, error)

    def names(self, name: str) -> tuple[str, ...]:
        try:
            return msgspec.convert(self._left.pop(name, []), tuple[str, ...])
        except msgspec.ValidationError as error:
            self._problems.append(Problem(location=name, detail=str(error)))
            return ()

    def finish(self) -> None:
        known = (*ApplyDocument.__struct_fields__, "gemeente_groepen", "overeenkomst_groepen")
        for name in self._left:
            self._problems.append(Problem(location=name, detail=f"unknown; known are {', '.join(known)}"))
        if self._problems:
            raise InvalidInputError(f"{len(self._problems)} mistakes in the file; nothing was applied", self._problems)


def _problem(place: str, item: _Item, message: str) -> Problem:
    """`message` is msgspec's: what is wrong, and after " - at" the path inside the item."""
    what, _, path = message.partition(" - at `$")
    return Problem(location=_named(place, item) + path.rstrip("`"), detail=what)


def _named(place: str, item: _Item) -> str:
    name = next((item[key] for key in ("key", "code", "bestand", "naam") if key in item), None)
    return f"{place} ({name})" if isinstance(name, str) and _NAME.fullmatch(name) else place


def _gemeenten(item: _Item, *, alle: list[str]) -> Iterator[Gemeente]:
    rest = dict(item)
    codes = _codes(rest, "codes", alle)
    if "code" in rest:
        raise msgspec.ValidationError("Object contains unknown field `code`")
    template = msgspec.convert({**rest, "code": "0000"}, Gemeente)
    return (msgspec.structs.replace(template, code=code) for code in codes)


def _overeenkomsten(item: _Item, *, alle: list[str]) -> Iterator[Overeenkomst]:
    rest = dict(item)
    codes = _codes(rest, "gemeenten", alle)
    prefix = rest.setdefault("key", rest.get("signaalpartner"))
    template = msgspec.convert({**rest, "gemeenten": {}}, Overeenkomst)
    if _KEY.fullmatch(f"{prefix}-0000") is None:
        raise msgspec.ValidationError("`key` is too long to put -<code> behind it: at most 58 characters")
    period = template.van_kracht
    return (msgspec.structs.replace(template, key=f"{template.key}-{code}", gemeenten={code: period}) for code in codes)


def _profiles(item: _Item, read_file: ReadFile) -> Iterator[Partnerprofiel]:
    rest = dict(item)
    whose: dict[str, Any] = {name: rest.pop(name) for name in ("signaalpartner", "standaard") if name in rest}
    file = rest.pop("bestand", None)
    if file is None:
        profiel = profile_of(rest)
    elif rest or not isinstance(file, str):
        raise msgspec.ValidationError("`bestand` names the file that says all of the profile: no other key beside it")
    else:
        profiel = parse_profile(read_file(file))
    yield msgspec.convert({**whose, "profiel": profiel}, Partnerprofiel)


def _of_profile(place: str, item: _Item, error: InvalidInputError) -> list[Problem]:
    named = _named(place, item)
    if not error.problems:
        return [Problem(location=named, detail=str(error))]
    return [Problem(location=f"{named}.{problem.location}", detail=problem.detail) for problem in error.problems]


def _codes(rest: dict[str, Any], name: str, alle: list[str]) -> list[str]:
    """The gemeenten that a group means, taken out of `rest` with its exceptions."""
    named = msgspec.convert(rest.pop(name, ()), tuple[str, ...] | str)
    if isinstance(named, str) and named != ALL:
        raise msgspec.ValidationError(f'`{name}` is a list of codes, or "{ALL}"')
    codes = alle if isinstance(named, str) else named
    without = set(msgspec.convert(rest.pop("behalve", ()), tuple[str, ...]))
    unknown = without - set(codes)
    if unknown:
        raise msgspec.ValidationError(f"`behalve` names codes that are not in `{name}`: {', '.join(sorted(unknown))}")
    if not codes:
        raise msgspec.ValidationError(f"Object missing required field `{name}`")
    return [code for code in codes if code not in without]


def _with_all_gemeenten(item: _Item, *, alle: list[str]) -> _Item:
    return {**item, "gemeenten": alle} if item.get("gemeenten") == ALL else item
