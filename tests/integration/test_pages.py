"""The pages: readable without scripts, under the same headers, by people who log in nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.stages.rules import RULES
from gateway.store.database import Database
from tests.integration.serving import Api, running_api
from tests.integration.test_api_report import outline


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


@pytest.fixture
def visitor(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"https://localhost:{api.pages_port}", verify=api.ca.client_context()) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/regels"])
def test_a_page_has_one_heading_a_language_and_no_script(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)
    found = outline(answer.text)
    assert answer.status_code == 200
    assert found.attributes["html"]["lang"] == "nl"
    assert found.tags.count("h1") == 1
    assert {"main", "title"} <= set(found.tags)
    assert "script" not in found.tags
    assert " style=" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert visitor.head(path).status_code == 200


def test_every_rule_is_told(visitor: httpx.Client) -> None:
    text = visitor.get("/regels").text
    assert [rule.code for rule in RULES if f"<code>{rule.code}</code>" not in text] == []


def test_local_links_and_the_stylesheet_are_there(visitor: httpx.Client) -> None:
    for path in ("/", "/regels"):
        for target in set(re.findall(r'(?:href)="(/[^"]*)"', visitor.get(path).text)):
            assert visitor.get(target).status_code == 200, target
    assert visitor.get("/stijl.css").headers["Content-Type"].startswith("text/css")


def test_the_pages_never_ask_for_a_certificate_and_offer_no_interface(visitor: httpx.Client) -> None:
    assert visitor.get("/v1/aanleveringen").status_code == 404
    assert visitor.get("/regels/").status_code == 404
    assert visitor.get("/nergens").headers["Content-Type"] == "application/problem+json"
