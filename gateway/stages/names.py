"""Names of people in Dutch: what goes before a surname, and how a name in one piece is taken apart.

Patterns for the `regex` crate. Only what is written plainly is moved; everything else stays where it is, in doubt.
"""

from typing import Final

import polars as pl

from contracts.layout import KOLOM
from gateway.stages.patterns import LEGAL_PERSON
from gateway.stages.split import DOUBTFUL, Form, split

VOORVOEGSELS: Final = (
    *("van der", "van den", "van de", "van het", "van 't", "van ter", "van la", "van", "v.d.", "v/d", "vd", "v.d"),
    *("de la", "de las", "de le", "de los", "de", "den", "der", "des", "d'", "het", "'t", "'s"),
    *("aan de", "aan den", "aan der", "aan het", "aan 't", "aan", "bij de", "bij den", "bij het", "bij 't", "bij"),
    *("in de", "in den", "in der", "in het", "in 't", "in", "op de", "op den", "op der", "op het", "op 't", "op ten"),
    *("op", "over de", "over den", "over het", "over 't", "over", "onder de", "onder den", "onder het", "onder 't"),
    *("onder", "te", "ten", "ter", "tot", "uit de", "uit den", "uit het", "uit 't", "uit ten", "uit"),
    *("uijt de", "uijt den", "uijt ten", "uijt", "ver", "voor de", "voor den", "voor 't", "voor in 't", "voor"),
    *("von der", "von den", "von dem", "von 't", "von", "vom", "zu", "zum", "zur"),
    *("da", "dal", "das", "del", "della", "degli", "di", "do", "dos", "du", "el", "la", "las", "le", "les", "lo"),
)
"""As the basic registration writes them (Logisch Ontwerp BRP, tabel 36), in lower case, and how partners shorten."""

_APOSTROPHE: Final = "['’‘`]"
VOORVOEGSEL: Final = (
    "(?:"
    + "|".join(
        name.replace(".", r"\.").replace("'", _APOSTROPHE) for name in sorted(VOORVOEGSELS, key=len, reverse=True)
    )
    + ")"
)
"""One of them in lower case, the longest that fits first."""

_BEFORE: Final = rf"^(?P<voorvoegsel>{VOORVOEGSEL}) +(?P<achternaam>\S.*)$"
_BEHIND: Final = rf"^(?P<achternaam>[^,]*[^, ]) *, *(?P<voorvoegsel>{VOORVOEGSEL})$"


