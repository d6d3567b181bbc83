"""A file in over HTTPS, hashed and sealed and committed, against nginx that only writes it down (plain PUT, no fsync).

Both get the same bytes from the same client over the same TLS on loopback, in turns. What counts is, for each side, the
best of three rounds, a round being the median of three: other work on the machine only makes a side slower. The file is
one that the gateway refuses at its first line, so that nothing but receiving is measured.
"""

import json
import os
import pwd
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.figures import figure, tell
from tests.bench.served import Gateway, await_answer, forget_peak, free_port, peak_mib_of, running

MB = 1_000_000
TARGET = 0.45
PEAK_MIB = 200.0
PEAK_GROWTH = 1.10
SETTLE_SECONDS = 60.0
SEND_SECONDS = 300.0
PARTNER = "energiebedrijf"
PARTNERS = f"""
[[signaalpartners]]
key = "{PARTNER}"
naam = "Energiebedrijf De Proef"
oin = "00000099000000001000"
soorten = ["energie"]
max_per_minuut = 10000
"""


class File:
    """`size` bytes of no meaning; `renew` makes it another file, since the same bytes would only get their receipt."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        with path.open("wb") as out:
            for at in range(0, size, MB):
                out.write(os.urandom(min(MB, size - at)).replace(b"\n", b" "))
        self.renew()

    def renew(self) -> None:
        """Change its first line."""
        with self.path.open("r+b") as out:
            out.write(b"geen aanlevering " + os.urandom(16).hex().encode() + b"\n")


def send(file: File, url: str, *options: str, ca: Path) -> tuple[float, str]:
    """(MB/s, the answer's body) of one file by curl, from the start of the connection to the end of the answer."""
    command = ["curl", "--silent", "--show-error", "--fail", "--cacert", str(ca), "--upload-file", str(file.path)]
    command += ["--header", "Expect:", "--write-out", "\n%{time_total}", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SEND_SECONDS)
    if done.returncode:
        raise RuntimeError(f"curl could not send the file to {url}: {done.stderr.strip()}")
    body, _, seconds = done.stdout.rpartition("\n")
    return file.size / MB / float(seconds), body


class Ours:
    """The gateway: POST by bearer token, receipt in the answer."""

    def __init__(self, gateway: Gateway, token: str, pid: int) -> None:
        self._gateway = gateway
        self._token = token
        self.pid = pid

    def rate(self, file: File) -> float:
        """MB/s; returns once the gateway has nothing left to do."""
        options = ["--request", "POST", "--header", f"Authorization: Bearer {self._token}"]
        options += ["--header", "Content-Type: text/csv"]
        rate, body = send(file, f"{self._gateway.url}/v1/aanleveringen", *options, ca=self._gateway.authority.file)
        self._await_settled(json.loads(body)["aanleveringId"])
        return rate

    def _await_settled(self, upload_id: str) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        url = f"{self._gateway.url}/v1/aanleveringen/{upload_id}"
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(verify=self._gateway.context(), headers=headers, trust_env=False) as client:
            while time.monotonic() < deadline:
                if client.get(url).raise_for_status().json()["status"] == "afgekeurd":
                    return
                time.sleep(0.1)
        raise RuntimeError("the gateway did not settle the file within a minute")


class Nginx:
    """nginx: PUT, and the file lies in its folder."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self._ca = gateway.authority.file
        self._url = f"https://localhost:{port}/inhoud"

    def rate(self, file: File) -> float:
        """MB/s."""
        return send(file, self._url, ca=self._ca)[0]


@contextmanager
def nginx(gateway: Gateway) -> Iterator[Nginx]:
    """nginx in a folder of its own on a free port, as ourselves; raises RuntimeError where it is not installed."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        raise RuntimeError("the peer nginx is not on this machine: apt-get install nginx-light")
    folder, port = gateway.folder / "nginx", free_port()
    (folder / "inhoud").mkdir(parents=True)
    config = folder / "nginx.conf"
    config.write_text(_nginx_config(gateway, folder, port), "ascii")
    with running(folder / "nginx.log", program, "-e", folder / "error.log", "-p", folder, "-c", config) as started:
        await_answer(f"https://localhost:{port}/", gateway.context(), started)
        yield Nginx(gateway, port)


def _nginx_config(gateway: Gateway, folder: Path, port: int) -> str:
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
user {pwd.getpwuid(os.geteuid()).pw_name};
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
events {{ }}
http {{
  access_log off;
{temporary}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {gateway.server.certificate_file};
    ssl_certificate_key {gateway.server.key_file};
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 0;
    root {folder}/inhoud;
    location / {{ dav_methods PUT; }}
  }}
}}
"""


def best_rates(ours: Ours, peer: Nginx, file: File, *, rounds: int, times: int) -> tuple[float, float]:
    """(ours, peer) in MB/s: each side's best round of medians."""
    medians = []
    for _ in range(rounds):
        taken = []
        for _ in range(times):
            file.renew()
            taken.append((ours.rate(file), peer.rate(file)))
        medians.append([statistics.median(rates) for rates in zip(*taken, strict=True)])
    best_ours, best_peer = (max(rates) for rates in zip(*medians, strict=True))
    return best_ours, best_peer


def peak_mib(ours: Ours, file: File) -> float:
    """The most that the serving process held while it took the file."""
    file.renew()
    forget_peak(ours.pid)
    ours.rate(file)
    return peak_mib_of(ours.pid)


def run(*, quick: bool) -> list[dict[str, Any]]:
    """The figures of the intake: rate against nginx, memory, and how memory grows with the file."""
    size = 50 if quick else 200
    with tempfile.TemporaryDirectory(prefix="signaalpoort-bench-") as name, ExitStack() as stack:
        gateway = Gateway(Path(name))
        gateway.apply(PARTNERS)
        token = gateway.tokens([PARTNER])[PARTNER]
        peer = stack.enter_context(nginx(gateway))
        serve = stack.enter_context(gateway.serving())
        gateway.await_up(serve)
        ours = Ours(gateway, token, serve.pid)
        large, small = File(Path(name) / "large", size * MB), File(Path(name) / "small", size * MB // 5)
        for side in (ours, peer):
            side.rate(small)  # the first of each is slower
        mib_small, mib = peak_mib(ours, small), peak_mib(ours, large)
        rate, peer_rate = best_rates(ours, peer, large, rounds=1 if quick else 3, times=3)
    bench = f"intake_{size}mb"
    growth = f"{bench}_growth_from_{size // 5}mb"
    return [
        tell(figure(f"{bench}_vs_nginx", value=rate, peer=peer_rate, target=TARGET, at_most=False, unit="MB/s")),
        tell(figure(f"{bench}_peak", value=mib, peer=PEAK_MIB, target=1.0, at_most=True, unit="MiB")),
        tell(figure(growth, value=mib, peer=mib_small, target=PEAK_GROWTH, at_most=True, unit="MiB")),
    ]
