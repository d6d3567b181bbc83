"""The whole country's month as files and configuration: partners, their sizes, their gemeenten. Everybody is invented.

Sizes are skewed as they are in practice: some national partners with thousands of rows over all gemeenten, and hundreds
of landlords with a handful of rows in a few gemeenten.
"""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.codelists.gemeenten import GEMEENTEN
from tests.bench.sample import write_sample
from tests.builders import an_oin

CODES: Final = tuple(sorted(GEMEENTEN))
SYSTEMS: Final = ("vps", "ris")
VPS_OF_HUNDRED: Final = 17
"""Of each hundred gemeenten so many use VPS, the others RIS Matching."""
SLOTS: Final = 4
"""Requests in flight per system: more slow a receiver down (measured)."""
NATIONAL_OF_HUNDRED: Final = 4
"""Of each hundred partners so many work in the whole country."""
BAD_EVERY: Final = 40
"""Every so manieth row lacks its house number, and is refused."""
_STEEPNESS: Final = 1.4
"""Of 500 partners with 85,000 rows the largest has 17,000, the middle one 20, the smallest 8."""
_NATIONAL: Final = ("energie", "zorg", "water")


@dataclass(frozen=True, kw_only=True)
class Sender:
    """One signaalpartner and its file of the month."""

    key: str
    oin: str
    soort: str
    gemeenten: tuple[str, ...]
    rows: int


def senders(partners: int, rows: int) -> list[Sender]:
    """`partners` senders, the largest first, with exactly `rows` rows in all and at least one each."""
    weights = [(number + 2) ** -_STEEPNESS for number in range(partners)]
    share = (rows - partners) / sum(weights)
    sizes = [1 + int(weight * share) for weight in weights]
    sizes[0] += rows - sum(sizes)
    national = max(1, partners * NATIONAL_OF_HUNDRED // 100)
    return [
        Sender(
            key=f"partner-{number:03d}",
            oin=an_oin(number + 1),
            soort=_NATIONAL[number % len(_NATIONAL)] if number < national else "huur",
            gemeenten=CODES if number < national else _region(number),
            rows=size,
        )
        for number, size in enumerate(sizes)
    ]


def _region(number: int) -> tuple[str, ...]:
    """One to six gemeenten that follow one another; the landlords together cover the country."""
    first = number * 7 % len(CODES)
    return tuple(CODES[(first + k) % len(CODES)] for k in range(1 + number % 6))


def write_files(folder: Path, month: Sequence[Sender], *, today: dt.date) -> dict[str, Path]:
    """Each sender's CSV file, by its key."""
    files = {sender.key: folder / f"{sender.key}.csv" for sender in month}
    for sender in month:
        write_sample(
            files[sender.key],
            sender.rows,
            today=today,
            bad_every=BAD_EVERY,
            soort=sender.soort,
            gemeenten=sender.gemeenten,
        )
    return files


def configuration(month: Sequence[Sender], urls: dict[str, str], *, token: Path, ca: Path, today: dt.date) -> str:
    """What to apply: two systems, all gemeenten connected to one of them, all partners with their overeenkomsten."""
    since = today - dt.timedelta(days=365)
    return "\n".join([*_systems(urls, token, ca), *_gemeenten(since), *(_partner(sender, since) for sender in month)])


def system_of(code: str) -> str:
    """The system of a gemeente; 37 and 100 have no common factor, so the two are mixed over the country."""
    return SYSTEMS[CODES.index(code) * 37 % 100 >= VPS_OF_HUNDRED]


def _systems(urls: dict[str, str], token: Path, ca: Path) -> Iterator[str]:
    for system in SYSTEMS:
        yield f"""
[[systemen]]
key = "{system}"
naam = "{system} (nagebootst)"
adapter = "{system}"
gelijktijdig = {SLOTS}
[systemen.config]
url = "{urls[system]}"
token_file = "{token}"
ca_file = "{ca}"
"""


def _gemeenten(since: dt.date) -> Iterator[str]:
    for system in SYSTEMS:
        yield f"""
[[gemeente_groepen]]
codes = {json.dumps([code for code in CODES if system_of(code) == system])}
verwerkersovereenkomst = {since}
systemen = [{{ systeem = "{system}", van = {since} }}]
[gemeente_groepen.terugkoppeling]
doel = "incasso pauzeren"
grondslag = "Bgs art. 17"
noodzaak = "anders loopt de incasso door"
inwoners_geinformeerd_op = {since}
vastgelegd_op = {since}
"""


def _partner(sender: Sender, since: dt.date) -> str:
    return f"""
[[signaalpartners]]
key = "{sender.key}"
naam = "Voorbeeldpartner {sender.key}"
oin = "{sender.oin}"
soorten = ["{sender.soort}"]

[[overeenkomst_groepen]]
signaalpartner = "{sender.key}"
gemeenten = {json.dumps(sender.gemeenten)}
soorten = ["{sender.soort}"]
van_kracht = {{ van = {since} }}
ondertekeningen = [
  {{ rol = "gemeente", getekend_op = {since} }}, {{ rol = "signaalpartner", getekend_op = {since} }}
]
"""
