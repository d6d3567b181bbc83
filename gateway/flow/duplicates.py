"""The same signaal twice, within a file and across the files of one partner, by keyed hashes.

Hashes are pseudonymous personal data: keyed blake2b (RFC 7693) under a key per partner and half year, sealed, destroyed
with the window, never comparable between partners. In memory they are sorted columns, searched by bisection: 8 bytes a
row of this file and 32 bytes a row of the window.
"""

import datetime as dt
import hashlib
from typing import Final

import polars as pl

from gateway.crypto.keys import RetentionClass
from gateway.flow.kit import Kit
from gateway.flow.sealed_frames import SealedFrameWriter
from gateway.stages.canonical import CANONICAL_VERSION

_PREFIX: Final = 16
"""Bytes, 128 bits of key; their hexadecimal form goes before a text."""
_MERGED: Final = 1 << 17
"""Longer runs of seen identities stay as they are: merging takes four times their memory for a moment."""
_AT_ONCE: Final = 4096
"""Texts hashed at a time: they stay in the processor's cache, and little of them is held twice."""
_digest: Final = type(hashlib.blake2b()).digest
_IDENTITY: Final = b"identity-%d" % CANONICAL_VERSION
_REST: Final = b"rest-%d" % CANONICAL_VERSION
"""Hashes of another canonical form never match, nor those of identities with those of the rest."""
RUN: Final = pl.Schema({"content": pl.UInt64(), "check": pl.UInt64(), "identity": pl.UInt64(), "row_no": pl.UInt32()})
"""`content` and `check` are equal when, and only when, identity and rest are: 128 bits."""


def period_of(day: dt.date) -> str:
    """The half year of a hash key, such as `2026H2`."""
    return f"{day.year}H{1 if day.month <= 6 else 2}"


def hash_key_name(partner: str, period: str) -> str:
    """The key store's name of a partner's hash key."""
    return f"hash/{partner}/{period}"


def hash_block(row_nos: pl.Series, identity: pl.Series, rest: pl.Series, key: bytes) -> pl.DataFrame:
    """Schema RUN: per row keyed hashes of its identity and of the rest, which together are its content."""
    who, other = _numbers(identity, key, _IDENTITY), _numbers(rest, key, _REST)
    return pl.DataFrame({"content": who ^ other, "check": other, "identity": who, "row_no": row_nos})


def _numbers(texts: pl.Series, key: bytes, what: bytes) -> pl.Series:
    """64 bits of a keyed hash of each text.

    The key goes before the text. That is a sound MAC for BLAKE2, which has no length extension, and one block to
    compress where its keyed mode has two: half the time for texts as short as these.
    """
    prefix = hashlib.blake2b(key=key, person=what, digest_size=_PREFIX).hexdigest()
    keyed = pl.select(pl.concat_str(pl.lit(prefix), texts).cast(pl.Binary)).to_series()
    return pl.concat([_hashed(keyed.slice(start, _AT_ONCE)) for start in range(0, keyed.len() or 1, _AT_ONCE)])


def _hashed(keyed: pl.Series) -> pl.Series:
    digests = map(_digest, map(hashlib.blake2b, keyed.to_list()))  # no Python between them: as long as the hashing
    number = pl.lit(pl.Series(digests, dtype=pl.Binary)).bin.slice(0, 8)
    return pl.select(number.bin.reinterpret(dtype=pl.UInt64, endianness="little")).to_series()


class SeenIdentities:
    """The identities of this file so far, as a few sorted runs that are merged as they grow."""

    def __init__(self) -> None:
        self._runs: list[pl.Series] = []

    def repeated(self, identities: pl.Series) -> pl.Series:
        """Which of `identities` came before, in this block or an earlier one (Boolean); then remember them."""
        repeated = ~identities.is_first_distinct()
        order = identities.arg_sort()
        ordered = identities.gather(order)  # neighbours are searched in the same place: twice as quick
        before = [_contains(run, ordered) for run in self._runs]
        if any(hits.any() for hits in before):
            repeated |= pl.select(pl.any_horizontal(before)).to_series().gather(order.arg_sort())
        self._remember(ordered)
        return repeated

    def holds(self, identities: pl.Series) -> pl.Series:
        """Which of `identities` stand in this file so far (Boolean)."""
        hits = [_contains(run, identities) for run in self._runs]
        return pl.select(pl.any_horizontal(hits)).to_series() if hits else identities.is_null()

    def _remember(self, run: pl.Series) -> None:
        if run.is_empty():  # no row of the block went on; an empty run has no position to look at
            return
        while self._runs and self._runs[-1].len() <= min(run.len() * 2, _MERGED):
            run = pl.concat([self._runs.pop(), run]).sort()
        self._runs.append(run)


def _contains(run: pl.Series, values: pl.Series) -> pl.Series:
    return run.gather(positions(run, values)) == values


def positions(run: pl.Series, values: pl.Series) -> pl.Series:
    """Where each of `values` is, or would be, in the sorted `run`; which is not empty."""
    found = run.search_sorted(values)
    return found.clip(0, run.len() - 1)


def run_writer(kit: Kit, *, attempt_no: int) -> SealedFrameWriter:
    """A writer for the hashes of the rows that go on (schema RUN), in file order; sorting is for who reads them."""
    return SealedFrameWriter(
        kit,
        name=f"hashes/{attempt_no}-{kit.dice(8).hex()}",
        context=run_context(attempt_no),
        cls=RetentionClass.HASH,
        days=kit.settings.retention.hash_days,
    )


def run_context(attempt_no: int) -> bytes:
    """Binds a sealed run to its attempt."""
    return b"hashes:%d" % attempt_no
