"""Looking reference data up as routing does: where an address lies on a day, and what is known of a gemeente."""

import datetime as dt
import re
import unicodedata
from typing import Final

import polars as pl
from msgspec import Struct

from contracts.codelists.indeling import Indeling
from gateway.errors import InvalidInputError
from gateway.flow.kit import Kit
from gateway.flow.reference_picture import whereto
from gateway.stages.postcodes import Places
from gateway.store import reference
from gateway.store.reference import Version

_POSTCODE: Final = re.compile(r"([1-9]\d{3}) ?([A-Z]{2})?", re.IGNORECASE)
_RANGES: Final = 40
"""Ranges of postcodes shown of one gemeente."""


class Line(Struct, frozen=True, kw_only=True):
    """One line of the table, as it was loaded."""

    postcode: str
    van: int | None
    tot: int | None
    code: str
    naam: str


class Found(Struct, frozen=True, kw_only=True):
    """An address on a day. `code`: the gemeente it is routed to; None, and `why`, where nothing is certain."""

    code: str | None
    naam: str
    why: str
    lines: tuple[Line, ...]
    version: Version


class FoundGemeente(Struct, frozen=True, kw_only=True):
    """A gemeente on a day. `went`: who has its area since `ended`; `took`: whose area it has; `postcodes`: in ranges.

    `shared`: four digits that it shares with others.
    """

    code: str
    naam: str
    in_force: bool
    listed_from: dt.date
    ended: dt.date | None
    went: str
    took: tuple[str, ...]
    postcodes: tuple[str, ...]
    shared: tuple[str, ...]


def find_address(kit: Kit, postcode: str, huisnummer: int | None, *, on: dt.date) -> Found:
    """Where it lies, by the table in force; InvalidInputError for no postcode, or when no table is loaded."""
    match = _POSTCODE.fullmatch(postcode.strip())
    if match is None:
        raise InvalidInputError(f"{postcode} is no postcode: write 1234AB, or 1234")
    with kit.db.read() as conn:
        indeling = reference.load_indeling(conn)
        loaded = reference.postcodes(conn, on=on)
    if loaded is None:
        raise InvalidInputError("no table of postcodes is loaded: signaalpoort referentie laden FILE")
    wanted = match[1] + (match[2] or "").upper()
    row = pl.DataFrame(
        {"postcode": [wanted], "huisnummer": [huisnummer], "_own": [None]},
        schema={"postcode": pl.String, "huisnummer": pl.Int32, "_own": pl.String},
    )
    code, several = Places(loaded.table, indeling, on).of(row).select("_only", "_several").row(0)
    lines = _lines(loaded.table, wanted, indeling)
    why = "" if code is not None else _why(wanted, huisnummer, lines, several=several)
    return Found(code=code, naam=indeling.naam(code) if code else "", why=why, lines=lines, version=loaded.version)


def _lines(table: pl.DataFrame, wanted: str, indeling: Indeling) -> tuple[Line, ...]:
    """Those of the postcode itself; else those of its four digits."""
    own = table.filter(pl.col("postcode") == wanted)
    if own.is_empty():
        own = table.filter(pl.col("postcode").str.starts_with(wanted) | (pl.col("postcode") == wanted[:4]))
    return tuple(
        Line(postcode=postcode, van=van, tot=tot, code=code, naam=indeling.naam(code))
        for postcode, van, tot, code in own.iter_rows()
    )


def _why(wanted: str, huisnummer: int | None, lines: tuple[Line, ...], *, several: bool) -> str:
    if not lines:
        return "the table does not know this postcode"
    if len(wanted) == 4:
        return "these four digits lie in several gemeenten: give the whole postcode"
    if several and any(line.van is not None for line in lines):
        return (
            "it lies in several gemeenten: give the house number"
            if huisnummer is None
            else ("it lies in several gemeenten, and the table does not know this house number")
        )
    return "it lies in several gemeenten, and the table knows no more" if several else "no gemeente on that day"


def find_gemeenten(kit: Kit, text: str, *, on: dt.date) -> list[FoundGemeente]:
    """By code, or by a part of its name without regard to case and accents; those that ended too."""
    with kit.db.read() as conn:
        indeling = reference.load_indeling(conn)
        loaded = reference.postcodes(conn, on=on)
    names = {code: naam for lijst in indeling.lijsten for code, naam in lijst.gemeenten.items()}
    names = {**{end.code: end.naam for end in indeling.opvolgingen.values()}, **names}
    plain = _plain(text.strip())
    codes = [code for code, naam in names.items() if plain == code or plain in _plain(naam)]
    exact = [code for code in codes if plain in {code, _plain(names[code])}]
    table = None if loaded is None else loaded.table
    return [_gemeente(code, indeling, table, on) for code in sorted(exact or codes)]


def _gemeente(code: str, indeling: Indeling, table: pl.DataFrame | None, on: dt.date) -> FoundGemeente:
    end = indeling.opvolgingen.get(code)
    own, shared = ((), ()) if table is None else _postcodes(code, table, indeling, on)
    took = [
        f"{other.code} {other.naam} ({other.vanaf})"
        for other in indeling.opvolgingen.values()
        if code in other.opvolgers and other.vanaf <= on
    ]
    return FoundGemeente(
        code=code,
        naam=indeling.naam(code),
        in_force=code in indeling.gemeenten(on),
        listed_from=indeling.lijst(on).van,
        ended=None if end is None or end.vanaf > on else end.vanaf,
        went=whereto(indeling, code, on),
        took=tuple(took),
        postcodes=own,
        shared=shared,
    )


def _postcodes(
    code: str, table: pl.DataFrame, indeling: Indeling, on: dt.date
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(ranges of four digits wholly in it, the others)."""
    followed = {old: indeling.opvolger(old, on=on) for old in table["gemeentecode"].unique()}
    pc4 = pl.col("postcode").str.slice(0, 4).alias("pc4")
    codes = pl.col("gemeentecode").replace(followed)
    places = table.group_by(pc4).agg((codes == code).any().alias("here"), codes.n_unique().alias("n"))
    here = places.filter("here").sort("pc4")
    whole = [int(text) for text in here.filter(pl.col("n") == 1)["pc4"]]
    return tuple(_in_ranges(whole)[:_RANGES]), tuple(here.filter(pl.col("n") > 1)["pc4"])


def _in_ranges(numbers: list[int]) -> list[str]:
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
