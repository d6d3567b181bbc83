"""What a column that nobody recognised may be: by the likeness of its header, and by what its values look like.

A suggestion tells shares and kinds, never a value. Reasons are Dutch: they stand in a profile, which partners read.
"""

import datetime as dt
import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import polars as pl
from stdnum.nl import bsn

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.layout import KOLOM, SAMENGESTELD
from contracts.signaal import Soort
from contracts.synoniemen import SYNONIEMEN, genormaliseerd
from gateway.stages.patterns import EMAIL_PLAIN

SAMPLE_VALUES: Final = 500
"""Values of a column that are looked at."""
COLUMNS: Final = 300
"""Unknown columns of a file that are looked at: a table is not wider, and comparing a name takes milliseconds."""
FEW: Final = 5
"""Fewer values may look alike by chance: nothing is certain of them."""
_PERCENT: Final = 20
"""From so many values on, their share is told in percents."""
_MOST: Final = 0.8
"""So many of the values must look alike: fewer may be chance."""
_SURE: Final = 0.95
_ALIKE: Final = 0.8
_VERY_ALIKE: Final = 0.88
"""Of difflib's ratio: one slip in eight letters."""
_LONG_ENOUGH: Final = 4
"""Letters of a header: three are like too much."""
_ADULT: Final = 16 * 365
"""Days: a claim is not so old, and hardly anybody with a bill is so young."""
_MONTHS: Final = 12
_LONGEST: Final = 200
"""Characters of a value that are looked at: what is longer is none of these."""
_KNOWN: Final[dict[str, str]] = {genormaliseerd(name): name for name in (*KOLOM, *SAMENGESTELD)} | SYNONIEMEN


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Column `place` (0 is the first) may be `column`; `certain`: it can hardly be anything else."""

    place: int
    column: str
    certain: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What values can look like. `column`: what a column of them is; `plain`: nothing else looks so."""

    column: str
    called: str
    looks: Callable[[str, dt.date], bool]
    plain: bool = False


def _matches(pattern: str) -> Callable[[str, dt.date], bool]:
    compiled = re.compile(pattern)
    return lambda text, _today: compiled.fullmatch(text) is not None


_DATE: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})|(\d{4})-?(\d{2})-?(\d{2})")


def _day(text: str) -> dt.date | None:
    """The day that a text writes, the day of the month first or the year first; None for any other text."""
    found = _DATE.match(text)
    if found is None:
        return None
    day, month, year = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    if int(month) > int(day) and int(month) > _MONTHS:
        day, month = month, day
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _before(text: str, today: dt.date, *, adult: bool) -> bool:
    day = _day(text)
    return day is not None and ((today - day).days > _ADULT) is adult


_KINDS: Final = (
    _Kind(column="postcode", called="een postcode", looks=_matches(r"[1-9]\d{3} ?[A-Za-z]{2}"), plain=True),
    _Kind(column="email", called="een e-mailadres", looks=_matches(EMAIL_PLAIN), plain=True),
    _Kind(column="bsn", called="een BSN (elfproef)", looks=lambda text, _: text.isdecimal() and bsn.is_valid(text)),
    _Kind(
        column="telefoon",
        called="een telefoonnummer",
        looks=_matches(r"(?:0|\+31 ?|0031 ?)(?:\(0\))?[1-9](?:[ -]?\d){8}"),
        plain=True,
    ),
    _Kind(
        column="geboortedatum",
        called="een datum van meer dan 16 jaar geleden",
        looks=lambda text, today: _before(text, today, adult=True),
    ),
    _Kind(
        column="oudste_vervaldatum",
        called="een datum van de laatste jaren",
        looks=lambda text, today: _before(text, today, adult=False),
    ),
    _Kind(
        column="bedrag", called="een bedrag", looks=_matches(r"(?:€ ?)?-?\d{1,3}(?:[., ']?\d{3})*[.,]\d{2}-?(?: ?€)?")
    ),
    _Kind(column="soort", called="een soort achterstand", looks=lambda text, _: text.lower() in set(Soort), plain=True),
    _Kind(column="gemeentecode", called="een gemeentecode", looks=lambda text, _: text in GEMEENTEN),
    _Kind(column="opdrachtgever_kvk", called="een KvK-nummer (acht cijfers)", looks=_matches(r"\d{8}")),
    _Kind(
        column="postcode_woonplaats",
        called="een postcode met een woonplaats",
        looks=_matches(r"[1-9]\d{3} ?[A-Za-z]{2},? +\D+"),
        plain=True,
    ),
    _Kind(
        column="adres",
        called="een straat met een huisnummer",
        looks=_matches(r"\D*[^\W\d]{3}[^\d]*? \d{1,5}(?: ?[-/]? ?\w{1,6})?"),
    ),
    _Kind(
        column="naam",
        called="een naam met voorletters",
        looks=_matches(r"(?:[^\W\d_]\. ?){1,6}[^\d]{2,}|[^\d,]{2,}, ?(?:[^\W\d_]\. ?){1,6}[^\d]*"),
    ),
)
"""In this order: the first that fits is what a column is."""


