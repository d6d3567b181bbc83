"""The report over HTTPS in its three forms, and feedback in and out, on a processed upload."""

import csv
import io
import re
import uuid
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.flow.process import process_next
from gateway.ids import signaal_id
from gateway.lifecycle import DeliveryState
from gateway.store.database import Database
from gateway.store.schema import delivery
from tests.builders import AMSTERDAM, a_csv, a_row
from tests.integration.serving import Api, running_api
from tests.world import configure

FILE = a_csv(
    [a_row(kenmerk="A1"), a_row(kenmerk="A2", huisnummer="14"), a_row(kenmerk="B", bedrag="-veel")],
)


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        configure(running.kit, running.directory)
        yield running


@pytest.fixture
def path(api: Api) -> str:
    """A processed upload: two rows wait, one is refused."""
    with api.partner() as client:
        path = str(client.post("/v1/aanleveringen", content=FILE).headers["Location"])
    while process_next(api.kit):
        pass
    return path


def deliver(api: Api) -> None:
    with api.kit.db.write() as conn:
        conn.execute(
            sa.update(delivery)
            .where(delivery.c.gemeentecode == AMSTERDAM)
            .values(state=int(DeliveryState.ACCEPTED), settled_at=api.kit.clock())
        )


def test_state_and_counts(api: Api, path: str) -> None:
    with api.partner() as client:
        shown = client.get(path).json()
        listed = client.get("/v1/aanleveringen").json()
    assert shown["status"] == "verwerkt"
    assert {name: shown["aantallen"][name] for name in ("regels", "geweigerd", "afgeleverd", "wachtend")} == {
        "regels": 3,
        "geweigerd": 1,
        "afgeleverd": 0,
        "wachtend": 2,
    }
    assert listed["aanleveringen"] == [shown]
    assert listed["volgende"] is None


def test_the_list_pages(api: Api) -> None:
    with api.partner() as client:
        sent = [client.post("/v1/aanleveringen", content=b"%d" % n).json()["aanleveringId"] for n in range(5)]
        following: str | None = "/v1/aanleveringen?aantal=2"
        got: list[str] = []
        while following is not None:
            page = client.get(following).json()
            got += [one["aanleveringId"] for one in page["aanleveringen"]]
            following = page["volgende"]
    assert got == sent[::-1]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html;q=0.5, text/csv", "text/csv"),
        ("text/html;q=0, text/*", "text/csv"),
    ],
)
def test_the_form_follows_accept(api: Api, path: str, accept: str | None, media_type: str) -> None:
    with api.partner() as client:
        answer = client.get(f"{path}/verwerkingsverslag", headers={} if accept is None else {"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(media_type)
    assert answer.headers["Vary"] == "Accept"


def test_reports_are_limited_per_partner(api: Api, path: str) -> None:
    api.configure(max_per_minuut=1)
    with api.partner() as client:
        answers = [client.get(f"{path}/verwerkingsverslag") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_the_csv_reads_as_csv_and_holds_no_formula(api: Api, path: str) -> None:
    with api.partner() as client:
        text = client.get(f"{path}/verwerkingsverslag", headers={"Accept": "text/csv"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["regel"] for row in rows if row["ernst"] == "error"] == ["3"]
    assert all(row["melding"] for row in rows)
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.setdefault(tag, dict(attrs))


def outline(page: str) -> _Outline:
    parsed = _Outline()
    parsed.feed(page)
    return parsed


def test_the_page_opens_with_what_to_do_and_needs_no_script(api: Api, path: str) -> None:
    with api.partner() as client:
        answer = client.get(f"{path}/verwerkingsverslag", headers={"Accept": "text/html"})
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    found = outline(answer.text)
    assert found.attributes["html"]["lang"] == "nl"
    assert found.tags.count("h1") == 1
    assert "script" not in found.tags
    assert answer.text.index("Wat u nu doet") < answer.text.index("Aantallen")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_nothing_of_the_rows_is_in_a_report(api: Api, path: str) -> None:
    with api.partner() as client:
        for form in ("application/json", "text/csv", "text/html"):
            text = client.get(f"{path}/verwerkingsverslag", headers={"Accept": form}).text
            assert not re.findall("Dorpsstraat|Voorbeeld|0612345678|1012|-veel", text), form


def results(api: Api, body: Any) -> Any:
    with api.client(api.system_certificate) as system:
        return system.post("/v1/resultaten", json=body)


def test_hulp_geaccepteerd_comes_back_to_the_partner_at_the_tick(api: Api, path: str) -> None:
    deliver(api)
    known = str(signaal_id(uuid.UUID(path.rpartition("/")[2]), 1))
    result = {
        "resultaatId": "R-1",
        "signaalId": known,
        "gebeurtenis": "hulp_geaccepteerd",
        "datum": api.kit.today().isoformat(),
    }
    other = result | {"resultaatId": "R-2", "signaalId": known[:-2] + "77"}
    heard = results(api, {"resultaten": [result, other]})
    again = results(api, {"resultaten": [result]})
    assert heard.status_code == 200
    assert [answer["status"] for answer in heard.json()["resultaten"]] == ["ontvangen", "onbekend_signaal"]
    assert again.json()["resultaten"][0]["status"] == "al_ontvangen"
    with api.partner() as client, api.client(api.other_certificate) as stranger:
        assert client.get("/v1/terugkoppelingen").json() == {"terugkoppelingen": [], "na": 0}
        api.kit.clock.advance(seconds=api.kit.settings.feedback.tick_seconds)  # type: ignore[attr-defined]
        page = client.get("/v1/terugkoppelingen?na=0").json()
        after = client.get(f"/v1/terugkoppelingen?na={page['na']}").json()
        assert stranger.get("/v1/terugkoppelingen").json()["terugkoppelingen"] == []
    [event] = page["terugkoppelingen"]
    assert (event["signaalId"], event["soort"], event["kenmerk"]) == (known, "hulp_geaccepteerd", "A1")
    assert after == {"terugkoppelingen": [], "na": page["na"]}


def test_results_on_unknown_signalen_alone_are_404(api: Api, path: str) -> None:
    deliver(api)
    unknown = "01a1f84a-95c0-7d95-8d48-471400000001"
    body = {"resultaten": [{"resultaatId": "R-1", "signaalId": unknown, "gebeurtenis": "verkeerd_gekoppeld"}]}
    answer = results(api, body)
    assert answer.status_code == 404
    assert unknown not in answer.text


def test_more_results_than_fit_are_refused(api: Api) -> None:
    one = {"resultaatId": "R", "signaalId": "01a1f84a-95c0-7d95-8d48-471400000001", "gebeurtenis": "verkeerd_gekoppeld"}
    assert results(api, {"resultaten": [one] * 1001}).status_code == 400
    assert results(api, {"resultaten": []}).status_code == 400
    assert results(api, {"resultaten": ["x" * 2_000_000]}).status_code == 413
