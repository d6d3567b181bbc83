"""Index rows go in as they are, by whichever way the driver takes them fastest."""

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.ids import MAX_ROWS
from gateway.store import rows
from gateway.store.database import Database
from gateway.store.schema import signaal_row

STATES = st.sampled_from([0, 11, 12, 19, 255])
PLACES = st.none() | st.tuples(st.integers(1, 1 << 20), st.integers(0, MAX_ROWS))


def inserted(database: Database, frame: pl.DataFrame) -> list[tuple[int | None, ...]]:
    with database.write() as conn:
        conn.execute(sa.delete(signaal_row))
        rows.insert_rows(database, conn, attempt_no=9, rows=frame)
        return [tuple(row) for row in conn.execute(sa.select(signaal_row).order_by(signaal_row.c.row_no))]


def as_frame(values: list[tuple[int, int, int | None, int | None]]) -> pl.DataFrame:
    schema = {"row_no": pl.UInt32, "state": pl.UInt8, "parcel_no": pl.UInt32, "position": pl.UInt32}
    return pl.DataFrame(values, schema=schema, orient="row")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(first=st.integers(1, 1000), cells=st.lists(st.tuples(STATES, PLACES), min_size=1, max_size=50))
def test_consecutive_rows_come_back_as_they_went_in(
    database: Database, first: int, cells: list[tuple[int, tuple[int, int] | None]]
) -> None:
    values = [(first + n, state, *(place or (None, None))) for n, (state, place) in enumerate(cells)]
    assert inserted(database, as_frame(values)) == [(9, *value) for value in values]


@pytest.mark.parametrize("numbers", [[1, 3, 4], [4, 3, 2]])
def test_rows_with_gaps_or_in_another_order_too(database: Database, numbers: list[int]) -> None:
    values = [(number, 0, 1, place) for place, number in enumerate(numbers)]
    assert inserted(database, as_frame(values)) == sorted((9, *value) for value in values)


def test_no_rows_at_all(database: Database) -> None:
    assert inserted(database, as_frame([])) == []
