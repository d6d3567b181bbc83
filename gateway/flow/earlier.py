"""What one partner offered before, within the window, to be compared with a new file.

A partner that sends a file every hour has thousands of small runs in its window. Those are put together per half year
(the period of the key) into one, and the opened ones are kept in memory, so that a file of eight rows is not slower for
every file before it; large runs stay by themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

import polars as pl
from msgspec import Struct

from gateway.errors import KeyDestroyedError, NotFoundError
from gateway.flow.duplicates import positions, run_context
from gateway.flow.kit import Kit
from gateway.flow.sealed_frames import read_frames
from gateway.stages.canonical import ids_of_rows
from gateway.store.parcels import HashRun

SMALL_ROWS: Final = 10_000
"""Runs of more rows stay by themselves, and are not kept in memory."""

_FOUND: Final = pl.Schema({"row_no": pl.UInt32(), "earlier": pl.UInt32(), "source": pl.UInt32()})


class EarlierRun(Struct, frozen=True, kw_only=True):
    """What went on before under the hash key of one `period`, without what was stopped or refused since: that may come
    again, as if it had never been.

    `contents`: content, check, row_no, source in order of content; `identities`: identity, row_no, source in order of
    identity; of equals the last offered comes first. `sources`: the ids of the uploads that `source` counts.
    """

    period: str
    contents: pl.DataFrame
    identities: pl.DataFrame
    sources: pl.Series

    def same(self, block: pl.DataFrame) -> pl.DataFrame:
        """(row_no, earlier, source) of the rows of `block` (schema RUN) whose content is here."""
        if self.contents.is_empty():
            return _FOUND.to_frame()
        earlier = self.contents[positions(self.contents["content"], block["content"])]
        hit = (earlier["content"] == block["content"]) & (earlier["check"] == block["check"])
        return _found(block, earlier, hit)

    def known(self, block: pl.DataFrame) -> pl.DataFrame:
        """(row_no, earlier, source) of the rows of `block` whose identity is here."""
        if self.identities.is_empty():
            return _FOUND.to_frame()
        earlier = self.identities[positions(self.identities["identity"], block["identity"])]
        return _found(block, earlier, earlier["identity"] == block["identity"])

    def identified(self, found: pl.DataFrame) -> pl.DataFrame:
        """(row_no, earlier_id): `found` with the ids of the signalen that came before."""
        uploads = pl.lit(self.sources).gather(pl.col("source"))
        return found.select("row_no", ids_of_rows(uploads, pl.col("earlier")).alias("earlier_id"))


def _found(block: pl.DataFrame, earlier: pl.DataFrame, hit: pl.Series) -> pl.DataFrame:
    if not hit.any():
        return _FOUND.to_frame()
    return block.select("row_no").hstack(earlier.select(pl.col("row_no").alias("earlier"), "source")).filter(hit)


def earlier_runs(
    kit: Kit, runs: Sequence[tuple[HashRun, str]], *, refused: Mapping[int, Sequence[int]]
) -> tuple[EarlierRun, ...]:
    """Open `runs`, oldest first, each with the id of its upload; `refused`: attempt → rows that may come again."""
    earlier: list[EarlierRun] = []
    for period, of_period in groupby(runs, key=lambda run: run[0].period):
        several: list[tuple[HashRun, str]] = []
        for run, upload_id in of_period:
            if run.rows > SMALL_ROWS:
                earlier += [
                    *_together(kit, period, several, refused),
                    *_together(kit, period, [(run, upload_id)], refused),
                ]
                several = []
            else:
                several.append((run, upload_id))
        earlier += _together(kit, period, several, refused)
    return tuple(earlier)


def _together(
    kit: Kit, period: str, runs: Sequence[tuple[HashRun, str]], refused: Mapping[int, Sequence[int]]
) -> Iterator[EarlierRun]:
    """At most one run of all that can still be opened."""
    frames = [
        frame.with_columns(source=pl.lit(source, dtype=pl.UInt32))
        for source, (run, _) in enumerate(runs)
        if (frame := _opened(kit, run, refused.get(run.attempt_no, ()))) is not None
    ]
    if frames:
        every = pl.concat(frames).reverse()  # the last first: sorting keeps it before its equals
        yield EarlierRun(
            period=period,
            contents=every.select("content", "check", "row_no", "source").sort("content", maintain_order=True),
            identities=every.select("identity", "row_no", "source").sort("identity", maintain_order=True),
            sources=pl.Series("sources", [upload_id for _, upload_id in runs]),
        )


def _opened(kit: Kit, run: HashRun, refused: Sequence[int]) -> pl.DataFrame | None:
    """None past the window: retention was quicker than the query that named it."""
    frame = kit.opened_runs.get(run.blob)
    if frame is None:
        try:
            frame = open_run(kit, run)
        except (KeyDestroyedError, NotFoundError):
            return None
        if run.rows <= SMALL_ROWS:
            kit.opened_runs.put(run.blob, frame)
    return frame.filter(~pl.col("row_no").is_in(pl.Series(refused, dtype=pl.UInt32).implode())) if refused else frame


def open_run(kit: Kit, run: HashRun) -> pl.DataFrame:
    """Schema RUN, as it was sealed; raises KeyDestroyedError and NotFoundError past the window."""
    context = run_context(run.attempt_no)
    return pl.concat(read_frames(kit, name=run.blob, context=context, wrapped_key=run.key, key_name=run.key_name))
