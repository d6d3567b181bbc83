"""A gateway for the bench: the real process, started by the command line, on loopback with TLS, in its own folder."""

import contextlib
import datetime as dt
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from gateway import bootstrap
from gateway.settings import load_settings
from gateway.store import credentials
from gateway.web.server import openssl_conf_path
from tests.certificates import CertificateAuthority

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class Gateway:
    """One installation in `folder`: settings, certificates, an empty migrated database."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.authority = CertificateAuthority(folder / "certificates")
        self.server = self.authority.server()
        self._config = folder / "signaalpoort.toml"
        self.database_url = database_url or f"sqlite:///{folder}/signaalpoort.db"
        self._config.write_text(self._settings(), "utf-8")
        self.command("migrate")

    def _settings(self) -> str:
        return f"""
[installation]
base_url = "{self.url}"

[database]
url = "{self.database_url}"

[storage]
blob_dir = "{self.folder}/blobs"
key_dir = "{self.folder}/keys"
secret_dir = "{self.folder}/secrets"

[https]
port = {self.port}
certificate = "{self.server.certificate_file}"
key = "{self.server.key_file}"

[pages]
port = 0

[work]
poll_seconds = 0.2
"""

    def command(self, *arguments: str | Path) -> None:
        """Run `signaalpoort ...`; raises RuntimeError with what it said when it fails."""
        command = [sys.executable, "-m", "gateway.cli", "--config", str(self._config), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"signaalpoort {arguments[0]}: {done.stderr.strip()}")

    def apply(self, text: str) -> None:
        """Apply this configuration."""
        file = self.folder / "apply.toml"
        file.write_text(text, "utf-8")
        self.command("apply", file)

    def tokens(self, partners: Iterable[str]) -> dict[str, str]:
        """A bearer token for each partner; in one process, since a command each would take minutes."""
        with bootstrap.open_kit(load_settings(self._config, {})) as kit, kit.db.write() as conn:
            return {
                partner: credentials.issue(
                    conn,
                    audience="signaalpartner",
                    subject=partner,
                    name="bench",
                    moment=kit.clock(),
                    valid_for=dt.timedelta(days=30),
                    dice=kit.dice,
                )[1]
                for partner in partners
            }

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[bytes]"]:
        """`signaalpoort serve` while the block runs; it may not listen yet, see `await_up`."""
        command = ("gateway.cli", "--config", str(self._config), "serve")
        with process(self.folder / "serve.log", *command) as serve:
            yield serve

    def await_up(self, serve: "subprocess.Popen[bytes]") -> None:
        """Return when it listens."""
        await_answer(f"{self.url}/v1/status", self.context(), serve)

    def context(self) -> ssl.SSLContext:
        """A client context that trusts this installation."""
        return self.authority.client_context()


@contextmanager
def process(log: Path, *module: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m module ...` while the block runs; its output goes to `log`."""
    with running(log, sys.executable, "-m", *module) as started:
        yield started


@contextmanager
def running(log: Path, *command: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A program, with the TLS groups of the gateway, while the block runs."""
    environment = os.environ | {"OPENSSL_CONF": str(openssl_conf_path())}
    with log.open("wb") as out:
        started = subprocess.Popen(list(map(str, command)), stdout=out, stderr=out, env=environment)
    try:
        yield started
    finally:
        started.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(STOP_SECONDS)
        started.kill()
        started.wait()


def await_answer(url: str, context: ssl.SSLContext, server: "subprocess.Popen[bytes]") -> None:
    """Return when `url` answers anything; raises RuntimeError when its server ends, or does not within a minute."""
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(verify=context, timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                client.get(url)
                return
            except httpx.TransportError:
                time.sleep(0.05)
    raise RuntimeError(f"{server.args!r} does not answer at {url}; it ended: {server.poll()}")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def peak_mib_of(pid: int) -> float:
    """Peak resident memory of a running process in MiB, since `forget_peak` if that was called."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024


def forget_peak(pid: int) -> None:
    """Let `peak_mib_of` count from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
