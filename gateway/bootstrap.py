"""The composition root: builds everything from the settings, closes it in order. The only importer of adapters.

Clock and dice come from here: business time is the system's clock in UTC, dice are the system's random source.
"""

import asyncio
import datetime as dt
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final

import uvloop
from msgspec import Struct

import adapters
import contracts
from adapters import catalogue
from adapters.clamd import MIB, Clamd
from adapters.config import AdapterConfigError
from contracts.overeenkomst import Systeem, Toegang
from contracts.ports import Poll, Scanner
from contracts.terugkoppeling import Terugkoppeling
from gateway import __version__, log
from gateway.crypto.certificates import RevocationLists
from gateway.crypto.keys import FileKeyStore, KeyRing
from gateway.crypto.signing import ReceiptSigner, key_id, public_half
from gateway.errors import NotFoundError, SettingsError
from gateway.flow.deliver import DeliverParts, read_signalen
from gateway.flow.erase import erase_due, rewrap_settled
from gateway.flow.hear import hear, link_reader, read_terugkoppeling
from gateway.flow.kit import Kit
from gateway.flow.limits import Limits
from gateway.flow.process import process_next, sweep, take_over_dead
from gateway.runtime.current import Connections, CurrentDirectory
from gateway.runtime.prepare import prepare
from gateway.runtime.schedule import (
    DestinationAlert,
    Job,
    ReloadOnChange,
    ThreateningAlert,
    askable,
    look_after_held,
    poll_results,
    run_jobs,
    run_once,
)
from gateway.runtime.worker import Worker
from gateway.settings import Settings
from gateway.stages.directory import Directory
from gateway.store import migrate
from gateway.store.blob_files import FileBlobs
from gateway.store.blobs import BlobStore, DatabaseBlobs
from gateway.store.claims import Candidate
from gateway.store.database import Database, exclusive_process_lock, open_database
from gateway.store.feedback import get_relay
from gateway.store.uploads import UPLOADS_CHANNEL
from gateway.web.app import create_app
from gateway.web.pages import create_pages_app
from gateway.web.parts import WebParts
from gateway.web.server import Listener, machine_listener, pages_listener
from gateway.web.server import serve as web_serve

_DISTRIBUTION: Final = "signaalpoort"
_RECEIPT_KEYS: Final = "receipt-ed25519/"
_MINUTE: Final = dt.timedelta(minutes=1)


def clock() -> dt.datetime:
    """The one business clock."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251  # this is where the clock comes from


def ensure_ours() -> None:
    """Raise SettingsError when `adapters` or `contracts` is another distribution's: the names are not ours alone."""
    for package in (adapters, contracts):
        if getattr(package, "DISTRIBUTION", None) != _DISTRIBUTION:
            raise SettingsError(f"the package {package.__name__} found here is not ours: use a virtual environment")


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """The database, migrated or not."""
    with open_database(settings.database.url) as db:
        yield db


def key_ring(settings: Settings) -> KeyRing:
    """All keys; the folder is made when it is missing."""
    return KeyRing(FileKeyStore(settings.storage.key_dir), os.urandom)


def receipt_signer(keys: KeyRing) -> ReceiptSigner:
    """Signs with the newest receipt key, made on demand, and publishes the retired ones with it."""
    names = _receipt_key_names(keys) or [f"{_RECEIPT_KEYS}1"]
    *retired, newest = (keys.named_key(name) for name in names)
    earlier = {key_id(key): public_half(key) for key in retired}
    return ReceiptSigner(newest, key_id(newest), earlier=earlier)


def rotate_receipt_key(keys: KeyRing) -> str:
    """Make the next receipt key; its id. Processes sign with it from their next start on."""
    names = _receipt_key_names(keys)
    newest = int(names[-1].removeprefix(_RECEIPT_KEYS)) if names else 0
    return key_id(keys.named_key(f"{_RECEIPT_KEYS}{newest + 1}"))


def _receipt_key_names(keys: KeyRing) -> list[str]:
    found = (name for name in keys.names() if name.startswith(_RECEIPT_KEYS))
    return sorted(found, key=lambda name: int(name.removeprefix(_RECEIPT_KEYS)))


