"""The code lists: whole, consistent, and read by version."""

import datetime as dt

import pytest

from contracts.codelists.ddas import LIJSTEN, Ddas, Lijst, read_code
from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.opvolgers import OPVOLGERS, opvolger


def test_there_are_342_gemeenten_of_four_digits_each_named_once():
    assert len(GEMEENTEN) == 342
    assert all(len(code) == 4 and code.isdigit() for code in GEMEENTEN)
    assert len(set(GEMEENTEN.values())) == 342


@pytest.mark.parametrize("name", ["'s-Gravenhage", "Súdwest-Fryslân", "Nuenen, Gerwen en Nederwetten", "Bergen (NH.)"])
def test_names_that_trip_software_are_spelled_as_cbs_does(name):
    assert name in GEMEENTEN.values()


def test_an_ended_code_is_no_gemeente_and_its_successor_is_one():
    assert not OPVOLGERS.keys() & GEMEENTEN.keys()
    assert {successor for successor, _ in OPVOLGERS.values()} <= GEMEENTEN.keys()


def test_a_successor_takes_over_on_its_day_and_not_before():
    assert opvolger("0457", on=dt.date(2022, 3, 23)) == "0457"
    assert opvolger("0457", on=dt.date(2022, 3, 24)) == "0363"
    assert opvolger("0363", on=dt.date(2022, 3, 24)) == "0363"


def test_a_divided_gemeente_has_no_single_successor():
    assert opvolger("0788", on=dt.date(2026, 1, 1)) == "0788"
    assert "0788" not in GEMEENTEN


@pytest.mark.parametrize(("versie", "eindresultaten", "statussen"), [("0.9", 15, 6), ("1.0", 15, 6), ("1.2", 16, 8)])
def test_each_version_has_as_many_values_as_its_published_schema(versie, eindresultaten, statussen):
    waarden = LIJSTEN[versie]
    assert sum(Lijst.EINDRESULTAAT in w.lijsten for w in waarden) == eindresultaten
    assert sum(Lijst.STATUS in w.lijsten for w in waarden) == statussen
    assert len({w.tekst for w in waarden}) == len(waarden)


def test_version_1_2_knows_every_code():
    assert {w.code for w in LIJSTEN["1.2"]} == set(Ddas)


@pytest.mark.parametrize(
    ("versie", "tekst"),
    [
        ("0.9", "Verwijzing zonder contact"),
        ("1.0", "Verwijzing zonder toestemming"),
        ("1.2", "Verwijzing zonder tussenkomst inwoner"),
    ],
)
def test_spellings_of_three_versions_mean_one_code(versie, tekst):
    assert read_code(versie, tekst) is Ddas.VERWIJZING_ZONDER_INWONER


@pytest.mark.parametrize(
    ("versie", "tekst"),
    [("1.2", "Verwijzing zonder toestemming"), ("0.9", "Opgepakt"), ("9.9", "Opgepakt"), ("1.2", "opgepakt")],
)
def test_a_spelling_of_another_version_is_unknown(versie, tekst):
    assert read_code(versie, tekst) is None
