"""Simulators as processes: killed, they know what they acknowledged; they go down, come back and push results."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn

from adapters.catalogue import open_adapter, open_webhook
from adapters.simulators.asgi import Reply, Request, as_app, json_reply
from adapters.simulators.outcomes import PUSH_BATCH
from contracts.outcomes import Accepted, Deferred, Outcome, Unknown
from contracts.overeenkomst import Systeem, Webhook
from contracts.ports import Adapter, FeedbackParcel, Parcel, SignaalParcel
from contracts.terugkoppeling import Terugkoppeling, TerugkoppelingSoort
from tests.builders import UPLOAD_ID, a_signaal, an_oin
from tests.certificates import CertificateAuthority

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN: Final = "token-of-the-tests"


def real_clock() -> dt.datetime:
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


@dataclass
class Process:
    """A simulator in its own process. `start` again after `kill` on the same port and memory."""

    kind: str
    folder: Path
    ca: CertificateAuthority
    arguments: list[str] = field(default_factory=list)
    port: int = 0
    _running: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def start(self) -> None:
        server = self.ca.server()
        command = [sys.executable, "-m", "adapters.simulators", self.kind, "--port", str(self.port)]
        command += ["--state", str(self.folder / "state"), *self.arguments]
        command += ["--tls-cert", str(server.certificate_file), "--tls-key", str(server.key_file)]
        self._running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._running.stdout is not None
        said = re.search(r"listens on [\d.]+:(\d+)", self._running.stdout.readline())
        assert said is not None
        self.port = int(said[1])
        self._wait()

    def kill(self, by: signal.Signals = signal.SIGKILL) -> None:
        if self._running is not None:
            self._running.send_signal(by)
            self._running.wait(10)
            assert self._running.stdout is not None
            self._running.stdout.close()
            self._running = None

    def admin(self, path: str, body: object = None) -> Any:
        with httpx.Client(verify=self.ca.client_context(), trust_env=False, timeout=30) as client:
            url = f"{self.url}/_admin/{path}"
            response = client.get(url) if body is None else client.post(url, content=json.dumps(body))
        response.raise_for_status()
        return response.json() if response.content else None

    def _wait(self) -> None:
        for _ in range(100):
            with contextlib.suppress(httpx.ConnectError):
                self.admin("counts")
                return
            time.sleep(0.05)
        raise AssertionError("the simulator does not answer")


@pytest.fixture
def ca(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


@pytest.fixture
def start(tmp_path: Path, ca: CertificateAuthority) -> Iterator[Any]:
    """Start a simulator of a kind with arguments."""
    started: list[Process] = []

    def begin(kind: str, *arguments: str) -> Process:
        process = Process(kind, tmp_path / kind, ca, list(arguments))
        started.append(process)
        process.start()
        return process

    yield begin
    for process in started:
        process.kill()


def a_parcel(first: int = 1, rows: int = 2) -> SignaalParcel:
    return SignaalParcel(
        idempotency_key=str(uuid.uuid4()),
        gemeentecode="0363",
        created_at=dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC),
        signalen=tuple(a_signaal(signaal_id=f"{UPLOAD_ID[:-6]}{n:06x}") for n in range(first, first + rows)),
    )


def deliver(process: Process, parcel: Parcel) -> Outcome:
    async def scene() -> Outcome:
        adapter = _open(process)
        try:
            return await adapter.deliver(parcel)
        finally:
            await adapter.aclose()

    return asyncio.run(scene())


def _open(process: Process) -> Adapter:
    if process.kind == "partner":
        (process.folder / "secret").write_text(SECRET)
        webhook = Webhook(
            url=process.url, geheimen=("secret",), prive_adres_toegestaan=True, ca_bestand=str(process.ca.file)
        )
        return open_webhook(webhook, secret_dir=process.folder, clock=real_clock, dice=os.urandom)
    config: dict[str, str | int | bool] = {"url": process.url, "ca_file": str(process.ca.file)}
    systeem = Systeem(key=process.kind, naam=process.kind, adapter=process.kind, config=config)
    return open_adapter(systeem, clock=real_clock, dice=os.urandom)


@pytest.mark.parametrize("kind", ["vps", "ris", "rest"])
def test_what_was_acknowledged_is_known_after_a_kill(kind: str, start: Any) -> None:
    process = start(kind)
    parcels = [a_parcel(first=10 * n) for n in range(1, 6)]
    assert all(isinstance(deliver(process, parcel), Accepted) for parcel in parcels)
    process.kill()
    assert deliver(process, parcels[0]) == Deferred(reason="connection_refused", unreachable=True)
    process.start()
    outcomes = [deliver(process, parcel) for parcel in parcels]
    assert all(isinstance(outcome, Accepted) and outcome.duplicate for outcome in outcomes)
    counts = process.admin("counts")
    assert (counts["parcels"], counts["signalen"], counts["distinct_signalen"]) == (5, 10, 10)
    assert counts["repeated_keys"] == 5
    assert set(counts["seen_by_key"]) == {parcel.idempotency_key for parcel in parcels}
    assert process.admin("signalen") == sorted(s.signaal_id for parcel in parcels for s in parcel.signalen)


def test_a_partner_s_receiver_checks_signatures_and_knows_its_events(start: Any, tmp_path: Path) -> None:
    secret = tmp_path / "receiver-secret"
    secret.write_text(SECRET)
    process = start("partner", "--secret-file", str(secret))
    parcel = FeedbackParcel(
        idempotency_key="key-1",
        source=f"urn:nld:oin:{an_oin(7)}:systeem:signaalpoort",
        terugkoppeling=Terugkoppeling(
            id="event-1",
            volgnummer=1,
            signaal_id=UPLOAD_ID[:-1] + "1",
            soort=TerugkoppelingSoort.OVERLEDEN,
            beschikbaar_op=real_clock(),
        ),
    )
    assert deliver(process, parcel) == Accepted()
    process.kill()
    process.start()
    assert deliver(process, parcel) == Accepted()
    counts = process.admin("counts")
    assert (counts["events"], counts["repeated_events"]) == (1, 1)
    assert counts["events_by_kind"] == {"nl.signaalpoort.terugkoppeling.overleden": 1}
    secret.write_text("whsec_" + "A" * 32)
    process.kill()
    process.start()
    assert deliver(process, parcel) == Deferred(reason="http_401")


def test_behaviour_is_read_from_a_file_and_changed_at_run_time(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "behaviour.toml"
    file.write_text("retry_after_seconds = 3\n[next]\nthrottle = 1\n")
    process = start("rest", "--behaviour", str(file))
    assert deliver(process, a_parcel()) == Deferred(reason="http_429", retry_after=3.0)
    process.admin("behaviour", {"next": {"lose_answer": 1}})
    parcel = a_parcel()
    assert isinstance(deliver(process, parcel), Unknown)
    assert isinstance(deliver(process, parcel), Accepted)
    assert process.admin("counts")["parcels"] == 1


def test_it_goes_down_for_a_while_and_comes_back(start: Any) -> None:
    process = start("vps")
    process.admin("down", {"seconds": 2})
    outcomes: list[Outcome] = []
    ends = time.monotonic() + 20
    while time.monotonic() < ends and not (outcomes and isinstance(outcomes[-1], Accepted)):
        outcomes.append(deliver(process, a_parcel(first=len(outcomes) * 10 + 1)))
        time.sleep(0.1)
        if len(outcomes) == 1 and isinstance(outcomes[0], Accepted):
            outcomes.clear()
    assert isinstance(outcomes[-1], Accepted)
    assert any(isinstance(outcome, Deferred) and outcome.unreachable for outcome in outcomes)


def test_it_ends_on_sigterm(start: Any) -> None:
    process = start("vps")
    process.kill(signal.SIGTERM)


def test_a_mistake_in_its_configuration_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adapters.simulators", "vps", "--port", "0", "--state", str(tmp_path)]
    done = subprocess.run(
        [*command, "--behaviour", str(tmp_path / "absent.toml")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "absent.toml" in done.stderr


@contextlib.contextmanager
def a_gateway(ca: CertificateAuthority, seen: list[Request], *, fail_first: bool) -> Iterator[str]:
    """Something that takes `POST /v1/resultaten` as the gateway does."""

    async def handle(request: Request) -> Reply:
        seen.append(request)
        if fail_first and len(seen) == 1:
            return Reply(status=503)
        results = json.loads(request.body)["resultaten"]
        answers = [{k: r[k] for k in ("resultaatId", "signaalId")} | {"status": "ontvangen"} for r in results]
        return json_reply({"resultaten": answers})

    pair = ca.server()
    config = uvicorn.Config(
        as_app(handle),
        port=0,
        lifespan="off",
        log_level="critical",
        ssl_certfile=pair.certificate_file,
        ssl_keyfile=pair.key_file,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_results_are_pushed_until_the_gateway_has_them(start: Any, ca: CertificateAuthority, tmp_path: Path) -> None:
    token = tmp_path / "gateway-token"
    token.write_text(TOKEN)
    seen: list[Request] = []
    with a_gateway(ca, seen, fail_first=True) as url:
        reports_to = ["--gateway", url, "--gateway-token-file", str(token), "--gateway-ca", str(ca.file)]
        process = start("vps", *reports_to)
        parcel = a_parcel(rows=PUSH_BATCH + 100)
        assert isinstance(deliver(process, parcel), Accepted)
        first = process.admin("results", {"share": 0.9})
        assert first["pushed"] == {"failed_503": 1}
        second = process.admin("results", {"share": 0.0})
    assert second["made"] == 0
    assert second["pushed"] == {"ontvangen": first["made"]}
    assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in seen)
    pushed = [result for request in seen[1:] for result in json.loads(request.body)["resultaten"]]
    assert seen[0].body == seen[1].body
    assert len(pushed) == len({result["resultaatId"] for result in pushed}) == first["made"]
    assert {result["signaalId"] for result in pushed} <= {s.signaal_id for s in parcel.signalen}
    counts = process.admin("counts")
    assert counts["results"] == counts["results_pushed"] == sum(counts["results_by_value"].values()) == first["made"]
