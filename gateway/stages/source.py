"""Where the text of a file came from: the form it was sent in, and what it was wrapped in."""

from dataclasses import dataclass
from typing import Final

from contracts.profiel import Bestandsvorm


@dataclass(frozen=True, kw_only=True)
class Bron:
    """What the partner sent. `verpakt`: "zip" or "gzip" around it; `blad`: the sheet that was read, of all `bladen`."""

    vorm: Bestandsvorm
    verpakt: str | None = None
    blad: str | None = None
    bladen: tuple[str, ...] = ()


PLAIN: Final = Bron(vorm=Bestandsvorm.CSV)
"""Text as it was sent, wrapped in nothing."""
