"""The same thing twice never doubles a signaal."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.signaal import Signaal
from gateway.lifecycle import UploadState
from gateway.stages.intake import (
    CONTENT_COLUMNS,
    IDENTITY_COLUMNS,
    Conflict,
    EarlierUpload,
    New,
    Replay,
    content_text,
    identity_text,
    same_upload,
)
from tests.builders import NOW, a_signaal

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


def texts(*signalen):
    rows = [{name: getattr(s, name) for name in Signaal.__struct_fields__} for s in signalen]
    frame = pl.DataFrame(
        [row | {"producten": list(row["producten"]), "facturen": list(row["facturen"])} for row in rows],
        schema_overrides={"producten": pl.List(pl.String), "facturen": pl.List(pl.String)},
        infer_schema_length=None,
    )
    return list(zip(content_text(frame), identity_text(frame), strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"bedrag": 1},
        {"facturen": ("F1",)},
        {"telefoon": "0612345678"},
        {"bedreigend": True},
        {"oudste_vervaldatum": dt.date(2026, 9, 1)},
        {"huisletter": ""},
    ],
)
def test_a_changed_row_has_other_content_and_the_same_identity(change):
    (content, identity), (changed, same) = texts(a_signaal(), a_signaal(**change))
    assert content != changed
    assert identity == same


@pytest.mark.parametrize(
    "change", [{"kenmerk": "X"}, {"soort": "water"}, {"achternaam": "Ander"}, {"opdrachtgever": "12345678"}]
)
def test_another_reference_person_kind_or_principal_is_another_signaal(change):
    (_, identity), (_, other) = texts(a_signaal(), a_signaal(**change))
    assert identity != other


def test_our_own_id_and_gemeente_do_not_make_it_another():
    first = a_signaal()
    second = a_signaal(signaal_id=first.signaal_id[:-1] + "2", gemeentecode="0344")
    assert len(set(texts(first, second))) == 1


def test_every_delivered_field_is_content_and_every_identity_column_exists():
    assert set(Signaal.__struct_fields__) - set(CONTENT_COLUMNS) == {"versie", "signaal_id", "gemeentecode"}
    assert set(IDENTITY_COLUMNS) <= set(CONTENT_COLUMNS)


FIELD = st.none() | st.text(alphabet="ab,\x1f\x00 ", max_size=3).filter(lambda text: "\x00" not in text)


@given(st.tuples(FIELD, FIELD, FIELD), st.tuples(FIELD, FIELD, FIELD))
def test_no_value_can_imitate_another_column(first, second):
    def content(values):
        voorletters, voorvoegsel, huisletter = values
        return texts(a_signaal(voorletters=voorletters, voorvoegsel=voorvoegsel, huisletter=huisletter))[0][0]

    def cleaned(values):
        return tuple(None if v is None else v.replace("\x1f", " ") for v in values)

    assert (content(first) == content(second)) == (cleaned(first) == cleaned(second))
