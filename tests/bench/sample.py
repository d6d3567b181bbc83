"""Files of layout v1 for the bench: one partner's rows over its gemeenten, fictitious, the same every time, no BSN."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.layout import KOLOMMEN

SLICE = 100_000
ALL = tuple(sorted(GEMEENTEN))
_NAMED = ("producten", "klantnummer", "polisnummer", "uzovi")
_OF_SOORT = {"energie": _NAMED[:2], "water": ("klantnummer",), "zorg": _NAMED[2:]}
"""Columns that the law names for some kinds only (Bgs art. 2; Regeling zorgverzekering art. 7b.1)."""


def write_sample(
    file: Path,
    rows: int,
    *,
    today: dt.date,
    bad_every: int = 0,
    soort: str = "energie",
    gemeenten: Sequence[str] = ALL,
) -> None:
    """Write `rows` rows that pass every rule on `today`; with `bad_every` n, every n-th lacks its house number."""
    with file.open("wb") as out:
        for start in range(0, rows, SLICE):
            frame = _rows(start, min(start + SLICE, rows), today=today, bad_every=bad_every, gemeenten=gemeenten)
            own = _OF_SOORT.get(soort, ())
            frame = frame.with_columns(
                soort=pl.lit(soort), **{name: pl.lit(None, dtype=pl.String) for name in _NAMED if name not in own}
            )
            frame.write_csv(out, separator=";", include_header=start == 0, line_terminator="\r\n")


def _rows(start: int, end: int, *, today: dt.date, bad_every: int, gemeenten: Sequence[str]) -> pl.DataFrame:
    n = pl.int_range(start, end, eager=True).alias("n")
    codes = pl.Series("codes", gemeenten)
    surnames = pl.Series("surnames", [f"Voorbeeld{a}{b}" for a in "abcdefghij" for b in ("sen", "stra", "é", "ink")])
    due = (today - dt.timedelta(days=61)).strftime("%d-%m-%Y")
    yes = pl.lit("Ja")
    house = (n * 13 % 400 + 1).cast(pl.String)
    filled = {
        "soort": pl.lit("energie"),
        "signaaltype": pl.lit("vroegsignaal"),
        "producten": pl.lit("elektriciteit,gas"),
        "kenmerk": pl.format("S-{}", n),
        "klantnummer": pl.format("K{}", n * 7 + 1_000_000),
        "polisnummer": pl.format("P{}", n),
        "uzovi": pl.lit("9998"),
        "voorletters": pl.lit("A.B."),
        "voorvoegsel": pl.when(pl.Series(n % 5 == 0)).then(pl.lit("van der")),
        "achternaam": surnames.gather(n * 31 % surnames.len()),
        "geboortedatum": pl.format("{}-0{}-19{}", n % 19 + 10, n % 9 + 1, n % 40 + 50),
        "telefoon": pl.format("06{}", n % 90_000_000 + 10_000_000),
        "email": pl.format("bewoner{}@voorbeeld.nl", n),
        "straat": pl.lit("Voorbeeldstraat"),
        "huisnummer": house if not bad_every else pl.when(pl.Series(n % bad_every != 0)).then(house),
        "postcode": pl.format("{}AB", n % 8_999 + 1_000),
        "woonplaats": pl.lit("Voorbeeldstad"),
        "gemeentecode": codes.gather(n * 17 % codes.len()),
        "bedrag": pl.format("{},{}", n % 900 + 100, n % 90 + 10),
        "oudste_vervaldatum": pl.lit(due),
        "facturen": pl.format("F{}", n),
        "herinnering_verstuurd": yes,
        "persoonlijk_contact_gezocht": yes,
        "gewezen_op_schuldhulp": yes,
        "doorgifte_aangekondigd": yes,
    }
    nothing = pl.lit(None, dtype=pl.String)
    return n.to_frame().select(filled.get(kolom.naam, nothing).alias(kolom.naam) for kolom in KOLOMMEN)
