"""What a profile says, held against the layout: everything that cannot be, with its place and what would be right."""

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import polars as pl

from contracts.layout import KOLOM, SAMENGESTELD, Vorm
from contracts.overeenkomst import Signaalpartner
from contracts.profiel import Bedrageenheid, Bestandsvorm, Datumvolgorde, Profiel
from contracts.signaal import LCV_SOORTEN
from gateway.errors import Problem
from gateway.stages.block import BlockReader
from gateway.stages.column_names import header_key
from gateway.stages.columns import value
from gateway.stages.dialect import MAX_COLUMNS, Dialect
from gateway.stages.frames import RAW
from gateway.stages.policy import policy_for
from gateway.stages.profiles import DECIMAALTEKENS, SCHEIDINGSTEKENS, nearest, place
from gateway.stages.rules_field import EFFORT

MAX_KOPREGEL: Final = 1000
"""The header stands in the first bytes of a file; no export has more lines of titles."""
CONSTANT: Final = (
    "soort", "signaaltype", "producten", "opdrachtgever_kvk", "uzovi", "woonplaats", "gemeentecode", "bedreigend",
    "warme_overdracht", *EFFORT,
)  # fmt: skip
"""Columns that can be the same for every row. What belongs to one resident or one claim cannot."""
_ANYBODY: Final = policy_for(
    Signaalpartner(key="", naam="", oin="", soorten=tuple(LCV_SOORTEN)), (), received_on=dt.date(2026, 1, 1)
)
"""Reading a text asks who sends it and when, and for no text that can be constant the answer depends on it."""
_JSON: Final = (Bestandsvorm.JSON, Bestandsvorm.JSON_REGELS)
_SHEETS: Final = (Bestandsvorm.XLSX, Bestandsvorm.ODS)


def problems_of(profiel: Profiel, partner: Signaalpartner | None = None) -> list[Problem]:
    """Everything that does not hold; `partner`: whose profile it is, where that is known."""
    return [
        *_header(profiel),
        *_columns(profiel),
        *_ignored(profiel),
        *_form(profiel),
        *_constants(profiel, partner),
        *_words(profiel),
    ]


def reads(column: str, text: str, profiel: Profiel) -> bool:
    """Whether `text` in a layout column gives a value, read as `profiel` says."""
    return _reads(
        column,
        text.strip(),
        profiel.decimaalteken or ",",
        profiel.datumvolgorde or Datumvolgorde.DMJ,
        profiel.bedragen_in is Bedrageenheid.CENT,
    )


@functools.lru_cache(maxsize=4096)  # a thousand partners have the same few constants
def _reads(column: str, stripped: str, decimal: str, date_order: Datumvolgorde, cents: bool) -> bool:
    if not stripped or len(stripped) > KOLOM[column].max_lengte:
        return False
    dialect = Dialect(
        encoding="utf-8",
        delimiter=";",
        columns=(column,),
        decimal=decimal,
        header_bytes=0,
        date_order=date_order,
        cents=cents,
    )
    row = dict.fromkeys(RAW) | {"row_no": 1, "misfit": False, column: stripped}
    block = BlockReader(dialect, _ANYBODY).read(pl.DataFrame([row], schema=RAW))
    return bool(block.frame.select(value(column).is_not_null()).item())


def _header(profiel: Profiel) -> Iterator[Problem]:
    line = profiel.kopregel
    if line is None:
        return
    if not 0 <= line <= MAX_KOPREGEL:
        yield Problem(location="kopregel", detail=f"is a line from 1 to {MAX_KOPREGEL}, or 0 when there is none")
    if profiel.vorm in _JSON and line != 1:
        yield Problem(location="kopregel", detail="has no meaning in JSON, where names stand beside the values")
    if line == 0:
        yield from _places(profiel)


def _places(profiel: Profiel) -> Iterator[Problem]:
    if not profiel.kolommen:
        yield Problem(location="kolommen", detail='names every place when kopregel is 0: "1" = "kenmerk"')
    for header in (*profiel.kolommen, *profiel.negeren):
        where = place("kolommen", header) if header in profiel.kolommen else "negeren"
        if not (header.isascii() and header.isdecimal() and 1 <= int(header) <= MAX_COLUMNS):
            detail = f'is a place, "1" to "{MAX_COLUMNS}", since kopregel is 0; leave kopregel out for header texts'
            yield Problem(location=where, detail=detail)


