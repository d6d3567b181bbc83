"""`signaalpoort check`: whether an installation can do its work, and what to do where it cannot."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import click
from cryptography import x509
from rich.console import Console

from contracts.ports import Probe
from gateway import bootstrap
from gateway.cli import Invocation
from gateway.errors import GatewayError
from gateway.flow.kit import Kit
from gateway.runtime.current import Connections, CurrentDirectory
from gateway.settings import Settings
from gateway.stages.directory import Directory
from gateway.store import reference
from gateway.store.destinations import WEBHOOK
from gateway.store.reference import Kind
from gateway.web.groups import BAD_GROUPS, GOOD_GROUPS, takes_group
from gateway.web.server import tls_context

_EXPIRY_DAYS: Final = 30
_POSTCODES_DAYS: Final = 730
"""CBS publishes the table of a year in its autumn: after two years at least one newer is out."""
_FAILED: Final = 1


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. `detail`: what was seen, or what to do."""

    good: bool
    what: str
    detail: str


@click.command()
@click.option(
    "--offline", is_flag=True, help="Call nobody: not the systems, not the webhooks, not the running gateway."
)
@click.pass_obj
def command(invocation: Invocation, offline: bool) -> None:
    """Check settings, database, keys, storage, certificates and whether the systems can be reached.

    Changes nothing and sends no signaal. Each line says what is well, or what to do; the exit status is 1 when
    something is not.

    \b
    Example: signaalpoort --config /etc/signaalpoort/signaalpoort.toml check
    """
    settings = invocation.settings()
    console, good = Console(), True
    for finding in _findings(settings, offline=offline):
        good &= finding.good
        mark = "[green]ok [/]" if finding.good else "[red]NOT[/]"
        console.print(f"{mark} {finding.what}: {finding.detail}", soft_wrap=True)
    if not good:
        sys.exit(_FAILED)


def _findings(settings: Settings, *, offline: bool) -> Iterator[Finding]:
    yield Finding(good=True, what="settings", detail="every key is known and fits")
    yield from _certificates(settings)
    if not offline:
        yield _groups(settings)
    with contextlib.ExitStack() as stack:
        try:
            kit = stack.enter_context(bootstrap.open_kit(settings))
        except GatewayError as error:
            yield Finding(good=False, what="database and keys", detail=str(error))
            return
        yield Finding(good=True, what="database and keys", detail=f"{kit.db.dialect}, migrated; keys can be read")
        yield _tried("storage", partial(_storage, kit))
        directory = CurrentDirectory(kit)
        yield _configuration(directory())
        yield _postcodes(kit)
        if not offline:
            yield _scanner(kit)
            yield from asyncio.run(_destinations(kit, directory))


def _certificates(settings: Settings) -> Iterator[Finding]:
    yield _tried("TLS of the listeners", partial(_tls, settings))
    named = [settings.https.certificate, *settings.https.client_ca]
    for file in (file for file in named if file is not None and file.is_file()):
        yield _tried(str(file), partial(_expiry, file))
    yield _tried("revocation lists", partial(_revocation, settings))


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(good=True, what=what, detail=look())
    except (GatewayError, ValueError, OSError) as error:
        return Finding(good=False, what=what, detail=str(error))


def _tls(settings: Settings) -> str:
    context = tls_context(settings.https, ask_certificate=True)
    asks = "asks for" if context.verify_mode is ssl.CERT_OPTIONAL else "does not ask for"
    return f"certificate and key belong together; the listener for machines {asks} client certificates"


def _expiry(file: Path) -> str:
    certificates = x509.load_pem_x509_certificates(file.read_bytes())
    ends = min(certificate.not_valid_after_utc for certificate in certificates)
    days = (ends - bootstrap.clock()).days
    if days < _EXPIRY_DAYS:
        raise ValueError(f"ends on {ends:%Y-%m-%d}, in {days} days: replace it")
    return f"valid until {ends:%Y-%m-%d}"


