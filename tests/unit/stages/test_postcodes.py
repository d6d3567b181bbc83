"""The table of addresses: what it keeps of a file, and what it says of an address."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.indeling import MEEGELEVERD, Gemeentelijst
from contracts.codelists.opvolgers import Opvolging
from gateway.stages.postcodes import TABLE, Places, compacted, counts, packed
from tests.addresses import addresses, split_pc4s
from tests.builders import AMSTERDAM, TODAY, UTRECHT

ALMERE = "0034"
PC6 = ["1012AA", "1012AB", "1013AA", "3511ZZ"]
CODES = [AMSTERDAM, UTRECHT, ALMERE]


def pack(lines):
    frame = pl.DataFrame(lines, schema={"p": pl.String, "n": pl.Int64, "c": pl.String}, orient="row")
    number = pl.col("n").cast(pl.String)
    return frame.select(packed(pl.col("p"), number, pl.col("c"))).to_series()


def look_up(table, *asked, indeling=MEEGELEVERD, on=TODAY):
    """(gemeente, listed, several, agrees) of each (postcode, huisnummer, own code)."""
    rows = pl.DataFrame(asked, schema={"postcode": pl.String, "huisnummer": pl.Int32, "_own": pl.String}, orient="row")
    return list(Places(table, indeling, on).of(rows).select("_only", "_listed", "_several", "_agrees").iter_rows())


ADDRESS = st.tuples(st.sampled_from(PC6), st.integers(1, 12), st.sampled_from(CODES))


@settings(deadline=None)
@given(st.lists(ADDRESS, min_size=1, max_size=60), st.randoms())
def test_the_table_says_of_every_address_what_the_file_said_and_guesses_none(lines, dice):
    table = compacted(pack(lines))
    assert dict(table.schema) == dict(TABLE)
    asked = [(postcode, number, None) for postcode in PC6 for number in range(1, 15)]
    dice.shuffle(asked)
    for (postcode, number, _), (only, listed, several, _) in zip(asked, look_up(table, *asked), strict=True):
        of_digits = {c for p, _, c in lines if p[:4] == postcode[:4]}
        of_postcode = {c for p, _, c in lines if p == postcode}
        of_number = {c for p, n, c in lines if (p, n) == (postcode, number)}
        expected = next((codes for codes in (of_digits, of_postcode) if len(codes) == 1), of_number)
        assert only == (next(iter(expected)) if len(expected) == 1 else None)
        assert several == (only is None and len(of_postcode) > 1)
        assert listed == (only is not None or several)


@settings(deadline=None)
@given(st.lists(ADDRESS, min_size=1, max_size=60), ADDRESS)
def test_a_named_gemeente_is_contradicted_only_where_the_table_is_sure(lines, asked):
    postcode, _, own = asked
    [(only, _, _, agrees)] = look_up(compacted(pack(lines)), asked)
    possible = {c for p, _, c in lines if p == postcode} or {c for p, _, c in lines if p[:4] == postcode[:4]}
    assert agrees == (own == only if only is not None else own in possible or not possible)


@settings(deadline=None)
@given(st.lists(ADDRESS, min_size=1, max_size=60), st.randoms())
def test_order_and_repeats_make_no_other_table(lines, dice):
    again = lines * 2
    dice.shuffle(again)
    assert compacted(pack(again)).equals(compacted(pack(lines)))


def test_what_is_no_address_is_null():
    lines = [("1012AA", 1, "0363"), ("1012A", 1, "0363"), ("1012a1", 1, "0363"), ("1O12AA", 1, "0363")]
    assert pack(lines).is_null().to_list() == [False, True, True, True]


def test_odd_and_even_numbers_are_runs_of_their_own():
    lines = [("1012AA", n, AMSTERDAM if n % 2 else UTRECHT) for n in range(1, 9)]
    assert compacted(pack(lines)).rows() == [("1012AA", 1, 7, AMSTERDAM), ("1012AA", 2, 8, UTRECHT)]


def test_a_number_between_two_known_ones_is_not_guessed():
    table = compacted(pack([("1012AA", 1, AMSTERDAM), ("1012AA", 5, AMSTERDAM), ("1012AA", 9, UTRECHT)]))
    found = look_up(table, *(("1012AA", n, None) for n in (1, 3, 5, 9, 11)), ("1012AA", None, None))
    assert [only for only, *_ in found] == [AMSTERDAM, None, AMSTERDAM, UTRECHT, None, None]
    assert [several for _, _, several, _ in found] == [False, True, False, False, True, True]


def test_a_number_in_two_gemeenten_decides_nothing():
    table = compacted(pack([("1012AA", 1, AMSTERDAM), ("1012AA", 3, AMSTERDAM), ("1012AA", 3, UTRECHT)]))
    assert [only for only, *_ in look_up(table, ("1012AA", 1, None), ("1012AA", 3, None))] == [AMSTERDAM, None]


def test_a_merger_makes_one_gemeente_of_two():
    table = compacted(pack([("1012AA", 1, AMSTERDAM), ("1012AA", 2, UTRECHT), ("1012AB", 1, ALMERE)]))
    merged = MEEGELEVERD.over((), [Opvolging(UTRECHT, "Utrecht", (AMSTERDAM,), TODAY)])
    asked = ("1012AA", 77, None)
    assert look_up(table, asked)[0][0] is None
    assert look_up(table, asked, indeling=merged, on=TODAY - dt.timedelta(days=1))[0][0] is None
    assert look_up(table, asked, indeling=merged)[0][0] == AMSTERDAM


def test_of_a_divided_gemeente_the_postcode_lies_in_several():
    table = pl.DataFrame([("5076", None, None, "0788")], schema=TABLE, orient="row")
    assert look_up(table, ("5076AA", 1, None), ("5076AA", 1, "0855"), ("5076AA", 1, AMSTERDAM)) == [
        (None, True, True, False),
        (None, True, True, True),
        (None, True, True, False),
    ]


def test_a_gemeente_of_a_later_list_decides_nothing_yet():
    later = MEEGELEVERD.over([Gemeentelijst(dt.date(2027, 1, 1), {**GEMEENTEN, "2001": "Nieuwstad"})], ())
    table = pl.DataFrame([("1012", None, None, "2001")], schema=TABLE, orient="row")
    asked = ("1012AA", 1, AMSTERDAM)
    assert look_up(table, asked, indeling=later) == [(None, False, False, True)]
    assert look_up(table, asked, indeling=later, on=dt.date(2027, 1, 1)) == [("2001", True, False, False)]


@pytest.mark.parametrize("rows", [[], [(None, 1, None)], [("9999ZZ", 1, None)]])
def test_blocks_without_a_known_postcode(rows):
    table = compacted(pack([("1012AA", 1, AMSTERDAM), ("1012AA", 2, UTRECHT)]))
    assert look_up(table, *rows) == [(None, False, False, True) for _ in rows]


def test_an_invented_country_is_kept_in_few_lines():
    made = addresses(pc4s=200, numbers=6)
    table = compacted(made.select(packed(pl.col("PC6"), pl.col("Huisnummer"), pl.col("Gemeente2026"))).to_series())
    split = len(split_pc4s(200))
    found = counts(table)
    assert (found.pc4, found.whole, found.pc6, found.runs) == (200, 200 - split, split * 114, split * 2)
    asked = made.sample(2_000, seed=1).select(
        postcode="PC6", huisnummer=pl.col("Huisnummer").cast(pl.Int32), _own="Gemeente2026"
    )
    answered = Places(table, MEEGELEVERD, TODAY).of(asked)
    assert answered["_only"].to_list() == answered["_own"].to_list()
