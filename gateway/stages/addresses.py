"""Dutch addresses in one piece: street, house number, letter and addition; postcode and town.

Patterns for the `regex` crate. A number has at most five digits, a letter is one, as in the basic registration of
addresses (BAG); what stands behind is written in many ways, of which the usual ones are known here.
"""

from typing import Final

import polars as pl

from gateway.stages.split import DOUBTFUL, Form, split

HOUSE: Final = ("huisnummer", "huisletter", "huisnummertoevoeging")
ADDRESS: Final = ("straat", *HOUSE, "postcode", "woonplaats")
TOWN: Final = ("postcode", "woonplaats")

_WORD: Final = (
    r"(?:bis|hs|huis|hoog|boven|bov|bo|beneden|ben|be|bg|bel|links|rechts|li|re|rd|rood|zw|zwart|wit|achter|voor|vh|ah"
    r"|app?|unit|kamer|et|etage|sous|i{1,3}|iv|vi{0,3}|ix|x|[0-9]{1,4}|[a-z])"
)
"""What stands behind a house number."""
_LETTER: Final = "(?P<huisletter>[A-Za-z])"
_WORDS: Final = rf"(?P<huisnummertoevoeging>(?i:{_WORD}(?:[ ./-]{{0,2}}{_WORD}){{0,3}}))"
_ANY: Final = r"(?P<huisnummertoevoeging>[^ ./-].*?)"
_MONTH: Final = "(?i:jan|feb|mrt|apr|mei|jun|jul|aug|sep|okt|oct|nov|dec)"
_BEHIND: Final = (
    Form("^[ ,./-]*$"),
    # A spreadsheet that took 12-2 for a date shows 12-feb or 12-2-2026.
    Form(rf"^[ ./-]*(?P<huisnummertoevoeging>{_MONTH}.*)$", doubtful=True),
    Form(r"^[ ./-]+(?P<huisnummertoevoeging>[0-9]{1,2}[/-][0-9]{2,4})$", doubtful=True),
    Form(r"^[ ./-]*(?P<huisnummertoevoeging>(?i:t/m|tm |en |t/o|t\.o\.|tegenover|naast).*)$", doubtful=True),
    Form(rf"^[ ./-]*{_LETTER}[ ,./-]*$"),
    Form(r"^ +(?P<huisnummertoevoeging>[0-9]+)$", doubtful=True),
    Form(rf"^[ ./-]*{_LETTER}[ ./-]+{_WORDS}[ ,.]*$"),
    Form(rf"^[ ./-]*{_LETTER}(?P<huisnummertoevoeging>[0-9]{{1,4}})$"),
    Form(rf"^[ ./-]*{_WORDS}[ ,.]*$"),
    Form(r"^[ ./-]*(?P<huisnummertoevoeging>[0-9A-Za-z]{1,4})$"),
    Form(rf"(?s)^[ ./-]*{_ANY}$", doubtful=True),
    Form("(?s)^(?P<huisnummertoevoeging>.*)$", doubtful=True),
)

