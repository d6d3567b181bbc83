"""Columns beside their names: found by what the values look like, and not by one odd column."""

import polars as pl
import pytest

from contracts.layout import KOLOM
from gateway.stages.shape import shapes
from gateway.stages.shifted import Look, look_of, shifted_columns

COLUMNS = (
    "kenmerk", "achternaam", "telefoon", "straat", "huisnummer", "postcode", "woonplaats", "gemeentecode", "bedrag",
    "oudste_vervaldatum", None, "herinnering_verstuurd",
)  # fmt: skip
SHARE = 0.9


def shape(text: str, veld: str = "postcode") -> str:
    """As the findings tell it."""
    return str(shapes(pl.Series([text]), veld).item())


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("31-12-2026", Look.DATE),
        ("2026-12-31", Look.DATE),
        ("1/2/26", Look.DATE),
        ("1012 AB", Look.POSTCODE),
        ("1012ab", Look.POSTCODE),
        ("250,75", Look.AMOUNT),
        ("1.250,75", Look.AMOUNT),
        ("€ 250", Look.AMOUNT),
        ("-12.50", Look.AMOUNT),
        ("0612345678", Look.PHONE),
        ("06-12345678", Look.PHONE),
        ("+31 6 12345678", Look.PHONE),
        ("naam@voorbeeld.nl", Look.EMAIL),
        ("12", Look.NUMBER),
        ("Amsterdam", Look.WORDS),
        ("'s-Gravenhage", None),
        ("12-bis", None),
        ("", None),
    ],
)
def test_what_a_shape_looks_like(text: str, look: Look | None) -> None:
    assert look_of(shape(text)) is look


def test_columns_that_hold_what_belongs_to_their_left_are_shifted() -> None:
    misread = {"postcode": ["99"] * 20, "gemeentecode": ["Aaaaaaaaa"] * 20, "oudste_vervaldatum": ["999,99"] * 20}
    assert shifted_columns(misread, COLUMNS, share=SHARE) == [
        ("postcode", "een getal"),
        ("gemeentecode", "tekst"),
        ("oudste_vervaldatum", "een bedrag"),
    ]


def test_columns_that_hold_what_belongs_to_their_right_are_shifted() -> None:
    misread = {"huisnummer": ["9999 AA"] * 20, "bedrag": ["99-99-9999"] * 20}
    assert shifted_columns(misread, COLUMNS, share=SHARE) == [("huisnummer", "een postcode"), ("bedrag", "een datum")]


@pytest.mark.parametrize(
    "misread",
    [
        {},
        {"postcode": ["99"] * 20},
        {"postcode": ["99"] * 20, "bedrag": ["99-99-9999"] * 20},
        {"postcode": ["9999 AA", "99"] * 10, "oudste_vervaldatum": ["999,99", "x9"] * 10},
        {"postcode": ["99"] * 20, "herinnering_verstuurd": ["9"] * 20},
        {"gemeentecode": ["Aaaaaaaaa"] * 20, "postcode": ["Aaaaaaaaa"] * 20},
    ],
    ids=["nothing", "one column", "both ways", "of all kinds", "beside one that is ignored", "words alone"],
)
def test_what_is_no_shift(misread: dict[str, list[str]]) -> None:
    assert shifted_columns(misread, COLUMNS, share=SHARE) == []


def test_every_column_can_be_beside_one_that_does_not_read() -> None:
    for left in KOLOM:
        for right in KOLOM:
            shifted_columns({right: ["99-99-9999"] * 5, left: ["999,99"] * 5}, (left, right), share=SHARE)
