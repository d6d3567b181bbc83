"""What keeps deliveries back and lets them go: hold, release, pause, resume; on a real SQLite database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import bootstrap, cli
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.settings import load_settings
from gateway.store import destinations
from gateway.store.schema import delivery
from tests.deliveries import a_delivery, put, view
from tests.unit.cli.conftest import Run


@pytest.fixture
def opened(settings: Path) -> Iterator[Kit]:
    with bootstrap.open_kit(load_settings(settings, {})) as kit:
        yield kit


def a_waiting(kit: Kit, state: DeliveryState = DeliveryState.QUEUED, *, destination: str = "vps") -> int:
    (id_,) = put(kit.db, a_delivery(destination=destination))
    with kit.db.write() as conn:
        # Past the state machine: how it came there is not what these tests are about.
        conn.execute(delivery.update().where(delivery.c.id == id_).values(state=int(state)))
    return id_


def states(kit: Kit, *ids: int) -> list[DeliveryState]:
    return [view(kit.db, id_).state for id_ in ids]


def is_paused(kit: Kit, key: str) -> bool:
    with kit.db.read() as conn:
        return destinations.read(conn, [key])[key].paused


def test_what_waits_is_held_and_what_may_have_arrived_is_not(run: Run, opened: Kit) -> None:
    ids = [a_waiting(opened, s) for s in (DeliveryState.QUEUED, DeliveryState.RETRYING, DeliveryState.UNKNOWN)]
    done = run("hold", *map(str, ids))
    assert done.stdout == "2 deliveries are held\n"
    assert "1 of those named do not wait" in done.stderr
    assert states(opened, *ids) == [DeliveryState.HELD, DeliveryState.HELD, DeliveryState.UNKNOWN]


def test_what_is_held_goes_on_when_released_and_nothing_else(run: Run, opened: Kit) -> None:
    held, dead = a_waiting(opened, DeliveryState.HELD), a_waiting(opened, DeliveryState.DEAD)
    done = run("release", str(held), str(dead))
    assert done.stdout == "1 held deliveries go on\n"
    assert "1 of those named are not held" in done.stderr
    assert states(opened, held, dead) == [DeliveryState.RETRYING, DeliveryState.DEAD]


def test_hold_and_release_by_filter(run: Run, opened: Kit) -> None:
    here = a_waiting(opened)
    retrying = a_waiting(opened, DeliveryState.RETRYING)
    elsewhere = a_waiting(opened, destination="elders")
    assert run("hold", "--to", "vps").output == "2 deliveries are held\n"
    assert states(opened, here, retrying, elsewhere) == [*[DeliveryState.HELD] * 2, DeliveryState.QUEUED]
    assert run("release", "--to", "elders").output == "0 held deliveries go on\n"
    assert run("release", "--to", "vps").output == "2 held deliveries go on\n"


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_everything_must_be_said(run: Run, opened: Kit, verb: str) -> None:
    a_waiting(opened, DeliveryState.QUEUED if verb == "hold" else DeliveryState.HELD)
    assert run(verb).exit_code == cli.EXIT_WRONG_CALL
    assert run(verb, "--all").output.startswith("1 ")


def test_a_destination_is_paused_and_resumed(run: Run, opened: Kit) -> None:
    a_waiting(opened)
    assert run("pause", "vps").exit_code == 0
    assert is_paused(opened, "vps")
    assert run("resume", "vps").output == "vps goes on\n"
    assert not is_paused(opened, "vps")


@pytest.mark.parametrize("gepauzeerd", ["true", "false"])
def test_resume_tells_that_the_configuration_still_pauses(run: Run, tmp_path: Path, gepauzeerd: str) -> None:
    document = tmp_path / "apply.toml"
    systeem = f'[[systemen]]\nkey = "x"\nnaam = "X"\nadapter = "rest"\ngepauzeerd = {gepauzeerd}\n'
    document.write_text(systeem + 'config = { url = "https://x" }\n', "utf-8")
    assert run("apply", str(document)).exit_code == 0
    assert ("gepauzeerd" in run("resume", "x").stderr) == (gepauzeerd == "true")


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_destination_that_is_not_there_is_a_sentence(run: Run, opened: Kit, verb: str) -> None:
    done = run(verb, "vsp")
    assert done.exit_code == cli.EXIT_WRONG_CALL
    assert "there is no such system" in done.stderr
    with opened.db.read() as conn:
        assert destinations.read(conn, ["vsp"]) == {}
