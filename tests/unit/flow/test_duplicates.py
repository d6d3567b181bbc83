"""Identities that come again within one file, block by block."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from gateway.flow.duplicates import SeenIdentities


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=8))
def test_it_says_what_a_set_says_also_after_blocks_of_which_no_row_went_on(blocks: list[list[int]]) -> None:
    seen, before = SeenIdentities(), set[int]()
    for block in blocks:
        expected = []
        for identity in block:
            expected.append(identity in before)
            before.add(identity)
        assert seen.repeated(pl.Series("identity", block, dtype=pl.UInt64)).to_list() == expected