def blob_store(settings: Settings, db: Database) -> BlobStore:
    """Sealed bytes, where the settings say."""
    match settings.storage.blobs:
        case "files":
            return FileBlobs(settings.storage.blob_dir)
        case "database":
            return DatabaseBlobs(db)


def scanner(settings: Settings) -> Scanner | None:
    """What looks for malware, where the settings name it; raises SettingsError for an address that is none."""
    if settings.scan.clamd is None:
        return None
    try:
        return Clamd(
            address=settings.scan.clamd,
            timeout_seconds=settings.scan.timeout_seconds,
            stream_limit=settings.scan.stream_limit_mib * MIB,
            signature_days=settings.scan.signature_days,
            clock=clock,
        )
    except AdapterConfigError as error:
        raise SettingsError(f"settings: {error}") from None


@contextmanager
def open_kit(settings: Settings) -> Iterator[Kit]:
    """What every flow needs, on a migrated database; raises SettingsError with what to do."""
    ensure_ours()
    with database(settings) as db:
        if not migrate.is_current(db):
            raise SettingsError("the database has not the tables of this version: run signaalpoort migrate")
        keys = key_ring(settings)
        yield Kit(
            db=db,
            blobs=blob_store(settings, db),
            keys=keys,
            signer=receipt_signer(keys),
            clock=clock,
            dice=os.urandom,
            settings=settings,
            scanner=scanner(settings),
        )


def check_systeem(systeem: Systeem) -> str | None:
    """What is wrong with a system's adapter and its configuration, in a sentence; None: nothing."""
    try:
        catalogue.check_config(systeem)
    except AdapterConfigError as error:
        return str(error)
    return None


def adapter_configs() -> dict[str, type[Struct]]:
    """Adapter → the type of a system's `config` with it."""
    return {name: catalogue.entry(name).config for name in catalogue.ADAPTERS}


def connections(kit: Kit, directory: Callable[[], Directory]) -> Connections:
    """Adapters for the destinations in `directory`, of the kinds in the catalogue."""
    return Connections(
        directory,
        open_systeem=partial(catalogue.open_adapter, clock=kit.clock, dice=kit.dice),
        open_webhook=partial(
            catalogue.open_webhook, secret_dir=kit.settings.storage.secret_dir, clock=kit.clock, dice=kit.dice
        ),
        clock=kit.clock,
        linger=dt.timedelta(seconds=2 * kit.settings.work.attempt_timeout_seconds),
    )


@dataclass(frozen=True, kw_only=True)
class _Process:
    """What one process turns: built once, run until `stop`."""

    kit: Kit
    directory: CurrentDirectory
    connections: Connections
    parts: DeliverParts
    listeners: Sequence[Listener]


def serve(settings: Settings) -> None:
    """Listen, process, deliver and relay until SIGTERM or SIGINT. On SQLite one such process at a time."""
    with open_kit(settings) as kit, _sole_process(kit.db):
        directory = CurrentDirectory(kit)
        parts = WebParts(kit=kit, directory=directory, revocation=revocation_lists(settings), limits=Limits(kit.clock))
        listeners = [
            machine_listener(create_app(parts), settings.https),
            pages_listener(create_pages_app(parts), settings.https, settings.pages),
        ]
        _run("serve", _process(kit, directory, listeners))


def work(settings: Settings) -> None:
    """Process, deliver and relay beside other processes, without listening. PostgreSQL only."""
    with open_kit(settings) as kit:
        if kit.db.dialect != "postgresql":
            raise SettingsError("on SQLite one process does everything: use serve; work needs PostgreSQL")
        _run("work", _process(kit, CurrentDirectory(kit), ()))


def _process(kit: Kit, directory: CurrentDirectory, listeners: Sequence[Listener]) -> _Process:
    parts = DeliverParts(
        read_signalen=read_signalen, read_terugkoppeling=_read_terugkoppeling, on_settled=rewrap_settled
    )
    return _Process(
        kit=kit, directory=directory, connections=connections(kit, directory), parts=parts, listeners=listeners
    )


def _read_terugkoppeling(kit: Kit, delivery: Candidate) -> Terugkoppeling:
    with kit.db.read() as conn:
        relay = None if delivery.relay_id is None else get_relay(conn, delivery.relay_id)
    if relay is None:
        raise NotFoundError("this delivery has no relay")
    return read_terugkoppeling(relay, link_reader(kit))


