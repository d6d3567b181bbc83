"""All schema errors together, in words that never quote what was sent."""

import json
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from gateway.errors import InvalidInputError
from gateway.web.forms import MAX_RESULTATEN, PageQuery, Resultaten
from gateway.web.schema import convert_query, decode_json
from tests.builders import UPLOAD_ID

GOOD = {"resultaatId": "R-1", "signaalId": UPLOAD_ID[:-1] + "1", "gebeurtenis": "hulp_geaccepteerd"}


class Inner(Struct, forbid_unknown_fields=True):
    number: Annotated[int, Meta(ge=1)]


class Outer(Struct):
    inner: Inner | None = None
    several: Annotated[list[Inner], Meta(max_length=2)] | None = None


def problems(body: object, wanted: type = Resultaten) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        decode_json(json.dumps(body).encode(), wanted)
    return {problem.location: problem.detail for problem in caught.value.problems}


def test_every_error_of_every_element_is_told_where_it_is() -> None:
    found = problems(
        {"resultaten": [GOOD | {"datum": "gisteren"}, {"resultaatId": "a b", "gebeurtenis": "iets", "extra": 1}, 7]}
    )
    assert set(found) == {
        "/resultaten/0/datum",
        "/resultaten/1",
        "/resultaten/1/resultaatId",
        "/resultaten/1/signaalId",
        "/resultaten/1/gebeurtenis",
        "/resultaten/2",
    }
    assert found["/resultaten/0/datum"] == "Verwacht: een datum (jjjj-mm-dd)."
    assert found["/resultaten/1/signaalId"].startswith("Ontbreekt. Verwacht: tekst")
    assert "hulp_geaccepteerd" in found["/resultaten/1/gebeurtenis"]
    assert found["/resultaten/1"].startswith("Aantal onbekende velden: 1.")


def test_inside_what_may_be_left_out() -> None:
    assert set(problems({"inner": {"number": 0}, "several": [{"number": 1}, {"number": "x"}]}, Outer)) == {
        "/inner/number",
        "/several/1/number",
    }
    assert problems({"several": [{"number": 1}] * 3}, Outer) == {
        "/several": "Verwacht: een lijst van 0 tot en met 2 elementen."
    }
    assert set(problems({"inner": "x", "several": {}}, Outer)) == {"/inner", "/several"}


@pytest.mark.parametrize(("body", "place"), [([], "/"), (None, "/"), ({"resultaten": []}, "/resultaten")])
def test_the_wrong_shape_as_a_whole(body: object, place: str) -> None:
    assert set(problems(body)) == {place}


def test_what_is_no_json_says_from_where() -> None:
    with pytest.raises(InvalidInputError, match=r"geen geldige JSON, vanaf byte 1\."):
        decode_json(b"{geheim", Resultaten)
    with pytest.raises(InvalidInputError, match="geen geldige JSON"):
        decode_json(b"", Resultaten)


@pytest.mark.parametrize(
    "body",
    [
        b'{"resultaten": ["\xff"]}',
        b'{"resultaten": 1, "x": "\xff"}',
        b'{"resultaten": [{"resultaat_id": "\\ud800"}]}',
        b'{"resultaten": [{"resultaat_id": 1}], "x": ',
        b'{"resultaten": ' + b"9" * 10_000 + b"}",
        b"[" * 100_000,
        b'{"resultaten": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_whatever_stops_the_decoder_is_no_json(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="geen geldige JSON"):
        decode_json(body, Resultaten)


def test_of_a_list_that_is_too_long_only_so_much_is_told() -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_json(json.dumps({"resultaten": [1] * 100_000}).encode(), Resultaten)
    assert len(caught.value.problems) == 1 + MAX_RESULTATEN


def test_queries_are_read_as_text_and_unknown_names_ignored() -> None:
    assert convert_query({"aantal": "7", "anders": "x"}, PageQuery) == PageQuery(aantal=7)
    with pytest.raises(InvalidInputError) as caught:
        convert_query({"aantal": "1001"}, PageQuery)
    assert [problem.location for problem in caught.value.problems] == ["query:aantal"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just("needle"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["resultaten", "resultaatId", "signaalId", "datum", "needle"]), inner)
    ),
    max_leaves=20,
)


@given(_JSON)
def test_whatever_does_not_fit_is_told_and_never_quoted(body: object) -> None:
    error = refusal(body)
    if error is not None:
        told = str(error) + "".join(problem.location + problem.detail for problem in error.problems)
        assert error.problems
        assert "needle" not in told


def refusal(body: object) -> InvalidInputError | None:
    try:
        decode_json(json.dumps(body).encode(), Resultaten)
    except InvalidInputError as error:
        return error
    return None
