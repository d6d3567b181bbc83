"""One serving process as an operator starts it: its ports, its TLS, its lock, its end; and what `check` says of it."""

import datetime as dt
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cli.demo.callers import await_gateway
from gateway.cli.demo.certificates import Authority
from gateway.cli.demo.configuration import Ports, settings_text
from gateway.cli.demo.processes import free_port
from gateway.web.groups import BAD_GROUPS, GOOD_GROUPS, takes_group

ROOT = Path(__file__).parents[2]


def signaalpoort(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", "--config", str(folder / "settings.toml"), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports(https=free_port(), pages=free_port())


def installed(folder: Path, ports: Ports) -> Path:
    """A migrated installation with certificates."""
    (folder / "certificates").mkdir()
    now = dt.datetime.now(dt.UTC)  # noqa: TID251  # OpenSSL looks at the real clock
    Authority(folder / "certificates", now).server("gateway")
    (folder / "settings.toml").write_text(settings_text(folder, ports), "utf-8")
    assert signaalpoort(folder, "migrate").returncode == 0
    return folder


@contextmanager
def running(folder: Path, ports: Ports) -> Iterator[subprocess.Popen[bytes]]:
    """`signaalpoort serve`, once it answers."""
    command = [sys.executable, "-m", "gateway.cli", "--config", str(folder / "settings.toml"), "serve"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stderr=log)
    try:
        await_gateway(f"https://localhost:{ports.https}", folder / "certificates" / "ca.pem")
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ports: Ports) -> Path:
    return installed(tmp_path_factory.mktemp("serving"), ports)


@pytest.fixture(scope="module")
def serving(folder: Path, ports: Ports) -> Iterator[None]:
    with running(folder, ports):
        yield


@pytest.mark.usefixtures("serving")
def test_both_ports_answer(folder: Path, ports: Ports) -> None:
    context = ssl.create_default_context(cafile=str(folder / "certificates" / "ca.pem"))
    for address in (f"https://localhost:{ports.https}/v1/openapi.json", f"https://localhost:{ports.pages}/"):
        with urllib.request.urlopen(address, context=context) as answer:
            assert answer.status == 200


@pytest.mark.usefixtures("serving")
def test_no_finite_field_group_is_taken(ports: Ports) -> None:
    for port in (ports.https, ports.pages):
        assert [name for name, number in BAD_GROUPS.items() if takes_group("127.0.0.1", port, number)] == []
        assert all(takes_group("127.0.0.1", port, number) for number in GOOD_GROUPS.values())


@pytest.mark.usefixtures("serving")
def test_a_second_serving_process_is_refused_on_sqlite(folder: Path) -> None:
    second = signaalpoort(folder, "serve")
    assert second.returncode == 3
    assert "another process serves this database" in second.stderr


@pytest.mark.usefixtures("serving")
def test_check_finds_everything_in_order(folder: Path) -> None:
    checked = signaalpoort(folder, "check")
    assert checked.returncode == 0, checked.stdout
    assert "TLS groups: x25519, secp256r1, secp384r1" in checked.stdout


def test_a_server_that_takes_finite_field_groups_is_noticed(folder: Path) -> None:
    """Started past the command line, so without our OPENSSL_CONF."""
    program = (
        "import socket, ssl, sys\n"
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(*sys.argv[1:3])\n"
        "sock = socket.create_server(('127.0.0.1', 0)); print(sock.getsockname()[1], flush=True)\n"
        "while True:\n"
        "    connection, _ = sock.accept()\n"
        "    try: context.wrap_socket(connection, server_side=True).close()\n"
        "    except OSError: connection.close()\n"
    )
    certificate = [str(folder / "certificates" / f"gateway.{ending}") for ending in ("pem", "key")]
    environment = {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
    command = [sys.executable, "-c", program, *certificate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            assert takes_group("127.0.0.1", port, BAD_GROUPS["ffdhe2048"])
        finally:
            process.kill()


def test_sigterm_ends_it_in_good_order(tmp_path: Path) -> None:
    ports = Ports(https=free_port(), pages=free_port())
    folder = installed(tmp_path, ports)
    with running(folder, ports) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert '"event": "stopped"' in (folder / "log").read_text("utf-8")
