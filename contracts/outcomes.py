"""What one delivery attempt can end in: Accepted | Refused | Deferred | Unknown.

An outcome is a value, never an exception; `match` on it is closed with `assert_never`.
"""

import enum

from msgspec import Struct


class RowRefusal(Struct, frozen=True, kw_only=True):
    """One row that the receiver definitively refused. `code` is the receiver's, `position` counts from 0."""

    position: int
    code: str


class Accepted(Struct, frozen=True, kw_only=True):
    """The receiver has the parcel, except the rows in `refusals`. `receipt` is its own reference."""

    receipt: str | None = None
    refusals: tuple[RowRefusal, ...] = ()
    duplicate: bool = False
    """The receiver recognised the idempotency key: it had the parcel already."""


class RefusalKind(enum.StrEnum):
    """What a refusal of the whole parcel means for what happens next."""

    BATCH = "batch"
    """A definite business answer to this parcel: split to find the bad rows; one row left is refused."""
    CONTRACT = "contract"
    """Nothing that waiting repairs (credentials, path, mapping): dead letter, operations are alerted."""


class Refused(Struct, frozen=True, kw_only=True):
    """The receiver definitively took nothing. `code` is the receiver's own code, or ours; no free text."""

    code: str
    kind: RefusalKind = RefusalKind.BATCH


class Deferred(Struct, frozen=True, kw_only=True):
    """Definitely not taken, and waiting helps. `retry_after` in seconds when the receiver named one."""

    reason: str
    retry_after: float | None = None
    unreachable: bool = False


class Unknown(Struct, frozen=True, kw_only=True):
    """The answer was lost: the receiver may have the parcel. Settled by `query` or a same-key retry.

    `pending`: nothing was lost, the receiver has the parcel and is still working on it; ask again, no failure.
    """

    reason: str
    pending: bool = False


Outcome = Accepted | Refused | Deferred | Unknown
