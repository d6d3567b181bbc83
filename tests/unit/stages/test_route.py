"""Postcode -> gemeente: certain, or refused."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.indeling import MEEGELEVERD
from contracts.codelists.opvolgers import Opvolging
from contracts.row_states import RowState
from gateway.stages.postcodes import TABLE as SCHEMA
from gateway.stages.route import Routes, route_block
from tests.builders import AMSTERDAM, TODAY, UTRECHT

TABLE = pl.DataFrame(
    [
        ("1012", None, None, AMSTERDAM),
        ("3511", None, None, UTRECHT),
        ("1391", None, None, AMSTERDAM),
        ("1391", None, None, UTRECHT),
        ("1381", None, None, "0457"),
        ("1382", None, None, "0457"),
        ("1382", None, None, "0363"),
    ],
    schema=SCHEMA,
    orient="row",
)
REFUSED = int(RowState.REGEL_AFGEKEURD)


def route(*rows, table=TABLE, today=TODAY, state=0, indeling=MEEGELEVERD):
    """(gemeentecode, state) per row, and the codes found per row number.

    Rows are (postcode, gemeentecode) or (postcode, gemeentecode, huisnummer).
    """
    frame = pl.DataFrame(
        [(n, state, *row, *([7] if len(row) == 2 else [])) for n, row in enumerate(rows, start=1)],
        schema={
            "row_no": pl.UInt32,
            "state": pl.UInt8,
            "postcode": pl.String,
            "gemeentecode": pl.String,
            "huisnummer": pl.Int32,
        },
        orient="row",
    )
    routed, findings = route_block(frame, Routes(table, indeling, today))
    assert routed.columns == frame.columns
    assert routed["row_no"].to_list() == frame["row_no"].to_list()
    assert findings.schema == {"row_no": pl.UInt32, "code": pl.String, "vorm": pl.String}
    return list(routed.select("gemeentecode", "state").iter_rows()), list(findings.select("row_no", "code").iter_rows())


@pytest.mark.parametrize(
    ("postcode", "code", "to", "found"),
    [
        ("1012AB", None, AMSTERDAM, []),
        ("1012AB", AMSTERDAM, AMSTERDAM, []),
        ("1012AB", UTRECHT, None, ["gemeentecode_strijdig"]),
        ("1012AB", "9999", None, ["gemeentecode_onbekend"]),
        ("9999ZZ", None, None, ["postcode_onbekend"]),
        ("9999ZZ", UTRECHT, UTRECHT, ["postcode_niet_in_tabel"]),
        ("1391AA", None, None, ["postcode_meer_gemeenten"]),
        ("1391AA", UTRECHT, UTRECHT, []),
        ("1391AA", "0599", None, ["gemeentecode_strijdig"]),
        ("1012AB", "0457", AMSTERDAM, ["gemeente_opgeheven"]),
        ("3511AA", "0457", None, ["gemeentecode_strijdig", "gemeente_opgeheven"]),
        ("1381AA", None, AMSTERDAM, []),
        ("1382AA", None, AMSTERDAM, []),
        (None, None, None, []),
        (None, UTRECHT, UTRECHT, []),
        (None, "9999", None, ["gemeentecode_onbekend"]),
    ],
)
def test_a_row_with_a_table(postcode, code, to, found):
    [(resolved, state)], findings = route((postcode, code))
    assert resolved == to
    assert sorted(name for _, name in findings) == sorted(found)
    refusing = [name for name in found if name not in {"gemeente_opgeheven", "postcode_niet_in_tabel"}]
    assert state == (REFUSED if refusing else 0)


@pytest.mark.parametrize(
    ("postcode", "code", "to", "found"),
    [
        ("1012AB", AMSTERDAM, AMSTERDAM, []),
        ("1012AB", UTRECHT, UTRECHT, []),
        ("1012AB", None, None, ["geen_gemeente"]),
        ("1012AB", "0457", AMSTERDAM, ["gemeente_opgeheven"]),
        ("1012AB", "0788", None, ["gemeentecode_onbekend"]),
    ],
)
def test_without_a_table_the_rows_own_code_routes(postcode, code, to, found):
    [(resolved, _)], findings = route((postcode, code), table=None)
    assert resolved == to
    assert [name for _, name in findings] == found


STREETS = pl.DataFrame(
    [
        ("1391AA", 1, 9, AMSTERDAM),
        ("1391AA", 2, 8, UTRECHT),
        ("1391AB", None, None, AMSTERDAM),
        ("1391AC", None, None, UTRECHT),
        ("3511", None, None, UTRECHT),
    ],
    schema=SCHEMA,
    orient="row",
)


@pytest.mark.parametrize(
    ("postcode", "code", "number", "to", "found"),
    [
        ("1391AB", None, 7, AMSTERDAM, []),
        ("1391AC", None, 7, UTRECHT, []),
        ("1391AA", None, 7, AMSTERDAM, []),
        ("1391AA", None, 8, UTRECHT, []),
        ("1391AA", None, 10, None, ["postcode_meer_gemeenten"]),
        ("1391AA", None, None, None, ["postcode_meer_gemeenten"]),
        ("1391AA", UTRECHT, 10, UTRECHT, []),
        ("1391AA", UTRECHT, 8, UTRECHT, []),
        ("1391AA", UTRECHT, 7, None, ["gemeentecode_strijdig"]),
        ("1391AA", "0599", 10, None, ["gemeentecode_strijdig"]),
        ("1391AB", UTRECHT, 7, None, ["gemeentecode_strijdig"]),
        ("1391AZ", None, 7, None, ["postcode_onbekend"]),
        ("1391AZ", UTRECHT, 7, UTRECHT, ["postcode_niet_in_tabel"]),
        ("1391AZ", "0599", 7, None, ["gemeentecode_strijdig"]),
        ("3511XX", None, 7, UTRECHT, []),
    ],
)
def test_a_row_with_a_table_of_addresses(postcode, code, number, to, found):
    [(resolved, state)], findings = route((postcode, code, number), table=STREETS)
    assert resolved == to
    assert [name for _, name in findings] == found
    assert (state == REFUSED) == (to is None)


def test_doubtful_and_plain_rows_of_a_block_keep_their_places():
    rows = [("1391AA", None, 8), ("3511AA", None, 1), ("1391AB", None, 3), ("9999ZZ", None, 1), ("1391AA", None, 99)]
    routed, findings = route(*rows, table=STREETS)
    assert [code for code, _ in routed] == [UTRECHT, UTRECHT, AMSTERDAM, None, None]
    assert findings == [(4, "postcode_onbekend"), (5, "postcode_meer_gemeenten")]


def test_only_a_gemeente_of_the_list_in_force_is_accepted():
    ended = MEEGELEVERD.over((), [Opvolging(UTRECHT, "Utrecht", (AMSTERDAM, "0034"), dt.date(2026, 1, 1))])
    assert route(("3511AA", UTRECHT), indeling=ended) == ([(None, REFUSED)], [(1, "gemeentecode_onbekend")])
    assert route(("3511AA", None), indeling=ended) == ([(None, REFUSED)], [(1, "postcode_meer_gemeenten")])
    assert route(("3511AA", "0034"), indeling=ended) == ([("0034", 0)], [])


def test_an_ended_code_is_followed_from_its_day_on():
    before, after = dt.date(2022, 3, 23), dt.date(2022, 3, 24)
    assert route((None, "0457"), today=before) == ([("0457", 0)], [])
    assert route((None, "0457"), today=after) == ([(AMSTERDAM, 0)], [(1, "gemeente_opgeheven")])


def test_a_row_that_is_refused_already_keeps_its_state():
    [(_, state)], _ = route(("1391AA", None), state=int(RowState.BEZWAAR))
    assert state == RowState.BEZWAAR


def test_rows_stay_in_order_and_findings_name_theirs():
    routed, findings = route(("3511AA", None), ("1391AA", None), ("1012AB", None), ("9999ZZ", None))
    assert [code for code, _ in routed] == [UTRECHT, None, AMSTERDAM, None]
    assert findings == [(2, "postcode_meer_gemeenten"), (4, "postcode_onbekend")]


POSTCODES = st.none() | st.sampled_from(["1012AB", "3511AA", "1391AA", "1381AA", "9999ZZ"])
CODES = st.none() | st.sampled_from([AMSTERDAM, UTRECHT, "0457", "9999", "0599"])
PLACES = {"1012AB": {AMSTERDAM}, "3511AA": {UTRECHT}, "1391AA": {AMSTERDAM, UTRECHT}, "1381AA": {AMSTERDAM}}


@given(st.lists(st.tuples(POSTCODES, CODES), min_size=1, max_size=20))
def test_a_row_that_goes_on_has_a_real_gemeente_that_its_postcode_lies_in(rows):
    routed, _ = route(*rows)
    for (postcode, _), (resolved, state) in zip(rows, routed, strict=True):
        if state == 0 and postcode is not None:
            assert resolved in GEMEENTEN
            assert resolved in PLACES.get(postcode, GEMEENTEN)
        if state != 0:
            assert resolved is None
