"""The list of synonyms: every name stands for one column, and what surrounds a name does not matter."""

from collections import defaultdict

import pytest

from contracts.layout import KOLOM, SAMENGESTELD
from contracts.synoniemen import SYNONIEMEN, TWEEDE, _alle, genormaliseerd, in_centen, namen_van


def test_every_synonym_stands_for_one_column() -> None:
    columns = defaultdict(set)
    for naam, kolom in _alle():
        columns[genormaliseerd(naam)].add(kolom)
    assert {naam: kolommen for naam, kolommen in columns.items() if len(kolommen) > 1} == {}
    assert set(columns) == set(SYNONIEMEN)
    assert "" not in columns
    assert {kolom for naam, kolom in _alle()} == set(KOLOM) | set(SAMENGESTELD)


def test_a_column_is_known_by_its_own_name_however_it_is_written() -> None:
    for kolom in (*KOLOM, *SAMENGESTELD):
        for kop in (kolom, kolom.upper(), kolom.replace("_", " ").title(), kolom.replace("_", "-") + ":"):
            assert SYNONIEMEN[genormaliseerd(kop)] == kolom


@pytest.mark.parametrize(
    ("kop", "kolom"),
    [
        *(("Debiteurnr", "klantnummer"), ("Contractnummer", "kenmerk"), ("Kenmerk klant", "kenmerk")),
        *(
            ("Naam huurder", "naam"),
            ("huurdernaam", "naam"),
            ("Tussenvoegsel", "voorvoegsel"),
            ("Huisnr.", "huisnummer"),
        ),
        *(("hsnr", "huisnummer"), ("Toev.", "huisnummertoevoeging"), ("PC", "postcode"), ("Plaats", "woonplaats")),
        *(("Postcode bezorgadres", "postcode"), ("Leveringsadres: postcode", "postcode"), ("Tel.", "telefoon")),
        *(("E-mailadres", "email"), ("Mobiel", "telefoon"), ("SALDO", "bedrag"), ("Openstaand bedrag", "bedrag")),
        *(
            ("Bedrag (EUR)", "bedrag"),
            ("Bedrag in €", "bedrag"),
            ("bedrag [in euro's]", "bedrag"),
            ("Geb.datum", "geboortedatum"),
        ),
        *(("Vervaldatum oudste factuur (dd-mm-jjjj)", "oudste_vervaldatum"), ("Bezwaar j/n", "bezwaar")),
        *(("Geïnformeerd over schuldhulp", "gewezen_op_schuldhulp"), ("\tPost code \n", "postcode")),
        *(
            ("Huisnummer + toevoeging", "huisnummer_volledig"),
            ("Straat & nr", "adres"),
            ("Postcode/plaats", "postcode_woonplaats"),
        ),
        *(("Customer no.", "klantnummer"), ("Zakenpartner", "klantnummer"), ("Telefoon (10 cijfers)", "telefoon")),
    ],
)
def test_names_of_partners_are_known(kop: str, kolom: str) -> None:
    assert SYNONIEMEN[genormaliseerd(kop)] == kolom


@pytest.mark.parametrize(
    "kop",
    [
        *(
            "Postadres",
            "Postcode (post)",
            "Correspondentieadres",
            "Factuuradres",
            "Adres (werk)",
            "Nummer",
            "Nr",
            "Klant",
        ),
        *("Voornaam", "Gemeente", "IBAN", "Rekeningnummer", "Opmerking", "", "(EUR)", "€", "Ja", "x" * 1_000),
    ],
)
def test_what_may_mean_something_else_is_not_known(kop: str) -> None:
    assert genormaliseerd(kop) not in SYNONIEMEN


def test_cents_are_told_by_the_header() -> None:
    assert in_centen("Bedrag (centen)")
    assert in_centen("Saldo in eurocenten")
    assert not in_centen("Procent achterstand")


def test_names_of_second_choice_are_synonyms_and_on_the_list() -> None:
    assert set(SYNONIEMEN) >= TWEEDE
    assert "mobiel" in namen_van("telefoon")
    assert "bedrag" not in namen_van("bedrag")
