"""Input → typed structure, with ALL its schema errors told together (ADR /core/error-handling/all-errors).

msgspec stops at the first error, and its text quotes values. So: one fast try; only when that fails, a walk over
the structure that gathers every problem in words of ours, which describe what is asked and never what was sent.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from gateway.errors import InvalidInputError, Problem

T = TypeVar("T")

_BYTE = re.compile(r"\(byte (\d+)\)")
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for bytes that are no JSON, no UTF-8, a number beyond all ranges, or nested without end."""


def decode_json(body: bytes, wanted: type[T]) -> T:
    """Decode a JSON body; raises InvalidInputError with every problem, located by JSON pointer."""
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError:
        found = tuple(_problems(_untyped(body), wanted, "", strict=True))
    except _NO_JSON as error:
        raise _no_json(error) from None
    raise InvalidInputError(_headline(found), found)


def _untyped(body: bytes) -> Any:
    """A body that did not fit, as it is; what stands after the first misfit can still be no JSON."""
    try:
        return msgspec.json.decode(body)
    except _NO_JSON as error:
        raise _no_json(error) from None


def _no_json(error: Exception) -> InvalidInputError:
    place = _BYTE.search(str(error))
    detail = f"De inhoud is geen geldige JSON, vanaf byte {place[1]}." if place else "De inhoud is geen geldige JSON."
    return InvalidInputError(detail, [Problem(location="/", detail=detail)])


def convert_query(values: Mapping[str, str], wanted: type[T]) -> T:
    """Convert query parameters (unknown ones are ignored); raises InvalidInputError with every problem."""
    try:
        return msgspec.convert(values, wanted, strict=False)
    except msgspec.ValidationError:
        found = tuple(
            Problem(location=f"query:{problem.location.removeprefix('/')}", detail=problem.detail)
            for problem in _problems(values, wanted, "", strict=False)
        )
    raise InvalidInputError(_headline(found), found)


def _headline(found: tuple[Problem, ...]) -> str:
    return "De aanvraag bevat 1 fout." if len(found) == 1 else f"De aanvraag bevat {len(found)} fouten."


def _problems(value: Any, hint: Any, path: str, *, strict: bool) -> Iterator[Problem]:
    if _fits(value, hint, strict=strict):
        return
    info = _bare(inspect.type_info(hint))
    if isinstance(info, inspect.UnionType) and value is not None:
        yield from _problems(value, _single_member(hint), path, strict=strict)
    elif isinstance(info, inspect.StructType) and isinstance(value, Mapping):
        yield from _struct_problems(value, info, path, strict=strict)
    elif isinstance(info, inspect.ListType | inspect.VarTupleType) and isinstance(value, list):
        yield from _list_problems(value, hint, info, path, strict=strict)
    else:
        yield Problem(location=path or "/", detail=f"Verwacht: {describe(info)}.")


def _fits(value: Any, hint: Any, *, strict: bool) -> bool:
    try:
        msgspec.convert(value, hint, strict=strict)
    except msgspec.ValidationError:
        return False
    return True


def _struct_problems(
    value: Mapping[str, Any], info: inspect.StructType, path: str, *, strict: bool
) -> Iterator[Problem]:
    hints = get_type_hints(info.cls, include_extras=True)
    known = {field.encode_name for field in info.fields}
    if info.forbid_unknown_fields and (unknown := len(value.keys() - known)):
        names = ", ".join(sorted(known))
        yield Problem(location=path or "/", detail=f"Aantal onbekende velden: {unknown}. Bekend zijn: {names}.")
    for field in info.fields:
        place = f"{path}/{field.encode_name}"
        if field.encode_name in value:
            yield from _problems(value[field.encode_name], hints[field.name], place, strict=strict)
        elif field.required:
            yield Problem(location=place, detail=f"Ontbreekt. Verwacht: {describe(_bare(field.type))}.")


def _list_problems(
    value: list[Any], hint: Any, info: inspect.ListType | inspect.VarTupleType, path: str, *, strict: bool
) -> Iterator[Problem]:
    if not (info.min_length or 0) <= len(value) <= (info.max_length or len(value)):
        yield Problem(location=path or "/", detail=f"Verwacht: {describe(info)}.")
    item = get_args(_unannotated(hint))[0]
    for position, element in enumerate(value[: info.max_length]):  # what is beyond it is wrong whatever it is
        yield from _problems(element, item, f"{path}/{position}", strict=strict)


def _unannotated(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _single_member(hint: Any) -> Any:
    """The first member of a union that is not None: unions of ours are all `X | None`."""
    return next(member for member in get_args(_unannotated(hint)) if member is not type(None))


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def describe(info: inspect.Type) -> str:
    """What is asked, in Dutch."""
    match info:
        case inspect.EnumType():
            return "een van " + ", ".join(str(member.value) for member in info.cls)
        case inspect.StrType():
            return _describe_text(info)
        case inspect.IntType():
            return "een geheel getal" + _bounds(info.ge, info.le)
        case inspect.ListType() | inspect.VarTupleType():
            return "een lijst" + _bounds(info.min_length, info.max_length, unit=" elementen")
        case inspect.UnionType():
            return " of ".join(describe(_bare(member)) for member in info.types)
        case _:
            return _NAMES.get(type(info), "een andere vorm")


_NAMES: dict[type[inspect.Type], str] = {
    inspect.StructType: "een JSON-object",
    inspect.BoolType: "true of false",
    inspect.DateType: "een datum (jjjj-mm-dd)",
    inspect.DateTimeType: "een tijdstip (RFC 3339, met tijdzone)",
    inspect.UUIDType: "een UUID",
    inspect.NoneType: "null",
}


def _describe_text(info: inspect.StrType) -> str:
    text = "tekst" + _bounds(info.min_length, info.max_length, unit=" tekens")
    return f"{text} volgens het patroon {info.pattern}" if info.pattern else text


def _bounds(low: float | None, high: float | None, *, unit: str = "") -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" van ten minste {low}{unit}"
    return f" van {low or 0} tot en met {high}{unit}"
