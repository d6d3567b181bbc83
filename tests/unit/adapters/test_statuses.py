"""What an HTTP status alone means."""

import datetime as dt
import email.utils
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http import Answer
from adapters.statuses import MAX_RETRY_AFTER, outcome_of, retry_after
from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, Unknown

NOW: Final = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)


def by_status(status: int, **headers: str) -> Outcome:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return outcome_of(Answer(status=status, headers=named, body=b""), now=NOW)


@pytest.mark.parametrize("status", [301, 302, 307, 401, 403, 404, 405, 406, 409, 410, 411, 415, 426, 451])
def test_what_waiting_does_not_mend_is_for_an_operator(status: int) -> None:
    assert by_status(status) == Refused(code=f"http_{status}", kind=RefusalKind.CONTRACT)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_business_answer_refuses_the_batch(status: int) -> None:
    assert by_status(status) == Refused(code=f"http_{status}", kind=RefusalKind.BATCH)


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_what_the_receiver_put_off_is_deferred(status: int) -> None:
    assert by_status(status, retry_after="30") == Deferred(reason=f"http_{status}", retry_after=30.0)


@pytest.mark.parametrize("status", [500, 501, 502, 504, 507, 599])
def test_a_server_that_failed_may_have_acted(status: int) -> None:
    assert by_status(status) == Unknown(reason=f"http_{status}")


@given(st.integers(100, 599))
def test_no_status_alone_is_ever_success(status: int) -> None:
    assert not isinstance(by_status(status), Accepted)


def test_a_date_is_counted_from_now() -> None:
    later = email.utils.format_datetime(NOW + dt.timedelta(minutes=5), usegmt=True)
    assert retry_after({"retry-after": later}, now=NOW) == 300.0


def test_a_date_in_the_past_means_at_once() -> None:
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, now=NOW) == 0.0


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "١٢", "Wed, 99 Foo 2015", "nan"])
def test_nonsense_is_as_if_it_were_absent(text: str) -> None:
    assert retry_after({"retry-after": text}, now=NOW) is None


@given(st.text(max_size=60) | st.integers(0, 10**400).map(str))
def test_no_header_parks_a_parcel_for_more_than_a_day(text: str) -> None:
    seconds = retry_after({"retry-after": text}, now=NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER
