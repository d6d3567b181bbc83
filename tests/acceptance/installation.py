"""One gateway as an operator would have it: settings and configuration in files, commands, processes, simulators."""

import datetime as dt
import json
import random
import re
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from contracts.codelists.gemeenten import GEMEENTEN
from gateway.settings import load_settings
from gateway.web.server import openssl_conf_path
from tests.acceptance.processes import ROOT, Process, free_port, kill_all, listens
from tests.builders import an_oin
from tests.certificates import CertificateAuthority, Pair

SYSTEMS: Final = ("vps", "ris", "rest")
PARTNERS: Final = ("woonstad", "huurwerk", "stadswonen")
SIGNED: Final = tuple(sorted(GEMEENTEN)[:24])
"""The gemeenten with which every partner has an overeenkomst, dealt over the systems."""
UNSIGNED: Final = sorted(GEMEENTEN)[24]
LEASE_SECONDS: Final = 6.0
UNKNOWN_POSTCODE: Final = "9999"
"""Postcodes that begin so are refused by every simulated system."""

FAULTY: Final[dict[str, Any]] = {
    "latency_ms": 5,
    "latency_spread_ms": 60,
    "retry_after_seconds": 1,
    "unknown_postcodes": [UNKNOWN_POSTCODE],
    "shares": {
        "lose_answer": 0.08, "cut": 0.04, "throttle": 0.03, "server_error": 0.03, "bad_gateway": 0.03, "garbage": 0.02,
    },
}  # fmt: skip
"""A bad day: answers get lost in every way there is, and now and then the system is busy."""
CALM: Final[dict[str, Any]] = {"unknown_postcodes": [UNKNOWN_POSTCODE]}
_OWN: Final[dict[str, dict[str, Any]]] = {"vps": {}, "ris": {"processing_ms": 100}, "rest": {"spoil_batch": True}}
"""vps refuses row by row, ris is asked again for its answer, rest refuses whole batches and cannot be asked."""


def now() -> dt.datetime:
    """The time of the processes: they run on the machine's clock."""
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


@dataclass
class Installation:
    """`folder` holds everything but a PostgreSQL database. Certificates are made on the spot."""

    folder: Path
    database_url: str
    seed: int
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Section → key → value, over those of `_settings`."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.ca = CertificateAuthority(self.folder / "certificates")
        server = self.ca.server()
        self.server_files = (str(server.certificate_file), str(server.key_file))
        self.partners: dict[str, Pair] = {
            key: self.ca.client(an_oin(number), name=key) for number, key in enumerate(PARTNERS, 1)
        }
        self.port, self.pages_port = free_port(), free_port()
        self.system_ports = {system: free_port() for system in SYSTEMS}
        for name in ("logs", "secrets", "systems"):
            (self.folder / name).mkdir()
        self.simulators = {system: self._simulator(system) for system in SYSTEMS}

    @property
    def config(self) -> Path:
        return self.folder / "signaalpoort.toml"

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    def set_up(self) -> None:
        """From nothing to configured, by the commands of an operator."""
        self.config.write_text(self._settings_text(), "utf-8")
        self.command("migrate")
        self.apply(self.document())

    def apply(self, document: str) -> None:
        """`signaalpoort apply`."""
        file = self.folder / "apply.toml"
        file.write_text(document, "utf-8")
        self.command("apply", str(file))

    def command(self, *arguments: str) -> str:
        """Run one command of the CLI; its output. Fails with what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "--config", str(self.config), *arguments],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def gateway(self, name: str, what: str = "serve") -> Process:
        """A process of the gateway, not started yet: `serve`, or `work` beside it."""
        return Process(
            name=name,
            command=["gateway.cli", "--config", str(self.config), what],
            log=self.folder / "logs" / f"{name}.log",
            # What serve would start itself anew for: without it each start takes twice as long.
            environment={"OPENSSL_CONF": str(openssl_conf_path()), **self.environment},
            is_up=self._serves if what == "serve" else None,
        )

    def client(self, partner: str, *, timeout: float = 15.0) -> httpx.Client:
        """The partner, by its client certificate."""
        context = self.partners[partner].client_context(self.ca)
        return httpx.Client(base_url=self.url, verify=context, timeout=timeout, trust_env=False)

    def behave(self, behaviour: dict[str, Any], *, systems: tuple[str, ...] = SYSTEMS) -> None:
        """Tell running simulators how to behave from now on; those started later read it from their file."""
        for system in systems:
            wanted = {**_OWN[system], **behaviour, "seed": self.dice.randrange(1 << 30)}
            self._behaviour_file(system).write_text(_toml({"": wanted}), "utf-8")
            with httpx.Client(verify=self._context(), trust_env=False, timeout=10) as client:
                url = f"https://localhost:{self.system_ports[system]}/_admin/behaviour"
                client.post(url, content=json.dumps(wanted)).raise_for_status()

    def write_behaviour(self, behaviour: dict[str, Any]) -> None:
        """How simulators behave that are started from now on."""
        for system in SYSTEMS:
            wanted = {**_OWN[system], **behaviour, "seed": self.dice.randrange(1 << 30)}
            self._behaviour_file(system).write_text(_toml({"": wanted}), "utf-8")

    def start(self, *processes: Process) -> None:
        """Start all, then wait until all serve."""
        for process in processes:
            process.start()
        for process in processes:
            process.wait_up()

    def down(self, *processes: Process) -> None:
        """At the end of a test: nothing is left running."""
        kill_all([*processes, *self.simulators.values()])

    def document(self, *, signed: tuple[str, ...] = SIGNED, until: dt.date | None = None) -> str:
        """The configuration to apply; overeenkomsten end at `until`."""
        since = now().date() - dt.timedelta(days=365)
        return "\n".join(
            [
                *(self._system(system) for system in SYSTEMS),
                *(_gemeenten(system, since) for system in SYSTEMS),
                *(_partner(key, number) for number, key in enumerate(PARTNERS, 1)),
                *(_overeenkomsten(key, signed, since, until) for key in PARTNERS),
            ]
        )

    def _settings_text(self) -> str:
        certificate, key = self.server_files
        sections: dict[str, dict[str, Any]] = {
            "database": {"url": self.database_url},
            "storage": {
                "blobs": "files" if self.is_sqlite else "database",
                "blob_dir": f"{self.folder}/blobs",
                "key_dir": f"{self.folder}/keys",
                "secret_dir": f"{self.folder}/secrets",
                "watermark_mib": 1,
            },
            "https": {"port": self.port, "certificate": certificate, "key": key, "client_ca": [str(self.ca.file)]},
            "pages": {"port": self.pages_port},
            "work": {
                "poll_seconds": 0.3,
                "lease_seconds": LEASE_SECONDS,
                "attempt_timeout_seconds": 4.0,
                "breaker_open_seconds": 1.0,
            },
        }
        for name, values in self.settings.items():
            sections.setdefault(name, {}).update(values)
        text = _toml(sections)
        (self.folder / "checked.toml").write_text(text, "utf-8")
        load_settings(self.folder / "checked.toml", {})
        return text

    def _system(self, system: str) -> str:
        own = {"ris": "patience_seconds = 1\n", "rest": f'mapping = "{self._mapping()}"\n'}.get(system, "")
        return f"""