def _sole_process(db: Database) -> AbstractContextManager[None]:
    return nullcontext() if db.path is None else exclusive_process_lock(db.path.with_name(db.path.name + ".lock"))


def revocation_lists(settings: Settings) -> RevocationLists:
    """The lists of the settings, read once now; raises SettingsError when one is unusable."""
    return RevocationLists(
        settings.https.crl,
        authorities=settings.https.client_ca,
        max_age=dt.timedelta(hours=settings.https.crl_max_age_hours),
        clock=clock,
    )


def _run(what: str, process: _Process) -> None:
    prepare()
    log.emit(log.STARTED, what=what, version=__version__, database=process.kit.db.dialect)
    uvloop.run(_turn(process))
    log.emit(log.STOPPED, what=what)


async def _turn(process: _Process) -> None:
    """Everything at once until a signal; requests and attempts under way end first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    name = f"{socket.gethostname()}-{os.getpid()}-{process.kit.dice(3).hex()}"
    worker = Worker(
        process.kit, process.parts, process.connections.adapter, name=name, alone=process.kit.db.dialect == "sqlite"
    )
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_stop_all_when_done(web_serve(process.listeners, stop=stop), stop))
            group.create_task(worker.run(stop))
            group.create_task(run_jobs(process.kit, _jobs(process, stop), stop))
    finally:
        await process.connections.aclose()


async def _stop_all_when_done(serving: Coroutine[None, None, None], stop: asyncio.Event) -> None:
    try:
        await serving
    finally:
        stop.set()


def _jobs(process: _Process, stop: asyncio.Event) -> list[Job]:
    """What happens by the clock in this process; each is harmless beside another process that does the same."""
    kit = process.kit
    poll = dt.timedelta(seconds=kit.settings.work.poll_seconds)

    begun = kit.db.dialect != "sqlite"

    def process_waiting() -> None:
        nonlocal begun
        if not begun:  # on SQLite nobody works beside us: what is in processing died with the process before
            take_over_dead(kit, alone=True)
            begun = True
        while not stop.is_set() and process_next(kit):
            pass

    def ask(key: str) -> Job:
        async def ask_one() -> None:
            await poll_results(kit, key, process.connections.adapter(key), partial(_take_results, process))

        return Job(name=f"ask_{key}", every=poll, run=ask_one)

    async def ask_for_results() -> None:
        await asyncio.gather(*(run_once(ask(key)) for key in askable(kit, process.directory())))

    return [
        Job(name="process", every=poll, run=process_waiting, channel=UPLOADS_CHANNEL),
        Job(name="reload", every=poll, run=ReloadOnChange(kit, process.parts, process.directory.reload)),
        Job(
            name="ask_results",
            every=dt.timedelta(seconds=kit.settings.work.result_poll_seconds),
            run=ask_for_results,
        ),
        Job(name="threatening", every=_MINUTE, run=ThreateningAlert(kit)),
        Job(name="destinations", every=_MINUTE, run=DestinationAlert(kit, process.directory)),
        Job(name="held", every=_MINUTE, run=lambda: look_after_held(kit)),
        Job(name="close_retired", every=_MINUTE, run=process.connections.close_retired),
        Job(name="sweep", every=10 * _MINUTE, run=lambda: _ignore(sweep(kit))),
        Job(name="erase", every=60 * _MINUTE, run=lambda: _ignore(erase_due(kit))),
    ]


def _take_results(process: _Process, key: str, poll: Poll) -> list[str]:
    """What a system answers to our own question counts as reported by a credential of that system for all gemeenten.

    The status of each, in order.
    """
    if not poll.resultaten:
        return []
    directory = process.directory()
    indeling = directory.indeling
    everywhere = (*indeling.gemeenten(process.kit.today()), *indeling.opvolgingen)
    asked = Toegang(key=f"poll-{key}", systeem=key, gemeenten=everywhere, van=dt.date.min)
    return [answer.status for answer in hear(process.kit, directory, asked, poll.resultaten)]


def _ignore(_: object) -> None:
    return None
