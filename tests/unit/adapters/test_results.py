"""Reading a page of results: in our words, free text left behind, one bad entry never in the way of the rest."""

from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.results import MAX_CURSOR, ResultNames, read_page
from contracts.ports import Poll
from contracts.terugkoppeling import Gebeurtenis
from tests.builders import UPLOAD_ID

NAMES: Final = ResultNames(codes={"A1": "Opgepakt"}, events={"hulp": "hulp_geaccepteerd"}, date="%d-%m-%Y")
SIGNAAL: Final = UPLOAD_ID[:-1] + "1"


def an_item(**members: object) -> dict[str, object]:
    return {"resultaatId": "r-1", "signaalId": SIGNAAL, "code": "hulp", "datum": "22-11-2026"} | members


def a_page(*items: object, **members: object) -> bytes:
    return msgspec.json.encode({"resultaten": items, "cursor": "2", "meer": False} | members)


def test_an_event_of_theirs_is_an_event_of_ours() -> None:
    (result,) = read_page(a_page(an_item()), NAMES, None).resultaten
    assert result.gebeurtenis is Gebeurtenis.HULP_GEACCEPTEERD
    assert result.code is None
    assert str(result.datum) == "2026-11-22"


@pytest.mark.parametrize(("theirs", "ours"), [("A1", "Opgepakt"), ("Inwoner is overleden", "Inwoner is overleden")])
def test_a_code_is_translated_or_taken_verbatim(theirs: str, ours: str) -> None:
    (result,) = read_page(a_page(an_item(code=theirs)), NAMES, None).resultaten
    assert (result.gebeurtenis, result.code) == (None, ours)


def test_what_else_an_entry_says_stays_behind() -> None:
    (result,) = read_page(a_page(an_item(toelichting="vrije tekst")), NAMES, None).resultaten
    assert b"vrije tekst" not in msgspec.json.encode(result)


@pytest.mark.parametrize(
    "members",
    [
        {"signaalId": "elsewhere"},
        {"resultaatId": "met spatie"},
        {"resultaatId": None},
        {"code": None},
        {"code": "x" * 121},
        {"datum": "2026-11-22"},
        {"datum": "31-02-2026"},
    ],
)
def test_an_entry_that_does_not_fit_is_counted_and_passed_over(members: dict[str, object]) -> None:
    poll = read_page(a_page(an_item(**members), an_item(resultaatId="r-2")), NAMES, "1")
    assert [result.resultaat_id for result in poll.resultaten] == ["r-2"]
    assert poll.unreadable == 1
    assert poll.cursor == "2"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"resultaten":{}}', b'{"resultaten":[1]}', b'{"cursor":"2"}']
)
def test_a_page_that_does_not_fit_keeps_the_cursor(body: bytes) -> None:
    assert read_page(body, NAMES, "1") == Poll(resultaten=(), cursor="1", problem="answer_not_understood")


def test_more_without_a_new_cursor_does_not_turn_in_circles() -> None:
    assert not read_page(a_page(cursor="1", meer=True), NAMES, "1").more
    assert read_page(a_page(cursor="2", meer=True), NAMES, "1").more


def test_a_cursor_has_a_bound() -> None:
    assert read_page(a_page(cursor="x" * (MAX_CURSOR + 1)), NAMES, "1").problem == "cursor_too_long"


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    assert read_page(body, NAMES, "1").cursor is not None
