"""Answering over HTTPS: the repair file, proofs of offering, the page of every finding, and a person who has only"
" these."""

import csv
import html
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.flow.process import process_next
from gateway.stages.rules import RULES
from gateway.store.database import Database
from tests.builders import AMSTERDAM, UTRECHT, a_csv, a_directory, a_gemeente, a_row, an_overeenkomst
from tests.integration.serving import PARTNER, Api, running_api
from tests.integration.test_api_report import outline
from tests.world import configure

GUIDE = Path(__file__).parents[2] / "deploy" / "bewijs-van-aanbieding.md"
FILE = a_csv(
    [
        a_row(kenmerk="goed"),
        a_row(kenmerk="bedrag", bedrag="n.v.t.", huisnummer="14"),
        a_row(kenmerk="datum", oudste_vervaldatum="31-02-2026", huisnummer="15"),
        a_row(kenmerk="postcode", postcode="1012", huisnummer="16"),
        a_row(kenmerk="utrecht", gemeentecode=UTRECHT, postcode="3511AB", straat='Het "plein"; noord'),
    ]
)


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(database, tmp_path) as running:
        directory = a_directory(gemeenten=[a_gemeente(AMSTERDAM), a_gemeente(UTRECHT)], partners=[PARTNER])
        configure(running.kit, directory, [an_overeenkomst(gemeenten=(AMSTERDAM,))])
        yield running


def send(api: Api, content: bytes) -> str:
    with api.partner() as client:
        path = str(client.post("/v1/aanleveringen", content=content).headers["Location"])
    while process_next(api.kit):
        pass
    return path


def get(api: Api, path: str, accept: str | None = None) -> httpx.Response:
    with api.partner() as client:
        answer = client.get(path, headers={} if accept is None else {"Accept": accept})
    assert answer.status_code == 200, answer.text
    return answer


def problem(api: Api, path: str, status: int) -> dict[str, Any]:
    with api.partner() as client:
        answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


