"""TLS as NCSC asks it, in a process started with the packaged OPENSSL_CONF: what is offered, and what is refused."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import Https
from gateway.web.server import openssl_conf_path, tls_context
from tests.certificates import CertificateAuthority

SERVER = """
import socket, sys
from pathlib import Path
from gateway.settings import Https
from gateway.web.server import tls_context

certificate, key = map(Path, sys.argv[1:])
context = tls_context(Https(certificate=certificate, key=key), ask_certificate=True)
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
while True:
    connection, _ = listening.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)
    except OSError:
        pass
"""


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def port(ca: CertificateAuthority) -> Iterator[int]:
    pair = ca.server()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(pair.certificate_file), str(pair.key_file)],
        env=os.environ | {"OPENSSL_CONF": str(openssl_conf_path())},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        yield int(process.stdout.readline())
        process.kill()


def handshake(port: int, *options: str) -> bool:
    """Whether openssl's client gets a connection with these options."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-brief", *options],
        input="", capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    return "CONNECTION ESTABLISHED" in done.stderr + done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_3",),
        ("-tls1_2",),
        ("-tls1_3", "-groups", "X25519"),
        ("-tls1_3", "-groups", "P-256"),
        ("-tls1_3", "-groups", "P-384"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ],
    ids=" ".join,
)
def test_good_and_sufficient_is_offered(port: int, options: tuple[str, ...]) -> None:
    assert handshake(port, *options)


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_3", "-groups", "ffdhe2048"),
        ("-tls1_3", "-groups", "ffdhe4096"),
        ("-tls1_3", "-groups", "P-521"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"),
        ("-tls1_2", "-cipher", "DHE:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM"),
    ],
    ids=" ".join,
)
def test_all_else_is_refused(port: int, options: tuple[str, ...]) -> None:
    assert not handshake(port, *options)


def test_without_a_certificate_nothing_is_served(ca: CertificateAuthority, tmp_path: Path) -> None:
    pair = ca.server()
    with pytest.raises(SettingsError, match="required"):
        tls_context(Https(), ask_certificate=True)
    with pytest.raises(SettingsError, match="does not load"):
        tls_context(Https(certificate=pair.certificate_file, key=tmp_path / "none"), ask_certificate=True)


def test_only_the_listener_for_machines_asks_for_a_certificate(ca: CertificateAuthority) -> None:
    pair = ca.server()
    https = Https(certificate=pair.certificate_file, key=pair.key_file, client_ca=(ca.file,))
    assert tls_context(https, ask_certificate=True).verify_mode is ssl.CERT_OPTIONAL
    assert tls_context(https, ask_certificate=False).verify_mode is ssl.CERT_NONE
