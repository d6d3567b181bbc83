"""The same thing twice: uploads by key and digest, rows by their content. Pure; hashing is the caller's.

Two texts of a row feed keyed hashes. Its *content* is everything that is delivered: the same content of the same
partner within the window is `al_aangeleverd`. Its *identity* is what makes it the same signaal to the partner: the
same identity with other content is a changed row, which goes on with a warning.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from contracts.signaal import Signaal
from gateway.lifecycle import UploadState

CONTENT_VERSION: Final = 1
"""Part of every text. Raise it when columns or their form change: hashes of another version never match."""

CONTENT_COLUMNS: Final = tuple(
    name for name in Signaal.__struct_fields__ if name not in {"versie", "signaal_id", "gemeentecode"}
)
"""All that is delivered, but for our own ids, and for the gemeente: a new postcode table makes no new signaal."""

IDENTITY_COLUMNS: Final = (
    "soort",
    "signaaltype",
    "producten",
    "opdrachtgever",
    "kenmerk",
    "achternaam",
    "postcode",
    "huisnummer",
)

_SEPARATOR: Final = "\x1f"
_NULL: Final = "\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierUpload:
    """What is known of an earlier upload of this partner. `sha256` is None while it is only announced.

    `nothing_refused`: every row of it is delivered or waiting.
    """

    upload_id: str
    state: UploadState
    sha256: str | None
    received_at: dt.datetime | None
    nothing_refused: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """Answer with the first receipt of this upload; nothing new."""

    upload_id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The Idempotency-Key was used for other bytes, or for an announcement whose bytes never came."""


@dataclass(frozen=True, slots=True)
class New:
    """A new upload."""


def same_upload(
    *,
    sha256: str | None,
    with_key: EarlierUpload | None,
    same_bytes: Sequence[EarlierUpload],
    now: dt.datetime,
    replay: dt.timedelta,
) -> Replay | Conflict | New:
    """What to do with bytes (`sha256`, None for a bare announcement) that may have come before.

    `with_key`: the upload that used the same Idempotency-Key; `same_bytes`: those with the same digest, first one
    first. Identical bytes replay while that upload is unfinished, or within `replay` if nothing of it was refused.
    """
    if with_key is not None:
        same = sha256 is None or with_key.sha256 == sha256
        return Replay(with_key.upload_id) if same else Conflict()
    if sha256 is None:
        return New()
    for earlier in same_bytes:
        if earlier.sha256 == sha256 and _replays(earlier, now, replay):
            return Replay(earlier.upload_id)
    return New()


def _replays(earlier: EarlierUpload, now: dt.datetime, replay: dt.timedelta) -> bool:
    if earlier.state in {UploadState.RECEIVED, UploadState.PROCESSING}:
        return True
    recent = earlier.received_at is not None and now - earlier.received_at <= replay
    return earlier.state is UploadState.PROCESSED and recent and earlier.nothing_refused


def content_text(rows: pl.DataFrame) -> pl.Series:
    """One text per row of a block of canonical columns: equal when, and only when, the delivered content is equal."""
    return _text(rows, CONTENT_COLUMNS)


def identity_text(rows: pl.DataFrame) -> pl.Series:
    """One text per row: equal for what the partner means as one signaal."""
    return _text(rows, IDENTITY_COLUMNS)


def _text(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The columns behind one another. A value that imitates the separator is rare, so it is looked for afterwards.

    NUL stands for null: no value has it, since a file with NUL bytes is refused whole.
    """
    text = _joined(rows, columns, clean=False)
    if (text.str.count_matches(_SEPARATOR, literal=True) == len(columns)).all():
        return text
    return _joined(rows, columns, clean=True)


def _joined(rows: pl.DataFrame, columns: Sequence[str], *, clean: bool) -> pl.Series:
    if rows.is_empty():
        return pl.Series("text", [], dtype=pl.String)
    parts = [_part(rows[column], clean=clean) for column in columns]
    joined = pl.concat_str(pl.lit(f"v{CONTENT_VERSION}"), *parts, separator=_SEPARATOR)
    return rows.select(joined.alias("text")).to_series()


def _part(values: pl.Series, *, clean: bool) -> pl.Expr:
    """A column as text; null differs from empty. A column without a value costs nothing."""
    if values.null_count() == values.len():
        return pl.lit(_NULL)
    value = pl.col(values.name)
    if values.dtype == pl.List(pl.String):
        value = value.list.join(",")
    elif values.dtype == pl.Date:
        value = value.cast(pl.Int32)
    value = value.cast(pl.String)
    if clean:
        value = value.str.replace_all(r"[\x00\x1f]", " ")
    return value.fill_null(_NULL) if values.null_count() else value
