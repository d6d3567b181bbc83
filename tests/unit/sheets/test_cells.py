"""What stands in a cell, as text."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sheets.cells import Cell, texts


def moment(*parts: int) -> dt.datetime:
    """As a workbook has it: without a zone."""
    return dt.datetime(*parts)  # noqa: DTZ001 - a workbook knows no zones


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("0363", "0363"),
        ("", ""),
        (12.0, "12"),
        (1234.5, "1234,5"),
        (7, "7"),
        (True, "Ja"),
        (False, "Nee"),
        (dt.date(2026, 10, 1), "2026-10-01"),
        (moment(2026, 10, 1), "2026-10-01"),
        (moment(2026, 10, 1, 14, 30), "2026-10-01 14:30:00"),
        (moment(2026, 10, 1, 23, 59, 59, 991_000), "2026-10-02"),
        (moment(2026, 10, 1, 14, 29, 59, 999_999), "2026-10-01 14:30:00"),
        (moment(9999, 12, 31, 23, 59, 59, 999_999), "9999-12-31 23:59:59"),
        (dt.time(9, 5), "09:05:00"),
        (dt.timedelta(hours=36, minutes=5), "36:05:00"),
        (dt.timedelta(seconds=-90), "-0:01:30"),
    ],
)
def test_a_cell_is_written_as_a_person_writes_it(cell: Cell, text: str) -> None:
    assert list(texts([[cell]], before=0)) == [[text]]


@given(number=st.floats(-1e300, 1e300))
def test_no_number_has_an_exponent_or_a_point(number: float) -> None:
    ((text,),) = texts([[number]], before=0)
    assert set(text) <= set("-0123456789,")
    assert float(text.replace(",", ".")) == pytest.approx(number, rel=1e-14)


def test_empty_columns_before_the_data_stay() -> None:
    assert list(texts([["a", 1.0]], before=2)) == [["", "", "a", "1"]]
