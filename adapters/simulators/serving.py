"""Building a simulator and serving it on loopback: as a process of its own, or in a thread for tests."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvicorn

from adapters.config import Clock
from adapters.simulators.asgi import CuttableProtocol, as_app
from adapters.simulators.behaviour import Behaviour, Mood
from adapters.simulators.memory import Memory
from adapters.simulators.outcomes import Gateway
from adapters.simulators.partner import PartnerReceiver
from adapters.simulators.receiving import Dialect, ReceivingSystem
from adapters.simulators.rest import RestDialect
from adapters.simulators.ris import RisDialect
from adapters.simulators.simulator import Simulator, Work
from adapters.simulators.vps import VpsDialect

DIALECTS: Final[dict[str, type[Dialect]]] = {"vps": VpsDialect, "ris": RisDialect, "rest": RestDialect}
KINDS: Final = (*DIALECTS, "partner")


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One simulator: its kind, where it remembers, how it behaves, what it asks of callers, whom it reports to."""

    kind: str
    state: Path
    behaviour: Behaviour = field(default_factory=Behaviour)
    token: str | None = None
    secrets: Sequence[str] = ()
    gateway: Gateway | None = None


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Where it listens; port 0: a free one."""

    port: int = 0
    host: str = "127.0.0.1"
    certificate: Path | None = None
    key: Path | None = None


def build(setup: Setup, clock: Clock) -> Simulator:
    """A simulator; its memory is to be closed by the caller."""
    memory = Memory(setup.state, setup.kind)
    mood = Mood(setup.behaviour, clock)
    work: Work
    if setup.kind in DIALECTS:
        work = ReceivingSystem(DIALECTS[setup.kind](), memory=memory, mood=mood, clock=clock, token=setup.token)
    else:
        work = PartnerReceiver(setup.secrets, memory=memory, clock=clock)
    return Simulator(work, memory=memory, mood=mood, clock=clock, gateway=setup.gateway)


async def serve(simulator: Simulator, listener: Listener, sock: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop`, with pauses in which nothing listens on the port when the simulator goes down."""
    port = sock.getsockname()[1]
    while not stop.is_set():
        server = uvicorn.Server(_config(simulator, listener))
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        waits = [asyncio.create_task(event.wait()) for event in (stop, simulator.going_down)]
        await asyncio.wait([serving, *waits], return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        server.should_exit = True
        ended_by_itself = serving.done()
        await serving
        if ended_by_itself or stop.is_set():
            return
        simulator.going_down.clear()
        await asyncio.sleep(simulator.down_seconds)
        sock = socket.create_server((listener.host, port))


def _config(simulator: Simulator, listener: Listener) -> uvicorn.Config:
    return uvicorn.Config(
        as_app(simulator),
        http=CuttableProtocol,
        loop="asyncio",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="critical",
        timeout_graceful_shutdown=1,
        ssl_certfile=listener.certificate,
        ssl_keyfile=listener.key,
    )


@dataclass
class Running:
    """A simulator served in a thread of this process."""

    url: str
    simulator: Simulator
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _stop: asyncio.Event | None = field(default=None, repr=False)

    def become(self, behaviour: Behaviour) -> None:
        """Behave so from now on."""
        self.simulator.mood.become(behaviour)

    def counts(self) -> dict[str, object]:
        """As GET /_admin/counts."""
        return self.simulator.counts()


@contextmanager
def in_thread(setup: Setup, clock: Clock, listener: Listener | None = None) -> Iterator[Running]:
    """Serve a simulator on loopback while the block runs."""
    listener = listener or Listener()
    simulator = build(setup, clock)
    sock = socket.create_server((listener.host, listener.port))
    scheme = "http" if listener.certificate is None else "https"
    running = Running(f"{scheme}://{listener.host}:{sock.getsockname()[1]}", simulator)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(simulator, listener, sock, stop))
        loop.run_until_complete(loop.shutdown_asyncgens())

    thread = threading.Thread(target=run, name=f"simulator-{setup.kind}", daemon=True)
    thread.start()
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        simulator.memory.close()
