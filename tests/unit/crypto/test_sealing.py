"""Sealing: what was sealed opens, and nothing else does."""

import itertools
import os
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.crypto.sealing import (
    OVERHEAD,
    SegmentOpener,
    SegmentSealer,
    StreamSealer,
    StreamView,
    open_bytes,
    open_stream,
    seal_bytes,
)
from gateway.errors import IntegrityError

KEY = bytes(range(32))
CONTEXT = b"upload:1"
SIZE = 64
"""A small segment, so that short inputs have many."""


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """`data` in pieces of `sizes`, the rest as the last."""
    ends = [0, *itertools.accumulate(sizes)]
    pieces = [data[start:end] for start, end in itertools.pairwise(ends) if start < len(data)]
    return [*pieces, data[ends[-1] :]]


def frames_of(data: bytes, *, sizes: Iterable[int] = (), context: bytes = CONTEXT) -> list[bytes]:
    sealer = StreamSealer(KEY, context, os.urandom, segment_size=SIZE)
    written = [frame for piece in cut(data, sizes) for frame in sealer.write(piece)]
    return [*written, *sealer.finish()]


def opened(chunks: Iterable[bytes], *, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return b"".join(open_stream(key, context, chunks))


PIECES = st.lists(st.integers(0, 3 * SIZE), max_size=20)


@given(data=st.binary(max_size=10 * SIZE), sizes=PIECES, chunks=PIECES)
def test_a_stream_opens_whatever_the_chunks_it_came_and_went_in(
    data: bytes, sizes: list[int], chunks: list[int]
) -> None:
    frames = frames_of(data, sizes=sizes)

    assert opened(cut(b"".join(frames), chunks)) == data
    assert len(frames) == len(data) // SIZE + 1
    assert sum(map(len, frames)) == len(data) + len(frames) * (4 + OVERHEAD)


@given(data=st.binary(max_size=5 * SIZE), at=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_does_not_open(data: bytes, at: int, bit: int) -> None:
    sealed = bytearray(b"".join(frames_of(data)))
    sealed[at % len(sealed)] ^= 1 << bit

    with pytest.raises(IntegrityError):
        opened([bytes(sealed)])


@given(data=st.binary(max_size=5 * SIZE), at=st.integers(0))
def test_a_stream_that_was_cut_short_does_not_open(data: bytes, at: int) -> None:
    sealed = b"".join(frames_of(data))

    with pytest.raises(IntegrityError):
        opened([sealed[: at % len(sealed)]])


@given(order=st.permutations(range(5)).filter(lambda order: order != sorted(order)))
def test_frames_in_another_order_do_not_open(order: list[int]) -> None:
    frames = frames_of(bytes(4 * SIZE))

    with pytest.raises(IntegrityError):
        opened([frames[n] for n in order])


@pytest.mark.parametrize(
    "tamper",
    [
        lambda f: f[1:],
        lambda f: f[:-1],
        lambda f: [*f[:1], *f],
        lambda f: [*f, f[-1]],
        lambda f: [*f, b"x"],
        lambda f: [f[0], *f[2:]],
        lambda _f: [],
    ],
    ids=["no-head", "no-tail", "repeated", "two-ends", "more-after-end", "hole", "nothing"],
)
def test_frames_dropped_repeated_or_added_do_not_open(tamper: object) -> None:
    assert callable(tamper)
    with pytest.raises(IntegrityError):
        opened(tamper(frames_of(bytes(5 * SIZE + 1))))


def test_another_key_or_context_does_not_open() -> None:
    frames = frames_of(b"secret")

    with pytest.raises(IntegrityError):
        opened(frames, key=bytes(32))
    with pytest.raises(IntegrityError):
        opened(frames, context=b"upload:2")


def test_frames_of_one_stream_do_not_continue_another() -> None:
    here, there = frames_of(bytes(3 * SIZE)), frames_of(bytes(3 * SIZE), context=b"upload:2")

    with pytest.raises(IntegrityError):
        opened([*here[:2], *there[2:]])


def test_plain_bytes_are_nowhere_in_the_sealed_ones() -> None:
    data = b"ACHTERNAAM;BEDRAG\n" * 50

    assert b"ACHTERNAAM" not in b"".join(frames_of(data, sizes=[7] * 40))


def test_equal_segments_are_sealed_unequally() -> None:
    frames = frames_of(bytes(4 * SIZE))

    assert len({bytes(frame[4:16]) for frame in frames}) == len(frames), "a nonce came twice"
    assert len({bytes(frame[16:]) for frame in frames}) == len(frames)


def test_segments_open_in_order_with_their_end() -> None:
    sealer = SegmentSealer(KEY, CONTEXT, os.urandom)
    segments = [sealer.seal(b"one"), sealer.seal(memoryview(b"two")), sealer.last()]
    opener = SegmentOpener(KEY, CONTEXT)

    assert [opener.open(s, last=n == 2) for n, s in enumerate(segments)] == [b"one", b"two", b""]
    opener.ensure_ended()
    with pytest.raises(IntegrityError):
        opener.open(segments[-1], last=True)


def test_a_segment_that_is_not_the_last_does_not_open_as_the_last() -> None:
    sealer = SegmentSealer(KEY, CONTEXT, os.urandom)
    middle = sealer.seal(b"one")

    with pytest.raises(IntegrityError):
        SegmentOpener(KEY, CONTEXT).open(middle, last=True)


def test_missing_segments_are_seen_at_the_end() -> None:
    opener = SegmentOpener(KEY, CONTEXT)
    opener.open(SegmentSealer(KEY, CONTEXT, os.urandom).seal(b"one"), last=False)

    with pytest.raises(IntegrityError):
        opener.ensure_ended()


def test_nothing_is_sealed_after_the_last() -> None:
    sealer = SegmentSealer(KEY, CONTEXT, os.urandom)
    sealer.last(b"end")

    with pytest.raises(ValueError, match="after its last"):
        sealer.seal(b"more")
    with pytest.raises(ValueError, match="after its last"):
        sealer.last()


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(24), bytes(33)])
def test_a_key_of_another_length_is_a_defect(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SegmentSealer(key, CONTEXT, os.urandom)
    with pytest.raises(ValueError, match="32 bytes"):
        SegmentOpener(key, CONTEXT)


@given(plain=st.binary(max_size=200))
def test_small_things_are_sealed_as_one(plain: bytes) -> None:
    sealed = seal_bytes(KEY, b"name:1", plain, os.urandom)

    assert open_bytes(KEY, b"name:1", sealed) == plain
    with pytest.raises(IntegrityError):
        open_bytes(KEY, b"name:2", sealed)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(27), bytes(200)])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(IntegrityError):
        open_bytes(KEY, CONTEXT, sealed)