def test_the_repair_file_is_a_file_to_save_and_head_has_no_body(api: Api) -> None:
    path = f"{send(api, FILE)}/herstelbestand"
    answer = get(api, path)
    assert answer.headers["Content-Type"].startswith("text/csv; charset=utf-8; header=present")
    assert re.fullmatch(
        r'attachment; filename="herstelbestand-[0-9a-f-]{36}\.csv"', answer.headers["Content-Disposition"]
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbfsoort;")
    assert len(answer.content.splitlines()) == 4
    with api.partner() as client:
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert client.get(path, headers={"Accept": "application/json"}).status_code == 406


def test_repair_and_proofs_are_for_their_own_partner_alone(api: Api) -> None:
    path = send(api, FILE)
    for what in ("herstelbestand", "bewijzen-van-aanbieding"):
        with api.client(api.other_certificate) as client:
            assert client.get(f"{path}/{what}").status_code == 404
        with api.client() as client:
            assert client.get(f"{path}/{what}").status_code == 401
        problem(api, f"/v1/aanleveringen/geen-id/{what}", 404)


def test_what_is_not_there_and_what_is_no_more_are_told_apart(api: Api) -> None:
    good = send(api, a_csv([a_row(kenmerk="goed")]))
    bad = send(api, FILE)
    assert "geen geweigerde regels" in problem(api, f"{good}/herstelbestand", 409)["detail"]
    assert "geen regel geweigerd" in problem(api, f"{good}/bewijzen-van-aanbieding", 409)["detail"]
    api.kit.clock.advance(days=14)  # type: ignore[attr-defined]  # the clock of tests
    for what in ("herstelbestand", "bewijzen-van-aanbieding"):
        assert problem(api, f"{bad}/{what}", 410)["title"] == "Dit is op tijd vernietigd"


def test_proofs_come_as_json_that_is_whole(api: Api) -> None:
    path = f"{send(api, FILE)}/bewijzen-van-aanbieding"
    answer = get(api, path)
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    assert path.split("/")[3] == told["aanleveringId"]
    assert [one["regel"] for one in told["bewijzen"]] == [5]
    assert get(api, f"{path}?na=5").json()["bewijzen"] == []
    assert get(api, f"{path}?na=0&aantal=1").json() == told
    assert problem(api, f"{path}?aantal=0", 400)["errors"]


def test_many_proofs_are_one_json(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [a_row(kenmerk=f"U{n}", huisnummer=str(n + 1), gemeentecode=UTRECHT, postcode="3511AB") for n in range(23)]
    path = send(api, a_csv(rows))
    monkeypatch.setattr("gateway.web.refused.PROOFS_AT_ONCE", 5)
    told = get(api, f"{path}/bewijzen-van-aanbieding").json()
    assert [one["regel"] for one in told["bewijzen"]] == list(range(1, 24))


def test_the_lines_of_python_in_the_guide_verify_a_proof_and_see_what_was_changed(api: Api, tmp_path: Path) -> None:
    path = send(api, FILE)
    proofs, keys, file = (tmp_path / name for name in ("bewijzen.json", "sleutels.json", "bestand.csv"))
    told = get(api, f"{path}/bewijzen-van-aanbieding").json()
    keys.write_bytes(get(api, "/v1/sleutels").content)
    script = re.search(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert script is not None

    def run(told: dict[str, Any], sent: bytes) -> subprocess.CompletedProcess[str]:
        proofs.write_text(json.dumps(told))
        file.write_bytes(sent)
        command = [sys.executable, "-X", "utf8", "-c", script[1], str(keys), str(proofs), str(file), "5"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    done = run(told, FILE)
    assert done.returncode == 0, done.stderr
    assert '"gemeentecode": "0344"' in done.stdout
    assert "geen overeenkomst" in done.stdout
    other = run(told, FILE.replace(b"3511AB", b"3511AC"))
    assert other.returncode == 1
    assert other.stdout.count("NEE") == 2
    [one] = told["bewijzen"]
    head, body, signature = one["bewijs"].split(".")
    forged = {**told, "bewijzen": [one | {"bewijs": f"{head}.{body[:-2]}xx.{signature}"}]}
    assert "InvalidSignature" in run(forged, FILE).stderr


@pytest.mark.parametrize("code", ["bedrag_ongeldig", "bestand_leeg", "geen_overeenkomst", "kenmerk_stuurteken"])
def test_a_finding_is_explained_to_anybody_as_a_page_and_as_json(api: Api, code: str) -> None:
    with api.client() as client:
        told = client.get(f"/v1/bevindingen/{code}")
        page = client.get(f"/v1/bevindingen/{code}", headers={"Accept": "text/html"})
    assert told.json()["code"] == code
    for answer in (told, page):
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert answer.headers["Vary"] == "Accept"
    text = html.unescape(page.text)
    found = outline(page.text)
    assert found.attributes["html"]["lang"] == "nl"
    assert found.tags.count("h1") == 1
    assert "script" not in found.tags
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    for step in told.json()["stappen"]:
        assert step in text
    assert told.json()["betekenis"] in text
    assert told.json()["grondslag"] in text


def test_every_code_is_in_the_list_and_an_unknown_one_is_not_found(api: Api) -> None:
    with api.client() as client:
        listed = client.get("/v1/bevindingen").json()["bevindingen"]
        page = client.get("/v1/bevindingen", headers={"Accept": "text/html"}).text
        assert client.get("/v1/bevindingen/bestaat_niet").status_code == 404
        assert client.head("/v1/bevindingen").content == b""
        wrong = [one["uri"] for one in listed[:: len(listed) // 12] if client.get(one["uri"]).status_code != 200]
    assert [one["code"] for one in listed] == [rule.code for rule in RULES]
    assert wrong == []
    assert all(f'href="/v1/bevindingen/{rule.code}"' in page for rule in RULES)


def test_a_person_mends_a_file_by_its_page_alone(api: Api) -> None:
    """Nobody tells it anything: from the page it finds the repair file and, per cause, an example of what is right."""
    path = send(api, FILE)
    page = html.unescape(get(api, f"{path}/verwerkingsverslag", "text/html").text)
    base = api.kit.settings.installation.base_url
    targets = [target.removeprefix(base) for target in re.findall(r'href="([^"#]+)"', page)]
    assert all(target.startswith("/v1/") for target in targets)
    [to_mend] = [target for target in targets if target.endswith("/herstelbestand")]
    good = {}
    for target in (one for one in targets if one.startswith("/v1/bevindingen/")):
        with api.client() as client:
            explained = client.get(target).json()
        if explained["ernst"] == "error" and explained["status"] == "regel_afgekeurd":
            good[explained["code"]] = (explained["veld"], explained["voorbeeld"]["goed"])
    assert set(good) == {"bedrag_ongeldig", "oudste_vervaldatum_ongeldig", "postcode_ongeldig"}

    text = get(api, to_mend).content.decode("utf-8-sig")
    header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    for row in rows:
        codes = re.findall(r"(?:regel \d+: |\| )([a-z_]+):", row[-1])
        assert codes
        for veld, right in (good[code] for code in codes if code in good):
            row[header.index(veld)] = right
    mended = io.StringIO()
    csv.writer(mended, delimiter=";", lineterminator="\r\n").writerows([header, *rows])
    again = send(api, ("\ufeff" + mended.getvalue()).encode())

    report = get(api, f"{again}/verwerkingsverslag").json()
    assert (report["aantallen"]["regels"], report["aantallen"]["geweigerd"]) == (3, 0)
    assert get(api, again).json()["herstelVan"] == path.split("/")[-1]
    assert get(api, path).json()["hersteldDoor"] == [again.split("/")[-1]]
    assert again.split("/")[-1] in get(api, f"{path}/verwerkingsverslag", "text/html").text


def test_nothing_of_the_rows_is_on_the_page_but_in_the_repair_file_it_is(api: Api) -> None:
    path = send(api, FILE)
    for form in ("application/json", "text/html", "text/csv"):
        text = get(api, f"{path}/verwerkingsverslag", form).text
        assert not re.findall("Dorpsstraat|0612345678|n\\.v\\.t|31-02-2026|plein", text), form
    assert "Dorpsstraat" in get(api, f"{path}/herstelbestand").text
