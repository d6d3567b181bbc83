"""What a report tells a partner to do: always something, the most urgent first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.row_states import ROW_STATES, Group, RowState, count
from gateway.flow.advice import advice
from gateway.flow.summary import FileFinding, IntakeSummary
from gateway.lifecycle import UploadState

SUMMARY = IntakeSummary(read_as="", rows=0)
_OF_ROWS = [state for state in RowState if state is not RowState.BESTAND_AFGEKEURD]
STATES = st.dictionaries(st.sampled_from(_OF_ROWS), st.integers(min_value=1, max_value=9))


def told(by_state: dict[RowState, int], late: int = 0) -> tuple[str, ...]:
    numbers = count(sum(by_state.values()), by_state)
    return advice(UploadState.PROCESSED, numbers, SUMMARY, late_threatening=late)


@given(STATES, st.integers(min_value=0, max_value=3))
def test_there_is_always_a_sentence_and_urgent_comes_first(by_state: dict[RowState, int], late: int) -> None:
    sentences = told(by_state, late)
    assert sentences
    assert sentences[0].startswith("Bel de gemeente") == bool(late)


@given(STATES)
def test_nothing_to_do_is_said_only_when_all_was_delivered(by_state: dict[RowState, int]) -> None:
    done = told(by_state) == ("Alle regels zijn afgeleverd. U hoeft niets te doen.",)
    assert done == all(ROW_STATES[state].group is Group.DELIVERED for state in by_state)


@pytest.mark.parametrize("state", [s for s, info in ROW_STATES.items() if info.group is not Group.DELIVERED])
def test_every_state_that_is_not_delivered_is_spoken_of(state: RowState) -> None:
    if state is not RowState.BESTAND_AFGEKEURD:
        assert "1 regel" in " ".join(told({state: 1}))


def test_a_refused_file_names_its_cause() -> None:
    summary = IntakeSummary(
        read_as="",
        rows=0,
        fatal="bestand_geen_csv",
        file_findings=(FileFinding(code="bestand_geen_csv", vorm="een ZIP"),),
    )
    first, second = advice(UploadState.REJECTED, count(0, {}), summary)
    assert "een ZIP" in first
    assert "{vorm}" not in first + second
