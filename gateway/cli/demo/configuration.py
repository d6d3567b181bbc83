"""What the demo's operator would write: settings, and a file to apply. Both stay in the demo's folder to be read."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.cli.demo.country import RIS, VPS, Place

_K = TypeVar("_K", bound=tuple[Any, ...])

LANDLORD: Final = "woningstichting"
LANDLORD_OIN: Final = "00000099000000020000"
ENERGY: Final = "energiebedrijf"
ENERGY_OIN: Final = "00000099000000030000"
WEBHOOK_SECRET: Final = "energiebedrijf-webhook"  # noqa: S105  # the name of a file
VPS_TOKEN: Final = "vps-token"  # noqa: S105  # the name of a file
RIS_TOKEN: Final = "ris-token"  # noqa: S105  # the name of a file
VPS_ACCESS: Final = "vps-resultaten"
"""VPS pushes its results; RIS is asked for them."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the gateway listens."""

    https: int
    pages: int


@dataclass(frozen=True, kw_only=True)
class Urls:
    """Where the simulators listen."""

    vps: str
    ris: str
    partner: str


def settings_text(folder: Path, ports: Ports) -> str:
    """Settings of the demo; ticks and polls are short so that the story is."""
    return f"""# Settings of the demo. Every setting: deploy/settings.md
[installation]
oin = "00000099000000010000"
name = "signaalpoort-demo"
base_url = "https://localhost:{ports.https}"

[database]
url = "sqlite:///{folder}/signaalpoort.db"

[storage]
blob_dir = "{folder}/blobs"
key_dir = "{folder}/keys"
secret_dir = "{folder}/secrets"
watermark_mib = 64

[https]
port = {ports.https}
certificate = "{folder}/certificates/gateway.pem"
key = "{folder}/certificates/gateway.key"
client_ca = ["{folder}/certificates/ca.pem"]
crl = ["{folder}/certificates/crl.pem"]

[pages]
port = {ports.pages}

[work]
poll_seconds = 0.5
result_poll_seconds = 2

[feedback]
tick_seconds = 2
"""


def apply_text(folder: Path, country: Sequence[Place], urls: Urls, day: dt.date) -> str:
    """Systems, gemeenten, partners, accesses and overeenkomsten, in force since a year before `day`."""
    since = day - dt.timedelta(days=365)
    return "\n".join(
        [
            "# The demo's configuration, for `signaalpoort apply`. Everybody in here is invented.\n",
            _systems(folder, urls),
            *_gemeenten(country, since),
            _partners(folder, urls),
            _access(since),
            *_overeenkomsten(country, since),
        ]
    )


def _systems(folder: Path, urls: Urls) -> str:
    return f"""
[[systemen]]
key = "{VPS}"
naam = "Vindplaats van Schulden (nagebootst)"
adapter = "vps"
max_rijen = 200
gelijktijdig = 4
[systemen.config]
url = "{urls.vps}"
token_file = "{folder}/secrets/{VPS_TOKEN}"
ca_file = "{folder}/certificates/ca.pem"

[[systemen]]
key = "{RIS}"
naam = "RIS Matching (nagebootst)"
adapter = "ris"
max_rijen = 500
gelijktijdig = 6
[systemen.config]
url = "{urls.ris}"
token_file = "{folder}/secrets/{RIS_TOKEN}"
ca_file = "{folder}/certificates/ca.pem"
poll = true
"""


def _gemeenten(country: Sequence[Place], since: dt.date) -> Iterable[str]:
    for (systeem, connected, threshold), places in _grouped(
        country, lambda place: (place.systeem, place.connected, place.threshold or 0)
    ):
        lines = ["[[gemeente_groepen]]", f"codes = {_codes(places)}"]
        if connected:
            lines += [f"verwerkersovereenkomst = {since}", _ground(since)]
        if threshold:
            lines.append(f"drempelbedrag = {threshold}")
        lines.append(f'systemen = [{{ systeem = "{systeem}", van = {since} }}]\n')
        yield "\n".join(lines)


def _ground(since: dt.date) -> str:
    """The ground of feedback, on one line."""
    texts = 'doel = "incasso pauzeren", grondslag = "Bgs art. 17", noodzaak = "anders loopt de incasso door"'
    return f"terugkoppeling = {{ {texts}, inwoners_geinformeerd_op = {since}, vastgelegd_op = {since} }}"


def _partners(folder: Path, urls: Urls) -> str:
    return f"""
[[signaalpartners]]
key = "{LANDLORD}"
naam = "Woningstichting Het Voorbeeld"
oin = "{LANDLORD_OIN}"
soorten = ["huur"]
constanten = {{ soort = "huur" }}

[[signaalpartners]]
key = "{ENERGY}"
naam = "Energiebedrijf De Proef"
oin = "{ENERGY_OIN}"
soorten = ["energie"]
[signaalpartners.webhook]
url = "{urls.partner}/terugkoppeling"
geheimen = ["{WEBHOOK_SECRET}"]
prive_adres_toegestaan = true
ca_bestand = "{folder}/certificates/ca.pem"
"""


def _access(since: dt.date) -> str:
    return f'[[toegangen]]\nkey = "{VPS_ACCESS}"\nsysteem = "{VPS}"\ngemeenten = "alle"\nvan = {since}\n'


def _overeenkomsten(country: Sequence[Place], since: dt.date) -> Iterable[str]:
    """Those without a signature of the gemeente are written too: registered, but not in force."""
    for partner, kind in ((LANDLORD, "huur"), (ENERGY, "energie")):
        for (signed, threatening), places in _grouped(country, lambda place: (place.signed, place.takes_threatening)):
            roles = ("gemeente", "signaalpartner") if signed else ("signaalpartner",)
            signatures = ", ".join(f'{{ rol = "{role}", getekend_op = {since} }}' for role in roles)
            types = '["eindeleveringssignaal"]' if threatening and kind == "energie" else "[]"
            yield "\n".join(
                [
                    "[[overeenkomst_groepen]]",
                    f'signaalpartner = "{partner}"',
                    f"gemeenten = {_codes(places)}",
                    f'soorten = ["{kind}"]',
                    f"signaaltypen = {types}",
                    f"van_kracht = {{ van = {since} }}",
                    f"ondertekeningen = [{signatures}]\n",
                ]
            )


def _grouped(country: Sequence[Place], key: Callable[[Place], _K]) -> Iterator[tuple[_K, list[Place]]]:
    """Places with the same key together, in order of key."""
    for value, places in groupby(sorted(country, key=key), key):
        yield value, list(places)


def _codes(places: Iterable[Place]) -> str:
    return json.dumps([place.code for place in places])
