"""Receipts: verifiable with the published key set, and with nothing else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.crypto.signing import ReceiptSigner, key_id, verify
from gateway.errors import IntegrityError

SECRET = bytes(range(32))
SIGNER = ReceiptSigner(SECRET, "2026")
OTHER = ReceiptSigner(bytes(32), "2026")


@given(payload=st.binary(max_size=500))
def test_a_receipt_verifies_with_the_published_keys(payload: bytes) -> None:
    assert verify(SIGNER.sign(payload), SIGNER.jwks()) == payload


def test_a_receipt_verifies_in_another_implementation() -> None:
    """By hand, as RFC 7515 and RFC 8032 say, without this project's code."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    head, body, signature = SIGNER.sign(b'{"versie":1}').split(".")
    (jwk,) = json.loads(SIGNER.jwks())["keys"]

    def raw(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "==")

    Ed25519PublicKey.from_public_bytes(raw(jwk["x"])).verify(raw(signature), f"{head}.{body}".encode())
    assert json.loads(raw(head)) == {"alg": "EdDSA", "kid": "2026", "typ": "JOSE"}
    assert raw(body) == b'{"versie":1}'
    assert (jwk["kty"], jwk["crv"], jwk["kid"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "2026", "EdDSA", "sig")


def test_the_published_keys_hold_no_secret() -> None:
    secret = base64.urlsafe_b64encode(SECRET).rstrip(b"=")

    assert secret not in SIGNER.jwks()
    assert b'"d"' not in SIGNER.jwks()


@given(at=st.integers(0), to=st.sampled_from("ABCxyz019-_."))
def test_a_changed_receipt_does_not_verify(at: int, to: str) -> None:
    jws = SIGNER.sign(b'{"grootte":100}')
    place = at % len(jws)
    changed = jws[:place] + to + jws[place + 1 :]
    if _decoded(changed) == _decoded(jws):
        return  # the unused bits of a last base64 character

    with pytest.raises(IntegrityError):
        verify(changed, SIGNER.jwks())


def _decoded(jws: str) -> list[bytes] | None:
    try:
        return [base64.urlsafe_b64decode(part + "==") for part in jws.split(".")]
    except ValueError:
        return None


def test_another_key_of_the_same_id_does_not_verify() -> None:
    with pytest.raises(IntegrityError):
        verify(OTHER.sign(b"x"), SIGNER.jwks())


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_no_other_algorithm_is_believed(alg: str) -> None:
    _, body, signature = SIGNER.sign(b"x").split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "2026"}).encode()).rstrip(b"=").decode()

    for forged in (f"{head}.{body}.{signature}", f"{head}.{body}."):
        with pytest.raises(IntegrityError):
            verify(forged, SIGNER.jwks())


@pytest.mark.parametrize("jws", ["", ".", "..", "a.b.c", "é.é.é"])
@pytest.mark.parametrize("jwks", [SIGNER.jwks(), b"", b"{}", b'{"keys":[]}', b'{"keys":[{"kid":"2026","x":"%"}]}'])
def test_garbage_does_not_verify(jws: str, jwks: bytes) -> None:
    with pytest.raises(IntegrityError):
        verify(jws, jwks)


def test_receipts_of_a_retired_key_still_verify() -> None:
    old = ReceiptSigner(bytes(32), "2025")
    public = base64.urlsafe_b64decode(json.loads(old.jwks())["keys"][0]["x"] + "==")
    new = ReceiptSigner(SECRET, "2026", earlier={"2025": public})

    assert verify(old.sign(b"old"), new.jwks()) == b"old"
    assert verify(new.sign(b"new"), new.jwks()) == b"new"


def test_a_key_id_is_the_thumbprint_of_the_public_key() -> None:
    """The key of RFC 8037, appendix A.1 and A.3."""
    secret = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")

    assert key_id(secret) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
