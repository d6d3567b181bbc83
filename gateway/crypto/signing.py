"""Receipts: compact JWS (RFC 7515) by Ed25519 (RFC 8037), and the published key set (RFC 7517)."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.api_jws import PyJWS
from msgspec import Struct

from gateway.errors import IntegrityError

ALGORITHM: Final = "EdDSA"
_JWS: Final = PyJWS(algorithms=[ALGORITHM])


class Jwk(Struct, frozen=True, kw_only=True):
    """A public key as RFC 8037 writes it; `x` is base64url without padding."""

    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = ALGORITHM
    use: str = "sig"
    kid: str
    x: str


class JwkSet(Struct, frozen=True, kw_only=True):
    """What `jwks` publishes."""

    keys: tuple[Jwk, ...]


class ReceiptSigner:
    """Signs with one private key (32 bytes). `earlier`: key id → public key (32 bytes) of keys retired from signing.

    Receipts outlive the key that signed them, so retired public keys stay published.
    """

    def __init__(self, private_key_bytes: bytes, kid: str, *, earlier: Mapping[str, bytes] | None = None) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key_bytes)
        self.kid = kid
        public = {kid: self._key.public_key().public_bytes_raw(), **(earlier or {})}
        self._jwks = msgspec.json.encode(JwkSet(keys=tuple(Jwk(kid=k, x=_b64(raw)) for k, raw in public.items())))

    def sign(self, payload: bytes) -> str:
        """The compact JWS over exactly these bytes."""
        return _JWS.encode(payload, self._key, algorithm=ALGORITHM, headers={"kid": self.kid, "typ": "JOSE"})

    def jwks(self) -> bytes:
        """The key set as JSON, media type application/jwk-set+json."""
        return self._jwks


def public_half(private_key_bytes: bytes) -> bytes:
    """The public key (32 bytes) of a private one."""
    return Ed25519PrivateKey.from_private_bytes(private_key_bytes).public_key().public_bytes_raw()


def key_id(private_key_bytes: bytes) -> str:
    """The thumbprint (RFC 7638) of a private key's public half: a key id that nobody has to hand out."""
    x = _b64(public_half(private_key_bytes))
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _b64(hashlib.sha256(canonical.encode()).digest())


def verify(jws: str, jwks: bytes) -> bytes:
    """The payload of a JWS that a key of the set signed; raises IntegrityError for anything else."""
    try:
        kid = _JWS.get_unverified_header(jws).get("kid")
        keys = msgspec.json.decode(jwks, type=JwkSet).keys
        key = next(k for k in keys if k.kid == kid and (k.kty, k.crv) == ("OKP", "Ed25519"))
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.x + "=="))
        payload = _JWS.decode(jws, public, algorithms=[ALGORITHM])
    except (jwt.PyJWTError, msgspec.DecodeError, StopIteration, ValueError):
        raise IntegrityError("a signature does not verify with this key set") from None
    return bytes(payload)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
