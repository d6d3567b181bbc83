"""The same thing twice never doubles a signaal."""

import datetime as dt

import pytest

from gateway.lifecycle import UploadState
from gateway.stages.intake import (
    Conflict,
    EarlierUpload,
    New,
    Replay,
    same_upload,
)
from tests.builders import NOW

DAY = dt.timedelta(hours=24)


def earlier(**kw):
    return EarlierUpload(
        **{
            "upload_id": "u1",
            "state": UploadState.PROCESSED,
            "sha256": "aa",
            "received_at": NOW - dt.timedelta(hours=1),
            "nothing_refused": True,
        }
        | kw
    )


def decide(sha256="aa", *, with_key=None, same_bytes=()):
    return same_upload(sha256=sha256, with_key=with_key, same_bytes=same_bytes, now=NOW, replay=DAY)


def test_bytes_never_seen_are_a_new_upload():
    assert decide() == New()


def test_a_key_replays_its_own_bytes_however_it_went_and_refuses_other_bytes():
    for state in UploadState:
        assert decide(with_key=earlier(state=state, nothing_refused=False)) == Replay("u1")
    assert decide("bb", with_key=earlier()) == Conflict()


def test_an_announcement_repeated_under_its_key_is_the_same_announcement():
    announced = earlier(state=UploadState.ANNOUNCED, sha256=None, received_at=None)
    assert decide(None, with_key=announced) == Replay("u1")
    assert decide(None, with_key=earlier()) == Replay("u1")
    assert decide(None) == New()


def test_bytes_under_the_key_of_an_announcement_without_bytes_are_not_dropped_as_a_replay():
    announced = earlier(state=UploadState.ANNOUNCED, sha256=None, received_at=None)
    assert decide("aa", with_key=announced) == Conflict()


@pytest.mark.parametrize("state", [UploadState.RECEIVED, UploadState.PROCESSING])
def test_identical_bytes_replay_while_the_first_is_unfinished(state):
    old = earlier(state=state, received_at=NOW - 9 * DAY, nothing_refused=False)
    assert decide(same_bytes=[old]) == Replay("u1")


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, Replay("u1")),
        ({"received_at": NOW - DAY}, Replay("u1")),
        ({"received_at": NOW - DAY - dt.timedelta(seconds=1)}, New()),
        ({"nothing_refused": False}, New()),
        ({"state": UploadState.REJECTED}, New()),
        ({"state": UploadState.ANNOUNCED, "received_at": None}, New()),
        ({"sha256": "bb"}, New()),
    ],
)
def test_identical_bytes_replay_within_a_day_if_nothing_was_refused(changed, answer):
    assert decide(same_bytes=[earlier(**changed)]) == answer


def test_the_first_receipt_is_replayed():
    assert decide(same_bytes=[earlier(), earlier(upload_id="u2")]) == Replay("u1")
