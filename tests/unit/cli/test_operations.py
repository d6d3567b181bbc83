"""What operators see and do: apply, show, deliveries, replay, keys, referentie, check; on a real SQLite database."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import bootstrap, cli
from gateway.cli.demo.configuration import LANDLORD, Urls, apply_text
from gateway.cli.demo.country import places, postcode_table
from gateway.cli.demo.samples import landlord_file
from gateway.errors import SettingsError
from gateway.flow.kit import Kit
from gateway.flow.process import process_next
from gateway.flow.receive import Claims, Reception
from gateway.lifecycle import DeliveryState
from gateway.settings import load_settings
from gateway.store import deliveries
from gateway.store.directory import load_directory
from gateway.store.schema import delivery
from tests.certificates import CertificateAuthority
from tests.deliveries import a_delivery, put, view
from tests.unit.cli.conftest import Run

URLS = Urls(vps="https://127.0.0.1:1", ris="https://127.0.0.1:1", partner="https://127.0.0.1:1")


@pytest.fixture
def opened(settings: Path) -> Iterator[Kit]:
    with bootstrap.open_kit(load_settings(settings, {})) as kit:
        yield kit


@pytest.fixture
def upload_id(run: Run, opened: Kit, tmp_path: Path) -> str:
    """The landlord's file of the demo, applied, received and processed; nothing delivered."""
    (tmp_path / "secrets").mkdir()
    for name in ("vps-token", "ris-token"):
        (tmp_path / "secrets" / name).write_text("geheim\n", "utf-8")
    document = tmp_path / "apply.toml"
    document.write_text(apply_text(tmp_path, places(), URLS, opened.today()), "utf-8")
    assert run("apply", str(document)).exit_code == 0
    with opened.db.read() as conn:
        partner = load_directory(conn).partners[LANDLORD]
    with Reception(opened, partner, channel="https", claims=Claims(file_name="huur.csv")) as reception:
        reception.write(landlord_file(opened.today()))
        received = reception.finish()
    assert process_next(opened)
    return received.upload.id


