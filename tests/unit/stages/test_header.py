"""The header: found under titles, in any words that are known, told by a profile, or asked for."""

from typing import Any

import pytest

from contracts.profiel import Bedrageenheid, Bestandsvorm, Profiel
from gateway.stages.detect import detect
from gateway.stages.dialect import Dialect, FileFinding, read_as
from gateway.stages.explain import explain
from gateway.stages.source import Bron

ROW = "huur;S-1;Voorbeeld\n"


def found(text: str, *, required: frozenset[str] = frozenset(), **kw: Any) -> Any:
    return detect(text.encode(), required=required, **kw)


def columns(text: str, **kw: Any) -> list[str | None]:
    dialect = found(text, **kw)
    assert isinstance(dialect, Dialect)
    return list(dialect.columns)


def a_profile(**kw: Any) -> Profiel:
    return Profiel(naam="Export", **kw)


@pytest.mark.parametrize(
    ("titles", "line"),
    [
        ("", 1),
        ("Woonstichting Voorbeeld\n\n", 3),
        ("sep=;\n", 2),
        ('"Overzicht\nvan achterstanden";;\nPeriode;november;\n', 4),
        ("Achterstand\nSaldo;Regio;Team\n", 3),
        ("Achterstand;Plaats;Regio;Team;Jaar\nOverzicht;per maand\n", 3),
        ("Parameter;x\n" * 30, 31),
    ],
)
def test_the_header_is_found_under_titles(titles: str, line: int) -> None:
    dialect = found(titles + "soort;kenmerk;achternaam\n" + ROW)
    assert (dialect.header_line, dialect.known) == (line, {"soort", "kenmerk", "achternaam"})
    assert dialect.header_bytes == len((titles + "soort;kenmerk;achternaam\n").encode())


def test_a_header_that_is_mostly_unknown_is_the_record_with_most_names() -> None:
    text = "Titel;Saldo\na;b;c;d;e;kenmerk;postcode\n1;2;3;4;5;6;7\n"
    assert found(text).header_line == 2


@pytest.mark.parametrize("text", ["Saldo\n12\n", "a;b;Tel\n", "huur;S-1;Jansen\n", "x\n" * 50 + "soort;kenmerk\n"])
def test_one_word_that_may_be_a_title_is_no_header(text: str) -> None:
    assert found(text) == FileFinding(code="bestand_geen_kopregel")


def test_a_text_over_two_lines_with_units_and_a_mark_of_its_own_is_known() -> None:
    assert columns('\ufeffSoort;"Oudste\r\nvervaldatum";Bedrag (€);Huisnr.;\n') == [
        *("soort", "oudste_vervaldatum", "bedrag", "huisnummer", None)
    ]


def test_the_sep_line_says_the_delimiter_even_one_that_is_not_usual() -> None:
    assert found("sep=^\nsoort^kenmerk\nhuur^S-1\n").delimiter == "^"


# --- two texts for one column --------------------------------------------------------------------------------------


def test_our_own_name_goes_before_a_synonym_and_is_explained() -> None:
    dialect = found("soort;PC;postcode;Saldo;kenmerk\n")
    assert dialect.columns == ("soort", None, "postcode", "bedrag", "kenmerk")
    assert dialect.by_synonym == (3,)
    assert "4 kolommen herkend (1 via synoniemen), 1 genegeerd" in read_as(dialect)
    assert "Kolom 'Saldo' is gelezen als bedrag: een bekende andere naam." in explain(dialect)


@pytest.mark.parametrize(
    ("header", "vorm"),
    [
        ("soort;kenmerk;Soort;kenmerk", "soort (soort en Soort), kenmerk"),
        ("soort;Openstaand bedrag;Saldo", "bedrag (Openstaand bedrag en Saldo)"),
        ("soort;PC;Zip", "postcode (PC en Zip)"),
    ],
)
def test_two_names_that_are_as_good_are_asked_about(header: str, vorm: str) -> None:
    assert found(header + "\n") == FileFinding(code="bestand_kolom_dubbel", vorm=vorm)


def test_a_second_phone_is_left_out() -> None:
    assert columns("soort;kenmerk;Tel;Mobiel\n") == ["soort", "kenmerk", "telefoon", None]
    assert columns("soort;kenmerk;Mobiel;GSM\n") == ["soort", "kenmerk", "telefoon", None]


