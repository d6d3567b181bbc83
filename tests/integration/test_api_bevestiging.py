"""The partner's word on a held file, over HTTPS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.flow.process import process_next
from gateway.store.database import Database
from tests.builders import a_csv, a_row
from tests.integration.serving import Api, running_api
from tests.world import configure

ODD = a_csv([a_row(kenmerk=f"K{n}", huisnummer=str(n + 1), geboortedatum="31-12-1980") for n in range(60)])


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        configure(running.kit, running.directory)
        yield running


def sent(api: Api, data: bytes) -> str:
    """The path of a processed upload."""
    with api.partner() as client:
        path = str(client.post("/v1/aanleveringen", content=data).headers["Location"])
    while process_next(api.kit):
        pass
    return path


def test_a_held_file_names_where_to_decide_and_goes_on_at_the_partners_word(api: Api) -> None:
    path = sent(api, ODD)
    with api.partner() as client:
        held = client.get(path).json()
        assert held["bevestiging"]["status"] == "open"
        assert held["bevestiging"]["redenen"] == ["bestand_geboortedatum_standaard"]
        assert held["aantallen"]["perStatus"]["wacht_op_bevestiging"] == 60
        decided = client.post(held["bevestigingUri"], json={"besluit": "doorgeven"})
        again = client.post(held["bevestigingUri"], json={"besluit": "doorgeven"})
        otherwise = client.post(held["bevestigingUri"], json={"besluit": "intrekken"})
        report = client.get(f"{path}/verwerkingsverslag", headers={"Accept": "text/html"})
    assert (decided.status_code, again.status_code) == (200, 200)
    assert decided.json() == again.json()
    assert decided.json()["bevestiging"]["status"] == "doorgegeven"
    assert decided.json()["bevestigingUri"] is None
    assert decided.json()["aantallen"]["perStatus"]["in_wachtrij"] == 60
    assert otherwise.status_code == 409
    assert "al anders besloten: doorgegeven" in otherwise.json()["detail"]
    assert report.status_code == 200


def test_a_decision_that_does_not_fit_is_refused(api: Api) -> None:
    path = sent(api, ODD)
    with api.partner() as client:
        wrong = client.post(f"{path}/bevestiging", json={"besluit": "misschien"})
        more = client.post(f"{path}/bevestiging", json={"besluit": "doorgeven", "reden": "x"})
        text = client.post(f"{path}/bevestiging", content=b"doorgeven", headers={"Content-Type": "text/plain"})
        long = client.post(f"{path}/bevestiging", content=b" " * 2000, headers={"Content-Type": "application/json"})
        nowhere = client.post("/v1/aanleveringen/x/bevestiging", json={"besluit": "doorgeven"})
        shown = client.get(path).json()
    assert [answer.status_code for answer in (wrong, more, text, long, nowhere)] == [400, 400, 415, 413, 404]
    assert shown["bevestiging"]["status"] == "open"


def test_what_is_not_held_waits_for_nobody(api: Api) -> None:
    path = sent(api, a_csv())
    with api.partner() as client:
        answer = client.post(f"{path}/bevestiging", json={"besluit": "doorgeven"})
        assert client.get(path).json()["bevestiging"] is None
    assert answer.status_code == 409
    assert "wacht niet op uw bevestiging" in answer.json()["detail"]
