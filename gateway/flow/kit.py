"""What every flow needs, built once by bootstrap and passed in."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from contracts.ports import Scanner
from gateway.crypto.keys import KeyRing
from gateway.crypto.signing import ReceiptSigner
from gateway.flow.opened_runs import OpenedRuns
from gateway.settings import Settings
from gateway.store.blobs import BlobStore
from gateway.store.database import Database
from gateway.store.directory import DirectoryCache
from gateway.store.reference import PostcodeCache

Clock = Callable[[], dt.datetime]
"""The one business clock: aware, UTC."""
Dice = Callable[[int], bytes]
"""n random bytes (`os.urandom` in production)."""

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, kw_only=True)
class Kit:
    """Database, sealed storage, keys, clock, dice and settings of this process. `scanner`: None, nothing is scanned."""

    db: Database
    blobs: BlobStore
    keys: KeyRing
    signer: ReceiptSigner
    clock: Clock
    dice: Dice
    settings: Settings
    scanner: Scanner | None = None
    directories: DirectoryCache = field(default_factory=DirectoryCache)
    postcodes: PostcodeCache = field(default_factory=PostcodeCache)
    opened_runs: OpenedRuns = field(default_factory=OpenedRuns)

    def today(self) -> dt.date:
        """The business date in Europe/Amsterdam."""
        return self.clock().astimezone(AMSTERDAM).date()
