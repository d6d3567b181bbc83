"""Runs of hashes that this process opened before, kept for the next file of the same partner."""

import threading
from typing import Final

import polars as pl

KEPT_ROWS: Final = 500_000
"""Rows kept, of all partners together: 14 MB."""


class OpenedRuns:
    """Small runs that this process opened before, as they were sealed; the longest unused go first."""

    def __init__(self, rows: int = KEPT_ROWS) -> None:
        self._rows = rows
        self._frames: dict[str, pl.DataFrame] = {}
        self._held = 0
        self._lock = threading.Lock()

    def get(self, blob: str) -> pl.DataFrame | None:
        """The run in `blob`, if it is kept."""
        with self._lock:
            frame = self._frames.pop(blob, None)
            if frame is not None:
                self._frames[blob] = frame
            return frame

    def put(self, blob: str, frame: pl.DataFrame) -> None:
        """Keep it, and let others go for it."""
        with self._lock:
            self._held += frame.height - (self._frames.pop(blob, frame.clear())).height
            self._frames[blob] = frame
            while self._held > self._rows:
                oldest = next(iter(self._frames))
                self._held -= self._frames.pop(oldest).height

    def forget(self) -> None:
        """Let all go: some were destroyed."""
        with self._lock:
            self._frames.clear()
            self._held = 0
