"""The tables of states: complete, closed, and tied to the rows' states."""

import pytest

from contracts.row_states import ROW_STATES, Group
from gateway.lifecycle import (
    CLAIMABLE,
    DELIVERY,
    DELIVERY_BEGINS,
    DELIVERY_TERMINAL,
    ROW_STATE_OF_DELIVERY,
    UNFINISHED,
    UPLOAD,
    DeliveryEvent,
    DeliveryState,
    IllegalTransitionError,
    UploadEvent,
    UploadState,
    next_delivery_state,
    next_upload_state,
)

CHILDREN_COUNT = {DeliveryState.SPLIT, DeliveryState.SUPERSEDED}


def test_every_state_stands_in_its_table() -> None:
    assert set(UPLOAD) == set(UploadState)
    assert set(DELIVERY) == set(DeliveryState)


def test_every_event_leads_somewhere() -> None:
    assert {event for row in UPLOAD.values() for event in row} == set(UploadEvent)
    assert {event for row in DELIVERY.values() for event in row} == set(DeliveryEvent)


def test_every_state_is_reachable() -> None:
    reached, todo = set(DELIVERY_BEGINS), list(DELIVERY_BEGINS)
    while todo:
        for state in DELIVERY[todo.pop()].values():
            if state not in reached:
                reached.add(state)
                todo.append(state)
    assert reached == set(DeliveryState)


def test_rows_of_every_delivery_are_counted_once() -> None:
    assert set(ROW_STATE_OF_DELIVERY) == set(DeliveryState) - CHILDREN_COUNT


def test_unfinished_deliveries_wait_and_finished_ones_do_not() -> None:
    groups = {state: ROW_STATES[row].group for state, row in ROW_STATE_OF_DELIVERY.items()}
    assert {state for state, group in groups.items() if group is Group.WAITING} == UNFINISHED
    assert groups[DeliveryState.ACCEPTED] is Group.DELIVERED


def test_what_may_be_there_already_is_never_stopped_split_or_held() -> None:
    assert set(DELIVERY[DeliveryState.UNKNOWN]) == {DeliveryEvent.CLAIM}
    assert DeliveryEvent.STOP not in DELIVERY[DeliveryState.CLAIMED]


def test_a_dead_letter_goes_on_by_replay_alone() -> None:
    assert set(DELIVERY[DeliveryState.DEAD]) == {DeliveryEvent.REPLAY}


def test_what_waits_for_its_partners_word_is_moved_by_that_word_alone() -> None:
    assert set(DELIVERY[DeliveryState.AWAITING]) == {DeliveryEvent.CONFIRM, DeliveryEvent.DECLINE}
    assert DeliveryState.AWAITING not in CLAIMABLE


def test_claimable_are_queued_retrying_and_unknown() -> None:
    assert {DeliveryState.QUEUED, DeliveryState.RETRYING, DeliveryState.UNKNOWN} == CLAIMABLE


@pytest.mark.parametrize("state", sorted(DELIVERY_TERMINAL))
@pytest.mark.parametrize("event", list(DeliveryEvent))
def test_nothing_leaves_a_terminal_state(state: DeliveryState, event: DeliveryEvent) -> None:
    with pytest.raises(IllegalTransitionError, match=state.name):
        next_delivery_state(state, event)


def test_an_event_that_does_not_exist_there_is_a_defect() -> None:
    assert next_upload_state(UploadState.RECEIVED, UploadEvent.START) is UploadState.PROCESSING
    with pytest.raises(IllegalTransitionError, match="publish in RECEIVED"):
        next_upload_state(UploadState.RECEIVED, UploadEvent.PUBLISH)
