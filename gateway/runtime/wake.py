"""Wakes a loop of asyncio when a channel of the database is notified: a thread listens, polling goes on beside it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from gateway.store.database import Database

_LISTEN_SECONDS: Final = 0.5
"""How long stopping may wait for the thread that listens."""


@asynccontextmanager
async def woken(db: Database, channel: str, wake: asyncio.Event) -> AsyncIterator[None]:
    """Set `wake` at each notification of `channel`, until the block ends."""
    loop, closing = asyncio.get_running_loop(), threading.Event()

    def listen() -> None:
        with db.listen(channel) as listener:
            while not closing.is_set():
                if listener.wait(_LISTEN_SECONDS) and not closing.is_set():
                    loop.call_soon_threadsafe(wake.set)

    thread = threading.Thread(target=listen, name=f"{channel}-listen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closing.set()
        await asyncio.to_thread(thread.join)
