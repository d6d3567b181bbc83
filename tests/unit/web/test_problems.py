"""The error tree → problems: every error has a line, ours tell nothing, each status has its headers."""

import msgspec
import pytest
from litestar.exceptions import HTTPException, MethodNotAllowedException

from gateway import errors
from gateway.errors import GatewayError, InvalidInputError, Problem
from gateway.web.negotiate import NotAcceptableError
from gateway.web.problems import PROBLEMS, SERVER_FAULT, encode, kind_of


def tree(root: type[GatewayError]) -> list[type[GatewayError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in tree(child))]


LEAVES = [error for error in tree(GatewayError) if not error.__subclasses__() or error in PROBLEMS]


@pytest.mark.parametrize("error", [e for e in LEAVES if e.__module__ == "gateway.errors"])
def test_every_error_of_the_tree_has_a_line_of_its_own(error: type[GatewayError]) -> None:
    assert error in PROBLEMS


def test_types_are_told_apart_and_senders_are_never_blamed_for_ours() -> None:
    own = {error: kind for error, kind in PROBLEMS.items() if kind is not SERVER_FAULT}
    assert len({kind.slug for kind in own.values()}) == len(own)
    for error, kind in own.items():
        assert (400 <= kind.status < 500) == issubclass(error, errors.SenderError) or kind.status == 410
        assert kind.title
        assert kind.detail.endswith(".")
        assert kind.advice.endswith(".")


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidInputError("Dit is mis."),
        errors.DigestMismatchError("Dit is mis."),
        errors.NotAllowedError("Dit is mis."),
        errors.ConflictError("Dit is mis."),
        errors.TooLargeError("Dit is mis.", limit=1),
        errors.TooManyError("Dit is mis.", retry_after=1),
        NotAcceptableError("Dit is mis."),
        errors.NotFoundError("secret"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_wrong_never_takes_the_place_of_what_to_do(error: Exception) -> None:
    kind = kind_of(error)
    wrong = kind.detail if isinstance(error, errors.NotFoundError) else "Dit is mis."
    assert msgspec.json.decode(encode(error)[2])["detail"] == f"{wrong} {kind.advice}"


@pytest.mark.parametrize(
    "error",
    [
        errors.StoreUnavailableError("secret"),
        errors.IntegrityError("secret"),
        errors.KeyDestroyedError("secret"),
        errors.NotFoundError("secret"),
        errors.NotAuthenticatedError("secret"),
        ZeroDivisionError("secret"),
        HTTPException(detail="secret", status_code=418),
        HTTPException(detail="secret", status_code=400),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_message_that_is_not_for_the_sender_stays_here(error: Exception) -> None:
    assert b"secret" not in encode(error)[2]


def test_input_problems_are_told_with_their_place() -> None:
    problems = [
        Problem(location="query:na", detail="a"),
        Problem(location="header:Content-Digest", detail="b"),
        Problem(location="/x/0", detail="c"),
    ]
    status, _, body = encode(InvalidInputError("drie fouten", problems))
    told = msgspec.json.decode(body)
    assert (status, told["detail"].startswith("drie fouten ")) == (400, True)
    assert [(one["in"], one["location"]) for one in told["errors"]] == [
        ("query", "na"),
        ("header", "Content-Digest"),
        ("body", "/x/0"),
    ]


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (errors.TooManyError("x", retry_after=0.2), "Retry-After", "1"),
        (errors.StoreUnavailableError("x", retry_after=7), "Retry-After", "7"),
        (errors.DiskFullError("x"), "Retry-After", "300"),
        (errors.NotAuthenticatedError("x"), "WWW-Authenticate", 'Bearer realm="signaalpoort"'),
        (MethodNotAllowedException(headers={"allow": "PUT, GET"}), "Allow", "GET, PUT"),
    ],
)
def test_headers_that_a_status_asks_for(error: Exception, header: str, value: str) -> None:
    assert encode(error)[1][header] == value


def test_a_subclass_takes_the_line_of_its_nearest_ancestor() -> None:
    class NarrowerError(NotAcceptableError):
        pass

    assert kind_of(NarrowerError("x")).status == 406
    assert kind_of(errors.UnsupportedMediaError("x")).status == 415
