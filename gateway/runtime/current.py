"""What a process holds of the configuration: the directory of facts, and open connections to where parcels go."""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contracts.overeenkomst import Systeem, Webhook
from contracts.ports import Adapter
from gateway.errors import NotFoundError
from gateway.flow.kit import Clock, Kit
from gateway.stages.directory import Directory
from gateway.store.destinations import WEBHOOK
from gateway.store.directory import load_directory

Document = Systeem | Webhook


class CurrentDirectory:
    """The directory as of the last reload; cheap to ask, safe from any thread."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._directory = self._load()

    def __call__(self) -> Directory:
        """The facts."""
        return self._directory

    def reload(self, generation: int) -> None:
        """Take the stored configuration, which has this generation or a later one."""
        if self._directory.generation < generation:
            self._directory = self._load()

    def _load(self) -> Directory:
        with self._kit.db.read() as conn:
            return load_directory(conn)


@dataclass(frozen=True, kw_only=True)
class _Open:
    document: Document
    adapter: Adapter


@dataclass(frozen=True, kw_only=True)
class _Retired:
    adapter: Adapter
    at: dt.datetime


class Connections:
    """Adapters by destination key, opened on demand. One whose configuration changed is replaced at its next use.

    The old one is closed after `linger`, when no attempt can be using it any more.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        *,
        open_systeem: Callable[[Systeem], Adapter],
        open_webhook: Callable[[Webhook], Adapter],
        clock: Clock,
        linger: dt.timedelta,
    ) -> None:
        self._directory = directory
        self._open_systeem = open_systeem
        self._open_webhook = open_webhook
        self._clock = clock
        self._linger: Final = linger
        self._mutex = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._retired: list[_Retired] = []

    def adapter(self, destination: str) -> Adapter:
        """The adapter of `systeem key` or `webhook:<partner>`; raises NotFoundError, or what opening it raises."""
        document = _document(self._directory(), destination)
        with self._mutex:
            held = self._open.get(destination)
            if held is not None and held.document == document:
                return held.adapter
            adapter = self._opened(document)
            self._open[destination] = _Open(document=document, adapter=adapter)
            if held is not None:
                self._retired.append(_Retired(adapter=held.adapter, at=self._clock()))
            return adapter

    def _opened(self, document: Document) -> Adapter:
        match document:
            case Systeem():
                return self._open_systeem(document)
            case Webhook():
                return self._open_webhook(document)

    async def close_retired(self) -> None:
        """Close those replaced longer than `linger` ago."""
        now = self._clock()
        with self._mutex:
            due = [retired for retired in self._retired if now - retired.at >= self._linger]
            self._retired = [retired for retired in self._retired if retired not in due]
        for retired in due:
            await retired.adapter.aclose()

    async def aclose(self) -> None:
        """Close all; no attempt may be running."""
        with self._mutex:
            closing = [held.adapter for held in self._open.values()] + [retired.adapter for retired in self._retired]
            self._open.clear()
            self._retired.clear()
        for adapter in closing:
            await adapter.aclose()


def _document(directory: Directory, destination: str) -> Document:
    if not destination.startswith(WEBHOOK):
        systeem = directory.systemen.get(destination)
        if systeem is None:
            raise NotFoundError(f"systeem {destination} is not configured")
        return systeem
    partner = directory.partners.get(destination.removeprefix(WEBHOOK))
    if partner is None or partner.webhook is None:
        raise NotFoundError(f"{destination} is not configured")
    return partner.webhook
