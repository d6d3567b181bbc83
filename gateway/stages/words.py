"""Free text, and words that name people and places: kept as written, letters that were damaged on the way mended.

Damage is mended only where it can be undone exactly and letters come out; the rest is told and left as it is.
"""

import html.entities
from typing import Final

import polars as pl

from gateway.stages.columns import Reading, as_sent, bare, long, text
from gateway.stages.names import INITIALS, initials
from gateway.stages.patterns import COMPOSABLE, ENTITY, FREE_SUSPECT, LOST_CHARACTER, MOJIBAKE, NAME_SUSPECT

_LETTERS: Final = [chr(point) for point in range(0xC0, 0x180) if chr(point).isalpha()]
"""The letters of Western and Central Europe beyond ASCII (Latin-1 Supplement, Latin Extended-A)."""


def _as_cp1252(letter: str) -> str | None:
    """The letter in UTF-8, read as Windows-1252; None where that has no such character."""
    try:
        return letter.encode().decode("cp1252")
    except UnicodeDecodeError:
        return None


_MANGLED: Final = {mangled: letter for letter in _LETTERS if (mangled := _as_cp1252(letter)) is not None}
_BEYOND_ASCII: Final = r"[^\x00-\x7F]"
_NAMED: Final = {f"&{name};": chr(p) for name, p in html.entities.name2codepoint.items() if chr(p) in set(_LETTERS)}
_NUMBERED: Final = {f"&#{ord(letter)};": letter for letter in _LETTERS}
_ENTITIES: Final = {**_NAMED, **_NUMBERED, "&amp;": "&", "&apos;": "'", "&#39;": "'", "&#039;": "'"}


def mended(texts: pl.Series) -> pl.Series:
    """Entities and letters that were read in the wrong character set mended where that is certain; in NFC."""
    for pattern, mend in ((ENTITY, _without_entities), (MOJIBAKE, _read_again), (COMPOSABLE, _composed)):
        found = texts.str.contains(pattern).fill_null(value=False)
        if found.any():
            frame = pl.DataFrame({"text": texts, "found": found})
            texts = frame.select(
                pl.when("found").then(mend(pl.col("text"))).otherwise("text").alias(texts.name)
            ).to_series()
    return texts


def _without_entities(damaged: pl.Expr) -> pl.Expr:
    return damaged.str.replace_many(_ENTITIES)


def _read_again(damaged: pl.Expr) -> pl.Expr:
    """Exact only when every character beyond ASCII is part of a letter that was mangled, and none was lost besides."""
    rest = damaged.str.replace_many(dict.fromkeys(_MANGLED, ""))
    exact = ~rest.str.contains(f"{_BEYOND_ASCII}|{LOST_CHARACTER}")
    return pl.when(exact).then(damaged.str.replace_many(_MANGLED)).otherwise(damaged)


def _composed(damaged: pl.Expr) -> pl.Expr:
    return damaged.str.normalize("NFC")


def free(name: str, suspect: str = FREE_SUSPECT) -> Reading:
    """Free text: in doubt when `suspect` occurs or it may be too long; nothing is unreadable."""
    odd = text(name).str.contains(suspect) | long(name)
    return Reading(
        quick=as_sent(name), doubt=lambda _: odd, bare=text(name), thorough=lambda _dialect, _day: text(name)
    )


def word(name: str, suspect: str = NAME_SUSPECT) -> Reading:
    """A name of a person or place: as `free`, and mended."""
    odd = text(name).str.contains(suspect) | long(name)
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: odd,
        bare=text(name).map_batches(mended, return_dtype=pl.String),
        thorough=lambda _dialect, _day: bare(name),
    )


def first_letters(name: str) -> Reading:
    """Initials, in one form where they are plainly that; a first name stays."""
    return Reading(
        quick=as_sent(name),
        doubt=lambda _: ~text(name).str.contains(INITIALS) | long(name),
        bare=text(name).map_batches(mended, return_dtype=pl.String),
        thorough=lambda _dialect, _day: initials(bare(name)),
    )
