"""Every error this gateway raises on purpose, drawn as one tree, by blame.

GatewayError
├── SenderError                what the caller sent is wrong; the message says what, where, what to do
│   ├── InvalidInputError      a body, header, parameter or file that does not fit; lists every problem
│   │   ├── UnsupportedMediaError  a content type or encoding that this path does not take
│   │   └── UnknownProfileError    a profile by a name that this partner has none by
│   ├── NotAuthenticatedError  no valid credential
│   ├── NotAllowedError        a valid credential that may not do this (unknown OIN, revoked, other system)
│   ├── NotFoundError          no such thing, or not yours: the same answer
│   ├── ConflictError          the same key with other bytes, or a state that forbids it
│   ├── DigestMismatchError    declared digest or size differs from what arrived: nothing was received
│   ├── TooLargeError          over the partner's size limit
│   ├── IncompleteBodyError    the connection was cut before the body ended: nothing was received
│   └── TooManyError           rate or concurrency of this partner; `retry_after` seconds
├── OurError                   our side; the caller may try again
│   ├── StoreUnavailableError  database gone or busy; `retry_after` seconds
│   ├── DiskFullError          below the watermark, or the disk said so; nothing was received
│   ├── KeyDestroyedError      a sealed thing whose key was destroyed on schedule: gone on purpose
│   ├── IntegrityError         sealed bytes, a signature or a chain that do not verify
│   └── SettingsError          configuration that does not fit; names the key and the mend
└── ReceiverError              the other side of an adapter (adapters return outcomes; this is for set-up)

No message ever contains a value of a row, a name, a number of a person, or a secret.
"""

from collections.abc import Sequence

from msgspec import Struct


class GatewayError(Exception):
    """Base of all errors raised on purpose."""


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where (a JSON pointer, header or parameter name) and what to do about it."""

    location: str
    detail: str


class SenderError(GatewayError):
    """The caller's side."""


class InvalidInputError(SenderError):
    """Input that does not fit; `problems` lists all of them together (ADR /core/invalid-input)."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class UnsupportedMediaError(InvalidInputError):
    """A content type or encoding that this path does not take (415)."""


class UnknownProfileError(InvalidInputError):
    """A profile by a name that this partner has none by (422)."""


class NotAuthenticatedError(SenderError):
    """No valid credential."""


class NotAllowedError(SenderError):
    """A valid credential that may not do this."""


class NotFoundError(SenderError):
    """No such thing, or not the caller's."""


class ConflictError(SenderError):
    """The same key with other bytes, or a state that forbids it."""


class DigestMismatchError(SenderError):
    """Declared digest or size differs from what arrived."""


class TooLargeError(SenderError):
    """Over the size limit; `limit` in bytes."""

    def __init__(self, message: str, *, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


class IncompleteBodyError(SenderError):
    """The connection was cut before the body ended."""


class TooManyError(SenderError):
    """Rate or concurrency; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OurError(GatewayError):
    """Our side."""


class StoreUnavailableError(OurError):
    """The database is gone or busy; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DiskFullError(OurError):
    """No room; nothing was received. `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: float = 300.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyDestroyedError(OurError):
    """The key was destroyed on schedule."""


class IntegrityError(OurError):
    """Sealed bytes, a signature or a chain that do not verify."""


class SettingsError(OurError):
    """Configuration that does not fit."""


class ReceiverError(GatewayError):
    """The other side of an adapter, at set-up."""
