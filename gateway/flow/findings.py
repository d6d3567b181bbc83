"""The findings of an upload: counted per code as they come, kept as sealed columns for the report.

A file in which every row is bad must cost no more than a good one, so findings stay columns: row number, code, shape.
"""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from gateway.crypto.keys import RetentionClass
from gateway.flow.kit import Kit
from gateway.flow.sealed_frames import SealedFrameWriter, read_frames
from gateway.flow.summary import FIRST_ROWS, FindingCount


def findings_writer(kit: Kit, *, upload_id: str) -> SealedFrameWriter:
    """A writer for the findings blob of one processing attempt."""
    return SealedFrameWriter(
        kit,
        name=f"findings/{upload_id}-{kit.dice(4).hex()}",
        context=_context(upload_id),
        cls=RetentionClass.VERSLAG,
        days=kit.settings.retention.report_days,
    )


class FindingTally:
    """Counts findings per code, with the first rows of each."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, list[int]] = {}

    def add(self, findings: pl.DataFrame) -> None:
        """Count one block (schema FINDINGS)."""
        grouped = findings.group_by("code").agg(pl.len(), pl.col("row_no").sort().head(FIRST_ROWS).alias("first"))
        for code, number, rows in grouped.iter_rows():
            self._counts[code] += number
            first = self._first.setdefault(code, [])
            first.extend(rows[: FIRST_ROWS - len(first)])

    def counts(self) -> tuple[FindingCount, ...]:
        """Per code, most frequent first."""
        return tuple(
            FindingCount(code=code, aantal=number, eerste_regels=tuple(self._first[code]))
            for code, number in sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        )


def read_findings(
    kit: Kit, *, upload_id: str, blob: str | None, wrapped_key: bytes | None, key_name: str | None
) -> Iterator[pl.DataFrame]:
    """The findings block by block (schema FINDINGS); nothing when there were none.

    Raises KeyDestroyedError once retention destroyed them, IntegrityError when the blob was tampered with.
    """
    if blob is None or wrapped_key is None or key_name is None:
        return iter(())
    return read_frames(kit, name=blob, context=_context(upload_id), wrapped_key=wrapped_key, key_name=key_name)


def _context(upload_id: str) -> bytes:
    return b"findings:" + upload_id.encode()
