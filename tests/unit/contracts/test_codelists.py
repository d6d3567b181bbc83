"""The code lists: whole, consistent, and read by version."""

import datetime as dt

import pytest

from contracts.codelists.ddas import LIJSTEN, Ddas, Lijst, read_code
from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.indeling import MEEGELEVERD, Gemeentelijst
from contracts.codelists.opvolgers import OPVOLGERS, Opvolging


def test_there_are_342_gemeenten_of_four_digits_each_named_once():
    assert len(GEMEENTEN) == 342
    assert all(len(code) == 4 and code.isdigit() for code in GEMEENTEN)
    assert len(set(GEMEENTEN.values())) == 342


@pytest.mark.parametrize("name", ["'s-Gravenhage", "Súdwest-Fryslân", "Nuenen, Gerwen en Nederwetten", "Bergen (NH.)"])
def test_names_that_trip_software_are_spelled_as_cbs_does(name):
    assert name in GEMEENTEN.values()


def test_an_ended_code_is_no_gemeente_and_its_successor_is_one():
    ended = {opvolging.code for opvolging in OPVOLGERS}
    assert len(ended) == len(OPVOLGERS)
    assert not ended & GEMEENTEN.keys()
    assert {code for opvolging in OPVOLGERS for code in opvolging.opvolgers} <= GEMEENTEN.keys()


def test_a_successor_takes_over_on_its_day_and_not_before():
    assert MEEGELEVERD.opvolger("0457", on=dt.date(2022, 3, 23)) == "0457"
    assert MEEGELEVERD.opvolger("0457", on=dt.date(2022, 3, 24)) == "0363"
    assert MEEGELEVERD.opvolger("0363", on=dt.date(2022, 3, 24)) == "0363"


def test_a_divided_gemeente_has_no_single_successor():
    assert MEEGELEVERD.opvolger("0788", on=dt.date(2026, 1, 1)) == "0788"
    assert MEEGELEVERD.opvolgers("0788", on=dt.date(2026, 1, 1)) == ("0757", "0824", "0855", "0865")
    assert "0788" not in GEMEENTEN


NEW_YEAR = dt.date(2027, 1, 1)
MERGER = Opvolging("0059", "Achtkarspelen", ("2001",), NEW_YEAR)


def test_a_merger_after_the_newest_list_changes_which_gemeenten_there_are():
    indeling = MEEGELEVERD.over((), [MERGER])
    before, after = indeling.gemeenten(NEW_YEAR - dt.timedelta(days=1)), indeling.gemeenten(NEW_YEAR)
    assert before.keys() - after.keys() == {"0059"}
    assert after.keys() - before.keys() == {"2001"}
    assert indeling.opvolger("0059", on=NEW_YEAR) == "2001"


def test_a_successor_may_end_itself_and_is_followed():
    later = Opvolging("2001", "", ("0074",), dt.date(2028, 1, 1))
    indeling = MEEGELEVERD.over((), [MERGER, later])
    assert indeling.opvolger("0059", on=dt.date(2027, 12, 31)) == "2001"
    assert indeling.opvolger("0059", on=dt.date(2028, 1, 1)) == "0074"
    assert "2001" not in indeling.gemeenten(dt.date(2028, 1, 1))


def test_a_list_holds_from_its_day_and_the_first_one_before_that():
    newer = Gemeentelijst(NEW_YEAR, {**GEMEENTEN, "2001": "Nieuwstad"})
    indeling = MEEGELEVERD.over([newer], ())
    assert "2001" not in indeling.gemeenten(dt.date(2026, 12, 31))
    assert "2001" in indeling.gemeenten(NEW_YEAR)
    assert indeling.gemeenten(dt.date(2023, 1, 1)) == GEMEENTEN
    assert indeling.gemeenten(dt.date(2022, 3, 23)).keys() - GEMEENTEN.keys() == {"0457", "0501", "0530", "0614"}
    assert indeling.naam("2001") == "Nieuwstad"


def test_what_is_laid_over_replaces_the_list_of_its_day_and_the_ending_of_its_code():
    lijst = Gemeentelijst(dt.date(2023, 1, 1), {"0363": "Amsterdam"})
    ending = Opvolging("0457", "Weesp", ("0402",), dt.date(2022, 1, 1))
    indeling = MEEGELEVERD.over([lijst], [ending])
    assert indeling.gemeenten(NEW_YEAR) == {"0363": "Amsterdam"}
    assert indeling.opvolger("0457", on=NEW_YEAR) == "0402"
    assert indeling.opvolger("0530", on=NEW_YEAR) == "1992"


def test_a_circle_of_mergers_ends():
    indeling = MEEGELEVERD.over((), [MERGER, Opvolging("2001", "", ("0059",), NEW_YEAR)])
    assert indeling.opvolger("0059", on=NEW_YEAR) == "0059"


@pytest.mark.parametrize(("code", "ever"), [("0363", True), ("0457", True), ("0788", True), ("9999", False)])
def test_a_code_is_known_that_ever_was_one(code, ever):
    assert MEEGELEVERD.ooit(code) is ever


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
