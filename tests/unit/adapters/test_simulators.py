"""The simulators' own parts: the calendar of the maintenance, the pace, what comes of signalen."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from adapters.config import AdapterConfigError
from adapters.simulators.behaviour import Behaviour, Fault, Mood, calendar_left, load_behaviour
from adapters.simulators.outcomes import VALUES, draw_results, weights
from contracts.codelists.ddas import read_code
from tests.builders import UPLOAD_ID
from tests.conftest import FakeClock

IDS: Final = [f"{UPLOAD_ID[:-6]}{n:06x}" for n in range(1, 3001)]
TODAY: Final = dt.date(2026, 11, 22)


def in_amsterdam(text: str) -> int | None:
    from zoneinfo import ZoneInfo

    return calendar_left(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Amsterdam")))


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        ("2026-11-24T04:59:59", None),
        ("2026-11-24T05:00:00", 7200),
        ("2026-11-24T06:59:00", 60),
        ("2026-11-24T07:00:00", None),
        ("2026-11-17T06:00:00", None),
        ("2026-11-25T06:00:00", None),
        ("2026-07-07T06:00:00", 3600),
    ],
)
def test_the_maintenance_of_even_weeks(moment: str, left: int | None) -> None:
    assert in_amsterdam(moment) == left


def test_the_pace_is_kept(clock: FakeClock) -> None:
    mood = Mood(Behaviour(per_second=2), clock)
    assert [mood.has_room(), mood.has_room()] == [True, False]
    clock.advance(seconds=0.5)
    assert [mood.has_room(), mood.has_room()] == [True, False]
    clock.advance(seconds=60)
    assert [mood.has_room() for _ in range(3)] == [True, True, False]


def test_faults_that_come_next_come_first_and_then_by_their_share(clock: FakeClock) -> None:
    mood = Mood(Behaviour(next={Fault.CUT: 2}, shares={Fault.LOSE_ANSWER: 0.25}), clock)
    drawn = [mood.draw() for _ in range(2002)]
    assert drawn[:2] == [Fault.CUT, Fault.CUT]
    assert 400 < drawn.count(Fault.LOSE_ANSWER) < 600
    again = Mood(mood.behaviour, clock)
    assert [again.draw() for _ in range(2002)] == drawn


def test_a_behaviour_is_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "behaviour.toml"
    file.write_text('latency_ms = 5\nmaintenance = "calendar"\n[shares]\nlose_answer = 0.02\n[next]\nthrottle = 3\n')
    assert load_behaviour(file).shares == {Fault.LOSE_ANSWER: 0.02}
    for wrong in ("latency = 5", "[shares]\nlose_answer = 2", 'maintenance = "often"', "[[["):
        file.write_text(wrong)
        with pytest.raises(AdapterConfigError):
            load_behaviour(file)
    with pytest.raises(AdapterConfigError):
        load_behaviour(tmp_path / "absent.toml")


def test_every_result_there_is_occurs_and_each_is_one_we_know() -> None:
    made = list(draw_results(IDS, seed=1, share=1.0, by=weights({}), today=TODAY))
    values = Counter(result.gebeurtenis or result.code for result in made)
    assert set(values) == set(VALUES)
    assert len(made) == len(IDS)
    for result in made:
        assert result.gebeurtenis is not None or read_code("1.2", result.code or "") is not None


def test_a_draw_hangs_on_seed_and_id_alone() -> None:
    by = weights({})
    whole = list(draw_results(IDS, seed=1, share=0.5, by=by, today=TODAY))
    assert whole == list(draw_results(IDS[:1000], seed=1, share=0.5, by=by, today=TODAY)) + list(
        draw_results(IDS[1000:], seed=1, share=0.5, by=by, today=TODAY)
    )
    assert 1350 < len(whole) < 1650
    assert whole != list(draw_results(IDS, seed=2, share=0.5, by=by, today=TODAY))
