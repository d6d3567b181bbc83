"""`bevestig`: an operator passes on a partner's word; on a real SQLite database."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.row_states import RowState
from gateway import bootstrap, cli
from gateway.flow.kit import Kit
from gateway.settings import load_settings
from gateway.store.rows import counts
from gateway.store.uploads import Upload
from tests.builders import UPLOAD_ID, a_csv, a_row
from tests.unit.cli.conftest import Run
from tests.world import configure, process


@pytest.fixture
def opened(settings: Path) -> Iterator[Kit]:
    with bootstrap.open_kit(load_settings(settings, {})) as kit:
        yield kit


@pytest.fixture
def held(opened: Kit) -> Upload:
    """An upload that waits for its partner's word: everybody in it was born on one day."""
    configure(opened)
    due = f"{opened.today().replace(day=1).replace(year=opened.today().year - 1):%d-%m-%Y}"
    rows = [
        a_row(kenmerk=f"K{n}", huisnummer=str(n + 1), geboortedatum="31-12-1980", oudste_vervaldatum=due)
        for n in range(60)
    ]
    return process(opened, a_csv(rows))


def in_state(kit: Kit, upload: Upload, state: RowState) -> int:
    with kit.db.read() as conn:
        found = counts(conn, upload)
    assert found is not None
    return found.states[state.name.lower()]


@pytest.mark.parametrize(
    ("besluit", "said", "state"),
    [
        ("doorgeven", "its rows go on\n", RowState.IN_WACHTRIJ),
        ("intrekken", "its rows are refused\n", RowState.NIET_BEVESTIGD),
    ],
)
def test_the_partners_word_is_passed_on_and_the_log_says_by_whom(
    run: Run, opened: Kit, held: Upload, caplog: pytest.LogCaptureFixture, besluit: str, said: str, state: RowState
) -> None:
    assert in_state(opened, held, RowState.WACHT_OP_BEVESTIGING) == 60
    assert "partner's word, until" in run("show", held.id).output
    with caplog.at_level(logging.INFO, logger="signaalpoort"):
        assert run("bevestig", held.id, besluit).output == said
    assert in_state(opened, held, state) == 60
    assert f": {besluit} " in run("show", held.id).output
    (told,) = [record for record in caplog.records if record.getMessage() == "upload_decided"]
    assert (told.fields["decision"], told.fields["by"]) == (besluit, "beheer")  # type: ignore[attr-defined]  # our `extra`


def test_a_decision_is_final(run: Run, held: Upload) -> None:
    assert run("bevestig", held.id, "doorgeven").exit_code == 0
    assert run("bevestig", held.id, "doorgeven").exit_code == 0
    other = run("bevestig", held.id, "intrekken")
    assert other.exit_code == cli.EXIT_WRONG_CALL
    assert "al anders besloten" in other.stderr


def test_what_is_not_there_is_said(run: Run, held: Upload) -> None:
    del held
    assert run("bevestig", UPLOAD_ID, "doorgeven").exit_code == cli.EXIT_WRONG_CALL
    assert run("bevestig", "4711", "doorgeven").exit_code == 2
