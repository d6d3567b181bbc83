"""Amounts and dates: Dutch unless the file shows another way, asked where it contradicts itself, slips left to rows."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.profiel import Bedrageenheid, Datumvolgorde, Profiel
from gateway.stages.detect import detect
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.explain import explain

DUTCH, AMERICAN, ISO, EITHER = "25-02-2026", "02-25-2026", "2026-02-25", "02-03-2026"


def test_thousands_alone_are_dutch_in_a_file_of_commas_too() -> None:
    for amount, decimal in (("1.250", ","), ("1250", ".")):
        found = detect(f"kenmerk,bedrag\nS,{amount}\n".encode(), required=frozenset())
        assert isinstance(found, Dialect)
        assert found.decimal == decimal


def dialect(*, dates: Sequence[str] = (), amounts: Sequence[str] = (), bedrag: str = "bedrag", **kw: Any) -> Any:
    rows = [("S", date, "") for date in dates] + [("S", "", amount) for amount in amounts]
    text = "\n".join([f"kenmerk;oudste_vervaldatum;{bedrag}", *map(";".join, rows)]) + "\n"
    return detect(text.encode(), required=frozenset(), **kw)


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        ([], "dmj"),
        ([EITHER] * 5, "dmj"),
        ([DUTCH, EITHER], "dmj"),
        ([ISO], "jmd"),
        ([ISO, ISO, DUTCH], "jmd"),
        ([ISO, DUTCH, DUTCH], "dmj"),
        ([DUTCH] * 10 + [AMERICAN], "dmj"),  # one in eleven is a slip
        ([ISO] * 10 + [AMERICAN], "jmd"),
        (["1/2/26", "25.02.2026 13:45", "nooit", "99-99-9999", "20-20-2020"], "dmj"),
    ],
)
def test_the_order_of_dates_is_dutch_unless_the_year_stands_first(dates: list[str], order: str) -> None:
    assert dialect(dates=dates).date_order == order


@pytest.mark.parametrize(
    ("dates", "vorm"),
    [
        ([AMERICAN], "1 van de 1"),
        ([AMERICAN, *[EITHER] * 50], "1 van de 1"),
        ([DUTCH, AMERICAN], "1 van de 2"),
        ([*[DUTCH] * 9, AMERICAN], "1 van de 10"),
        (["2/25/26"], "1 van de 1"),
    ],
)
def test_a_month_first_is_asked_about(dates: list[str], vorm: str) -> None:
    assert dialect(dates=dates) == FileFinding(code="bestand_datumvolgorde", vorm=vorm)
    profiel = Profiel(naam="P", datumvolgorde=Datumvolgorde.MDJ)
    assert dialect(dates=dates, profiel=profiel).date_order is Datumvolgorde.MDJ


@pytest.mark.parametrize(
    ("amounts", "decimal"),
    [
        ([], ","),
        (["100", "2000"], ","),
        (["250,75", "98.10", "1.250,75"], ","),
        (["250.75", "98.1"], "."),
        (["1,250.75", "12.00"], "."),
        (["1.250"], ","),
        (["1.250.000"], ","),
        (["€ 12,50", "12,50 EUR", "12,50-", "-12,5", "12,-", "1 250,00"], ","),
        (["250,755", "98,10"], ","),
        (["1,250.75"] * 20 + ["250,75"], "."),
        (["1.250,75"] * 20 + ["1,250.75"], ","),
        (["100"] * 10 + ["1,250"], ","),
    ],
)
def test_the_decimal_mark_is_the_one_that_most_amounts_show(amounts: list[str], decimal: str) -> None:
    assert dialect(amounts=amounts).decimal == decimal


@pytest.mark.parametrize(
    ("amounts", "vorm"),
    [
        (["1.250,75", "1,250.75"], "1.250,75 en 1,250.75"),
        (["12,50", "1,250,000"], "1.250,75 en 1,250.75"),
        (["1,250", "2,500"], "1,250"),
        (["100", "1,250"], "1,250"),
    ],
)
def test_marks_that_contradict_each_other_are_asked_about(amounts: list[str], vorm: str) -> None:
    assert dialect(amounts=amounts) == FileFinding(code="bestand_bedragvorm", vorm=vorm)
    assert dialect(amounts=amounts, profiel=Profiel(naam="P", decimaalteken=".")).decimal == "."


def test_cents_are_told_by_all_headers_or_by_the_profile() -> None:
    assert dialect(bedrag="Bedrag (centen)").cents
    assert not dialect(bedrag="Bedrag (centen)", profiel=Profiel(naam="P", bedragen_in=Bedrageenheid.EURO)).cents
    mixed = dialect(bedrag="Bedrag in cent;Premie in euro")
    assert mixed == FileFinding(code="bestand_bedragvorm", vorm="euro en centen")


def test_what_was_concluded_is_explained_by_what_was_seen() -> None:
    told = explain(dialect(dates=[DUTCH, EITHER, EITHER], amounts=["1,50", "2,50"]))
    assert "Decimaalteken: komma, 2 bedragen laten een komma zien en 0 een punt." in told
    assert any("met de dag voorop zijn er 1" in sentence and "2 passen in beide" in sentence for sentence in told)
    nothing = explain(dialect())
    assert any("geen datum laat de volgorde zien" in sentence for sentence in nothing)


@settings(deadline=None)
@given(st.permutations([DUTCH] * 11 + [AMERICAN] + [EITHER] * 3 + [ISO] * 2))
def test_the_same_values_give_the_same_answer_in_any_order(dates: list[str]) -> None:
    found = dialect(dates=dates)
    assert isinstance(found, Dialect)
    assert found.date_order is Datumvolgorde.DMJ
