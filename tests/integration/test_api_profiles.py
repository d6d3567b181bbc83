"""A partner names the profile of its file, in each of the ways in which a file comes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.profiel import Partnerprofiel, Profiel
from gateway.store import uploads
from gateway.store.database import Database
from gateway.store.directory import next_generation, put_object
from tests.builders import a_csv
from tests.integration.serving import Api, running_api

PATH = "/v1/aanleveringen"
CSV = a_csv()
HEADERS = {"Content-Type": "text/csv"}


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        with running.kit.db.write() as conn:
            at = next_generation(conn)
            for naam in ("SAP", "Excel 2026"):
                one = Partnerprofiel(signaalpartner="woonstad", profiel=Profiel(naam=naam))
                put_object(conn, one, owner="file", at_generation=at)
        yield running


def named(api: Api, upload_id: str) -> str | None:
    with api.kit.db.read() as conn:
        found = uploads.find_by_id(conn, id=upload_id)
    assert found is not None
    return found.profiel


def test_in_the_query(api: Api) -> None:
    with api.partner() as client:
        answer = client.post(PATH, params={"profiel": "Excel 2026"}, content=CSV, headers=HEADERS)
        plain = client.post(PATH, params={"profiel": ""}, content=CSV + b"\n", headers=HEADERS)
    assert answer.status_code == 202
    assert named(api, answer.json()["aanleveringId"]) == "Excel 2026"
    assert named(api, plain.json()["aanleveringId"]) is None


@pytest.mark.parametrize("first", ["bestand", "profiel"])
def test_in_a_field_beside_the_file(api: Api, first: str) -> None:
    parts = {
        "bestand": b'Content-Disposition: form-data; name="bestand"; filename="mei.csv"\r\n\r\n' + CSV,
        "profiel": b'Content-Disposition: form-data; name="profiel"\r\n\r\nSAP',
    }
    order = sorted(parts, key=lambda name: name != first)
    body = b"".join(b"--b\r\n" + parts[name] + b"\r\n" for name in order) + b"--b--\r\n"
    with api.partner() as client:
        answer = client.post(PATH, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 202
    assert named(api, answer.json()["aanleveringId"]) == "SAP"


def test_in_the_announcement(api: Api) -> None:
    with api.partner() as client:
        answer = client.post(PATH, json={"size": len(CSV), "profiel": "SAP"})
    assert answer.status_code == 201
    assert named(api, answer.json()["aanleveringId"]) == "SAP"


def test_an_unknown_name_is_answered_with_the_names_that_there_are(api: Api) -> None:
    with api.partner() as client:
        answers = [
            client.post(PATH, params={"profiel": "Oracle"}, content=CSV, headers=HEADERS),
            client.post(PATH, json={"size": len(CSV), "profiel": "Oracle"}),
            client.post(PATH, files={"bestand": ("mei.csv", CSV, "text/csv")}, data={"profiel": "O" * 1000}),
        ]
    for answer in answers:
        problem = answer.json()
        assert answer.status_code == 422
        assert problem["type"] == "urn:signaalpoort:probleem:profiel-onbekend"
        assert problem["errors"][0]["location"].endswith("profiel")
        assert "Excel 2026, SAP" in problem["errors"][0]["detail"]
        assert "Oracle" not in answer.text
    assert [answer.json()["errors"][0]["in"] for answer in answers] == ["query", "body", "body"]
    assert api.leftovers() == ([], [])


def test_the_profile_of_another_partner_is_not_there(api: Api) -> None:
    with api.client(api.other_certificate) as stranger:
        answer = stranger.post(PATH, params={"profiel": "SAP"}, content=CSV, headers=HEADERS)
    assert answer.status_code == 422
    assert "nog geen profielen" in answer.json()["errors"][0]["detail"]
