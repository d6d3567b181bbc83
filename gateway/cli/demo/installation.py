"""Setting the demo up, by the commands that an operator would give; each is shown."""

import base64
import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from gateway.cli.demo import samples
from gateway.cli.demo.certificates import Authority
from gateway.cli.demo.configuration import (
    ENERGY,
    ENERGY_OIN,
    LANDLORD,
    RIS_TOKEN,
    VPS_ACCESS,
    VPS_TOKEN,
    WEBHOOK_SECRET,
    Ports,
    Urls,
    apply_text,
    settings_text,
)
from gateway.cli.demo.country import places, postcode_table
from gateway.cli.demo.processes import Household, free_port
from gateway.errors import SettingsError

_BEHAVIOUR = """# How this simulated system behaves: a bit slow, now and then busy, and sometimes its answer gets lost.
latency_ms = 15
latency_spread_ms = 25
retry_after_seconds = 1
unknown_postcodes = ["1078", "331", "702"]
shares = { throttle = 0.02, server_error = 0.01, lose_answer = 0.01 }
"""


@dataclass(frozen=True, kw_only=True)
class Simulators:
    """Ports of the simulated systems and of the partner's webhook receiver."""

    vps: int
    ris: int
    partner: int

    @property
    def urls(self) -> Urls:
        """As the gateway calls them."""
        return Urls(
            vps=f"https://localhost:{self.vps}",
            ris=f"https://localhost:{self.ris}",
            partner=f"https://localhost:{self.partner}",
        )


class Installation:
    """One demo in `folder`: files on disk, then commands, then processes."""

    def __init__(self, folder: Path, ports: Ports, console: Console) -> None:
        self.folder = folder
        self.ports = ports
        self.simulators = Simulators(vps=free_port(), ris=free_port(), partner=free_port())
        self._console = console

    def write(self, *, moment: dt.datetime, day: dt.date, rows: int) -> None:
        """Certificates, secrets, settings, configuration, postcodes and the two files."""
        authority = Authority(self.folder / "certificates", moment)
        for server in ("gateway", "vps", "ris", ENERGY):
            authority.server(server)
        authority.client(f"{ENERGY}-client", oin=ENERGY_OIN)
        for name in (VPS_TOKEN, RIS_TOKEN):
            self._secret(name, base64.urlsafe_b64encode(os.urandom(24)).decode())
        self._secret(WEBHOOK_SECRET, "whsec_" + base64.b64encode(os.urandom(24)).decode())
        self._text("signaalpoort.toml", settings_text(self.folder, self.ports))
        self._text("apply.toml", apply_text(self.folder, places(), self.simulators.urls, day))
        self._text("postcodes-verzonnen.txt", postcode_table(places()))
        self._text("nagebootst/gedrag.toml", _BEHAVIOUR)
        (self.folder / "bestanden" / f"{LANDLORD}.csv").write_bytes(samples.landlord_file(day))
        (self.folder / "bestanden" / f"{ENERGY}.csv").write_bytes(samples.energy_file(day, rows=rows))

    def configure(self) -> str:
        """An empty database becomes an installation; the landlord's bearer token."""
        self.command("migrate")
        self.command("apply", self.folder / "apply.toml")
        self.command("referentie", "laden", self.folder / "postcodes-verzonnen.txt")
        self._secret(VPS_ACCESS, self.command("token", "issue", "toegang", VPS_ACCESS))
        return self.command("token", "issue", "partner", LANDLORD)

    def start(self, household: Household) -> None:
        """The simulators, then the gateway."""
        certificates, secrets = self.folder / "certificates", self.folder / "secrets"
        behaviour = ("--behaviour", self.folder / "nagebootst" / "gedrag.toml")
        gateway = ("--gateway", f"https://localhost:{self.ports.https}", "--gateway-ca", certificates / "ca.pem")
        for kind, name, port, more in (
            ("vps", "vps", self.simulators.vps, (*behaviour, *gateway, "--gateway-token-file", secrets / VPS_ACCESS)),
            ("ris", "ris", self.simulators.ris, behaviour),
            ("partner", ENERGY, self.simulators.partner, ("--secret-file", secrets / WEBHOOK_SECRET)),
        ):
            token = () if kind == "partner" else ("--token-file", secrets / f"{kind}-token")
            tls = ("--tls-cert", certificates / f"{name}.pem", "--tls-key", certificates / f"{name}.key")
            state = ("--state", self.folder / "nagebootst" / name)
            household.start(name, "adapters.simulators", kind, "--port", str(port), *state, *tls, *token, *more)
        self._show("serve")
        household.start("gateway", "gateway.cli", "--config", self._config, "serve")

    def command(self, *arguments: str | Path) -> str:
        """Run `signaalpoort ...`; its output. Raises SettingsError with what it said when it fails."""
        self._show(*arguments)
        done = subprocess.run(  # noqa: S603  # our own module, our own arguments
            [sys.executable, "-m", "gateway.cli", "--config", str(self._config), *map(str, arguments)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SettingsError(f"the demo could not be set up: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def _config(self) -> Path:
        return self.folder / "signaalpoort.toml"

    def _show(self, *arguments: str | Path) -> None:
        shown = " ".join(arg.name if isinstance(arg, Path) else arg for arg in arguments)
        self._console.print(f"  [dim]$ signaalpoort {shown}[/]")

    def _secret(self, name: str, value: str) -> None:
        file = self.folder / "secrets" / name
        file.touch(mode=0o600)
        file.write_text(value + "\n", "utf-8")

    def _text(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")
