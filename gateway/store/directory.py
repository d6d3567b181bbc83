"""The configuration as documents: a row per gemeente, systeem, signaalpartner, toegang, experiment, profile version.

Every change takes a new generation in its transaction; processes compare generations and load the directory anew.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Literal, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.overeenkomst import Experiment, Gemeente, Signaalpartner, Systeem, Toegang
from contracts.profiel import Partnerprofiel
from gateway.errors import NotFoundError, SettingsError
from gateway.stages.directory import Directory
from gateway.stages.profiles import in_force
from gateway.store.reference import load_indeling
from gateway.store.schema import config_object, generation

ConfigObject = Gemeente | Systeem | Signaalpartner | Toegang | Experiment | Partnerprofiel
Owner = Literal["file", "portal"]
_T = TypeVar("_T", bound=ConfigObject)

KINDS: Final[dict[str, type[ConfigObject]]] = {
    "systeem": Systeem,
    "gemeente": Gemeente,
    "signaalpartner": Signaalpartner,
    "toegang": Toegang,
    "experiment": Experiment,
    "profiel": Partnerprofiel,
}
"""Kind as stored and as an operator writes it (`systeem/vps`) → its contract."""

CONFIG_CHANNEL: Final = "config"
"""Notified when the generation moved."""


class Stored(Struct, frozen=True, kw_only=True):
    """One object with who may change it: the file (`apply`) or the portal."""

    document: ConfigObject
    owner: Owner


def key_of(document: ConfigObject) -> str:
    """The operator's name of an object: a gemeente's code, else its key."""
    return document.code if isinstance(document, Gemeente) else document.key


def load_directory(conn: Connection) -> Directory:
    """Everything as of this transaction's snapshot."""
    objects = stored_objects(conn)
    by_kind: dict[str, dict[str, ConfigObject]] = {kind: {} for kind in KINDS}
    for (kind, key), stored in objects.items():
        by_kind[kind][key] = stored.document
    return Directory(
        generation=current_generation(conn),
        partners=_only(by_kind["signaalpartner"], Signaalpartner),
        gemeenten=_only(by_kind["gemeente"], Gemeente),
        systemen=_only(by_kind["systeem"], Systeem),
        toegangen=_only(by_kind["toegang"], Toegang),
        experimenten=tuple(_only(by_kind["experiment"], Experiment).values()),
        profielen=in_force(_only(by_kind["profiel"], Partnerprofiel).values()),
        indeling=load_indeling(conn),
    )


class DirectoryCache:
    """The directory of the current generation: read again only when the configuration moved. Safe from any thread.

    Not for a transaction that itself takes a generation: it may yet roll back.
    """

    def __init__(self) -> None:
        self._last: Directory | None = None

    def load(self, conn: Connection) -> Directory:
        """As `load_directory`."""
        last = self._last
        if last is None or last.generation != current_generation(conn):
            self._last = last = load_directory(conn)
        return last


def _only(objects: Mapping[str, ConfigObject], cls: type[_T]) -> dict[str, _T]:
    return {key: value for key, value in objects.items() if isinstance(value, cls)}


def stored_objects(conn: Connection) -> dict[tuple[str, str], Stored]:
    """(kind, key) → object, for all kinds, in order of kind and key."""
    columns = (config_object.c.kind, config_object.c.key, config_object.c.document, config_object.c.owner)
    found = conn.execute(sa.select(*columns).order_by(config_object.c.kind, config_object.c.key))
    return {
        (kind, key): Stored(document=_decoded(kind, key, document), owner=owner) for kind, key, document, owner in found
    }


def _decoded(kind: str, key: str, document: str) -> ConfigObject:
    try:
        return msgspec.json.decode(document, type=KINDS[kind])
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"{kind}/{key} is stored in a form that this version does not read ({error}); see CHANGELOG.md"
        ) from None


def current_generation(conn: Connection) -> int:
    """The generation of the configuration; 0 in a new database."""
    return int(conn.execute(sa.select(generation.c.config)).scalar_one())


def next_generation(conn: Connection) -> int:
    """Take the next generation. Do it first: its row lock lets one writer of the configuration in at a time."""
    update = sa.update(generation).values(config=generation.c.config + 1).returning(generation.c.config)
    return int(conn.execute(update).scalar_one())


def put_object(conn: Connection, document: ConfigObject, *, owner: Owner, at_generation: int) -> None:
    """Insert or replace one object."""
    kind, key = kind_of(document), key_of(document)
    text, digest = encoded(document)
    values = {"document": text, "digest": digest, "owner": owner, "generation": at_generation}
    changed = conn.execute(sa.update(config_object).where(_is(kind, key)).values(values))
    if changed.rowcount == 0:
        conn.execute(sa.insert(config_object).values(kind=kind, key=key, **values))


def delete_object(conn: Connection, *, kind: str, key: str) -> None:
    """Delete one object; raises NotFoundError when it is not there."""
    if conn.execute(sa.delete(config_object).where(_is(kind, key))).rowcount == 0:
        raise NotFoundError(f"{kind}/{key} does not exist")


def kind_of(document: ConfigObject) -> str:
    """The kind under which a document is stored."""
    return next(kind for kind, cls in KINDS.items() if isinstance(document, cls))


def encoded(document: msgspec.Struct) -> tuple[str, str]:
    """(JSON text, its SHA-256 in hex); the same document gives the same text."""
    text = msgspec.json.encode(document, order="deterministic")
    return text.decode(), hashlib.sha256(text).hexdigest()


def _is(kind: str, key: str) -> sa.ColumnElement[bool]:
    return (config_object.c.kind == kind) & (config_object.c.key == key)
