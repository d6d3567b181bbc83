"""A profile says what it says, or is told all its mistakes: where, and what would be right."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.layout import KOLOM, SAMENGESTELD
from contracts.profiel import Bedrageenheid, Bestandsvorm, Datumvolgorde, Partnerprofiel, Profiel, Tekenset
from gateway.errors import InvalidInputError
from gateway.stages.policy import policy_for
from gateway.stages.profile_checks import CONSTANT, problems_of, reads
from gateway.stages.profiles import by_headers, chosen, in_force, parse_profile, place
from tests.builders import TODAY, a_partner

GOOD = """
naam = "SAP"
versie = 3
vorm = "csv"
tekenset = "windows-1252"
scheidingsteken = ";"
decimaalteken = ","
datumvolgorde = "dmj"
bedragen_in = "euro"
kopregel = 3
kolommen."Klantnr." = "klantnummer"
kolommen.Huurder = "naam"
negeren = ["Regio", "Saldo vorige maand"]
constanten = { soort = "huur", herinnering_verstuurd = "Ja" }
waarden.soort = { "Huurachterstand" = "huur" }
"""


def _misfits(text: str) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        parse_profile(text)
    return {problem.location: problem.detail for problem in caught.value.problems}


def _problems(text: str) -> dict[str, str]:
    profiel = parse_profile('naam = "SAP"\n' + text)
    return {problem.location: problem.detail for problem in problems_of(profiel, a_partner(soorten=("huur",)))}


def test_a_profile_is_read_as_it_stands() -> None:
    profiel = parse_profile(GOOD)
    assert profiel == Profiel(
        naam="SAP",
        versie=3,
        vorm=Bestandsvorm.CSV,
        tekenset=Tekenset.WINDOWS_1252,
        scheidingsteken=";",
        decimaalteken=",",
        datumvolgorde=Datumvolgorde.DMJ,
        bedragen_in=Bedrageenheid.EURO,
        kopregel=3,
        kolommen={"Klantnr.": "klantnummer", "Huurder": "naam"},
        negeren=("Regio", "Saldo vorige maand"),
        constanten={"soort": "huur", "herinnering_verstuurd": "Ja"},
        waarden={"soort": {"Huurachterstand": "huur"}},
    )
    assert problems_of(profiel, a_partner()) == []


def test_every_mistake_is_told_at_once_with_what_is_allowed() -> None:
    text = """
