"""gzip: what was packed comes out, whole and bounded, and every fault is told."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.gunzip import PIECE, gunzip
from gateway.stages.unreadable import UnreadableError

MIB = 1 << 20


def unpacked(chunks: Iterable[bytes], *, limit: int = 64 * MIB) -> tuple[bytes, list[int]]:
    """(the bytes, what was told about a rest)."""
    rests: list[int] = []
    return b"".join(gunzip(chunks, limit=limit, rest=rests.append)), rests


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(
    members=st.lists(st.binary(max_size=200), min_size=1, max_size=4), size=st.integers(1, 50), zeros=st.integers(0, 3)
)
def test_members_come_out_one_after_another_however_they_arrive(members: list[bytes], size: int, zeros: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members) + b"\0" * zeros
    assert unpacked(pieces(packed, size)) == (b"".join(members), [])


@given(
    rest=st.binary(min_size=1, max_size=50).filter(lambda rest: rest[:1] not in {b"\0", b"\x1f"}),
    size=st.integers(1, 50),
)
def test_what_stands_behind_the_last_member_is_told(rest: bytes, size: int) -> None:
    assert unpacked(pieces(gzip.compress(b"soort") + rest, size)) == (b"soort", [len(rest)])


@given(cut=st.integers(1, 40))
def test_a_file_that_is_cut_off_is_damaged(cut: int) -> None:
    packed = gzip.compress(b"soort;kenmerk\r\n" * 10)
    with pytest.raises(UnreadableError) as refused:
        unpacked([packed[:-cut]])
    assert refused.value.code == "bestand_ingepakt_beschadigd"


@given(at=st.integers(10, 60), bit=st.integers(0, 7))
def test_a_changed_bit_never_gives_other_bytes(at: int, bit: int) -> None:
    plain = bytes(range(64))
    packed = bytearray(gzip.compress(plain))
    packed[at] ^= 1 << bit
    with pytest.raises(UnreadableError) as refused:
        unpacked([bytes(packed)])
    assert refused.value.code == "bestand_ingepakt_beschadigd"


def test_a_bomb_is_refused_at_the_limit_in_flat_memory() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([packer.compress(bytes(256 * MIB)), packer.flush()])
    tracemalloc.start()
    with pytest.raises(UnreadableError) as refused:
        assert max(map(len, gunzip([bomb], limit=64 * MIB, rest=lambda _: None))) <= PIECE
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.value.code, refused.value.vorm) == ("bestand_ingepakt_te_groot", "64 MiB")
    assert peak < 8 * MIB