_NUMBER: Final = r"(?P<huisnummer>[0-9]{1,5})(?P<behind>(?:[^0-9].*)?)$"
_YEAR: Final = "(?:1[5-9][0-9]{2}|20[0-4][0-9])"
_WAR: Final = "['’]?(?:19)?40 ?- ?['’]?(?:19)?45"
_STREETS: Final = (
    Form(rf"^(?P<straat>.*[^ ,])[ ,]+(?i:nr|no|nummer|huisnr|huisnummer)[.: ]*{_NUMBER}"),
    # Laan '40-'45, Plein 1944 12: numbers that belong to the street.
    Form(f"^(?P<straat>[^0-9]*{_WAR})$"),
    Form(f"^(?P<straat>[^0-9]*{_WAR})[ ,]+{_NUMBER}"),
    Form(rf"^(?P<straat>(?i:plein|laan|straat|weg)) (?P<huisnummer>{_YEAR})$", doubtful=True),
    Form(rf"^(?P<straat>[^0-9]+ {_YEAR})[ ,]+{_NUMBER}"),
    Form(rf"^(?P<straat>(?:[0-9]{{1,3}}(?:e|de|ste) )?[^0-9]*[^0-9 ,])[ ,]+{_NUMBER}"),
    Form(r"^(?P<straat>[0-9]{1,3}(?:e|de|ste) [^0-9]+)$"),
    Form(r"^(?P<huisnummer>[0-9]{1,5})(?P<behind> ?[A-Za-z]?)[ ,]+(?P<straat>[^0-9]*[^0-9 ,])$", doubtful=True),
    Form(r"^(?P<straat>.*[^ ,])[ ,]+(?P<huisnummer>[0-9]{1,5})(?P<behind>[^0-9]*)$", doubtful=True),
    Form(rf"^(?P<straat>[^0-9]*[^0-9 ,.-]){_NUMBER}", doubtful=True),
    Form("^(?P<straat>[^0-9]+)$"),
    Form("(?s)^(?P<straat>.*)$", doubtful=True),
)
_WITH_TOWN: Final = (
    Form(
        r"^(?P<address>[^0-9]*[0-9].*?)[ ,]+(?P<postcode>[1-9][0-9]{3} ?[A-Z]{2})(?:[ ,]+(?P<woonplaats>[^0-9]+))?$",
    ),
    Form("(?s)^(?P<address>.*)$"),
)
_POSTCODE: Final = "(?P<postcode>[1-9][0-9]{3} ?[A-Z]{2})"
_TOWNS: Final = (
    Form(rf"^(?:(?i:nl)[ -]*)?{_POSTCODE}(?:[ ,]+(?P<woonplaats>.*))?$"),
    Form(rf"^(?P<woonplaats>[^0-9]*[^0-9 ,])[ ,]+{_POSTCODE}$"),
    Form(r"^(?P<postcode>[1-9][0-9]{3} ?[a-z]{2})(?:[ ,]+(?P<woonplaats>.*))?$", doubtful=True),
    Form(r"^(?P<postcode>[0-9]{4})[ ,]+(?P<woonplaats>[^0-9]+)$"),
    Form("^(?P<woonplaats>[^0-9]+)$"),
    Form("(?s)^(?P<woonplaats>.*)$", doubtful=True),
)
_HOUSES: Final = (
    Form(rf"^(?i:nr|no|nummer)?[.: ]*{_NUMBER}"),
    Form("(?s)^(?P<huisnummer>.*)$", doubtful=True),
)


def split_addresses(texts: pl.Series) -> pl.DataFrame:
    """Column "text", `ADDRESS` (postcode and town where the text has them too) and "onzeker": split with doubt."""
    apart = _each(texts, _WITH_TOWN, ("address", *TOWN)).drop(DOUBTFUL)
    streets = _each(apart["address"], _STREETS, ("straat", "huisnummer", "behind"))
    whole = apart.join(_with_behind(streets), left_on="address", right_on="text", how="left", maintain_order="left")
    return whole.select("text", *ADDRESS, DOUBTFUL)


def split_houses(texts: pl.Series) -> pl.DataFrame:
    """Column "text", `HOUSE` and "onzeker"; text that does not begin with a number stays whole, in doubt."""
    return _with_behind(_each(texts, _HOUSES, ("huisnummer", "behind"))).select("text", *HOUSE, DOUBTFUL)


def split_towns(texts: pl.Series) -> pl.DataFrame:
    """Column "text", `TOWN` and "onzeker"."""
    return _each(texts, _TOWNS, TOWN)


def _each(texts: pl.Series, forms: tuple[Form, ...], parts: tuple[str, ...]) -> pl.DataFrame:
    """`split` per distinct text, without the white space that means nothing."""
    frame = pl.DataFrame({"text": texts}).unique().drop_nulls()
    frame = frame.with_columns(pl.col("text").str.replace_all(r"[ \x{A0}]+", " ").str.strip_chars().alias("plain"))
    apart = split(frame["plain"].unique(), forms, parts).rename({"text": "plain"})
    return frame.join(apart, on="plain", how="left").drop("plain")


def _with_behind(frame: pl.DataFrame) -> pl.DataFrame:
    behind = split(frame["behind"].drop_nulls().unique(), _BEHIND, HOUSE[1:]).rename({DOUBTFUL: "odd"})
    joined = frame.join(behind, left_on="behind", right_on="text", how="left")
    return joined.with_columns(pl.col(DOUBTFUL) | pl.col("odd").fill_null(value=False))
