"""What an operator copies from the examples, and what the demo writes, fits."""

import datetime as dt
from pathlib import Path

import pytest

from adapters.mapping import load_mapping
from contracts.codelists.gemeenten import GEMEENTEN
from gateway import bootstrap
from gateway.cli.demo.configuration import Ports, Urls, apply_text, settings_text
from gateway.cli.demo.country import places
from gateway.flow.apply import Action, apply, parse_document, plan
from gateway.flow.kit import Kit
from gateway.settings import Settings, load_settings
from gateway.store.database import Database
from tests.conftest import FakeClock, make_kit

EXAMPLE = Path(__file__).parents[3] / "deploy" / "example"
URLS = Urls(vps="https://localhost:1", ris="https://localhost:2", partner="https://localhost:3")


@pytest.fixture
def empty(sqlite_database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    return make_kit(sqlite_database, tmp_path, clock)


def test_the_example_settings_are_settings() -> None:
    settings = load_settings(EXAMPLE / "signaalpoort.toml", {})
    assert settings.https.client_ca
    assert settings != Settings()


def test_the_example_configuration_can_be_applied_twice(empty: Kit) -> None:
    document = parse_document((EXAMPLE / "apply.toml").read_text("utf-8"))
    first = plan(empty, document, check_systeem=bootstrap.check_systeem)
    assert {change.kind for change in first.effective} >= {"systeem", "gemeente", "signaalpartner", "overeenkomst"}
    apply(empty, first)
    assert plan(empty, document, check_systeem=bootstrap.check_systeem).effective == ()


def test_the_example_mapping_is_a_mapping() -> None:
    assert load_mapping(str(EXAMPLE / "mapping.toml"), package="adapters.rest").columns


def test_the_demo_applies_the_whole_country(empty: Kit, tmp_path: Path) -> None:
    document = parse_document(apply_text(tmp_path, places(), URLS, dt.date(2026, 11, 22)))
    made = plan(empty, document, check_systeem=bootstrap.check_systeem)
    assert all(change.action is Action.CREATE for change in made.changes)
    assert {gemeente.code for gemeente in document.gemeenten} == set(GEMEENTEN)
    assert len(document.overeenkomsten) == 2 * len(GEMEENTEN)


def test_the_demo_settings_are_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(settings_text(tmp_path, Ports(https=9443, pages=9444)), "utf-8")
    assert load_settings(file, {}).https.port == 9443