def test_composed_columns_stand_for_their_parts() -> None:
    required = frozenset({"straat", "huisnummer", "postcode", "kenmerk"})
    assert columns("kenmerk;Adres huurder;Postcode/plaats\n", required=required) == [
        *("kenmerk", "adres", "postcode_woonplaats")
    ]
    assert found("kenmerk;Postcode\n", required=required) == FileFinding(
        code="bestand_kolom_ontbreekt", vorm="straat, huisnummer"
    )


# --- what a profile says -------------------------------------------------------------------------------------------


def test_a_profile_says_which_column_is_which_and_which_are_not_read() -> None:
    profiel = a_profile(kolommen={"VELD 1": "kenmerk", "Saldo": "bedrag_premie"}, negeren=("PC",))
    dialect = found("Veld  1;saldo;PC;soort\n", profiel=profiel)
    assert dialect.columns == ("kenmerk", "bedrag_premie", None, "soort")
    assert dialect.by_profile == (0, 1)
    assert "(2 via het profiel)" in read_as(dialect)
    assert "Kolom 'Veld  1' is kenmerk: dat zegt profiel Export, versie 1." in explain(dialect)


def test_a_profile_says_the_line_of_the_header() -> None:
    text = "kenmerk;achternaam;postcode\nx;y;z\nsoort;naam;adres\nhuur;1;2\n"
    assert found(text, profiel=a_profile(kopregel=3)).headers == ("soort", "naam", "adres")
    assert found(text, profiel=a_profile(kopregel=2)) == FileFinding(code="bestand_geen_kopregel")
    assert found(text, profiel=a_profile(kopregel=99)) == FileFinding(code="bestand_geen_kopregel")
    assert found("\n\nsoort;kenmerk\n", profiel=a_profile(kopregel=3)).header_line == 3
    sheet = Bron(vorm=Bestandsvorm.XLSX, blad="Blad1", bladen=("Blad1", "Blad2"))
    two_lines = '"a\r\nb";x\r\nsoort;kenmerk\r\n'
    assert found(two_lines, profiel=a_profile(kopregel=2), bron=sheet).columns == ("soort", "kenmerk")


def test_a_profile_says_that_there_is_no_header() -> None:
    profiel = a_profile(kopregel=0, kolommen={"1": "soort", "3": "kenmerk", "5": "bezwaar"})
    dialect = found("huur;x;S-1;y\nhuur;x;S-2;y\n", profiel=profiel)
    assert dialect.columns == ("soort", None, "kenmerk", None, "bezwaar")
    assert (dialect.headers, dialect.header_line, dialect.header_bytes) == ((), 0, 0)
    assert "zonder kopregel" in read_as(dialect)
    assert "2 genegeerd" in read_as(dialect)
    assert found("\n", profiel=profiel) == FileFinding(code="bestand_leeg")


def test_constants_of_a_profile_stand_for_columns() -> None:
    required = frozenset({"soort", "kenmerk"})
    profiel = a_profile(constanten={"soort": "huur"}, bedragen_in=Bedrageenheid.CENT)
    dialect = found("kenmerk;bedrag\n", required=required, profiel=profiel)
    assert dialect.cents
    assert "bedragen in centen" in read_as(dialect)


# --- what is said --------------------------------------------------------------------------------------------------


def test_the_sentence_says_form_packing_sheet_and_line() -> None:
    bron = Bron(vorm=Bestandsvorm.XLSX, verpakt="zip", blad="Blad1", bladen=("Blad1", "Oud"))
    dialect = found("Titel\r\n\r\nsoort;kenmerk;Regio\r\n", bron=bron)
    assert read_as(dialect) == (
        "gelezen als: Excel-werkmap (blad 'Blad1') in een ZIP, kopregel op regel 3, decimale komma, datums dd-mm-jjjj,"
        " 2 kolommen herkend, 1 genegeerd"
    )
    assert "Eén van 2 bladen is gelezen: het eerste." in explain(dialect)


def test_text_above_a_column_is_only_repeated_when_it_is_a_name() -> None:
    told = " ".join(explain(found("soort;kenmerk;postcode;Regio;0612345678;a@voorbeeld.nl\n")))
    assert "'Regio'" in told
    assert "2 kolommen" in told
    assert "0612345678" not in told
    assert "@" not in told
    resident = " ".join(explain(found("soort;Jansen;Dorpsstraat;12\n")))
    assert "Jansen" not in resident
