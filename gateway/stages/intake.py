"""The same thing twice: uploads by key and digest, rows by their content. Pure; hashing is the caller's.

Two texts of a row feed keyed hashes. Its *content* is everything that is delivered: the same content of the same
partner within the window is `al_aangeleverd`. Its *identity* is what makes it the same signaal to the partner: the
same identity with other content is a changed row, which goes on with a warning.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.lifecycle import UploadState


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierUpload:
    """What is known of an earlier upload of this partner. `sha256` is None while it is only announced.

    `nothing_refused`: every row of it is delivered or waiting. `held`: it waits for its partner's word, which makes it
    unfinished.
    """

    upload_id: str
    state: UploadState
    sha256: str | None
    received_at: dt.datetime | None
    nothing_refused: bool = False
    held: bool = False


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
    if earlier.held or earlier.state in {UploadState.RECEIVED, UploadState.PROCESSING}:
        return True
    recent = earlier.received_at is not None and now - earlier.received_at <= replay
    return earlier.state is UploadState.PROCESSED and recent and earlier.nothing_refused
