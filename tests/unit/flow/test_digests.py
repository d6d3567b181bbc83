"""Content-Digest: believed only when every declared digest is that of the bytes."""

import hashlib

import pytest

from gateway.errors import DigestMismatchError
from gateway.flow.digests import RunningDigests

DATA = b"signalen"
GOOD = {"sha-256": hashlib.sha256(DATA).digest(), "sha-512": hashlib.sha512(DATA).digest()}


def running(declared: dict[str, bytes]) -> RunningDigests:
    digests = RunningDigests(declared)
    digests.update(DATA[:3])
    digests.update(bytearray(DATA[3:]))
    return digests


@pytest.mark.parametrize("declared", [{}, {"sha-256": GOOD["sha-256"]}, {"sha-512": GOOD["sha-512"]}, GOOD])
def test_what_matches(declared: dict[str, bytes]) -> None:
    digests = running(declared)
    digests.verify()
    assert digests.sha256 == GOOD["sha-256"].hex()


@pytest.mark.parametrize(
    "declared",
    [{"sha-256": bytes(32)}, {**GOOD, "sha-512": bytes(64)}, {"sha-256": GOOD["sha-256"][:16]}, {"sha-256": b""}],
)
def test_what_does_not(declared: dict[str, bytes]) -> None:
    with pytest.raises(DigestMismatchError):
        running(declared).verify()


def test_an_algorithm_that_is_not_believed_is_not_taken() -> None:
    with pytest.raises(KeyError):
        RunningDigests({"md5": b""})
