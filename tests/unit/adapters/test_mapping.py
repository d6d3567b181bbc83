"""Mapping files: what is packaged fits, what does not fit is named, and a parcel always gives the same bytes."""

import datetime as dt
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.batch import Body, encode_json
from adapters.config import AdapterConfigError
from adapters.mapping import AMOUNTS, Mapping, load_mapping, to_records
from adapters.ris import encode_csv
from contracts.outcomes import RefusalKind, Refused
from contracts.ports import SignaalParcel
from contracts.signaal import LCV_SOORTEN, Product, Signaal, Signaaltype, Soort
from tests.builders import a_signaal, an_oin

PACKAGED: Final = ("vps", "ris", "rest")
NOT_FOR_THE_SYSTEM: Final = {"versie", "kenmerk", "facturen", "gemeentecode"}
"""The partner's own reference and invoices stay here, for feedback; the gemeente stands in the envelope."""


def packaged(name: str) -> Mapping:
    return load_mapping(name, package=f"adapters.{name}")


def a_parcel(*signalen: Signaal) -> SignaalParcel:
    return SignaalParcel(
        idempotency_key="key-1",
        gemeentecode="0363",
        signaalpartner=an_oin(1),
        created_at=dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC),
        signalen=signalen or (a_signaal(),),
    )


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_mapping_says_that_it_is_unverified(name: str) -> None:
    assert packaged(name).status == "unverified"


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_mapping_sends_every_lawful_field(name: str) -> None:
    sent = {column.from_ for column in packaged(name).columns}
    assert sent | NOT_FOR_THE_SYSTEM >= set(Signaal.__struct_fields__)
    assert not sent & {"kenmerk", "facturen"}


@pytest.mark.parametrize("name", PACKAGED)
@pytest.mark.parametrize("soort", sorted(LCV_SOORTEN))
@pytest.mark.parametrize("signaaltype", list(Signaaltype))
def test_a_packaged_mapping_has_a_code_for_what_the_lcv_knows(
    name: str, soort: Soort, signaaltype: Signaaltype
) -> None:
    signaal = a_signaal(soort=soort, signaaltype=signaaltype, producten=tuple(Product))
    assert isinstance(to_records(packaged(name), [signaal]), list)


def test_a_value_without_a_code_is_for_an_operator_and_is_not_shown() -> None:
    outcome = to_records(packaged("vps"), [a_signaal(soort=Soort.DUO)])
    assert outcome == Refused(code="mapping_lacks_soort", kind=RefusalKind.CONTRACT)


@given(st.integers(0, 10**12))
def test_euros_with_a_comma_are_exact(cents: int) -> None:
    records = to_records(packaged("ris"), [a_signaal(bedrag=cents)])
    assert isinstance(records, list)
    written = str(records[0]["bedrag"])
    assert int(written.replace(",", "")) == cents
    assert written[-3] == ","


def test_amounts_are_the_fields_in_cents() -> None:
    assert {field for field in Signaal.__struct_fields__ if field.startswith("bedrag")} == AMOUNTS


def test_how_ris_writes_values() -> None:
    signaal = a_signaal(
        producten=(Product.GAS, Product.WARMTE), warme_overdracht=True, geboortedatum=dt.date(1980, 2, 1)
    )
    records = to_records(packaged("ris"), [signaal])
    assert isinstance(records, list)
    record = records[0]
    assert record["product"] == "gas,warmte"
    assert (record["warme_overdracht"], record["bedreigend"]) == ("Ja", "Nee")
    assert record["geboortedatum"] == "01-02-1980"
    assert record["email"] is None


@pytest.mark.parametrize(("name", "encode"), [("vps", encode_json), ("rest", encode_json), ("ris", encode_csv)])
def test_the_same_parcel_gives_the_same_bytes(name: str, encode: type) -> None:
    first, second = encode(packaged(name), a_parcel()), encode(packaged(name), a_parcel())
    assert isinstance(first, Body)
    assert first == second
    assert b"Voorbeeld" in first.content


def test_absent_values_are_left_out_of_json() -> None:
    body = encode_json(packaged("rest"), a_parcel())
    assert isinstance(body, Body)
    assert b"null" not in body.content
    assert b"email" not in body.content
    assert an_oin(1).encode() in body.content


def test_a_csv_has_one_line_per_row_and_a_header() -> None:
    body = encode_csv(packaged("ris"), a_parcel(a_signaal(), a_signaal(achternaam='a;b"c')))
    assert isinstance(body, Body)
    lines = body.content.decode().split("\r\n")
    assert len(lines) == 4
    assert lines[0].startswith("kenmerk;soort;type;")
    assert '"a;b""c"' in lines[2]


def _written(folder: Path, old: str, new: str) -> str:
    text = (Path(__file__).parents[3] / "adapters" / "rest" / "rest.toml").read_text("utf-8")
    assert old in text
    file = folder / "own.toml"
    file.write_text(text.replace(old, new, 1))
    return str(file)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('from = "soort"', 'from = "soorten"', "no field soorten"),
        ('from = "soort"', 'from = "soort"\ncodes = "kinds"', "no table codes.kinds"),
        ('from = "soort"', 'from = "soort"\nconstant = "x"', "exactly one of"),
        ('name = "soort"', 'name = "signaalId"', "two columns"),
        ("{key}", "key", "must hold {key} once"),
        ('status = "unverified"', 'status = "perhaps"', "status"),
        ("[paths]", "[path]", "path"),
        ('deliver = "/signalen"', 'deliver = "signalen?x=1"', "deliver"),
        ("version =", "version", "mapping"),
    ],
)
def test_what_does_not_fit_is_named(old: str, new: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(AdapterConfigError, match=problem.replace("{", r"\{").replace("}", r"\}")):
        load_mapping(_written(tmp_path, old, new), package="adapters.rest")


def test_an_operator_can_bring_an_own_file(tmp_path: Path) -> None:
    file = _written(tmp_path, 'status = "unverified"', 'status = "verified"')
    assert load_mapping(file, package="adapters.rest").status == "verified"


@pytest.mark.parametrize("name", ["absent", "../vps/vps", "/etc/passwd", "", "absent.toml"])
def test_a_mapping_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(AdapterConfigError, match="mapping"):
        load_mapping(name, package="adapters.rest")
