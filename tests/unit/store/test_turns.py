"""The writer lock: in order of arrival, bounded, never taken twice by one thread."""

import threading
import time

import pytest

from gateway.errors import StoreUnavailableError
from gateway.store.turns import WriteTurns


def test_turns_are_taken_in_order_of_arrival() -> None:
    turns = WriteTurns()
    order: list[int] = []

    def take(number: int) -> None:
        with turns.turn(10):
            order.append(number)

    with turns.turn(1):
        threads = [threading.Thread(target=take, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
            time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_whoever_waits_too_long_leaves_the_line_to_the_next() -> None:
    turns = WriteTurns()
    outcome: list[str] = []

    def impatient() -> None:
        try:
            with turns.turn(0.05):
                outcome.append("took")
        except StoreUnavailableError:
            outcome.append("gave up")

    with turns.turn(1):
        thread = threading.Thread(target=impatient)
        thread.start()
        thread.join()
    with turns.turn(0.05):
        outcome.append("next")
    assert outcome == ["gave up", "next"]


def test_a_turn_inside_a_turn_is_a_defect_and_says_so() -> None:
    turns = WriteTurns()
    with turns.turn(1), pytest.raises(RuntimeError, match="inside"), turns.turn(1):
        pass
    with turns.turn(1):
        pass


def test_under_load_nobody_is_left_behind() -> None:
    turns = WriteTurns()
    inside = 0
    most = 0
    done = 0

    def work() -> None:
        nonlocal inside, most, done
        for _ in range(200):
            try:
                with turns.turn(0.001):
                    inside += 1
                    most = max(most, inside)
                    inside -= 1
            except StoreUnavailableError:
                pass
        done += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert most == 1
    assert done == 8
    with turns.turn(0.01):
        pass
