"""Connections follow the configuration: opened once, replaced when it changes, closed when nobody can be using them."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import cast

import pytest

from contracts.overeenkomst import Systeem, Webhook
from contracts.ports import Adapter
from gateway.errors import NotFoundError
from gateway.runtime.current import Connections
from gateway.stages.directory import Directory
from tests.builders import a_directory, a_partner, a_systeem
from tests.conftest import FakeClock

LINGER = dt.timedelta(seconds=40)


@dataclass
class Closable:
    document: Systeem | Webhook
    closed: bool = False

    async def aclose(self) -> None:
        self.closed = True


@dataclass
class World:
    """A directory that can change, and everything that was opened."""

    clock: FakeClock
    directory: Directory = field(default_factory=a_directory)
    opened: list[Closable] = field(default_factory=list)

    def connections(self) -> Connections:
        return Connections(
            lambda: self.directory,
            open_systeem=self._open,
            open_webhook=self._open,
            clock=self.clock,
            linger=LINGER,
        )

    def _open(self, document: Systeem | Webhook) -> Adapter:
        self.opened.append(Closable(document))
        return cast(Adapter, self.opened[-1])


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


def test_a_destination_is_opened_once(world: World) -> None:
    connections = world.connections()
    assert connections.adapter("vps") is connections.adapter("vps")
    assert len(world.opened) == 1


def test_a_changed_configuration_opens_anew_and_closes_the_old_one_late(world: World) -> None:
    connections = world.connections()
    old = connections.adapter("vps")
    world.directory = a_directory(systemen=[a_systeem("vps", config={"url": "https://nieuw.example"})])
    assert connections.adapter("vps") is not old
    asyncio.run(connections.close_retired())
    assert not world.opened[0].closed  # an attempt may still be using it
    world.clock.advance(seconds=40)
    asyncio.run(connections.close_retired())
    assert [one.closed for one in world.opened] == [True, False]


def test_a_webhook_is_a_destination_too(world: World) -> None:
    webhook = Webhook(url="https://erp.example", geheimen=("a",))
    world.directory = a_directory(partners=[a_partner("woonstad", webhook=webhook)])
    world.connections().adapter("webhook:woonstad")
    assert world.opened[0].document == webhook


@pytest.mark.parametrize("destination", ["elders", "webhook:woonstad", "webhook:onbekend"])
def test_what_is_not_configured_is_not_there(world: World, destination: str) -> None:
    with pytest.raises(NotFoundError):
        world.connections().adapter(destination)


def test_all_are_closed_at_the_end(world: World) -> None:
    connections = world.connections()
    connections.adapter("vps")
    world.directory = a_directory(systemen=[a_systeem("vps", naam="Anders")])
    connections.adapter("vps")
    asyncio.run(connections.aclose())
    assert all(one.closed for one in world.opened)
