"""The composition root: builds everything from the settings, closes it in order. The only importer of adapters.

Clock and dice come from here: business time is the system's clock in UTC, dice are the system's random source.
"""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import adapters
import contracts
from adapters import catalogue
from adapters.config import AdapterConfigError
from contracts.overeenkomst import Systeem
from gateway.crypto.keys import FileKeyStore, KeyRing
from gateway.crypto.signing import ReceiptSigner, key_id, public_half
from gateway.errors import SettingsError
from gateway.flow.kit import Kit
from gateway.settings import Settings
from gateway.store import migrate
from gateway.store.blob_files import FileBlobs
from gateway.store.blobs import BlobStore, DatabaseBlobs
from gateway.store.database import Database, open_database

_DISTRIBUTION: Final = "signaalpoort"
_RECEIPT_KEYS: Final = "receipt-ed25519/"


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
        )


def check_systeem(systeem: Systeem) -> str | None:
    """What is wrong with a system's adapter and its configuration, in a sentence; None: nothing."""
    try:
        catalogue.check_config(systeem)
    except AdapterConfigError as error:
        return str(error)
    return None
