"""Whether columns stand one place beside their names: values that do not read here would read next door.

Looked at are shapes (`gateway.stages.shape`), never values.
"""

import enum
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contracts.layout import KOLOM, SAMENGESTELD, Vorm

AT_LEAST: Final = 2
"""One column that does not read is a wrong column; two that both read in the same direction are a shift."""


class Look(enum.Enum):
    """What a shape looks like."""

    DATE = "een datum"
    POSTCODE = "een postcode"
    AMOUNT = "een bedrag"
    PHONE = "een telefoonnummer"
    EMAIL = "een e-mailadres"
    NUMBER = "een getal"
    WORDS = "tekst"


_LOOKS: Final = (
    (Look.DATE, re.compile(r"9{1,2}[-/. ]9{1,2}[-/. ]9{2,4}\b.*|9{4}-9{2}-9{2}.*")),
    (Look.POSTCODE, re.compile(r"9{4} ?[aA]{2}")),
    # The shape of a euro sign, as of any letter beyond ASCII, is a.
    (Look.AMOUNT, re.compile(r"(a ?)?-?9[9. ]*,9{1,2}|(a ?)?-?9[9,]*\.9{1,2}|a ?-?9[9.]*")),
    (Look.PHONE, re.compile(r"\+9[9 ()-]{7,}|9{2,4}[ -]9[9 ]{5,}|9{10}")),
    (Look.EMAIL, re.compile(r"[^ @]+@[^ @]+")),
    (Look.NUMBER, re.compile(r"9+")),
    (Look.WORDS, re.compile(r"[aA][aA '.-]*")),
)
_OF_VORM: Final = {
    Vorm.BEDRAG: {Look.AMOUNT, Look.NUMBER},
    Vorm.DATUM: {Look.DATE},
    Vorm.GETAL: {Look.NUMBER},
    Vorm.JA_NEE: {Look.WORDS},
    Vorm.LIJST: {Look.WORDS, Look.NUMBER},
}
_OF_COLUMN: Final = {
    "soort": {Look.WORDS},
    "signaaltype": {Look.WORDS},
    "producten": {Look.WORDS},
    "telefoon": {Look.PHONE, Look.NUMBER},
    "email": {Look.EMAIL},
    "postcode": {Look.POSTCODE},
    "voorletters": {Look.WORDS},
    "voorvoegsel": {Look.WORDS},
    "achternaam": {Look.WORDS},
    "naam": {Look.WORDS},
    "straat": {Look.WORDS},
    "woonplaats": {Look.WORDS},
    "geslacht": {Look.WORDS},
    "huisletter": {Look.WORDS},
    **{name: {Look.NUMBER} for name in ("gemeentecode", "uzovi", "opdrachtgever_kvk", "bsn")},
}
_ANYTHING: Final = {Look.NUMBER, Look.WORDS}


def look_of(shape: str) -> Look | None:
    """What a shape looks like; None: nothing in particular."""
    return next((look for look, pattern in _LOOKS if pattern.fullmatch(shape)), None)


def shifted_columns(
    misread: Mapping[str, Sequence[str]], columns: Sequence[str | None], *, share: float
) -> list[tuple[str, str]]:
    """(column, what it holds) of columns that all hold what belongs one place to the left, or all one to the right.

    `misread`: column → shapes of values that do not read in it; `columns`: in the order of the file, None for one that
    is ignored; `share`: of the shapes, how many must look alike. Nothing found: nothing is shifted.
    """
    for step in (-1, 1):
        found = list(_reads_next_door(misread, columns, step, share))
        if len(found) >= AT_LEAST and any(look is not Look.WORDS for _, look in found):
            return [(column, look.value) for column, look in found]
    return []


def _reads_next_door(
    misread: Mapping[str, Sequence[str]], columns: Sequence[str | None], step: int, share: float
) -> Iterator[tuple[str, Look]]:
    for place, column in enumerate(columns):
        beside = place + step
        if column is None or column not in misread or not 0 <= beside < len(columns):
            continue
        neighbour, look = columns[beside], _common(misread[column], share)
        if neighbour is not None and look is not None and look in _reads(neighbour) - _reads(column):
            yield column, look


def _common(shapes: Sequence[str], share: float) -> Look | None:
    looks = Counter(look_of(shape) for shape in shapes)
    look, number = looks.most_common(1)[0] if looks else (None, 0)
    return look if number >= share * len(shapes) else None


def _reads(column: str) -> set[Look]:
    """What a column takes."""
    if column in _OF_COLUMN:
        return _OF_COLUMN[column]
    if column in SAMENGESTELD:
        return _ANYTHING
    return _OF_VORM.get(KOLOM[column].vorm, _ANYTHING)
