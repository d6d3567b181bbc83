"""Every line of the REST API Design Rules that a linter cannot see, at the running gateway."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gateway.store.database import Database
from gateway.web import uploads as upload_handlers
from gateway.web.app import create_app
from gateway.web.headers import API_VERSION
from gateway.web.openapi import document
from gateway.web.parts import WebParts
from tests.builders import a_csv
from tests.integration.serving import Api, app_routes, running_api

PROBLEM = "application/problem+json"
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
NOBODYS = str(uuid.uuid4())
READABLE = (
    "/v1/aanleveringen",
    "/v1/terugkoppelingen",
    "/v1/openapi.json",
    "/v1/sleutels",
    "/v1/status",
    "/.well-known/security.txt",
)


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


@pytest.fixture
def client(api: Api) -> Iterator[httpx.Client]:
    with api.partner() as made:
        yield made


@pytest.fixture
def upload_id(client: httpx.Client) -> str:
    return str(client.post("/v1/aanleveringen", content=a_csv()).json()["aanleveringId"])


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    assert_always(answer)
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"].startswith("urn:signaalpoort:probleem:")
    return body


def assert_always(answer: httpx.Response) -> None:
    """Version and security headers, each exactly once."""
    headers = answer.headers
    assert headers.get_list("API-Version") == [API_VERSION]
    for name, value in SECURITY_HEADERS.items():
        assert headers.get_list(name) == [value], name
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert int(re.findall(r"max-age=(\d+)", headers["strict-transport-security"])[0]) >= 365 * 24 * 3600
    assert "server" not in headers


def all_paths(upload_id: str) -> list[str]:
    below = ("", "/ontvangstbewijs", "/verwerkingsverslag")
    return [*READABLE, *(f"/v1/aanleveringen/{upload_id}{end}" for end in below)]


def test_no_path_has_a_second_spelling_with_a_slash(client: httpx.Client, upload_id: str) -> None:
    for path in all_paths(upload_id):
        assert_always(client.get(path))
        assert client.get(path).status_code == 200, path
        assert_problem(client.get(path + "/"), 404)
    assert_problem(client.get("/v1//aanleveringen"), 404)
    assert_problem(client.post("/v1/aanleveringen/", content=b"x"), 404)


def test_head_works_wherever_get_does(client: httpx.Client, upload_id: str) -> None:
    for path in all_paths(upload_id):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
        assert_always(head)
    for form in ("text/csv", "text/html"):
        head = client.head(f"/v1/aanleveringen/{upload_id}/verwerkingsverslag", headers={"Accept": form})
        assert (head.status_code, head.content) == (200, b"")


def test_a_405_names_every_method_of_the_path(client: httpx.Client, upload_id: str) -> None:
    expected = {
        "/v1/aanleveringen": "GET, HEAD, OPTIONS, POST",
        "/v1/resultaten": "OPTIONS, POST",
        "/v1/terugkoppelingen": "GET, HEAD, OPTIONS",
        f"/v1/aanleveringen/{upload_id}": "GET, HEAD, OPTIONS",
        f"/v1/aanleveringen/{upload_id}/inhoud": "OPTIONS, PUT",
        "/v1/openapi.json": "GET, HEAD, OPTIONS",
    }
    for path, allow in expected.items():
        answer = client.request("DELETE", path)
        assert_problem(answer, 405)
        assert answer.headers["Allow"] == allow
        options = client.options(path)
        assert (options.status_code, options.headers["Allow"]) == (204, allow)
        assert_always(options)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nergens", "/docs", "/schema", "/v1/aanleveringen/x/y/z", "/v2"])
def test_an_unknown_path_is_a_problem(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), 404)


def test_an_id_that_is_none_is_just_not_there(client: httpx.Client) -> None:
    for end in ("", "/ontvangstbewijs", "/verwerkingsverslag"):
        assert_problem(client.get(f"/v1/aanleveringen/geen-id{end}"), 404)
        assert_problem(client.get(f"/v1/aanleveringen/{NOBODYS}{end}"), 404)


def test_an_uncaught_error_is_a_problem_that_tells_nothing(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret: 123456782")

    monkeypatch.setattr(upload_handlers, "_admit", broken)
    body = assert_problem(client.post("/v1/aanleveringen", content=b"x"), 500)
    assert "secret" not in str(body)
    assert "secret" not in caplog.text
    (line,) = [record for record in caplog.records if record.message == "request_failed"]
    assert line.fields["error_type"] == "ZeroDivisionError"  # type: ignore[attr-defined]
    assert "/v1/aanleveringen broken:" in line.fields["where"]  # type: ignore[attr-defined]


def test_bytes_that_are_no_http_are_a_problem_too(api: Api) -> None:
    done = subprocess.run(
        [
            "curl", "-sS", "-i", "--cacert", str(api.ca.file), "-X", "B?D", api.url + "/v1/status",
        ],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("HTTP/1.1 400")
    assert PROBLEM in done.stdout
    assert f"api-version: {API_VERSION}" in done.stdout
    assert "frame-ancestors" in done.stdout


def test_titles_are_generic_and_nothing_sent_comes_back(client: httpx.Client) -> None:
    answers = [
        client.get("/v1/aanleveringen?aantal=geheim1&na=geheim2"),
        client.get("/v1/geheim3?x=geheim4"),
        client.post("/v1/aanleveringen", json={"size": "geheim5", "fileName": 6, "geheim7": 1}),
        client.post("/v1/aanleveringen", content=b"{geheim8", headers={"Content-Type": "application/json"}),
        client.get("/v1/aanleveringen", headers={"Accept": "text/geheim9"}),
        client.get("/v1/aanleveringen", headers={"Host": "ge heim"}),
    ]
    for answer in answers:
        assert_problem(answer, answer.status_code)
        assert "geheim" not in answer.text
        assert "ge heim" not in answer.text


def test_all_errors_of_a_query_and_a_body_come_together(api: Api, client: httpx.Client) -> None:
    body = assert_problem(client.get("/v1/terugkoppelingen?na=x&aantal=0"), 400)
    assert {(error["in"], error["location"]) for error in body["errors"]} == {("query", "na"), ("query", "aantal")}
    with api.client(api.system_certificate) as system:
        sent = {"resultaten": [{"resultaatId": "", "datum": "1 mei"}, {"resultaatId": "R-2", "signaalId": "x"}]}
        body = assert_problem(system.post("/v1/resultaten", json=sent), 400)
    assert {error["location"] for error in body["errors"]} == {
        "/resultaten/0/resultaatId",
        "/resultaten/0/signaalId",
        "/resultaten/0/datum",
        "/resultaten/1/signaalId",
    }


def test_a_wrong_or_missing_content_type_is_415(api: Api) -> None:
    with api.client(api.system_certificate) as system:
        for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}):
            assert_problem(system.post("/v1/resultaten", content=b"{}", headers=headers), 415)
        compressed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        assert_problem(system.post("/v1/resultaten", content=b"{}", headers=compressed), 415)


def test_an_accept_that_nothing_fits_is_406(client: httpx.Client, upload_id: str) -> None:
    for path in all_paths(upload_id):
        if not path.endswith(".txt"):
            assert_problem(client.get(path, headers={"Accept": "image/png"}), 406)
            assert client.get(path, headers={"Accept": "image/png, */*;q=0.1"}).status_code == 200
    assert_problem(client.post("/v1/aanleveringen", content=b"x", headers={"Accept": "image/png"}), 406)


def test_the_document_is_public_and_for_any_origin(api: Api) -> None:
    with api.client() as nobody:
        answer = nobody.get("/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.content == document(api.kit.settings.installation)
    assert_always(answer)


def test_the_document_has_the_paths_and_methods_of_the_app(api: Api) -> None:
    parts = WebParts(kit=api.kit, directory=lambda: api.directory, revocation=None, limits=api.limits)  # type: ignore[arg-type]  # only routes are looked at
    described = msgspec.json.decode(document(api.kit.settings.installation))["paths"]
    routes = {
        path.removeprefix("/v1").replace("{upload_id}", "{aanleveringId}"): {method.lower() for method in methods}
        - {"head"}
        for path, methods in app_routes(create_app(parts)).items()
        if path.startswith("/v1")
    }
    assert {path: set(item) for path, item in described.items()} == routes


def test_moments_are_utc_with_z(client: httpx.Client, upload_id: str) -> None:
    moment = client.get(f"/v1/aanleveringen/{upload_id}").json()["ontvangenOp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment)


def test_fields_and_keys_are_camel_case(api: Api) -> None:
    schemas = msgspec.json.decode(document(api.kit.settings.installation))["components"]["schemas"]
    names = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert names
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z0-9][a-z0-9]*)*", name)] == []


def test_security_txt(api: Api) -> None:
    with api.client() as nobody:
        answer = nobody.get("/.well-known/security.txt")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert re.search(r"^Contact: mailto:\S+$", answer.text, re.MULTILINE)
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", answer.text, re.MULTILINE)


def test_status_says_when_the_database_is_gone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.errors import StoreUnavailableError
    from gateway.web import public

    def gone(_: object) -> None:
        raise StoreUnavailableError("connection refused at 10.0.0.7")

    with api.client() as nobody:
        assert nobody.get("/v1/status").json() == {"status": "ok"}
        monkeypatch.setattr(public, "_ask_database", gone)
        answer = nobody.get("/v1/status")
    assert_problem(answer, 503)
    assert "Retry-After" in answer.headers
    assert "10.0.0.7" not in answer.text
