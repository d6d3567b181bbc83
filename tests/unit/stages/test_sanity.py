"""Whole-file sanity: what is found, what never is, and that gathering by blocks is gathering at once."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import Sanity
from gateway.stages.frames import FINDINGS
from gateway.stages.sanity import Gathered, KindStatistic, PastKind, Whole, judge_whole

SETTINGS = Sanity()
ROWS = st.integers(0, 400)


def a_whole(**kw: Any) -> Whole:
    """A hundred rows of huur of about € 250, with decimals and birth dates of all kinds."""
    rows = kw.get("rows", 100)
    kinds = (KindStatistic(soort="huur", rows=rows, median_cents=25_000),)
    return Whole(
        **{
            "rows": rows,
            "kinds": kinds,
            "whole_euros": False,
            "large": 0.1,
            "births": rows,
            "same_birth": 0.02,
            "shapes": {},
        }
        | kw
    )


def of_huur(rows: int, median_cents: int | None = 25_000, *, month: int = 10, upload_no: int | None = None) -> PastKind:
    return PastKind(
        upload_no=upload_no or month,
        received_at=dt.datetime(2026, month, 21, tzinfo=dt.UTC),
        soort="huur",
        rows=rows,
        median_cents=median_cents,
    )


def found(whole: Whole, counts: dict[str, int] | None = None, past: Sequence[PastKind] = ()) -> dict[str, str | None]:
    """Code → what it is about."""
    judged = judge_whole(whole, counts or {}, past, ("kenmerk", "postcode"), settings=SETTINGS)
    return {finding.code: finding.vorm for finding in judged}


def test_a_file_like_any_other_is_not_remarked_upon() -> None:
    past = [of_huur(110, month=8), of_huur(90, month=9), of_huur(100)]
    assert found(a_whole(), {"bedrag_ongeldig": 10, "geen_overeenkomst": 60}, past) == {}


@pytest.mark.parametrize(
    ("code", "number", "said"),
    [
        ("bedrag_ongeldig", 90, True),
        ("bedrag_ongeldig", 89, False),
        ("bsn_niet_toegestaan", 95, True),
        ("dubbel_in_bestand", 95, True),
        ("geen_overeenkomst", 100, False),
        ("onder_drempel", 100, False),
        ("al_aangeleverd", 100, False),
        ("contact_ontbreekt", 100, False),
    ],
)
def test_one_cause_for_nearly_all_rows_is_said_unless_it_is_not_about_the_rows(
    code: str, number: int, *, said: bool
) -> None:
    about = found(a_whole(), {code: number}).get("bestand_meeste_geweigerd")
    assert about == (f"{number} van de 100, om {code}" if said else None)


def test_amounts_far_above_the_usual_of_their_kind_are_said() -> None:
    past = [of_huur(100, month=9), of_huur(100, 30_000)]
    cents = a_whole(kinds=(KindStatistic(soort="huur", rows=100, median_cents=2_500_000),))
    assert found(cents, past=past) == {
        "bestand_bedragen_maal_honderd": "bij huur gewoonlijk rond € 275, nu rond € 25.000"
    }
    high = a_whole(kinds=(KindStatistic(soort="huur", rows=100, median_cents=1_300_000),))
    assert found(high, past=past) == {}
    other_kind = a_whole(kinds=(KindStatistic(soort="water", rows=100, median_cents=2_500_000),))
    assert found(other_kind, past=past) == {}


@pytest.mark.parametrize(
    ("whole_euros", "large", "past", "said"),
    [
        (True, 0.95, (), True),
        (False, 0.95, (), False),
        (True, 0.5, (), False),
        (True, 0.95, (of_huur(100, 20_000, month=9), of_huur(100, 20_000)), False),
    ],
    ids=["cents", "decimals", "small", "usual for this partner"],
)
def test_without_a_usual_amount_only_large_whole_amounts_are_said(
    past: tuple[PastKind, ...], *, whole_euros: bool, large: float, said: bool
) -> None:
    codes = found(a_whole(whole_euros=whole_euros, large=large), past=past)
    assert ("bestand_bedragen_maal_honderd" in codes) is said


@pytest.mark.parametrize(
    ("births", "same", "default", "about"),
    [
        (100, 0.95, 0, "steeds dezelfde"),
        (100, 0.4, 0, None),
        (0, 0.0, 100, "1-1-1900"),
        (50, 0.02, 50, None),
        (30, 1.0, 0, None),
        (0, 0.0, 0, None),
    ],
)
def test_one_birth_date_for_nearly_all_is_said(births: int, same: float, default: int, about: str | None) -> None:
    whole = a_whole(births=births, same_birth=same)
    assert found(whole, {"geboortedatum_standaardwaarde": default}).get("bestand_geboortedatum_standaard") == about


def test_far_more_and_far_fewer_rows_than_usual_are_said() -> None:
    past = [of_huur(1000, month=9), of_huur(1200)]
    assert found(a_whole(rows=5501), past=past) == {"bestand_veel_meer_regels": "5.501, gewoonlijk rond 1.100"}
    assert found(a_whole(rows=5500), past=past) == {}
    assert found(a_whole(rows=219), past=past) == {"bestand_veel_minder_regels": "219, gewoonlijk rond 1.100"}
    assert found(a_whole(rows=220), past=past) == {}


def test_a_month_counts_by_its_largest_file_and_one_month_makes_nothing_usual() -> None:
    repaired = [of_huur(60, month=month, upload_no=100 + month) for month in (9, 10)]
    assert found(a_whole(rows=1100), past=[of_huur(1000, month=9), of_huur(1200), *repaired]) == {}
    assert found(a_whole(rows=9000), past=[of_huur(100), of_huur(90, upload_no=77)]) == {}


def test_what_is_usual_is_of_the_last_months() -> None:
    long_ago = [of_huur(50_000, month=month) for month in (1, 2, 3)]
    lately = [of_huur(500, month=month) for month in range(4, 10)]
    assert "bestand_veel_minder_regels" not in found(a_whole(rows=500), past=[*long_ago, *lately])


@given(
    rows=st.integers(0, SETTINGS.min_rows - 1),
    large=st.floats(0, 1),
    whole_euros=st.booleans(),
    past=st.lists(st.builds(of_huur, ROWS, st.integers(1, 10**6), month=st.integers(1, 12)), max_size=12),
    counts=st.dictionaries(st.sampled_from(["bedrag_ongeldig", "geboortedatum_standaardwaarde"]), st.integers(0, 50)),
)
def test_a_small_file_is_never_judged_as_a_whole(
    rows: int, large: float, whole_euros: bool, past: list[PastKind], counts: dict[str, int]
) -> None:
    whole = a_whole(rows=rows, large=large, whole_euros=whole_euros, same_birth=1.0)
    assert found(whole, counts, past) == {}


def a_block(soorten: list[str | None], bedragen: list[int | None], births: list[dt.date | None]) -> pl.DataFrame:
    schema = {"soort": pl.String, "bedrag": pl.Int64, "geboortedatum": pl.Date}
    return pl.DataFrame({"soort": soorten, "bedrag": bedragen, "geboortedatum": births}, schema=schema)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["huur", "water", None]),
        st.none() | st.integers(1, 10**7),
        st.none() | st.sampled_from([dt.date(1980, 1, 1), dt.date(1975, 5, 5)]),
    ),
    min_size=1,
    max_size=300,
)


@given(LINES, st.integers(1, 300))
def test_blocks_show_together_what_they_show_at_once(lines: list[Any], height: int) -> None:
    block = a_block(*(list(column) for column in zip(*lines, strict=True)))
    findings = pl.DataFrame(schema=FINDINGS)
    at_once, by_blocks = Gathered(SETTINGS), Gathered(SETTINGS)
    at_once.add(block, findings)
    for part in block.iter_slices(height):
        by_blocks.add(part, findings)
    assert at_once.whole() == by_blocks.whole()
    whole = at_once.whole()
    amounts = [bedrag for _, bedrag, _ in lines if bedrag is not None]
    assert whole.rows == sum(kind.rows for kind in whole.kinds) == len(lines)
    assert whole.whole_euros == (bool(amounts) and all(cents % 100 == 0 for cents in amounts))
    assert whole.births == sum(birth is not None for _, _, birth in lines)


def test_no_median_of_a_few_is_kept() -> None:
    """One row's amount is about one person."""
    few = SETTINGS.min_rows - 1
    gathered = Gathered(SETTINGS)
    block = a_block(["huur"] * 60 + ["water"] * few, [100] * 60 + [200] * few, [None] * (60 + few))
    gathered.add(block, pl.DataFrame(schema=FINDINGS))
    assert gathered.whole().kinds == (
        KindStatistic(soort="huur", rows=60, median_cents=100),
        KindStatistic(soort="water", rows=few, median_cents=None),
    )


def test_a_median_of_a_sample_is_near_that_of_all() -> None:
    gathered = Gathered(SETTINGS)
    rows = 200_000
    amounts = pl.int_range(rows, eager=True).shuffle(seed=1).to_list()
    gathered.add(a_block(["huur"] * rows, amounts, [None] * rows), pl.DataFrame(schema=FINDINGS))
    (kind,) = gathered.whole().kinds
    assert kind.rows == rows
    assert abs((kind.median_cents or 0) - rows / 2) < rows / 10
