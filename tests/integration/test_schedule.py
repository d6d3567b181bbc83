"""What happens by the clock, on both engines: alerts that say each thing once, and who asks a system for results."""

import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from contracts.overeenkomst import Onderhoud
from contracts.ports import Poll
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState, UploadState
from gateway.runtime.schedule import TOLD_AT_ONCE, DestinationAlert, ThreateningAlert, askable, poll_results
from gateway.settings import Settings
from gateway.stages.directory import Directory
from gateway.stages.schedule import Breaker
from gateway.store import destinations, uploads
from gateway.store.database import Database
from gateway.store.destinations import Destination
from gateway.store.schema import delivery, upload
from tests.builders import a_directory, a_systeem
from tests.conftest import START, FakeClock, make_kit
from tests.deliveries import Receiver, a_delivery, feedback, put

pytestmark = [pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def kit(database: Database, tmp_path: Path, clock: FakeClock) -> Kit:
    return make_kit(database, tmp_path, clock, Settings())


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="signaalpoort")
    return caplog


def fields(told: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.fields for record in told.records]  # type: ignore[attr-defined]  # the `extra` of our log


def an_upload(kit: Kit, number: int = 1, *, state: UploadState = UploadState.RECEIVED) -> int:
    announcement = uploads.Announcement(id=f"id-{number}", partner="woonstad", channel="https", created_at=START)
    receipt = uploads.Receipt(received_at=START, size=1, sha256="s", blob="upload/x", receipt="jws")
    with kit.db.write() as conn:
        no = uploads.insert_received(conn, announcement, receipt)
        conn.execute(sa.update(upload).where(upload.c.no == no).values(state=int(state)))
    return no


def test_the_hours_of_a_threatening_parcel_count_from_the_receipt(
    kit: Kit, clock: FakeClock, told: pytest.LogCaptureFixture
) -> None:
    no = an_upload(kit, state=UploadState.PROCESSED)
    put(kit.db, a_delivery(threatening=True, upload_no=no, created_at=START + dt.timedelta(hours=3)))
    clock.advance(hours=4, minutes=1)
    ThreateningAlert(kit)()
    assert (told.messages, fields(told)[0]["hours"]) == (["threatening_late"], 4.0)


def test_of_very_many_late_parcels_all_are_told_in_the_end(
    kit: Kit, clock: FakeClock, told: pytest.LogCaptureFixture
) -> None:
    ids = put(kit.db, *(a_delivery(threatening=True) for _ in range(TOLD_AT_ONCE + 5)))
    clock.advance(hours=5)
    alert = ThreateningAlert(kit)
    for _ in range(3):
        alert()
    assert sorted(found["delivery_id"] for found in fields(told)) == ids


def test_an_upload_that_waits_too_long_to_be_processed_alerts_once(
    kit: Kit, clock: FakeClock, told: pytest.LogCaptureFixture
) -> None:
    an_upload(kit, 1)
    an_upload(kit, 2, state=UploadState.PROCESSED)
    alert = ThreateningAlert(kit)
    alert()
    clock.advance(hours=4, minutes=1)
    alert()
    alert()
    assert (told.messages, fields(told)) == (["upload_late"], [{"upload_id": "id-1", "hours": 4.0}])


def test_parcels_for_a_destination_that_is_gone_alert_every_hour(
    kit: Kit, clock: FakeClock, told: pytest.LogCaptureFixture
) -> None:
    put(kit.db, a_delivery(destination="weg"), a_delivery(destination="weg"), a_delivery(), feedback(1))
    alert = DestinationAlert(kit, a_directory)
    alert()
    clock.advance(minutes=59)
    alert()
    gone = [{"destination": "webhook:woonstad", "count": 1}, {"destination": "weg", "count": 2}]
    assert (told.messages, fields(told)) == (["destination_missing"] * 2, gone)
    clock.advance(minutes=1)
    alert()
    assert len(told.messages) == 4


def test_what_is_settled_waits_for_nobody(kit: Kit, told: pytest.LogCaptureFixture) -> None:
    put(kit.db, a_delivery(destination="weg"))
    with kit.db.write() as conn:
        conn.execute(sa.update(delivery).values(state=int(DeliveryState.ACCEPTED)))
    DestinationAlert(kit, a_directory)()
    assert told.messages == []


