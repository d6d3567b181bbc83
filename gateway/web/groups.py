"""Which key-exchange groups a TLS 1.3 server takes, asked by a hello that offers one (RFC 8446, 4.1.2 and 4.2.7)."""

import secrets
import socket
from typing import Final

GOOD_GROUPS: Final = {"x25519": 0x001D, "secp256r1": 0x0017, "secp384r1": 0x0018}
BAD_GROUPS: Final = {"ffdhe2048": 0x0100, "ffdhe3072": 0x0101, "ffdhe4096": 0x0102, "ffdhe8192": 0x0104}
"""NCSC TLS 2025: finite-field groups are phased out."""
_HANDSHAKE: Final = 22
_SIGNATURES: Final = (0x0403, 0x0503, 0x0804, 0x0805, 0x0806)


def takes_group(host: str, port: int, group: int, *, timeout: float = 5.0) -> bool:
    """Whether the server goes on with a client that offers this group alone; raises OSError when nobody listens.

    The hello has no key share, so a server that knows the group asks for one (HelloRetryRequest) and any other alerts.
    """
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(_hello(group))
        answer = sock.recv(1)
    return bool(answer) and answer[0] == _HANDSHAKE


def _hello(group: int) -> bytes:
    extensions = b"".join(
        (
            _extension(43, b"\x02\x03\x04"),  # supported_versions: TLS 1.3
            _extension(10, _vector(group.to_bytes(2, "big"))),  # supported_groups
            _extension(13, _vector(b"".join(one.to_bytes(2, "big") for one in _SIGNATURES))),  # signature_algorithms
            _extension(51, _vector(b"")),  # key_share
        )
    )
    session = b"\x20" + secrets.token_bytes(32)
    suites, compression = _vector(b"\x13\x01\x13\x02"), b"\x01\x00"
    body = b"\x03\x03" + secrets.token_bytes(32) + session + suites + compression + _vector(extensions)
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + _vector(message)


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2, "big") + _vector(content)


def _vector(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content