versie = 0
vorm = "excel"
tekenset = "utf8"
kopregel = "1"
datumvolgorde = "mdy"
bedragen_in = "centen"
kolomen = {}
kolommen = { Naam = 1, Klantnr = "klantnummer" }
negeren = "Regio"
constanten = ["huur"]
waarden = { soort = "huur", bezwaar = { N = false } }
"""
    assert _misfits(text) == {
        "naam": "is missing: letters, digits, spaces, dots, dashes and underscores, at most 63",
        "versie": "is a whole number from 1 on; one higher with every change",
        "vorm": 'is one of "csv", "xlsx", "ods", "json", "json_regels"',
        "tekenset": 'is one of "utf-8", "windows-1252", "iso-8859-15", "utf-16"',
        "kopregel": "is a whole number: the line of the header, counted from 1; 0 when there is none",
        "datumvolgorde": 'is one of "dmj", "jmd", "mdj"',
        "bedragen_in": 'is one of "euro", "cent"',
        "kolomen": 'unknown; the nearest is "kolommen"',
        "kolommen.Naam": "is a text, in quotes",
        "negeren": 'is a list of header texts: ["Saldo", "Regio"]',
        "constanten": 'is a table: column = "text"',
        "waarden.soort": 'is a table: "text in the file" = "text of the layout"',
        "waarden.bezwaar.N": "is a text, in quotes",
    }


@pytest.mark.parametrize("naam", ["", " SAP", "SAP/3", "a" * 64, "naam\\nnaam"])
def test_a_name_can_be_part_of_an_address(naam: str) -> None:
    assert "naam" in _misfits(f'naam = "{naam}"')


def test_what_is_not_toml_says_where() -> None:
    with pytest.raises(InvalidInputError, match=r"not TOML.*line 2"):
        parse_profile('naam = "SAP"\nversie = = 1\n')


@pytest.mark.parametrize(
    ("text", "where", "detail"),
    [
        ('kolommen.Naam = "achternam"', "kolommen.Naam", '"achternam" is no column of the layout; the nearest is "ach'),
        ('kolommen.Naam = "qqqqq"', "kolommen.Naam", "known are soort, signaaltype"),
        ('kolommen." " = "kenmerk"', 'kolommen." "', "not empty"),
        (
            'kolommen = { A = "bedrag", "B 2" = "bedrag" }',
            'kolommen."B 2"',
            '"bedrag" is given by "A" already: leave one of them out',
        ),
        ('kolommen = { "Klant nr" = "klantnummer", " klant  NR" = "kenmerk" }', 'kolommen." klant  NR"', "same header"),
        ('kolommen.Regio = "woonplaats"\nnegeren = ["regio"]', "negeren", '"regio" is read by kolommen'),
        ("kopregel = -1", "kopregel", "from 1 to 1000"),
        ("kopregel = 0", "kolommen", "names every place"),
        ('kopregel = 0\nkolommen.Naam = "achternaam"', "kolommen.Naam", 'is a place, "1" to "16384"'),
        ('kopregel = 0\nkolommen."0" = "achternaam"', "kolommen.0", "is a place"),
        ('kopregel = 0\nkolommen.1 = "achternaam"\nnegeren = ["Regio"]', "negeren", "is a place"),
        ('kopregel = 2\nvorm = "json"', "kopregel", "no meaning in JSON"),
        ('scheidingsteken = "/"', "scheidingsteken", 'one of ";", ",", "\\t" (tab), "|"'),
        ('decimaalteken = "\'"', "decimaalteken", 'one of ",", "."'),
        ('vorm = "xlsx"\nscheidingsteken = ";"', "scheidingsteken", 'vorm = "csv", not of "xlsx"'),
        ('vorm = "json"\ntekenset = "utf-8"', "tekenset", 'not of "json"'),
        ('vorm = "csv"\nblad = "Blad1"', "blad", "only a workbook has sheets"),
        ('blad = " "', "blad", "not empty"),
        ('constanten.soorten = "huur"', "constanten.soorten", 'the nearest is "soort"'),
        ('constanten.achternaam = "Jansen"', "constanten.achternaam", "differs from row to row"),
        ('constanten.naam = "Jansen"', "constanten.naam", "is no column of the layout"),
        ('constanten.herinnering_verstuurd = "soms"', "constanten.herinnering_verstuurd", "cannot be read: Ja or Nee"),
        ('constanten.uzovi = "abc"', "constanten.uzovi", "vier cijfers"),
        ('constanten.woonplaats = " "', "constanten.woonplaats", "cannot be read"),
        ('constanten.soort = "zorg"', "constanten.soort", "is a kind of this partner: huur"),
        ('waarden.soorten.H = "huur"', "waarden.soorten", 'the nearest is "soort"'),
        ('waarden.soort.H = "huurschuld"', "waarden.soort.H", '"huurschuld" cannot be read'),
        ('waarden.bezwaar = { N = "Nee", n = "Ja" }', "waarden.bezwaar.n", "case does not count"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(text: str, where: str, detail: str) -> None:
    assert detail in _problems(text)[where]


@pytest.mark.parametrize(
    "text",
    [
        'kopregel = 0\nkolommen = { 1 = "kenmerk", 16384 = "bedrag" }',
        'kolommen = { Naam = "naam", Achternaam = "achternaam" }',
        'scheidingsteken = "\\t"',
        'vorm = "xlsx"\nblad = "Blad1"\nkopregel = 4',
        'constanten = { soort = " Huur ", uzovi = "0101", producten = "gas en warmte", gemeentecode = "GM0363" }',
        'datumvolgorde = "mdj"\nwaarden.geboortedatum = { "onbekend" = "01-01-1900" }',
    ],
)
def test_what_can_be_is_left_alone(text: str) -> None:
    assert _problems(text) == {}


def test_constants_are_columns_of_the_layout() -> None:
    assert set(CONSTANT) < set(KOLOM)
    assert not set(CONSTANT) & set(SAMENGESTELD)


def test_a_text_is_read_as_the_profile_says() -> None:
    assert reads("bedrag", "1.234,50", Profiel(naam="a"))
    assert not reads("oudste_vervaldatum", "31-02-2026", Profiel(naam="a"))


@given(st.dictionaries(st.text(), st.text(), max_size=4), st.lists(st.text(), max_size=3), st.text())
def test_any_header_texts_can_be_judged(kolommen: dict[str, str], negeren: list[str], mark: str) -> None:
    profiel = Profiel(naam="a", kolommen=kolommen, negeren=tuple(negeren), scheidingsteken=mark, constanten=kolommen)
    for problem in problems_of(profiel):
        assert problem.location
        assert problem.detail


@given(st.text())
def test_a_place_is_a_key_that_toml_reads_back(header: str) -> None:
    text = f'naam = "a"\n{place("kolommen", header)} = "kenmerk"\n'
    assert parse_profile(text).kolommen == {header: "kenmerk"}


def test_the_highest_version_of_a_name_is_in_force() -> None:
    def one(partner: str, naam: str, versie: int) -> Partnerprofiel:
        return Partnerprofiel(signaalpartner=partner, profiel=Profiel(naam=naam, versie=versie))

    stored = [one("a", "SAP", 9), one("a", "SAP", 10), one("b", "SAP", 1), one("a", "Excel", 1)]
    assert in_force(stored) == {"a": (one("a", "Excel", 1), one("a", "SAP", 10)), "b": (one("b", "SAP", 1),)}
    assert stored[1].key == "a/SAP/10"


SAP = Partnerprofiel(signaalpartner="a", profiel=Profiel(naam="SAP", kolommen={"Klantnr.": "klantnummer"}))
LONG = Partnerprofiel(
    signaalpartner="a", profiel=Profiel(naam="Lang", kolommen={"klantnr.": "klantnummer", "B": "bsn"})
)
PLACES = Partnerprofiel(signaalpartner="a", profiel=Profiel(naam="Kaal", kopregel=0, kolommen={"1": "klantnummer"}))


def test_what_reads_a_file_whatever_is_in_it() -> None:
    standard = msgspec.structs.replace(LONG, standaard=True)
    assert chosen([SAP, LONG], named="Lang") == LONG.profiel
    assert chosen([SAP, standard], named="SAP") == SAP.profiel
    assert chosen([PLACES], named=None) == PLACES.profiel
    assert chosen([SAP, standard], named=None) == LONG.profiel
    assert chosen([SAP, LONG], named=None) is None
    assert chosen([], named=None) is None
    with pytest.raises(KeyError):
        chosen([SAP], named="sap")


def test_what_the_headers_decide() -> None:
    def fits(*headers: str, others: tuple[Partnerprofiel, ...] = ()) -> str | None:
        found = by_headers((one.profiel, headers) for one in (SAP, LONG, PLACES, *others))
        return found.naam if found else None

    assert fits("Regio", " KLANTNR. ") == "SAP"
    assert fits("klantnr.", "b", "c") == "Lang"
    assert fits("1", "b") is None
    assert fits() is None
    empty = Partnerprofiel(signaalpartner="a", profiel=Profiel(naam="Leeg"))
    assert fits("c", others=(empty,)) is None
    twin = Partnerprofiel(signaalpartner="a", profiel=Profiel(naam="Nog een", kolommen={"c": "klantnummer"}))
    assert fits("klantnr.", "c", others=(twin,)) is None


def test_constants_of_a_profile_go_before_those_of_the_partner() -> None:
    partner = a_partner(constanten={"soort": "huur", "herinnering_verstuurd": "Ja"})
    profiel = Profiel(naam="SAP", constanten={"soort": "energie", "producten": "gas"})
    policy = policy_for(partner, (), received_on=TODAY, profiel=profiel)
    assert policy.partner.constanten == {"soort": "energie", "herinnering_verstuurd": "Ja", "producten": "gas"}
    assert policy_for(partner, (), received_on=TODAY).partner is partner


def test_what_is_written_is_read_back() -> None:
    profiel = parse_profile(GOOD)
    assert msgspec.json.decode(msgspec.json.encode(profiel), type=Profiel) == profiel