def _columns(profiel: Profiel) -> Iterator[Problem]:
    known = (*KOLOM, *SAMENGESTELD)
    for header, column in profiel.kolommen.items():
        if column not in known:
            detail = f'"{column}" is no column of the layout; {nearest(column, known)}'
            yield Problem(location=place("kolommen", header), detail=detail)
        if not header.strip():
            yield Problem(location=place("kolommen", header), detail="a header text is not empty")
    for column, headers in _groups(profiel.kolommen, lambda header: profiel.kolommen[header]):
        detail = f'"{column}" is given by "{headers[0]}" already: leave one of them out, or put it in negeren'
        yield from (Problem(location=place("kolommen", header), detail=detail) for header in headers[1:])
    for _, headers in _groups(profiel.kolommen, header_key):
        detail = f'is the same header as "{headers[0]}": case and spaces do not count'
        yield from (Problem(location=place("kolommen", header), detail=detail) for header in headers[1:])


def _lower(text: str) -> str:
    return text.strip().lower()


def _groups(texts: Iterable[str], key: Callable[[str], str]) -> Iterator[tuple[str, list[str]]]:
    """Texts that have the same key, where there is more than one."""
    found: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        found[key(text)].append(text)
    return ((name, group) for name, group in found.items() if len(group) > 1)


def _ignored(profiel: Profiel) -> Iterator[Problem]:
    read = {header_key(header) for header in profiel.kolommen}
    for header in profiel.negeren:
        if header_key(header) in read:
            yield Problem(location="negeren", detail=f'"{header}" is read by kolommen: take it out of one of them')


def _form(profiel: Profiel) -> Iterator[Problem]:
    delimiter, decimal = profiel.scheidingsteken, profiel.decimaalteken
    if delimiter is not None and delimiter not in SCHEIDINGSTEKENS:
        yield Problem(location="scheidingsteken", detail='is one of ";", ",", "\\t" (tab), "|"')
    if decimal is not None and decimal not in DECIMAALTEKENS:
        yield Problem(location="decimaalteken", detail='is one of ",", "."')
    if profiel.vorm not in (None, Bestandsvorm.CSV):
        for key in ("scheidingsteken", "tekenset"):
            if getattr(profiel, key) is not None:
                yield Problem(location=key, detail=f'only says something of vorm = "csv", not of "{profiel.vorm}"')
    if profiel.blad is not None and profiel.vorm not in (None, *_SHEETS):
        yield Problem(location="blad", detail=f'only a workbook has sheets, not vorm = "{profiel.vorm}"')
    if profiel.blad is not None and not profiel.blad.strip():
        yield Problem(location="blad", detail="the name of a sheet is not empty")


def _constants(profiel: Profiel, partner: Signaalpartner | None) -> Iterator[Problem]:
    for column, text in profiel.constanten.items():
        where = place("constanten", column)
        if column not in KOLOM:
            detail = f"is no column of the layout; {nearest(column, CONSTANT)}"
            yield Problem(location=where, detail=detail)
        elif column not in CONSTANT:
            detail = f"differs from row to row, so it is no constant; constants are {', '.join(CONSTANT)}"
            yield Problem(location=where, detail=detail)
        elif not reads(column, text, profiel):
            yield Problem(location=where, detail=f"cannot be read: {_asked(column)}")
        elif column == "soort" and partner is not None and text.strip().lower() not in partner.soorten:
            yield Problem(location=where, detail=f"is a kind of this partner: {', '.join(partner.soorten)}")


def _words(profiel: Profiel) -> Iterator[Problem]:
    for column, words in profiel.waarden.items():
        if column not in KOLOM:
            yield Problem(
                location=place("waarden", column), detail=f"is no column of the layout; {nearest(column, KOLOM)}"
            )
            continue
        for word, meaning in words.items():
            if not reads(column, meaning, profiel):
                detail = f'"{meaning}" cannot be read: {_asked(column)}'
                yield Problem(location=place("waarden", column, word), detail=detail)
        for _, group in _groups(words, _lower):
            detail = f'is the same text as "{group[0]}": case does not count'
            yield from (Problem(location=place("waarden", column, word), detail=detail) for word in group[1:])


def _asked(column: str) -> str:
    """What the layout asks of a column, in a few words."""
    kolom = KOLOM[column]
    if kolom.vorm is Vorm.JA_NEE:
        return "Ja or Nee"
    example = f' (such as "{kolom.voorbeeld}")' if kolom.voorbeeld else ""
    return kolom.uitleg.rstrip(".") + example
