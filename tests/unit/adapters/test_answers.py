"""Reading answers: only what adds up is taken for an answer, and no free text travels."""

from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.answers import UNNAMED, AnswerNames, BatchAnswer, Message, code_of, read_answer, settle
from contracts.outcomes import Accepted, RefusalKind, Refused, RowRefusal, Unknown

NAMES: Final = AnswerNames(
    first_position=1,
    states={"klaar": "done", "bezig": "pending", "nee": "refused"},
    severities={"Fatal": "fatal", "Error": "error", "Warning": "warning"},
)


def an_answer(**members: object) -> bytes:
    return msgspec.json.encode({"status": "klaar", "ontvangen": 2, "aangenomen": 2} | members)


def read(**members: object) -> BatchAnswer:
    answer = read_answer(an_answer(**members), NAMES)
    assert answer is not None
    return answer


def test_all_rows_taken() -> None:
    assert settle(read(referentie="A-1"), sent=2) == Accepted(receipt="A-1")


def test_a_refused_row_is_counted_from_zero() -> None:
    messages = [{"ernst": "Error", "code": "E1", "volgnummer": 2, "tekst": "Jansen"}]
    outcome = settle(read(aangenomen=1, meldingen=messages), sent=2)
    assert outcome == Accepted(refusals=(RowRefusal(position=1, code="E1"),))


def test_two_errors_of_one_row_are_one_refusal() -> None:
    messages = [{"ernst": "Error", "code": code, "volgnummer": 1} for code in ("E1", "E2")]
    outcome = settle(read(aangenomen=1, meldingen=messages), sent=2)
    assert outcome == Accepted(refusals=(RowRefusal(position=0, code="E1"),))


def test_a_warning_refuses_nothing() -> None:
    messages = [{"ernst": "Warning", "code": "W1", "volgnummer": 1}]
    assert settle(read(meldingen=messages), sent=2) == Accepted()


def test_fatal_refuses_the_batch() -> None:
    answer = read(aangenomen=0, meldingen=[{"ernst": "Fatal", "code": "F1"}])
    assert settle(answer, sent=2) == Refused(code="F1", kind=RefusalKind.BATCH)


def test_fatal_with_rows_taken_contradicts_itself() -> None:
    answer = read(aangenomen=1, meldingen=[{"ernst": "Fatal", "code": "F1"}])
    assert isinstance(settle(answer, sent=2), Unknown)


def test_still_working_is_pending() -> None:
    assert settle(read(status="bezig"), sent=2) == Unknown(reason="receiver_is_working", pending=True)


@pytest.mark.parametrize("state", ["Klaar", "succes", "", None, 7])
def test_a_state_that_was_not_agreed_is_never_success(state: object) -> None:
    assert isinstance(settle(read(status=state), sent=2), Unknown)


@pytest.mark.parametrize(
    "members",
    [
        {"ontvangen": 3},
        {"aangenomen": 1},
        {"ontvangen": None},
        {"aangenomen": None},
        {"meldingen": [{"ernst": "Error", "code": "E1"}]},
        {"aangenomen": 1, "meldingen": [{"ernst": "Error", "code": "E1", "volgnummer": 3}]},
        {"aangenomen": 1, "meldingen": [{"ernst": "Error", "code": "E1", "volgnummer": 0}]},
    ],
)
def test_what_does_not_add_up_is_unknown(members: dict[str, object]) -> None:
    assert settle(read(**members), sent=2) == Unknown(reason="answer_does_not_add_up")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"\xff":1}',
        b'{"ontvangen":"2"}',
        b'{"ontvangen":-1}',
        b'{"meldingen":{}}',
        b'{"meldingen":[{"volgnummer":"een"}]}',
        b"[" * 100_000,
    ],
)
def test_what_does_not_fit_is_not_an_answer(body: bytes) -> None:
    assert read_answer(body, NAMES) is None


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    read_answer(body, NAMES)


@given(st.text(max_size=80))
def test_a_code_is_short_and_has_no_spaces(text: str) -> None:
    code = code_of(text)
    assert code == UNNAMED or (code == text and len(code) <= 64 and " " not in code and code.isascii())


def test_a_sentence_instead_of_a_code_does_not_travel() -> None:
    messages = [{"ernst": "Error", "code": "Mevrouw Voorbeeld is verhuisd", "volgnummer": 1}]
    outcome = settle(read(aangenomen=1, meldingen=messages), sent=2)
    assert outcome == Accepted(refusals=(RowRefusal(position=0, code=UNNAMED),))


messages_ = st.builds(
    Message,
    code=st.sampled_from(["A", "B"]),
    severity=st.sampled_from(["fatal", "error", "warning"]),
    position=st.none() | st.integers(-2, 6),
)
answers_ = st.builds(
    BatchAnswer,
    state=st.sampled_from([None, "done", "pending", "refused", "strange"]),
    received=st.none() | st.integers(0, 5),
    taken=st.none() | st.integers(0, 5),
    messages=st.lists(messages_, max_size=5).map(tuple),
)


@given(answers_, st.integers(0, 5))
def test_accepted_rows_and_refused_rows_are_all_rows(answer: BatchAnswer, sent: int) -> None:
    outcome = settle(answer, sent=sent)
    if isinstance(outcome, Accepted):
        positions = [refusal.position for refusal in outcome.refusals]
        assert answer.taken == sent - len(positions)
        assert positions == sorted(set(positions))
        assert all(0 <= position < sent for position in positions)
    if isinstance(outcome, Refused):
        assert not answer.taken
