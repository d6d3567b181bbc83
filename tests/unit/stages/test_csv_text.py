"""Texts written as CSV come back as they were; numbers as a person writes them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.csv_text import csv_bytes, decimal_text, written

CELLS = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=20)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=5)


def back(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=";"))


@given(rows=ROWS)
def test_any_texts_come_back(rows: list[list[str]]) -> None:
    assert back(csv_bytes(rows)) == rows
    assert b"".join(written(rows)) == csv_bytes(rows)


def test_line_ends_nul_and_half_characters_become_what_can_be_read() -> None:
    rows = [["a\r\nb\rc", "x\0y"], ["\ud800z", "é"]]
    assert back(csv_bytes(rows)) == [["a\nb\nc", "x\x1ay"], ["\ufffdz", "é"]]


def test_rows_are_written_some_at_a_time() -> None:
    rows = [["x" * 1000, "y"] for _ in range(5000)]
    pieces = list(written(rows))
    assert len(pieces) > 3
    assert max(map(len, pieces)) < 2 << 20
    assert b"".join(pieces) == csv_bytes(rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (1234.5, "1234,5"),
        (0.1 + 0.2, "0,3"),
        (1e15, "1000000000000000"),
        (1e300, "1" + "0" * 300),
        (1e-7, "0,0000001"),
        (-0.0, "0"),
        (-12.50, "-12,5"),
        (0.21, "0,21"),
        (31612345678.0, "31612345678"),
        (999999999.0, "999999999"),
        (2.675, "2,675"),
        (float("nan"), "#GETAL!"),
        (float("inf"), "#GETAL!"),
    ],
)
def test_a_number_is_written_as_a_person_writes_it(value: float, text: str) -> None:
    assert decimal_text(value) == text


@given(cents=st.integers(-(10**13), 10**13))
def test_an_amount_in_a_double_keeps_its_cents(cents: int) -> None:
    whole, part = divmod(abs(cents), 100)
    text = decimal_text(cents / 100)
    expected = f"{'-' if cents < 0 else ''}{whole},{part:02}".rstrip("0").rstrip(",")
    assert text == (expected if cents else "0")
