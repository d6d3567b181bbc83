"""A pipeline of threads hands items on and holds few."""

import time
import weakref
from collections.abc import Iterator

import pytest

from gateway.flow.ahead import ahead


class Block:
    """Something large."""


def test_items_come_in_order_and_an_error_comes_where_its_item_would_have() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("the fourth")

    taken = []
    with pytest.raises(ValueError, match="the fourth"), ahead(items(), name="test") as numbers:
        taken.extend(iter(numbers.__next__, None))
    assert taken == [0, 1, 2]


def test_the_next_item_is_not_begun_before_the_last_one_was_taken() -> None:
    begun = []

    def items() -> Iterator[int]:
        for n in range(5):
            begun.append(n)
            yield n

    with ahead(items(), name="test") as numbers:
        time.sleep(0.05)
        assert begun == [0]
        assert next(numbers) == 0


def test_nothing_is_kept_of_an_item_that_was_handed_on() -> None:
    made: list[weakref.ref[Block]] = []

    def items() -> Iterator[Block]:
        for _ in range(3):
            block = [Block()]
            made.append(weakref.ref(block[0]))
            yield block.pop()

    with ahead(items(), name="test") as blocks:
        for number, block in enumerate(blocks):
            assert made[number]() is block
            assert [ref() for ref in made[:number]] == [None] * number
            del block


def test_leaving_early_ends_the_thread() -> None:
    def items() -> Iterator[int]:
        while True:
            yield 1

    with ahead(items(), name="test") as numbers:
        assert next(numbers) == 1
