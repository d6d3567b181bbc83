"""An invented country in the layout of CBS's file of addresses: as large as asked for, the same at every call."""

from pathlib import Path
from typing import Final

import polars as pl

from contracts.codelists.gemeenten import GEMEENTEN

FIRST_PC4: Final = 1000
PER_PC4: Final = 115
"""Postcodes of six characters for each four digits: 4,000 of these make the 460,000 of the real country."""
_LETTERS: Final = [chr(65 + n // 26) + chr(65 + n % 26) for n in range(26 * 26)]


def split_pc4s(pc4s: int) -> list[int]:
    """The four digits that lie in two gemeenten, 55 of 4,000; the first postcode of each is divided by house number."""
    return list(range(FIRST_PC4 + 30, FIRST_PC4 + pc4s, 72))


def addresses(pc4s: int = 4_000, numbers: int = 17) -> pl.DataFrame:
    """(PC6, Huisnummer, Buurt2026, Wijk2026, Gemeente2026), `numbers` addresses a postcode, all numbers of one side.

    In the first postcode of divided digits the numbers above the middle lie in the other gemeente.
    """
    codes = pl.Series(sorted(GEMEENTEN))
    n = pl.int_range(pc4s * PER_PC4 * numbers, eager=True)
    frame = pl.select(pc4=n // (PER_PC4 * numbers), street=n // numbers % PER_PC4, k=n % numbers)
    pc4, street = pl.col("pc4"), pl.col("street")
    split = (pc4 + FIRST_PC4).is_in(split_pc4s(pc4s))
    other = split & (((street == 0) & (pl.col("k") > numbers // 2)) | (street > PER_PC4 // 2))
    place = (pc4 * codes.len() // pc4s + other.cast(pl.Int64)).clip(0, codes.len() - 1)
    code = place.replace_strict(list(range(codes.len())), codes, return_dtype=pl.String)
    letters = (street * 5).replace_strict(list(range(676)), _LETTERS, return_dtype=pl.String)
    return frame.select(
        PC6=(pc4 + FIRST_PC4).cast(pl.String) + letters,
        Huisnummer=(street % 2 + 1 + 2 * pl.col("k")).cast(pl.String),
        Buurt2026=code + "0000",
        Wijk2026=code + "00",
        Gemeente2026=code,
    )


def write_addresses(file: Path, pc4s: int = 4_000, numbers: int = 17) -> int:
    """The file; returns its lines below the header."""
    made = addresses(pc4s, numbers)
    made.write_csv(file, separator=";")
    return made.height
