"""Values as files write them: the order of dates, cents, damaged letters, what one field holds for another."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.profiel import Datumvolgorde
from gateway.stages.words import mended
from tests.builders import a_row
from tests.unit.stages.oracle_values import LETTERS
from tests.unit.stages.oracle_values import mended as mended_by_hand
from tests.unit.stages.test_validate import DIALECT, checked, codes, only

_MONTH_FIRST = replace(DIALECT, date_order=Datumvolgorde.MDJ)
_YEAR_FIRST = replace(DIALECT, date_order=Datumvolgorde.JMD)
_IN_CENTS = replace(DIALECT, cents=True)


@pytest.mark.parametrize("beside", [(), ("onleesbaar",)])
@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        (_MONTH_FIRST, "10-01-2026", dt.date(2026, 10, 1)),
        (_MONTH_FIRST, "9/15/2026", dt.date(2026, 9, 15)),
        (_MONTH_FIRST, "9/15/26", dt.date(2026, 9, 15)),
        (_MONTH_FIRST, "2026-10-01", dt.date(2026, 10, 1)),
        (_MONTH_FIRST, "15-09-2026", None),
        (_YEAR_FIRST, "2026-10-01", dt.date(2026, 10, 1)),
        (_YEAR_FIRST, "01-10-2026", dt.date(2026, 10, 1)),
        (_YEAR_FIRST, "1 okt 2026", dt.date(2026, 10, 1)),
        (_YEAR_FIRST, "01-10-26", None),  # which of the two is the year?
        (DIALECT, "10-01-2026", dt.date(2026, 1, 10)),
    ],
)
def test_a_date_stands_in_the_order_of_its_file(dialect, text, expected, beside) -> None:  # type: ignore[no-untyped-def]  # values of a table
    rows = [a_row("huur", oudste_vervaldatum=one) for one in (text, *beside)]
    assert checked(*rows, dialect=dialect).rows["oudste_vervaldatum"][0] == expected


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("25075", 25_075),
        ("25.075", 25_075),
        ("1 250 075", 1_250_075),
        ("25075,00", 25_075),
        ("0", 0),
        ("-5", -5),
        ("250,75", None),
        ("2.50", None),
        ("1234567890123", None),
    ],
)
def test_an_amount_in_cents_counts_cents(text: str, cents: int | None) -> None:
    result = checked(a_row("huur", bedrag=text), dialect=_IN_CENTS)
    assert result.rows["bedrag"].item() == cents
    assert "bedrag_mogelijk_centen" not in codes(result)
    assert ("bedrag_ongeldig" in codes(result)) == (cents is None)


@pytest.mark.parametrize(
    ("written", "year"), [("1-1-47", 1947), ("1-1-46", 2046), ("1-1-30", 2030), ("1-1-26", 2026), ("31-12-00", 2000)]
)
def test_a_year_of_two_digits_lies_near_the_day_of_receipt(written: str, year: int) -> None:
    found, row = only(a_row("huur", oudste_vervaldatum=written))
    assert "oudste_vervaldatum_jaar_kort" in found
    assert row["oudste_vervaldatum"].year == year


@pytest.mark.parametrize(
    ("written", "year"), [("20-11-26", 2026), ("21-11-26", 1926), ("1-1-30", 1930), ("1-1-05", 2005)]
)
def test_a_birth_date_with_a_year_of_two_digits_is_never_in_the_future(written: str, year: int) -> None:
    found, row = only(a_row("huur", geboortedatum=written))
    assert "geboortedatum_jaar_kort" in found
    assert row["geboortedatum"].year == year


_WESTERN = st.text(st.sampled_from([*"abc -'", *sorted(LETTERS)]), max_size=8)


def _mangled(text: str) -> str | None:
    try:
        return text.encode().decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no character there
        return None


@given(_WESTERN)
@example("Müller")
@example("Çelik")
def test_what_was_read_in_the_wrong_character_set_is_read_again(text: str) -> None:
    mangled = _mangled(text)
    if mangled is not None:
        assert mended(pl.Series([mangled])).item() == text


@given(st.text(st.sampled_from([*"ab&;#eacute39 ?", *"ÃÂ¼©€é\u0301"]), max_size=12) | _WESTERN)
@example("M&uuml;ller &amp; Zn")
@example("JosÃ© en Mü")
@example("Ã©?")
def test_text_is_mended_as_by_hand_and_only_once(text: str) -> None:
    once = mended(pl.Series([text]))
    assert once.item() == mended_by_hand(text)


def test_a_right_name_stays_as_it_is() -> None:
    names = ["SÃO", "Âge", "Ångström", "Nguyễn", "Gülşen", "Đorđević", "O’Neil", "JAN"]
    assert mended(pl.Series(names)).to_list() == names


def test_a_voorvoegsel_is_moved_only_to_an_empty_field() -> None:
    rows = [
        a_row("huur", voorvoegsel="", achternaam="van der Berg"),
        a_row("huur", voorvoegsel="de", achternaam="van der Berg"),
        a_row("huur", voorvoegsel="", achternaam="Van der Berg"),
        a_row("huur", voorvoegsel="", achternaam="Jansen"),
    ]
    result = checked(*rows)
    assert result.rows.select("voorvoegsel", "achternaam").rows() == [
        ("van der", "Berg"),
        ("de", "van der Berg"),
        (None, "Van der Berg"),
        (None, "Jansen"),
    ]
    assert [codes(result, n) for n in (1, 2, 3, 4)] == [{"achternaam_met_voorvoegsel"}] * 3 + [set()]


def test_a_house_number_is_taken_apart_only_where_its_other_fields_are_empty() -> None:
    rows = [
        a_row("huur", huisnummer="12 A-2", huisletter="", huisnummertoevoeging=""),
        a_row("huur", huisnummer="12a", huisletter="B"),
        a_row("huur", huisnummer="12a", huisnummertoevoeging="bis"),
        a_row("huur", huisnummer="7", huisletter="C"),
    ]
    result = checked(*rows)
    assert result.rows.select("huisnummer", "huisletter", "huisnummertoevoeging").rows() == [
        (12, "A", "2"),
        (None, "B", None),
        (None, None, "bis"),
        (7, "C", None),
    ]
    assert [codes(result, n) for n in (1, 2, 3, 4)] == [
        {"huisnummer_gesplitst"},
        {"huisnummer_ongeldig"},
        {"huisnummer_ongeldig"},
        set(),
    ]
