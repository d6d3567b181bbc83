"""The demo's country and files: the same every time, the shape that their senders give them."""

import csv
import datetime as dt
import io
import itertools
from pathlib import Path

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.codelists.indeling import MEEGELEVERD
from contracts.layout import KOLOM
from gateway.cli.demo.country import RIS, VPS, places, postcode_table
from gateway.cli.demo.people import TEST_BSNS
from gateway.cli.demo.samples import energy_file, landlord_file
from gateway.flow.reference_files import recognised
from gateway.flow.reference_lists import read_pc4
from gateway.flow.unpack import UnpackLimits
from gateway.settings import Intake

DAY = dt.date(2026, 11, 22)


def test_the_country_is_the_one_we_have() -> None:
    country = places()
    assert {place.code for place in country} == set(GEMEENTEN)
    share = sum(place.systeem == VPS for place in country) / len(country)
    assert abs(share - 0.17) < 0.005
    assert {place.systeem for place in country} == {VPS, RIS}
    assert 0 < sum(not place.signed for place in country) < 20
    assert 0 < sum(not place.connected for place in country) < 20
    assert 0.6 < sum(place.threshold is not None for place in country) / len(country) < 0.7


def test_every_invented_postcode_lies_in_one_gemeente(tmp_path: Path) -> None:
    file = tmp_path / "nl.txt"
    file.write_text(postcode_table(places()), "utf-8")
    [[source], _] = recognised([file], UnpackLimits.of(Intake()))
    table = read_pc4(source, file.read_bytes(), exists=MEEGELEVERD.ooit)
    assert table.height == 3 * len(GEMEENTEN)
    assert table["postcode"].n_unique() == table.height


def test_the_landlords_file_comes_out_of_excel() -> None:
    data = landlord_file(DAY)
    text = data.decode("cp1252")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert len(rows) == 8
    assert "Súdwest".encode("cp1252") in data
    assert text.count("\r\n") == 9
    assert "," in rows[0]["bedrag"]
    assert rows[0].keys() <= KOLOM.keys()


def test_the_energy_file_serves_every_gemeente_and_spoils_some_rows() -> None:
    rows = list(csv.DictReader(io.StringIO(energy_file(DAY, rows=5_000).decode("utf-8"))))
    assert len(rows) == 5_000
    assert {row["gemeentecode"] for row in rows} == set(GEMEENTEN)
    assert rows[0].keys() <= KOLOM.keys()
    assert any(row["achternaam"] == "" for row in rows)
    assert {row["bsn"] for row in rows} - {""} <= set(TEST_BSNS)
    assert any(row["bezwaar"] == "Ja" for row in rows)
    assert any(row == before for before, row in itertools.pairwise(rows))


def test_the_same_day_gives_the_same_bytes() -> None:
    assert energy_file(DAY, rows=1_000) == energy_file(DAY, rows=1_000)
    assert landlord_file(DAY) == landlord_file(DAY)
    assert landlord_file(DAY) != landlord_file(DAY + dt.timedelta(days=1))
