"""What processing found, as it is kept with the upload: counts and codes, no content."""

from typing import Final

import msgspec
from msgspec import Struct

SUMMARY_VERSIE: Final = 1
FIRST_ROWS: Final = 10
"""Row numbers kept per finding code: enough to find the cause, bounded for a file of only bad rows."""


class FindingCount(Struct, frozen=True, kw_only=True):
    """How often one finding code occurs, and in which rows first (1 = first data row)."""

    code: str
    aantal: int
    eerste_regels: tuple[int, ...]


class FileFinding(Struct, frozen=True, kw_only=True):
    """A finding about the file as a whole. `vorm`: what it was about (a column), never a value; `regel`: where."""

    code: str
    vorm: str | None = None
    regel: int | None = None


class ReadBy(Struct, frozen=True, kw_only=True):
    """The version of a profile that read an upload."""

    naam: str
    versie: int


class IntakeSummary(Struct, frozen=True, kw_only=True):
    """The outcome of processing one upload.

    `states`: RowState name → rows refused at intake. `per_gemeente`: code → rows that went on. Rows that went on are
    not counted here: they take the state of their delivery. `kept`: RefusedKind → rows of which something is kept for
    some days. `explained`: why the file was read as it was; `header_line`: the line of its header, 0 for none.
    """

    versie: int = SUMMARY_VERSIE
    read_as: str
    profiel: ReadBy | None = None
    rows: int
    states: dict[str, int] = {}
    findings: tuple[FindingCount, ...] = ()
    per_gemeente: dict[str, int] = {}
    file_findings: tuple[FileFinding, ...] = ()
    kept: dict[str, int] = {}
    explained: tuple[str, ...] = ()
    header_line: int = 1
    fatal: str | None = None


def encode_summary(summary: IntakeSummary) -> str:
    """The JSON text for `upload.summary`."""
    return msgspec.json.encode(summary).decode()


def decode_summary(text: str) -> IntakeSummary:
    """Back from `upload.summary`; raises msgspec.ValidationError for a text that is not one."""
    return msgspec.json.decode(text, type=IntakeSummary)