def without_voorvoegsel(surname: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """(voorvoegsel, surname) where the voorvoegsel is written in lower case, before or behind; else both null."""
    before, behind = surname.str.extract_groups(_BEFORE), surname.str.extract_groups(_BEHIND)
    return (
        pl.coalesce(before.struct.field("voorvoegsel"), behind.struct.field("voorvoegsel")),
        pl.coalesce(before.struct.field("achternaam"), behind.struct.field("achternaam")),
    )


INITIALS: Final = r"^(\p{Lu}\.)+$"
"""Initials as we hand them on."""
_DOTTED: Final = r"\p{L}(?:\p{Ll}{1,2})?\.(?:[ -]{0,2}\p{L}(?:\p{Ll}{1,2})?\.)*"
_CONSONANTS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_LOOSE: Final = rf"(?:[A-Z](?: [A-Z])*|[{_CONSONANTS}]{{2,5}})"
"""Capitals without dots: each on its own, or together where no vowel makes a word of them."""
_LETTER: Final = "[A-Za-zÀ-ÖØ-Þà-öø-ÿĀ-ňŊ-ž]"
"""One whose capital is one letter."""
_PLAINLY_INITIALS: Final = (
    rf"^(?:{_LETTER}(?:[. -]{{1,3}}{_LETTER})*\.?|[{_CONSONANTS}]{{2,5}}|[{_CONSONANTS.lower()}]{{2,5}})$"
)


def initials(text: pl.Expr) -> pl.Expr:
    """`jp`, `J P`, `j.p` as `J.P.`; a first name, or initials of more letters (`Th.`), as they stand."""
    dotted = text.str.replace_all(r"[. -]", "").str.to_uppercase().str.replace_all(r"(\p{L})", "$1.")
    return pl.when(text.str.contains(_PLAINLY_INITIALS)).then(dotted).otherwise(text)


_ADDRESSED: Final = (
    r"(?i:(?:aan |t\.a\.v\. )?(?:de heer|dhr|hr|heer|mevrouw|mevr|mw|mej|mejuffrouw|familie|fam|drs|dr|ir|mr|ing|prof)"
    r"(?:\.? ?(?:/|en|&)? ?(?:de heer|dhr|hr|mevrouw|mevr|mw|mej|familie|fam|drs|dr|ir|mr|ing|prof))*(?:\. ?| ))"
)
"""How a person is addressed: no part of the name."""
_SALUTATION: Final = rf"^{_ADDRESSED}|(?P<comma>, ?){_ADDRESSED}"
_FAMILY: Final = (
    r"(?i)^(?:aan )?(?:de )?(?:fam(?:ilie|\.)? |[^ ]+ (?:en|&) (?:mevr|mw|dhr|de heer)|[^ ]+/(?:mevr|mw|dhr|de heer))"
)
_SEVERAL: Final = "[&+/(),;0-9]| en | of "
"""In a surname: more than one person, or more than a name."""
_PARTNER: Final = "(?i) e/v "
_GIVEN: Final = r"\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’-]*){0,3}"
_FIRST: Final = rf"(?:{_DOTTED}|{_LOOSE}|{_GIVEN})"
_MAX_INITIALS: Final = KOLOM["voorletters"].max_lengte

_NAMES: Final = ("voorletters", "voorvoegsel", "achternaam")
_FORMS: Final = (
    Form(rf"^(?P<voorvoegsel>{VOORVOEGSEL}) (?P<achternaam>[^,]*[^, ]) ?, ?(?P<voorletters>{_FIRST})$"),
    Form(rf"^(?P<achternaam>[^,]*[^, ]) ?, ?(?P<voorletters>{_FIRST})(?:,? ?(?P<voorvoegsel>{VOORVOEGSEL}))?$"),
    Form(rf"^(?P<achternaam>[^,]*[^, ]) ?, ?(?P<voorvoegsel>{VOORVOEGSEL})(?:,? ?(?P<voorletters>{_FIRST}))?$"),
    Form(rf"^(?P<voorletters>{_DOTTED}) ?(?:(?P<voorvoegsel>{VOORVOEGSEL}) )?(?P<achternaam>[^,. ][^,.]*)$"),
    Form(rf"^(?P<voorletters>{_LOOSE}) (?:(?P<voorvoegsel>{VOORVOEGSEL}) )?(?P<achternaam>[^,. ][^,.]*)$"),
    Form(rf"^(?P<voorletters>{_GIVEN}) (?P<voorvoegsel>{VOORVOEGSEL}) (?P<achternaam>[^,. ][^,.]*)$"),
    Form(rf"^(?P<voorvoegsel>{VOORVOEGSEL}) (?P<achternaam>[^,. ][^,.]*?)(?: (?P<voorletters>{_DOTTED}|{_LOOSE}))?$"),
    Form(rf"^(?P<achternaam>[^,.]*[^,. ]) (?P<voorletters>{_DOTTED}|{_LOOSE})(?: ?(?P<voorvoegsel>{VOORVOEGSEL}))?$"),
    Form(r"^(?P<achternaam>[^,. ]+)$"),
    Form(rf"^(?P<voorletters>{_GIVEN}) (?P<achternaam>[^,. ]+)$", doubtful=True),
    Form(r"(?s)^(?P<achternaam>.*)$", doubtful=True),
)
_WHOLE: Final = (Form(r"(?s)^(?P<achternaam>.*)$"),)


def split_names(texts: pl.Series) -> pl.DataFrame:
    """Column "text" and what it holds of `voorletters`, `voorvoegsel`, `achternaam`; "onzeker": split with doubt.

    Salutations and titles are left out; nothing else is. The name of a legal person is a surname.
    """
    frame = pl.DataFrame({"text": texts}).with_columns(_plain(pl.col("text")).alias("plain"))
    legal = frame["plain"].str.contains(LEGAL_PERSON)
    name = pl.col("plain").str.replace_all(_SALUTATION, "$comma")
    frame = frame.with_columns(pl.when(legal).then("plain").otherwise(name).alias("name"), legal.alias("legal"))
    apart = pl.concat(
        [
            split(frame.filter("legal")["name"].unique(), _WHOLE, _NAMES),
            split(frame.filter(~pl.col("legal"))["name"].unique(), _FORMS, _NAMES),
        ]
    )
    return frame.join(_bounded(apart), left_on="name", right_on="text", how="left").select(
        "text", *_NAMES, (pl.col(DOUBTFUL) | (_of_several() & ~pl.col("legal"))).alias(DOUBTFUL)
    )


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"[ \x{A0}]+", " ").str.strip_chars()


def _of_several() -> pl.Expr:
    several = pl.col("achternaam").str.replace(_PARTNER, " ").str.contains(_SEVERAL)
    return several.fill_null(value=False) | pl.col("plain").str.contains(_FAMILY)


def _bounded(apart: pl.DataFrame) -> pl.DataFrame:
    """First names too long for the column of initials stay with the surname, in doubt."""
    long = (pl.col("voorletters").str.len_chars() > _MAX_INITIALS).fill_null(value=False)
    whole = {"achternaam": pl.col("text")}
    return apart.with_columns(
        *(pl.when(long).then(whole.get(name)).otherwise(name).alias(name) for name in _NAMES),
        pl.col(DOUBTFUL) | long,
    )
