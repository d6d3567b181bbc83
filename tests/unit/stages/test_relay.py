"""When a partner hears, and under which id."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.terugkoppeling import NietOpgepaktReden, TerugkoppelingSoort
from gateway.stages.relay import RelayRow, event_id, next_tick, terugkoppeling
from tests.builders import NOW, TODAY, UPLOAD_ID

KEY = b"k" * 32
SIGNAAL = UPLOAD_ID[:-1] + "1"
MOMENTS = st.integers(0, 2_000_000_000_000_000).map(
    lambda microseconds: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
)


def test_the_next_tick_is_a_quarter_of_the_clock():
    at = dt.datetime(2026, 11, 22, 10, 7, 30, tzinfo=dt.UTC)
    assert next_tick(at, tick_seconds=900) == dt.datetime(2026, 11, 22, 10, 15, tzinfo=dt.UTC)


def test_on_the_tick_it_waits_for_the_next():
    assert next_tick(NOW, tick_seconds=900) == NOW + dt.timedelta(minutes=15)


@given(MOMENTS, st.sampled_from([0.5, 1.0, 60.0, 900.0, 3600.0]))
def test_a_tick_is_a_whole_multiple_and_less_than_one_tick_away(now, seconds):
    tick = next_tick(now, tick_seconds=seconds)
    assert (tick - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) % dt.timedelta(seconds=seconds) == dt.timedelta()
    assert now < tick <= now + dt.timedelta(seconds=seconds)


def test_it_never_goes_back_behind_the_partners_last():
    last = NOW + dt.timedelta(hours=3)
    assert next_tick(NOW, tick_seconds=900, not_before=last) == last


def test_the_event_id_is_the_same_on_every_try_and_differs_per_event_signaal_and_key():
    first = event_id(KEY, signaal_id=SIGNAAL, nth=1)
    assert first == event_id(KEY, signaal_id=SIGNAAL, nth=1)
    others = {
        event_id(KEY, signaal_id=SIGNAAL, nth=2),
        event_id(KEY, signaal_id=UPLOAD_ID[:-1] + "2", nth=1),
        event_id(b"x" * 32, signaal_id=SIGNAAL, nth=1),
    }
    assert first not in others
    assert len(others) == 3


def test_the_event_id_is_a_uuid_of_version_8():
    value = uuid.UUID(event_id(KEY, signaal_id=SIGNAAL, nth=1))
    assert (value.int >> 76) & 0xF == 8
    assert value.variant == uuid.RFC_4122


def a_relay(**kw):
    return RelayRow(
        **{
            "id": 1,
            "event_id": "e",
            "partner": "woonstad",
            "cursor": 3,
            "upload_no": 1,
            "row_no": 1,
            "signaal_id": SIGNAAL,
            "nth": 1,
            "soort": TerugkoppelingSoort.NIET_OPGEPAKT,
            "reden": NietOpgepaktReden.ONTERECHT_SIGNAAL,
            "visible_at": NOW,
            "pauze_tot_en_met": TODAY,
        }
        | kw
    )


def test_the_terugkoppeling_joins_the_row_and_the_partners_own_reference():
    event = terugkoppeling(a_relay(), kenmerk="S-1", facturen=["F1", "F2"])
    assert (event.id, event.volgnummer, event.signaal_id) == ("e", 3, SIGNAAL)
    assert (event.soort, event.reden) == (TerugkoppelingSoort.NIET_OPGEPAKT, NietOpgepaktReden.ONTERECHT_SIGNAAL)
    assert (event.beschikbaar_op, event.pauze_tot_en_met) == (NOW, TODAY)
    assert (event.kenmerk, event.facturen) == ("S-1", ("F1", "F2"))


@pytest.mark.parametrize("text", [repr(terugkoppeling(a_relay(), kenmerk="GEHEIM"))])
def test_a_reference_never_shows_in_a_repr(text):
    assert "GEHEIM" not in text
