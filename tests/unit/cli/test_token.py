"""Tokens by the command line, on a real SQLite database."""

import pytest

from gateway import cli
from gateway.store.credentials import find_by_token
from gateway.store.database import open_database
from gateway.store.directory import put_object
from tests.builders import a_partner, a_toegang
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def _subjects(sqlite_url: str) -> None:
    with open_database(sqlite_url) as db, db.write() as conn:
        put_object(conn, a_partner("woonstad"), owner="file", at_generation=1)
        put_object(conn, a_toegang("vps-toegang"), owner="file", at_generation=1)


def test_a_token_is_shown_once_and_kept_as_a_hash(run: Run, sqlite_url: str) -> None:
    issued = run("token", "issue", "partner", "woonstad", "--name", "erp", "--days", "90")
    token = issued.stdout.strip()
    with open_database(sqlite_url) as db, db.read() as conn:
        found = find_by_token(conn, token)
    assert found is not None
    assert (found.audience, found.subject, found.name) == ("signaalpartner", "woonstad", "erp")
    listed = run("token", "list")
    assert found.id in listed.output
    assert token not in listed.output


def test_a_toegang_can_have_one_too(run: Run) -> None:
    assert run("token", "issue", "toegang", "vps-toegang").exit_code == 0


def test_nobody_gets_a_token_for_a_partner_that_is_not_there(run: Run) -> None:
    result = run("token", "issue", "partner", "onbekend")
    assert result.exit_code == cli.EXIT_WRONG_CALL
    assert "there is no partner" in result.stderr


def test_a_revoked_token_is_listed_as_revoked(run: Run) -> None:
    run("token", "issue", "partner", "woonstad")
    credential = next(word for word in run("token", "list").output.split() if len(word) == 16)
    assert run("token", "revoke", credential).exit_code == 0
    assert "revoked" in run("token", "list").output


def test_a_credential_that_is_not_there_cannot_be_revoked(run: Run) -> None:
    assert run("token", "revoke", "0" * 16).exit_code == cli.EXIT_WRONG_CALL