def suggestions(
    headers: Sequence[str], columns: Sequence[str | None], sent: pl.DataFrame, *, today: dt.date
) -> list[Suggestion]:
    """One suggestion at most for each column of the file without a column of the layout, by place.

    `headers`: as sent, empty when there are none; `columns`: what is recognised; `sent`: text columns "0", "1" …
    A column of the layout is suggested once, and not when it is recognised already.
    """
    taken = {part for name in columns if name is not None for part in (name, *SAMENGESTELD.get(name, ()))}
    found: dict[str, Suggestion] = {}
    unknown = (place for place, name in enumerate(columns) if name is None and str(place) in sent.columns)
    for place in islice(unknown, COLUMNS):
        header = headers[place] if headers else ""
        values = [
            text.strip()
            for text in sent[str(place)].drop_nulls().head(SAMPLE_VALUES)
            if 0 < len(text.strip()) <= _LONGEST
        ]
        one = _suggestion(place, header, values, today)
        if one is None or one.column in taken:
            continue
        if one.column not in found or (one.certain and not found[one.column].certain):
            found[one.column] = one
    return sorted(found.values(), key=lambda one: one.place)


def looks_like_values(texts: Sequence[str], *, today: dt.date) -> bool:
    """Whether a record holds values rather than names of columns: some text in it looks like nothing else."""
    return any(kind.looks(text.strip(), today) for text in texts for kind in _KINDS) or any(
        text.strip().isdecimal() for text in texts
    )


def _suggestion(place: int, header: str, values: Sequence[str], today: dt.date) -> Suggestion | None:
    by_header, by_values = _by_header(header), _by_values(values, today)
    if by_header is None and by_values is None:
        return None
    enough = len(values) >= FEW
    if by_header is None:
        assert by_values is not None
        kind, alike = by_values
        certain = kind.plain and enough and alike >= _SURE * len(values)
        return Suggestion(place=place, column=kind.column, certain=certain, reason=_says(kind, alike, len(values)))
    column, likeness = by_header
    reason = f"de kop lijkt op een bekende naam van {column}"
    if by_values is None:
        return Suggestion(
            place=place, column=column, certain=likeness >= _VERY_ALIKE and not _typed(column), reason=reason
        )
    kind, alike = by_values
    says = _says(kind, alike, len(values))
    if kind.column == column:
        return Suggestion(place=place, column=column, certain=enough, reason=f"{reason} en {says}")
    if kind.plain:
        return Suggestion(place=place, column=kind.column, certain=False, reason=f"{says}, al {reason}")
    same_form = _typed(column) != "" and _typed(column) == _typed(kind.column)
    return Suggestion(place=place, column=column, certain=same_form and likeness >= _VERY_ALIKE, reason=reason)


def _typed(column: str) -> str:
    """What the text of a column must be: "datum", "bedrag" …; "" for free text."""
    return KOLOM[column].vorm.value if column in KOLOM and KOLOM[column].vorm.value in {"datum", "bedrag"} else ""


def _by_header(header: str) -> tuple[str, float] | None:
    """The column that the header is most like the names of, and how much."""
    short = genormaliseerd(header)
    near = difflib.get_close_matches(short, _KNOWN, n=1, cutoff=_ALIKE) if len(short) >= _LONG_ENOUGH else []
    if not near:
        return None
    return _KNOWN[near[0]], difflib.SequenceMatcher(None, short, near[0]).ratio()


def _by_values(values: Sequence[str], today: dt.date) -> tuple[_Kind, int] | None:
    """The first kind that most values look like, and how many of them do."""
    for kind in _KINDS if values else ():
        alike = sum(1 for text in values if kind.looks(text, today))
        if alike >= _MOST * len(values):
            return kind, alike
    return None


def _says(kind: _Kind, alike: int, number: int) -> str:
    if number >= _PERCENT:
        return f"{alike / number:.0%} van de waarden lijkt op {kind.called}"
    return f"{alike} van de {number} waarden {'lijkt' if alike == 1 else 'lijken'} op {kind.called}"
