"""Reading the file of `apply`: strict, and every mistake named by its place."""

import pytest

from contracts.codelists.gemeenten import GEMEENTEN
from gateway.errors import InvalidInputError
from gateway.flow.apply_document import parse_document

GROUP = """
[[overeenkomst_groepen]]
signaalpartner = "woonstad"
gemeenten = ["0363", "0344"]
soorten = ["huur"]
van_kracht = { van = 2024-01-01 }
"""


def _problems(text: str) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        parse_document(text)
    return {problem.location: problem.detail for problem in caught.value.problems}


def test_a_group_is_one_overeenkomst_for_each_gemeente() -> None:
    first, second = parse_document(GROUP).overeenkomsten
    assert (first.key, second.key) == ("woonstad-0363", "woonstad-0344")
    assert first.gemeenten == {"0363": first.van_kracht}


def test_a_group_with_a_key_of_its_own() -> None:
    first, _ = parse_document(GROUP.replace("soorten", 'key = "oud"\nsoorten')).overeenkomsten
    assert first.key == "oud-0363"


def test_all_gemeenten_except_some() -> None:
    text = '[[gemeente_groepen]]\ncodes = "alle"\nbehalve = ["0363"]\ndrempelbedrag = 5000\n'
    gemeenten = parse_document(text).gemeenten
    assert {gemeente.code for gemeente in gemeenten} == set(GEMEENTEN) - {"0363"}
    assert {gemeente.drempelbedrag for gemeente in gemeenten} == {5000}


def test_all_mistakes_are_named_together() -> None:
    text = """
    onbekend = 1
    verwijderen = [1]
    gemeenten = "alle"
    [[systemen]]
    key = "vps"
    naam = "VPS"
    adapter = "vps"
    kleur = "rood"
    [[systemen]]
    key = "ris"
    naam = 3
    adapter = "ris"
    """
    assert _problems(text) == {
        "systemen[0] (vps)": "Object contains unknown field `kleur`",
        "systemen[1] (ris).naam": "Expected `str`, got `int`",
        "gemeenten": "must be an array of tables: [[gemeenten]]",
        "verwijderen": "Expected `str`, got `int` - at `$[0]`",
        "onbekend": "unknown; known are systemen, gemeenten, signaalpartners, toegangen, experimenten, "
        "overeenkomsten, profielen, verwijderen, gemeente_groepen, overeenkomst_groepen",
    }


@pytest.mark.parametrize(
    ("before", "after", "place", "detail"),
    [
        ('["0363", "0344"]', '"sommige"', "overeenkomst_groepen[0]", '`gemeenten` is a list of codes, or "alle"'),
        ('gemeenten = ["0363", "0344"]\n', "", "overeenkomst_groepen[0]", "missing required field `gemeenten`"),
        ("soorten =", 'behalve = ["0599"]\nsoorten =', "overeenkomst_groepen[0]", "0599"),
        ('"woonstad"', f'"{"w" * 59}"', "overeenkomst_groepen[0]", "too long"),
        ('"woonstad"', '"Woonstad"', "overeenkomst_groepen[0].signaalpartner", "matching regex"),
        ("{ van =", "{ from_ =", "overeenkomst_groepen[0].van_kracht", "unknown field `from_`"),
        ("soorten =", "soort =", "overeenkomst_groepen[0]", "unknown field `soort`"),
    ],
)
def test_a_mistake_in_a_group_is_named(before: str, after: str, place: str, detail: str) -> None:
    problems = _problems(GROUP.replace(before, after, 1))
    assert detail in problems[place]


def test_a_group_of_gemeenten_has_no_code_of_its_own() -> None:
    assert "code" in _problems('[[gemeente_groepen]]\ncodes = ["0363"]\ncode = "0344"\n')["gemeente_groepen[0] (0344)"]


def test_a_file_that_is_not_toml_says_where() -> None:
    with pytest.raises(InvalidInputError, match="line 1"):
        parse_document("key = = 1")


PROFIEL = """
[[profielen]]
signaalpartner = "woonstad"
standaard = true
naam = "SAP"
versie = 3
kolommen."Klantnr." = "klantnummer"
"""


def test_a_profile_stands_in_the_file_or_in_a_file_beside_it() -> None:
    text = PROFIEL + '[[profielen]]\nsignaalpartner = "woonstad"\nbestand = "excel.toml"\n'
    sap, excel = parse_document(text, {"excel.toml": 'naam = "Excel"\nkopregel = 2\n'}.__getitem__).profielen
    assert (sap.key, sap.standaard, sap.profiel.kolommen) == ("woonstad/SAP/3", True, {"Klantnr.": "klantnummer"})
    assert (excel.key, excel.standaard, excel.profiel.kopregel) == ("woonstad/Excel/1", False, 2)


@pytest.mark.parametrize(
    ("before", "after", "place", "detail"),
    [
        ('"klantnummer"', "3", 'profielen[0] (SAP).kolommen."Klantnr."', "a text, in quotes"),
        ("versie =", "version =", "profielen[0] (SAP).version", 'the nearest is "versie"'),
        ('signaalpartner = "woonstad"\n', "", "profielen[0] (SAP)", "missing required field `signaalpartner`"),
        ("standaard = true", 'standaard = "ja"', "profielen[0] (SAP).standaard", "Expected `bool`"),
        ('naam = "SAP"', 'bestand = "sap.toml"', "profielen[0] (sap.toml)", "no other key beside it"),
    ],
)
def test_a_mistake_in_a_profile_is_named(before: str, after: str, place: str, detail: str) -> None:
    assert detail in _problems(PROFIEL.replace(before, after, 1))[place]


def test_a_file_of_a_profile_is_read_only_where_files_can_be() -> None:
    text = '[[profielen]]\nsignaalpartner = "woonstad"\nbestand = "sap.toml"\n'
    assert "cannot be read from here" in _problems(text)["profielen[0] (sap.toml)"]
