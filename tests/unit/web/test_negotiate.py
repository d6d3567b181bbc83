"""Which form fits an Accept header; how a Content-Type is read."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnsupportedMediaError
from gateway.web.negotiate import (
    CSV,
    HTML,
    JSON,
    NotAcceptableError,
    best,
    content_type,
    require_identity,
    require_json,
)

FORMS = (JSON, CSV, HTML)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/*", CSV),
        ("text/html", HTML),
        ("TEXT/HTML", HTML),
        ("text/csv;q=0.1, text/html;q=0.2", HTML),
        ("application/json;q=0, */*", CSV),
        ("text/html;level=1", HTML),
        ("application/xml, */*;q=0.1", JSON),
        (", text/csv ,", CSV),
    ],
)
def test_the_best_form(accept: str | None, form: str) -> None:
    assert best(accept, FORMS) == form


@pytest.mark.parametrize("accept", ["image/png", "*/*;q=0", "text/html;q=x", "json", "text/csv;q=0, text/html;q=0.0"])
def test_no_form(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        best(accept, FORMS)


@given(st.text(max_size=60))
def test_any_header_gives_a_form_or_a_refusal(accept: str) -> None:
    with contextlib.suppress(NotAcceptableError):
        assert best(accept, FORMS) in FORMS
    content_type(accept.replace("\r", "").replace("\n", ""))


@pytest.mark.parametrize(
    ("header", "media", "boundary"),
    [
        (None, "", None),
        ("Text/CSV; charset=utf-8", "text/csv", None),
        ('multipart/form-data; boundary="a b"', "multipart/form-data", "a b"),
        ("multipart/form-data", "multipart/form-data", None),
    ],
)
def test_a_content_type(header: str | None, media: str, boundary: str | None) -> None:
    found = content_type(header)
    assert (found.media, found.boundary) == (media, boundary)


def test_what_is_required() -> None:
    require_json("application/json; charset=utf-8")
    require_identity(None)
    require_identity(" Identity ")
    for header in (None, "text/json", "application/jsonp"):
        with pytest.raises(UnsupportedMediaError):
            require_json(header)
    with pytest.raises(UnsupportedMediaError):
        require_identity("gzip, identity")