@pytest.mark.parametrize(("paused", "expected"), [(False, ["destination_unreachable"]), (True, [])])
def test_a_destination_that_does_not_answer_for_an_hour_alerts(
    kit: Kit, clock: FakeClock, told: pytest.LogCaptureFixture, *, paused: bool, expected: list[str]
) -> None:
    put(kit.db, a_delivery())
    with kit.db.write() as conn:
        destinations.save(conn, [Destination(key="vps", unreachable_since=START)])
    alert = DestinationAlert(kit, lambda: a_directory(systemen=[a_systeem(gepauzeerd=paused)]))
    clock.advance(minutes=59)
    alert()
    assert told.messages == []
    clock.advance(minutes=31)
    alert()
    alert()
    assert told.messages == expected
    assert fields(told) == [{"destination": "vps", "count": 1, "hours": 1.5}] * len(expected)


class Asked(Receiver):
    """Counts the polls; each gives one page."""

    def __init__(self, *, unreadable: int = 0) -> None:
        super().__init__()
        self.cursors: list[str | None] = []
        self.unreadable = unreadable

    async def poll(self, cursor: str | None, signaal_ids: Sequence[str] = ()) -> Poll:
        self.cursors.append(cursor)
        return Poll(resultaten=(), cursor=str(int(cursor or 0) + 1), unreadable=self.unreadable)


def nothing(key: str, poll: Poll) -> list[str]:
    return []


async def test_one_process_asks_a_system_at_a_time(kit: Kit, clock: FakeClock) -> None:
    asked = Asked()
    await poll_results(kit, "vps", asked, nothing)
    await poll_results(kit, "vps", asked, nothing)
    assert asked.cursors == [None]
    clock.advance(seconds=kit.settings.work.result_poll_seconds)
    await poll_results(kit, "vps", asked, nothing)
    assert asked.cursors == [None, "1"]


def test_of_two_that_looked_at_one_moment_one_asks(kit: Kit) -> None:
    every = dt.timedelta(minutes=5)
    with kit.db.write() as conn:
        assert destinations.claim_poll(conn, "vps", now=START, every=every)
        assert not destinations.claim_poll(conn, "vps", now=START, every=every)
        assert destinations.claim_poll(conn, "vps", now=START - every, every=every)  # the clock was set back


def test_a_cursor_that_another_process_moved_stays(kit: Kit) -> None:
    with kit.db.write() as conn:
        destinations.ensure(conn, ["vps"])
        assert destinations.move_poll_cursor(conn, "vps", before=None, after="7")
        assert not destinations.move_poll_cursor(conn, "vps", before=None, after="3")
        assert destinations.poll_cursor(conn, "vps") == "7"


@pytest.mark.parametrize("how", ["paused", "open"])
async def test_a_destination_that_is_left_alone_is_not_asked(kit: Kit, how: str) -> None:
    with kit.db.write() as conn:
        destinations.set_paused(conn, "vps", paused=how == "paused")
        if how == "open":
            breaker = Breaker(5, START + dt.timedelta(minutes=1))
            destinations.save(conn, [Destination(key="vps", breaker=breaker)])
    asked = Asked()
    await poll_results(kit, "vps", asked, nothing)
    assert asked.cursors == []


def test_systems_in_pause_or_maintenance_are_not_asked(kit: Kit) -> None:
    busy = Onderhoud(dag=START.isoweekday(), van=dt.time(10), tot=dt.time(12))
    directory: Directory = a_directory(
        systemen=[a_systeem(), a_systeem(key="pauze", gepauzeerd=True), a_systeem(key="werk", onderhoud=(busy,))]
    )
    assert askable(kit, directory) == ["vps"]


async def test_results_that_are_passed_over_are_told_by_count(kit: Kit, told: pytest.LogCaptureFixture) -> None:
    statuses = ["ontvangen", "ongeldig", "onbekend_signaal", "onbekend_signaal", "al_ontvangen"]
    await poll_results(kit, "vps", Asked(unreadable=3), lambda key, poll: statuses)
    assert told.messages == ["results_not_taken"]
    assert fields(told) == [{"destination": "vps", "unreadable": 3, "ongeldig": 1, "onbekend_signaal": 2}]


async def test_results_that_are_all_taken_are_no_warning(kit: Kit, told: pytest.LogCaptureFixture) -> None:
    await poll_results(kit, "vps", Asked(), lambda key, poll: ["ontvangen", "al_ontvangen"])
    assert told.messages == []
