"""What an HTTP status means for a parcel when the body adds nothing."""

import datetime as dt
import email.utils
from collections.abc import Mapping
from typing import Final

from adapters.http import Answer
from contracts.outcomes import Deferred, Outcome, RefusalKind, Refused, Unknown

MAX_RETRY_AFTER: Final = 86_400.0
"""A day: no receiver parks our parcels for longer by one header."""

BATCH: Final = frozenset({400, 413, 422})
"""A business answer to this parcel; a smaller or cleaner one may pass."""
WAIT: Final = frozenset({408, 425, 429, 503})
"""The receiver says itself that it did not act and that later is better."""


def outcome_of(answer: Answer, *, now: dt.datetime) -> Outcome:
    """The outcome by status alone. 5xx but 503 is Unknown: a server that failed may have acted before it did.

    A 2xx comes here only when its body was not understood, so it is Unknown too. The rest, redirects included, is
    about credentials, paths and forms: waiting mends nothing.
    """
    reason = f"http_{answer.status}"
    if answer.status in WAIT:
        return Deferred(reason=reason, retry_after=retry_after(answer.headers, now=now))
    if answer.status in BATCH:
        return Refused(code=reason, kind=RefusalKind.BATCH)
    if answer.status >= 500:
        return Unknown(reason=reason)
    if answer.status < 300:
        return Unknown(reason="answer_not_understood")
    return Refused(code=reason, kind=RefusalKind.CONTRACT)


def retry_after(headers: Mapping[str, str], *, now: dt.datetime) -> float | None:
    """Seconds of `Retry-After` (RFC 9110 §10.2.3: seconds or a date), 0 to a day; None when absent or nonsense."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER)