def view_of(frames: list[bytes], *, key: bytes = KEY, context: bytes = CONTEXT) -> StreamView:
    sealed = b"".join(frames)
    return StreamView(
        key,
        context,
        lambda offset, length: sealed[offset : offset + length],
        size=len(sealed),
        segment_size=SIZE,
    )


@given(data=st.binary(max_size=5 * SIZE), wanted=st.lists(st.integers(0, 5), max_size=6))
def test_any_segment_of_a_stream_opens_without_those_before_it(data: bytes, wanted: list[int]) -> None:
    view = view_of(frames_of(data))

    assert view.size == len(data)
    for number in wanted:
        if number <= len(data) // SIZE:
            assert view.segment(number) == data[number * SIZE : (number + 1) * SIZE]


@given(segments=st.integers(1, 4), at=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_does_not_open_anywhere_in_a_view(segments: int, at: int, bit: int) -> None:
    frames = frames_of(bytes(segments * SIZE + 1))
    sealed = bytearray(b"".join(frames))
    at %= len(sealed)
    sealed[at] ^= 1 << bit

    with pytest.raises(IntegrityError):
        [view.segment(number) for view in [view_of([bytes(sealed)])] for number in range(segments + 1)]


@given(data=st.binary(min_size=3 * SIZE, max_size=4 * SIZE), cut=st.integers(1, 4 * SIZE))
def test_a_view_of_a_cut_stream_does_not_open(data: bytes, cut: int) -> None:
    with pytest.raises(IntegrityError):
        view_of([b"".join(frames_of(data))[:-cut]])


def test_a_view_knows_segments_of_another_place_key_or_context() -> None:
    frames = frames_of(bytes(3 * SIZE))
    with pytest.raises(IntegrityError):
        view_of([frames[1], frames[0], *frames[2:]]).segment(0)
    with pytest.raises(IntegrityError):
        view_of(frames, key=bytes(32))
    with pytest.raises(IntegrityError):
        view_of(frames, context=b"upload:2")
    with pytest.raises(IntegrityError):
        view_of(frames[:3])