def test_apply_shows_its_plan_first_and_changes_nothing_twice(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "apply.toml"
    document.write_text(
        '[[systemen]]\nkey = "x"\nnaam = "X"\nadapter = "rest"\nconfig = { url = "https://x" }\n', "utf-8"
    )
    planned = run("apply", str(document), "--plan")
    assert "+ systeem/x" in planned.output
    assert "generation" not in planned.output
    assert "1 create" in run("apply", str(document)).output
    assert "0 create, 0 change, 0 delete, 1 same" in run("apply", str(document)).output
    document.write_text(document.read_text("utf-8").replace('"X"', '"Y"'), "utf-8")
    assert 'naam: "X" -> "Y"' in run("apply", str(document), "--plan").output


def test_apply_lets_the_adapter_judge_its_configuration(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "apply.toml"
    document.write_text('[[systemen]]\nkey = "x"\nnaam = "X"\nadapter = "rest"\nconfig = { uri = "x" }\n', "utf-8")
    refused = run("apply", str(document))
    assert refused.exit_code == cli.EXIT_WRONG_CALL
    assert "systeem/x" in refused.stderr


def test_show_tells_an_upload_without_personal_data(run: Run, upload_id: str) -> None:
    shown = run("show", upload_id)
    assert shown.exit_code == 0
    assert "8 rows = 3 refused + 0 delivered + 5 waiting" in shown.output
    assert "in_wachtrij" in shown.output
    assert "herinnering_verstuurd_nee  8" in shown.output
    for personal in ("Müller", "HUUR-001", "huur.csv", "999990019", "Café Allee", "inwoner0"):
        assert personal not in shown.output


def test_show_tells_a_signaal_and_its_delivery(run: Run, upload_id: str) -> None:
    waiting = run("show", upload_id[:-1] + "1")
    assert "in_wachtrij (waiting)" in waiting.output
    assert "allowed by overeenkomst woningstichting-" in waiting.output
    refused = run("show", upload_id[:-1] + "6")
    assert "bezwaar (refused)" in refused.output


@pytest.mark.parametrize("what", ["999999", "019aab00-0000-7000-8000-000000000000", "geen-id"])
def test_show_of_what_is_not_there_is_a_sentence(run: Run, what: str) -> None:
    shown = run("show", what)
    assert shown.exit_code == cli.EXIT_WRONG_CALL
    assert shown.stderr.startswith("signaalpoort: ")


def test_deliveries_are_listed_and_filtered(run: Run, upload_id: str, opened: Kit) -> None:
    put(opened.db, a_delivery(destination="elders", upload_no=None))
    everything = [json.loads(line) for line in run("deliveries", "--json").output.splitlines()]
    assert len(everything) == 6
    of_upload = run("deliveries", "--upload", upload_id, "--json").output.splitlines()
    assert len(of_upload) == 5
    elsewhere = [json.loads(line) for line in run("deliveries", "--to", "elders", "--json").output.splitlines()]
    assert [one["state"] for one in elsewhere] == ["queued"]
    assert run("deliveries", "--state", "dead", "--json").output == ""
    assert "more: --after" in run("deliveries", "--limit", "2").output


def a_dead(kit: Kit) -> int:
    (id_,) = put(kit.db, a_delivery())
    with kit.db.write() as conn:
        # Past the state machine: how it died is not what these tests are about.
        conn.execute(delivery.update().where(delivery.c.id == id_).values(state=int(DeliveryState.DEAD)))
    return id_


def test_replay_lets_dead_letters_go_on_and_nothing_else(run: Run, opened: Kit) -> None:
    dead, (queued,) = a_dead(opened), put(opened.db, a_delivery())
    named = run("replay", str(dead), str(queued))
    assert "1 dead letters go on" in named.output
    assert view(opened.db, dead).state is DeliveryState.RETRYING
    assert view(opened.db, queued).state is DeliveryState.QUEUED


def test_replay_of_what_is_no_dead_letter_fails(run: Run) -> None:
    failed = run("replay", "999999")
    assert (failed.exit_code, "0 dead letters" in failed.output) == (1, True)


def test_replay_by_filter(run: Run, opened: Kit) -> None:
    dead = a_dead(opened)
    assert "0 dead letters" in run("replay", "--to", "elders").output
    assert "1 dead letters" in run("replay", "--to", "vps").output
    assert view(opened.db, dead).state is DeliveryState.RETRYING


def test_replay_of_everything_must_be_said(run: Run, opened: Kit) -> None:
    a_dead(opened)
    assert run("replay").exit_code == cli.EXIT_WRONG_CALL
    assert "1 dead letters" in run("replay", "--all").output


def test_postcodes_are_loaded_once(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "nl.txt"
    file.write_text(postcode_table(places()), "utf-8")
    assert run("referentie", "laden", "--droog", str(file)).output.endswith("nothing was changed (--droog)\n")
    assert "no postcodes are loaded" in run("referentie", "toon").output
    loaded = run("referentie", "laden", str(file)).output
    assert "postcodes of four digits" in loaded
    assert "1,026" in loaded
    assert loaded.endswith("loaded\n")
    assert run("referentie", "laden", str(file)).output.endswith("already current: nothing was changed\n")
    assert "in force" in run("referentie", "toon").output


def test_an_address_and_a_gemeente_are_looked_up(run: Run, tmp_path: Path) -> None:
    assert "no table of postcodes" in run("referentie", "zoek", "1012AB", "7").output
    file = tmp_path / "postcodes.csv"
    file.write_text("pc4;gemeentecode\n1012;0363\n1381;0457\n5671;0820\n5671;0772\n", "utf-8")
    run("referentie", "laden", "--vanaf", "2020-01-01", str(file))
    assert run("referentie", "zoek", "1012", "ab", "7").output.startswith("1012AB 7 on 20")
    assert "0363 Amsterdam" in run("referentie", "zoek", "1381AA 1").output
    assert "0457 Weesp" in run("referentie", "zoek", "1381AA", "--op", "2022-03-23").output
    assert "no gemeente: it lies in several gemeenten" in run("referentie", "zoek", "5671AA", "3").output
    assert "its area went to 0363 Amsterdam" in run("referentie", "zoek", "Weesp").output
    assert "postcodes: 1012" in run("referentie", "zoek", "0363").output
    missing = run("referentie", "zoek", "Nergenshuizen")
    assert (missing.exit_code, "no gemeente is or was called" in missing.output) == (cli.EXIT_WRONG_CALL, True)


def test_check_says_which_postcodes_are_used_and_complains_of_old_ones(run: Run, tmp_path: Path) -> None:
    def line() -> str:
        return next(line for line in run("check", "--offline").output.splitlines() if " postcodes: " in line)

    assert "no postcodes loaded" in line()
    file = tmp_path / "postcodes.csv"
    file.write_text("pc4;gemeentecode\n1012;0363\n", "utf-8")
    run("referentie", "laden", "--vanaf", "2020-01-01", str(file))
    assert line().startswith("NOT postcodes: from 2020-01-01")
    run("referentie", "laden", str(file))
    assert line().startswith("ok ")


def test_keys_are_rotated_and_named_but_never_shown(run: Run) -> None:
    kids = {run("keys", "rotate").output for _ in range(2)}
    assert len(kids) == 2
    listed = run("keys", "list").output
    assert listed.splitlines() == ["receipt-ed25519/1", "receipt-ed25519/2"]


def test_check_names_what_to_do(run: Run) -> None:
    checked = run("check", "--offline")
    assert checked.exit_code == 1
    assert "NOT TLS of the listeners" in checked.output
    assert "https.certificate" in checked.output
    assert "ok  database and keys" in checked.output


@pytest.mark.parametrize("asks", [True, False], ids=["client certificates", "none"])
def test_check_wants_revocation_lists_wherever_client_certificates_are_accepted(
    run: Run, settings: Path, tmp_path: Path, *, asks: bool
) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    https = f'[https]\nclient_ca = ["{authority.file}"]\n' if asks else ""
    settings.write_text(settings.read_text("utf-8") + https, "utf-8")
    [line] = [line for line in run("check", "--offline").output.splitlines() if "revocation lists" in line]
    assert line.startswith("NOT" if asks else "ok ")
    assert ("https.crl" in line) == asks


def test_check_of_an_unmigrated_database(run: Run, settings: Path, tmp_path: Path) -> None:
    settings.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/empty.db"\n', "utf-8")
    assert "signaalpoort migrate" in run("check", "--offline").output


def test_serving_needs_a_certificate(settings: Path) -> None:
    with pytest.raises(SettingsError, match=r"https\.certificate"):
        bootstrap.serve(load_settings(settings, {}))


def test_work_beside_another_process_needs_postgresql(run: Run) -> None:
    refused = run("work")
    assert refused.exit_code == cli.EXIT_SETTINGS
    assert "PostgreSQL" in refused.stderr


def test_the_openapi_document_is_printed(run: Run) -> None:
    assert json.loads(run("openapi").output)["openapi"].startswith("3.")


def test_generated_pages_are_written(run: Run, tmp_path: Path) -> None:
    assert run("docs", str(tmp_path)).exit_code == 0
    assert (tmp_path / "settings.md").is_file()


def test_the_listing_of_deliveries_shows_dates_in_dutch_time(opened: Kit, run: Run) -> None:
    put(opened.db, a_delivery(due_at=dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)))
    assert "2026-07-02 00:30:00" in run("deliveries").output
    with opened.db.read() as conn:
        assert deliveries.listing(conn)[0].due_at.hour == 22