[[systemen]]
key = "{system}"
naam = "{system}"
adapter = "{system}"
max_rijen = 20
gelijktijdig = 6
[systemen.config]
url = "https://localhost:{self.system_ports[system]}"
ca_file = "{self.ca.file}"
timeout_seconds = 2
{own}"""

    def _mapping(self) -> Path:
        """The packaged mapping of rest without its query: such a system cannot tell, so the same key is sent again."""
        file = self.folder / "rest-mapping.toml"
        packaged = (ROOT / "adapters/rest/rest.toml").read_text("utf-8")
        mapping = re.sub(r"^query = .*\n", "", packaged, flags=re.MULTILINE)
        assert mapping != packaged
        file.write_text(mapping, "utf-8")
        return file

    def _simulator(self, system: str) -> Process:
        certificate, key = self.server_files
        port, state = self.system_ports[system], self.folder / "systems"
        arguments = ["--port", str(port), "--state", str(state), "--tls-cert", certificate, "--tls-key", key]
        return Process(
            name=system,
            command=["adapters.simulators", system, *arguments, "--behaviour", str(self._behaviour_file(system))],
            log=self.folder / "logs" / f"{system}.log",
            is_up=listens(port),
        )

    def _behaviour_file(self, system: str) -> Path:
        return self.folder / f"{system}-behaviour.toml"

    def _context(self) -> ssl.SSLContext:
        return self.ca.client_context()

    def _serves(self) -> bool:
        try:
            with httpx.Client(verify=self._context(), trust_env=False, timeout=5) as client:
                return client.get(f"{self.url}/v1/status").is_success
        except httpx.TransportError:
            return False


def _gemeenten(system: str, since: dt.date) -> str:
    codes = [code for n, code in enumerate((*SIGNED, UNSIGNED)) if SYSTEMS[n % len(SYSTEMS)] == system]
    return f"""
[[gemeente_groepen]]
codes = {json.dumps(codes)}
verwerkersovereenkomst = {since}
systemen = [{{ systeem = "{system}", van = {since} }}]
"""


def _partner(key: str, number: int) -> str:
    return f"""
[[signaalpartners]]
key = "{key}"
naam = "Woningstichting {key}"
oin = "{an_oin(number)}"
soorten = ["huur"]
max_per_minuut = 6000
max_gelijktijdig = 16
"""


def _overeenkomsten(partner: str, codes: tuple[str, ...], since: dt.date, until: dt.date | None) -> str:
    end = "" if until is None else f", tot_en_met = {until}"
    return f"""
[[overeenkomst_groepen]]
signaalpartner = "{partner}"
gemeenten = {json.dumps(codes)}
soorten = ["huur"]
van_kracht = {{ van = {since}{end} }}
ondertekeningen = [
  {{ rol = "gemeente", getekend_op = {since} }},
  {{ rol = "signaalpartner", getekend_op = {since} }},
]
"""


def _toml(sections: dict[str, dict[str, Any]]) -> str:
    """Sections of plain values; a nested table is written inline."""
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]"] if name else []
        lines += [f"{key} = {_value(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)
