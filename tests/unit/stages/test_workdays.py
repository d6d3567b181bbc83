"""The calendar, against years that are known."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.workdays import add_workdays, easter, is_workday, public_holidays, years_before


@pytest.mark.parametrize(
    "day",
    [
        (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5),
        (2038, 4, 25),
    ],
)  # fmt: skip
def test_easter_of_known_years(day: tuple[int, int, int]) -> None:
    assert easter(day[0]) == dt.date(*day)


def test_the_public_holidays_of_2026() -> None:
    assert sorted(public_holidays(2026)) == [
        dt.date(2026, 1, 1),
        dt.date(2026, 4, 3),
        dt.date(2026, 4, 6),
        dt.date(2026, 4, 27),
        dt.date(2026, 5, 5),
        dt.date(2026, 5, 14),
        dt.date(2026, 5, 25),
        dt.date(2026, 12, 25),
        dt.date(2026, 12, 26),
    ]


def test_koningsdag_moves_off_a_sunday() -> None:
    assert dt.date(2025, 4, 26) in public_holidays(2025)
    assert dt.date(2025, 4, 27) not in public_holidays(2025)


def test_working_days_step_over_weekend_and_holidays() -> None:
    holidays = public_holidays(2026)
    assert add_workdays(dt.date(2026, 4, 2), 1, holidays=holidays) == dt.date(2026, 4, 7)
    assert add_workdays(dt.date(2026, 11, 20), 3, holidays=holidays) == dt.date(2026, 11, 25)
    assert add_workdays(dt.date(2026, 11, 22), 20, holidays=holidays) == dt.date(2026, 12, 18)
    with pytest.raises(ValueError, match="at least 1"):
        add_workdays(dt.date(2026, 4, 2), 0, holidays=holidays)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2098, 12, 31)), st.integers(1, 40))
def test_exactly_so_many_working_days_lie_between(day: dt.date, count: int) -> None:
    holidays = public_holidays(day.year) | public_holidays(day.year + 1)
    end = add_workdays(day, count, holidays=holidays)
    passed = [day + dt.timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(is_workday(d, holidays) for d in passed) == count
    assert is_workday(end, holidays)


@pytest.mark.parametrize(
    ("day", "years", "before"),
    [
        (dt.date(2026, 11, 22), 18, dt.date(2008, 11, 22)),
        (dt.date(2024, 2, 29), 18, dt.date(2006, 3, 1)),
        (dt.date(2024, 2, 29), 20, dt.date(2004, 2, 29)),
    ],
)
def test_years_back(day: dt.date, years: int, before: dt.date) -> None:
    assert years_before(day, years) == before
