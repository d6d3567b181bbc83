"""A real listener on loopback: uvloop in a thread, TLS by a CA of the test, a kit behind it."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvloop
from litestar import Litestar

from contracts.overeenkomst import Toegang
from gateway.crypto.certificates import RevocationLists
from gateway.flow.kit import Kit
from gateway.flow.limits import Limits
from gateway.settings import Https, Installation, Settings, Storage
from gateway.stages.directory import Directory
from gateway.store.credentials import issue
from gateway.store.database import Database
from gateway.web.app import create_app
from gateway.web.pages import create_pages_app
from gateway.web.parts import WebParts
from gateway.web.server import Listener, machine_listener, pages_listener, serve
from tests.builders import a_directory, a_partner, a_toegang
from tests.certificates import OTHER_OIN, SYSTEM_OIN, TEST_OIN, CertificateAuthority, Pair
from tests.conftest import FakeClock, make_kit

PARTNER = a_partner("woonstad", oin=TEST_OIN)
OTHER = a_partner("stroomnet", oin=OTHER_OIN)
SYSTEM = a_toegang("vps-toegang", oin=SYSTEM_OIN)


def wall_clock() -> dt.datetime:
    """The real time, for what certificates say."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251  # certificates are made by the real clock


@dataclass
class Api:
    """What a test needs of the running gateway."""

    kit: Kit
    ca: CertificateAuthority
    directory: Directory
    limits: Limits
    port: int = 0
    pages_port: int = 0
    partner_certificate: Pair = field(init=False)
    other_certificate: Pair = field(init=False)
    system_certificate: Pair = field(init=False)

    def __post_init__(self) -> None:
        self.partner_certificate = self.ca.client(TEST_OIN, name="partner")
        self.other_certificate = self.ca.client(OTHER_OIN, name="other")
        self.system_certificate = self.ca.client(SYSTEM_OIN, name="system")

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def client(self, pair: Pair | None = None, *, token: str | None = None) -> httpx.Client:
        """A client with this certificate or token, or with neither."""
        context = self.ca.client_context() if pair is None else pair.client_context(self.ca)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, verify=context, headers=headers, timeout=30)

    def partner(self) -> httpx.Client:
        """The signaalpartner, by certificate."""
        return self.client(self.partner_certificate)

    def token(self, *, audience: Any = "signaalpartner", subject: str = "woonstad", days: float = 30) -> str:
        """A fresh bearer token."""
        with self.kit.db.write() as conn:
            _, token = issue(
                conn,
                audience=audience,
                subject=subject,
                name="test",
                moment=self.kit.clock(),
                valid_for=dt.timedelta(days=days),
                dice=self.kit.dice,
            )
        return str(token)

    def configure(self, **partner: Any) -> None:
        """Change the partner's configuration while the gateway runs."""
        changed = msgspec.structs.replace(self.directory.partners["woonstad"], **partner)
        self.directory = replace(self.directory, partners={**self.directory.partners, "woonstad": changed})

    def configure_toegang(self, toegang: Toegang) -> None:
        """Replace a receiving system's credential while the gateway runs."""
        self.directory = replace(self.directory, toegangen={toegang.key: toegang})

    def leftovers(self) -> tuple[list[str], list[str]]:
        """(blobs, upload keys) that exist, also half made ones."""
        blobs = list(self.kit.blobs.names())
        half = [path.name for path in self.kit.settings.storage.blob_dir.rglob("*") if path.is_file()]
        keys = [name for name in self.kit.keys.names() if name.startswith("upload/")]
        return blobs or half, keys


@contextmanager
def running_api(db: Database, folder: Path, ca: CertificateAuthority | None = None, **https: Any) -> Iterator[Api]:
    """Both listeners on free ports, until the block ends."""
    ca = ca or CertificateAuthority(folder / "ca")
    server = ca.server()
    settings = Settings(
        installation=Installation(base_url="https://localhost:8443"),
        storage=Storage(blob_dir=folder / "blobs", key_dir=folder / "keys", watermark_mib=1),
        https=Https(
            port=0, certificate=server.certificate_file, key=server.key_file, **{"client_ca": (ca.file,)} | https
        ),
    )
    clock = FakeClock()
    kit = make_kit(db, folder, clock, settings)
    directory = a_directory(partners=[PARTNER, OTHER], toegangen=[SYSTEM])
    api = Api(kit=kit, ca=ca, directory=directory, limits=Limits(clock))
    revocation = RevocationLists(
        settings.https.crl, authorities=(ca.file,), max_age=dt.timedelta(hours=48), clock=wall_clock
    )
    parts = WebParts(kit=kit, directory=lambda: api.directory, revocation=revocation, limits=api.limits)
    with running_listeners(
        machine_listener(create_app(parts), settings.https),
        pages_listener(create_pages_app(parts), settings.https, msgspec.structs.replace(settings.pages, port=0)),
    ) as (machines, pages):
        api.port, api.pages_port = machines.port, pages.port
        yield api


@contextmanager
def running_listeners(*listeners: Listener) -> Iterator[tuple[Listener, ...]]:
    """Serve in a thread until the block ends."""
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()
    failures: list[BaseException] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(serve(listeners, stop=stop))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        except BaseException as error:
            failures.append(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while not all(listener.started for listener in listeners):
            thread.join(0.01)
            if failures:
                raise failures[0]
        yield listeners
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive()
    assert not failures


def app_routes(app: Litestar) -> dict[str, set[str]]:
    """Path → methods of an app, OPTIONS left out."""
    return {route.path_format: {str(m) for m in route.methods} - {"OPTIONS"} for route in app.routes}  # type: ignore[union-attr]