def _revocation(settings: Settings) -> str:
    bootstrap.revocation_lists(settings)
    number = len(settings.https.crl)
    if settings.https.client_ca and not number:
        raise ValueError(
            "none configured, so revoked client certificates are accepted: put the lists of the authorities in "
            "https.client_ca into https.crl, and fetch them anew before each ends"
        )
    return f"{number} read and verified" if number else "none needed: no client certificate is accepted"


def _groups(settings: Settings) -> Finding:
    """Asked of the running gateway: only it has the groups that it was started with."""
    host, port = settings.https.host, settings.https.port
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  # recognised, not bound to
    try:
        bad = [name for name, number in BAD_GROUPS.items() if takes_group(host, port, number)]
        good = [name for name, number in GOOD_GROUPS.items() if takes_group(host, port, number)]
    except OSError:
        return Finding(good=True, what="TLS groups", detail=f"not asked: nothing listens on {host}:{port}")
    if bad or not good:
        mend = "start the gateway with `signaalpoort serve`, which names its own OPENSSL_CONF"
        return Finding(good=False, what="TLS groups", detail=f"takes {', '.join(bad) or 'none of ours'}: {mend}")
    return Finding(good=True, what="TLS groups", detail=", ".join(good))


def _storage(kit: Kit) -> str:
    free = kit.blobs.free_bytes()
    if free is None:
        return "blobs lie in the database"
    mib, watermark = free >> 20, kit.settings.storage.watermark_mib
    if mib < watermark:
        raise ValueError(f"{mib} MiB free, below the watermark of {watermark}: uploads are refused; make room")
    return f"{mib:,} MiB free, watermark {watermark}"


def _configuration(directory: Directory) -> Finding:
    missing = sorted(
        {chosen.systeem for gemeente in directory.gemeenten.values() for chosen in gemeente.systemen}
        - directory.systemen.keys()
    )
    detail = (
        f"generation {directory.generation}: {len(directory.gemeenten)} gemeenten, {len(directory.systemen)} systems, "
        f"{len(directory.partners)} partners"
    )
    if missing:
        return Finding(good=False, what="configuration", detail=f"{detail}; systems not defined: {', '.join(missing)}")
    return Finding(good=True, what="configuration", detail=detail)


def _postcodes(kit: Kit) -> Finding:
    """A table of an earlier year still routes: mergers are followed; new streets are missing in it."""
    with kit.db.read() as conn:
        used = reference.in_force(conn, Kind.POSTCODES, on=kit.today())
    if used is None:
        detail = "no postcodes loaded: rows are routed by their own gemeentecode; see `referentie laden --help`"
        return Finding(good=True, what="postcodes", detail=detail)
    detail = f"from {used.valid_from} ({used.source}, {used.entries:,} entries)"
    if (kit.today() - used.valid_from).days > _POSTCODES_DAYS:
        return Finding(good=False, what="postcodes", detail=f"{detail}: a newer table is out, load it")
    return Finding(good=True, what="postcodes", detail=detail)


def _scanner(kit: Kit) -> Finding:
    if kit.scanner is None:
        detail = "none: uploads are not scanned for malware; scan.clamd names a scanner"
        return Finding(good=True, what="malware scanner", detail=detail)
    probe = kit.scanner.probe()
    return Finding(good=probe.reachable, what="malware scanner", detail=probe.detail)


async def _destinations(kit: Kit, directory: CurrentDirectory) -> Iterable[Finding]:
    """Every system and webhook, all at once."""
    facts = directory()
    webhooks = [f"{WEBHOOK}{partner.key}" for partner in facts.partners.values() if partner.webhook is not None]
    connections = bootstrap.connections(kit, directory)
    try:
        return await asyncio.gather(*(_destination(connections, key) for key in [*facts.systemen, *webhooks]))
    finally:
        await connections.aclose()


async def _destination(connections: Connections, key: str) -> Finding:
    try:
        probe: Probe = await connections.adapter(key).probe()
    except Exception as error:  # whatever opening an adapter of anybody raises is this line's finding
        return Finding(good=False, what=key, detail=str(error))
    return Finding(good=probe.reachable, what=key, detail=probe.detail)
