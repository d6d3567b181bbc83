"""Mapping files: how a Signaal is written in a receiving system's own layout, and how its answers are read.

Nothing public says how these layouts look, so every name, path and code stands in a TOML file beside the adapter
(`status = "unverified"` on top); the day a vendor gives its layout only that file changes.
"""

import datetime as dt
import enum
import importlib.resources
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from adapters.answers import AnswerNames
from adapters.config import AdapterConfigError
from adapters.results import ResultNames
from contracts.outcomes import RefusalKind, Refused
from contracts.signaal import Signaal

AMOUNTS: Final = frozenset({"bedrag", "bedrag_premie", "bedrag_eigen_risico", "bedrag_eigen_bijdrage"})
"""Fields in euro cents."""
_PACKAGED: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")

Value = str | int | bool | list[str] | None
Record = dict[str, Value]
UrlPath = Annotated[str, Meta(pattern=r"^/[A-Za-z0-9/_.{}-]*$")]


class Amount(enum.StrEnum):
    """How an amount is written."""

    CENTS = "cents"
    EUROS_COMMA = "euros_comma"
    EUROS_POINT = "euros_point"


class Formats(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How values are written; `list_separator` None keeps a list a list, `yes`/`no` None keep a boolean."""

    date: str = "%Y-%m-%d"
    amount: Amount = Amount.CENTS
    yes: str | None = None
    no: str | None = None
    list_separator: str | None = None


class Column(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of their record: filled `from` a field of Signaal (by way of a table of `codes`), or `constant`."""

    name: Annotated[str, Meta(min_length=1)]
    from_: str | None = msgspec.field(name="from", default=None)
    constant: str | int | bool | None = None
    codes: str | None = None


class Paths(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths below the base address. `query` holds `{key}`, `status` holds `{reference}`."""

    deliver: UrlPath
    query: UrlPath | None = None
    status: UrlPath | None = None
    results: UrlPath | None = None
    probe: UrlPath | None = None


class Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What their JSON calls the batch itself; None leaves a member out."""

    records: str
    key: str | None = None
    gemeentecode: str | None = None
    signaalpartner: str | None = None
    created_at: str | None = None
    count: str | None = None


class Mapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mapping file. `source` says where the layout comes from."""

    status: Literal["unverified", "verified"]
    source: Annotated[str, Meta(min_length=1)]
    version: str
    key_header: str = "Idempotency-Key"
    partner_header: str | None = None
    """Where the OIN of the reporting partner goes when the body has no place for it."""
    paths: Paths
    envelope: Envelope | None = None
    formats: Formats = Formats()
    columns: Annotated[tuple[Column, ...], Meta(min_length=1)]
    codes: dict[str, dict[str, str]] = {}
    answer: AnswerNames
    results: ResultNames = ResultNames()


class UnmappedValueError(Exception):
    """A value has no code in the mapping; caught by `to_records`. Names the table, never the value."""


def load_mapping(name: str, *, package: str) -> Mapping:
    """The mapping `name`: packaged beside `package`, or a path when it ends in .toml; raises AdapterConfigError."""
    try:
        mapping = msgspec.convert(tomllib.loads(_read(name, package)), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise AdapterConfigError(f"mapping {name}: {error}") from None
    for problem in _problems(mapping):
        raise AdapterConfigError(f"mapping {name}: {problem}")
    return mapping


def to_records(mapping: Mapping, signalen: Iterable[Signaal]) -> list[Record] | Refused:
    """Each Signaal in their layout, absent values as None; Refused when the mapping lacks a code."""
    writers = [(column.name, _writer(column, mapping)) for column in mapping.columns]
    try:
        return [{name: write(signaal) for name, write in writers} for signaal in signalen]
    except UnmappedValueError as error:
        return Refused(code=f"mapping_lacks_{error}", kind=RefusalKind.CONTRACT)


def _read(name: str, package: str) -> str:
    try:
        if name.endswith(".toml"):
            return Path(name).read_text("utf-8")
        if _PACKAGED.fullmatch(name):
            return importlib.resources.files(package).joinpath(f"{name}.toml").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AdapterConfigError(f"mapping {name}: cannot be read ({type(error).__name__})") from None
    raise AdapterConfigError(f"mapping {name}: neither a packaged name nor a path that ends in .toml")


def _problems(mapping: Mapping) -> Iterable[str]:
    for column in mapping.columns:
        if (column.from_ is None) == (column.constant is None):
            yield f"column {column.name} needs exactly one of `from` and `constant`"
        if column.from_ is not None and column.from_ not in Signaal.__struct_fields__:
            yield f"column {column.name}: a Signaal has no field {column.from_}"
        if column.codes is not None and column.codes not in mapping.codes:
            yield f"column {column.name}: there is no table codes.{column.codes}"
    if len({column.name for column in mapping.columns}) != len(mapping.columns):
        yield "two columns have one name"
    for path, hole in ((mapping.paths.query, "{key}"), (mapping.paths.status, "{reference}")):
        if path is not None and path.count(hole) != 1:
            yield f"path {path} must hold {hole} once"


def _writer(column: Column, mapping: Mapping) -> Callable[[Signaal], Value]:
    if column.from_ is None:
        constant = column.constant
        return lambda _: constant
    field, codes, formats = column.from_, column.codes, mapping.formats
    table = None if codes is None else mapping.codes[codes]

    def write(signaal: Signaal) -> Value:
        value: object = getattr(signaal, field)
        if field in AMOUNTS and isinstance(value, int):
            return _amount(value, formats.amount)
        if table is None:
            return _plain(value, formats)
        try:
            coded = [table[str(item)] for item in _items(value)]
        except KeyError:
            raise UnmappedValueError(codes) from None
        return _list(coded, formats) if isinstance(value, tuple) else next(iter(coded), None)

    return write


def _items(value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _plain(value: object, formats: Formats) -> Value:
    match value:
        case None | "":
            return None
        case bool():
            text = formats.yes if value else formats.no
            return value if text is None else text
        case dt.date():
            return value.strftime(formats.date)
        case tuple():
            return _list([str(item) for item in value], formats)
        case int():
            return value
        case _:
            return str(value)


def _list(items: list[str], formats: Formats) -> Value:
    return items if formats.list_separator is None else formats.list_separator.join(items) or None


def _amount(cents: int, form: Amount) -> Value:
    if form is Amount.CENTS:
        return cents
    point = "," if form is Amount.EUROS_COMMA else "."
    return f"{cents // 100}{point}{cents % 100:02d}"
