"""What is proposed for a file: the right columns, for the right reasons, and never a value of a row."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profiel import Bedrageenheid, Datumvolgorde
from gateway.stages.dialect import FileFinding
from gateway.stages.guess import Guess, guess
from gateway.stages.profile_checks import problems_of
from gateway.stages.profile_text import profile_text
from gateway.stages.profiles import parse_profile
from gateway.stages.source import PLAIN
from gateway.stages.suggest import suggestions
from tests.builders import TEST_BSN, TODAY, a_csv, a_row

ERP = "Overzicht;;\r\n\r\nHuurdernr.;Naam huurder;PC;Vervaldat;Iets;Mail huurders;Saldo (EUR)\r\n" + "".join(
    f"{1000 + n};J.P. van der Voorbeeld;1012 A{'BCDEFGHIJK'[n]};{10 + n}-09-2026;x{n};j{n}@voorbeeld.nl;5{n},25\r\n"
    for n in range(10)
)
PLACES = "".join(f"K{n}|1012 AB|06123456{n:02d}|{n}.25|{10 + n}-09-2026|J. Voorbeeld\n" for n in range(10))


def proposed(text: str | bytes) -> Guess:
    found = guess(text.encode() if isinstance(text, str) else text, PLAIN, today=TODAY)
    assert isinstance(found, Guess)
    assert parse_profile(profile_text(found)) == found.profiel
    assert problems_of(found.profiel) == []
    return found


def frame_of(values: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"0": values}, schema={"0": pl.String})


def lines(found: Guess) -> dict[str, tuple[str, bool]]:
    return {line.header: (line.column, line.active) for line in found.columns}


def test_our_own_layout_needs_nothing_told() -> None:
    found = proposed(a_csv([a_row(), a_row(soort="zorg")]))
    assert found.profiel.kolommen == {}
    assert found.columns == ()
    assert found.profiel.datumvolgorde is Datumvolgorde.DMJ
    assert found.profiel.kopregel is None
    assert "20 kolommen heten zoals in de indeling" in profile_text(found)


def test_an_export_with_names_of_its_own() -> None:
    found = proposed(ERP)
    assert lines(found) == {
        "Huurdernr.": ("klantnummer", True),
        "Naam huurder": ("naam", True),
        "PC": ("postcode", True),
        "Saldo (EUR)": ("bedrag", True),
        "Vervaldat": ("oudste_vervaldatum", True),
        "Mail huurders": ("email", True),
    }
    text = profile_text(found)
    assert "# kopregel = 3" in text
    assert "wordt gesplitst in voorletters, voorvoegsel, achternaam" in text
    assert '# Niet gelezen: "Iets".' in text
    assert "Verplicht en niet herkend: kenmerk, straat" in text
    assert "# constanten.soort = " in text
    assert "J.P." not in text
    assert "1012" not in text


def test_what_is_in_doubt_is_a_comment() -> None:
    found = proposed("kenmerk;Wie;Bedragg\r\n" + "".join(f"K{n};J. Voorbeeld;tekst\r\n" for n in range(9)))
    assert lines(found) == {"Wie": ("naam", False), "Bedragg": ("bedrag", False)}
    assert found.profiel.kolommen == {}
    assert "# kolommen.Wie = " in profile_text(found)


def test_a_file_without_a_header_is_told_by_place() -> None:
    found = proposed(PLACES)
    assert (found.profiel.kopregel, found.profiel.scheidingsteken) == (0, "|")
    assert found.profiel.kolommen == {
        "2": "postcode",
        "3": "telefoon",
        "4": "bedrag",
        "5": "oudste_vervaldatum",
        "6": "naam",
    }
    assert '# kolommen.1 = ""' in profile_text(found)


def test_a_header_that_nobody_knows_is_found_above_the_values() -> None:
    found = proposed("Lijst\n\n\nQ1;Q2;Q3\n" + "".join(f"a{n};1012 AB;b{n}\n" for n in range(6)))
    assert found.profiel.kopregel == 4
    assert found.profiel.kolommen == {"Q2": "postcode"}
    nothing = proposed("Q1;Q2\n" + "a;b\n" * 6)
    assert nothing.profiel.kolommen == {"Q1": "kenmerk"}
    assert "VUL DIT AAN" in profile_text(nothing)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("kenmerk;oudste_vervaldatum\n" + "a;02-25-2026\n" * 3, "datumvolgorde", Datumvolgorde.MDJ),
        ("kenmerk;bedrag\n" + "a;1,250\n" * 3, "decimaalteken", "."),
        ("kenmerk;bedrag;bedrag premie in centen\n" + "a;12,50;1250\n" * 3, "bedragen_in", Bedrageenheid.EURO),
        ("kenmerk;Familienaam;Geslachtsnaam\n" + "a;b;c\n" * 3, "negeren", ("Geslachtsnaam",)),
    ],
)
def test_what_the_file_asks_is_answered_and_marked(text: str, key: str, value: object) -> None:
    found = proposed(text)
    assert getattr(found.profiel, key) == value
    assert "VRAAG DIT NA" in found.answers[key]
    assert "VRAAG DIT NA" in profile_text(found)


def test_amounts_in_cents_are_told_and_dates_by_year_are_not() -> None:
    found = proposed("kenmerk;bedrag in centen;oudste_vervaldatum\n" + "a;1250;2026-09-13\n" * 3)
    assert found.profiel.bedragen_in is Bedrageenheid.CENT
    assert found.profiel.datumvolgorde is None
    assert '# datumvolgorde = "jmd"' in profile_text(found)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bestand_leeg"),
        (b"%PDF-1.7", "bestand_geen_csv"),
        (b"a\nb\nc\n", "bestand_geen_kopregel"),
        (b"kenmerk;kenmerk\na;b\n", "bestand_kolom_dubbel"),
    ],
)
def test_what_no_profile_helps_is_told(data: bytes, code: str) -> None:
    found = guess(data, PLAIN, today=TODAY)
    assert isinstance(found, FileFinding)
    assert found.code == code


@pytest.mark.parametrize(
    ("values", "column", "certain"),
    [
        (["1012 AB"] * 5, "postcode", True),
        (["1012 AB"] * 4, "postcode", False),
        (["1012 AB"] * 5 + ["x"], "postcode", False),
        (["1012 AB", "x"], None, False),
        ([TEST_BSN] * 5, "bsn", False),
        (["900000012"] * 5, None, False),
        (["06-12345678", "+31 6 12345678"], "telefoon", False),
        (["31-12-1980", "1979-01-02"], "geboortedatum", False),
        (["31-10-2026", "10/31/2026"], "oudste_vervaldatum", False),
        (["1.250,75", "€ 12,50"], "bedrag", False),
        (["0363", "0344"], "gemeentecode", False),
        (["90000001"], "opdrachtgever_kvk", False),
        (["1012 AB Amsterdam"] * 5, "postcode_woonplaats", True),
        (["Dorpsstraat 12 bis"], "adres", False),
        (["Voorbeeld, J.P."], "naam", False),
        (["huur", "Energie"], "soort", False),
        (["iets", "anders"], None, False),
        ([], None, False),
    ],
)
def test_what_values_look_like(values: list[str], column: str | None, certain: bool) -> None:
    frame = frame_of(values)
    found = suggestions([""], [None], frame, today=TODAY)
    assert [(one.column, one.certain) for one in found] == ([] if column is None else [(column, certain)])


@pytest.mark.parametrize(
    ("header", "values", "column", "certain"),
    [
        ("Postcoode", ["1012 AB"] * 5, "postcode", True),
        ("Postcoode", ["x"] * 5, "postcode", True),
        ("Telefoonnumer2", ["1012 AB"] * 5, "postcode", False),
        ("Geboortedatm", ["31-10-2026"] * 5, "geboortedatum", True),
        ("Geboortedatm", ["x"] * 5, "geboortedatum", False),
        ("PCX", ["x"] * 5, None, False),
    ],
)
def test_what_a_header_is_like(header: str, values: list[str], column: str | None, certain: bool) -> None:
    found = suggestions([header], [None], frame_of(values), today=TODAY)
    assert [(one.column, one.certain) for one in found] == ([] if column is None else [(column, certain)])


def test_a_column_is_suggested_once_and_not_when_it_is_there() -> None:
    frame = frame_of(["1012 AB"] * 5).with_columns(frame_of(["1012 AC"] * 5)["0"].alias("1"))
    assert [one.place for one in suggestions(["", ""], [None, None], frame, today=TODAY)] == [0]
    assert suggestions(["", ""], [None, "postcode"], frame, today=TODAY) == []
    assert suggestions(["", ""], [None, "postcode_woonplaats"], frame, today=TODAY) == []


SECRET = "geheim"
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(lambda text: SECRET + text)


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=5))
def test_no_value_of_a_row_is_ever_told(headers: list[str], rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([["kenmerk", *headers], *rows])
    found = guess(text.getvalue().encode("utf-8", "surrogatepass"), PLAIN, today=TODAY)
    if isinstance(found, Guess):
        told = profile_text(found)
        assert SECRET not in told
        assert parse_profile(told) == found.profiel
