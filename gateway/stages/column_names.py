"""What the text above a column means.

The strongest first: what the profile says, the exact name of a column, that name but for units and marks, a synonym, a
synonym of second choice. Of two texts with one meaning the stronger counts; two that are as strong are a question to
the partner (of second choices the first counts).
"""

import enum
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.layout import KOLOM, SAMENGESTELD
from contracts.profiel import Profiel
from contracts.synoniemen import SYNONIEMEN, TWEEDE, genormaliseerd

MARK: Final = "\ufeff"
"""A byte order mark, where files were joined or marked twice."""


class Strength(enum.IntEnum):
    """How sure it is what a header text means."""

    SECOND_CHOICE = 1
    SYNONYM = 2
    NEARLY_EXACT = 3
    EXACT = 4
    PROFILE = 5


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What one header text means."""

    column: str
    strength: Strength


def header_key(text: str) -> str:
    """What makes a text of a file and one of a profile the same: case and spaces do not."""
    return " ".join(text.strip(MARK).casefold().split())


def meanings(profiel: Profiel | None) -> Callable[[str], Meaning | None]:
    """What a header text means, by `profiel` and by the lists; None: it is not read."""
    told = {header_key(text): column for text, column in profiel.kolommen.items()} if profiel else {}
    ignored = {header_key(text) for text in profiel.negeren} if profiel else set()

    def meaning(text: str) -> Meaning | None:
        if told or ignored:
            key = header_key(text)
            if key in ignored:
                return None
            if key in told:
                return Meaning(column=told[key], strength=Strength.PROFILE)
        return listed(text)

    return meaning


def listed(text: str) -> Meaning | None:
    """What a header text means by the layout and the synonyms."""
    name = re.sub(r"[\s\-]+", "_", text.strip(MARK).strip().lower())
    if name in KOLOM or name in SAMENGESTELD:
        return Meaning(column=name, strength=Strength.EXACT)
    short = genormaliseerd(text)
    column = SYNONIEMEN.get(short)
    if column is None:
        return None
    if short == column.replace("_", ""):
        return Meaning(column=column, strength=Strength.NEARLY_EXACT)
    return Meaning(column=column, strength=Strength.SECOND_CHOICE if short in TWEEDE else Strength.SYNONYM)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """Per text the column that it stands for, or None, and how sure that is; `doubles`: what must be asked."""

    columns: tuple[str | None, ...]
    strengths: tuple[Strength | None, ...]
    doubles: tuple[str, ...]


def decided(texts: Sequence[str], found: Sequence[Meaning | None]) -> Decided:
    """Of the texts that mean the same, the strongest stands for the column."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, meaning in enumerate(found):
        if meaning:
            places[meaning.column].append(place)
    columns: list[str | None] = [None] * len(texts)
    strengths: list[Strength | None] = [None] * len(texts)
    doubles: list[str] = []
    for column, rivals in places.items():
        sure = {place: meaning.strength for place in rivals if (meaning := found[place])}
        top = max(sure.values())
        first, *others = (place for place in rivals if sure[place] is top)
        if others and top is not Strength.SECOND_CHOICE:
            doubles.append(_double(column, [texts[place] for place in (first, *others)]))
        columns[first], strengths[first] = column, top
    return Decided(columns=tuple(columns), strengths=tuple(strengths), doubles=tuple(doubles))


def _double(column: str, texts: Sequence[str]) -> str:
    """The column, and the names it goes by where those differ: all of them are names of our lists or of the profile."""
    names = dict.fromkeys(" ".join(text.strip(MARK).split()) for text in texts)
    return f"{column} ({' en '.join(names)})" if len(names) > 1 else column


MAX_NAME: Final = 60
_VALUE: Final = re.compile(r"[0-9]{5}|@")


def looks_like_a_name(text: str) -> bool:
    """Whether a text may be repeated to the partner as the name of something, and is not the value of somebody."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and not _VALUE.search(text)
