"""What an operator copies from the examples, and what the demo writes, fits."""

import datetime as dt
import io
import re
from pathlib import Path

import pytest

from adapters.mapping import load_mapping
from contracts.codelists.gemeenten import GEMEENTEN
from gateway import bootstrap
from gateway.cli.demo.configuration import Ports, Urls, apply_text, settings_text
from gateway.cli.demo.country import places
from gateway.flow.apply import Action, apply, parse_document, plan
from gateway.flow.kit import Kit
from gateway.flow.trial import try_file
from gateway.settings import Intake, Settings, load_settings
from gateway.stages.policy import policy_for
from gateway.stages.profile_checks import problems_of
from gateway.stages.profiles import parse_profile
from gateway.store.database import Database
from tests.builders import TODAY, a_partner
from tests.conftest import FakeClock, make_kit

EXAMPLE = Path(__file__).parents[3] / "deploy" / "example"
HANDBOOK = EXAMPLE.parent / "profiles.md"
URLS = Urls(vps="https://localhost:1", ris="https://localhost:2", partner="https://localhost:3")


@pytest.fixture
def empty(sqlite_database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    return make_kit(sqlite_database, tmp_path, clock)


def test_the_example_settings_are_settings() -> None:
    settings = load_settings(EXAMPLE / "signaalpoort.toml", {})
    assert settings.https.client_ca
    assert settings != Settings()


def test_the_example_configuration_can_be_applied_twice(empty: Kit) -> None:
    document = parse_document(
        (EXAMPLE / "apply.toml").read_text("utf-8"), lambda name: (EXAMPLE / name).read_text("utf-8")
    )
    first = plan(empty, document, check_systeem=bootstrap.check_systeem)
    assert {change.kind for change in first.effective} >= {
        "systeem",
        "gemeente",
        "signaalpartner",
        "profiel",
        "overeenkomst",
    }
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


def test_the_examples_of_profiles_read_their_files() -> None:
    blocks = re.findall(r"```(csv|toml)\n(.*?)```", HANDBOOK.read_text("utf-8"), re.DOTALL)
    files = [text.encode() for kind, text in blocks if kind == "csv"]
    profielen = [parse_profile(text) for kind, text in blocks if kind == "toml" and "[[profielen]]" not in text]
    assert len(files) == len(profielen) == 2
    for file, profiel in zip(files, profielen, strict=True):
        assert problems_of(profiel) == []
        policy = policy_for(a_partner(), (), received_on=TODAY, profiel=profiel)
        trial = try_file(io.BytesIO(file), profiel=profiel, policy=policy, intake=Intake(), rows=1)
        assert (trial.fatal, trial.rows, trial.going) == (None, 3, 3)
    landlord = (EXAMPLE / "woningstichting-erp.toml").read_text("utf-8")
    assert parse_profile(landlord) == profielen[0]


def test_the_configuration_in_the_handbook_can_be_read() -> None:
    text = next(text for text in re.findall(r"```toml\n(.*?)```", HANDBOOK.read_text("utf-8"), re.DOTALL))
    document = parse_document(text, lambda name: (EXAMPLE / name).read_text("utf-8"))
    assert [one.key for one in document.profielen] == ["woningstichting/ERP/1", "energiebedrijf/Facturatie/1"]
