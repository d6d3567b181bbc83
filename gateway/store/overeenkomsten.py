"""Overeenkomsten in immutable versions: a delivery records the version that allowed it, so none is ever overwritten."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.overeenkomst import Overeenkomst
from gateway.errors import NotFoundError
from gateway.stages.agreement import VersionedOvereenkomst
from gateway.store.database import Database
from gateway.store.directory import Owner, encoded
from gateway.store.schema import moment_to_us, overeenkomst_agent, overeenkomst_version

_KEYS_AT_ONCE: Final = 500
"""Parameters in one IN list: below SQLite's limit, and few enough for a plan that uses the index."""
_decoder: Final = msgspec.json.Decoder(Overeenkomst)


class Digest(Struct, frozen=True, kw_only=True):
    """A current version without its document, for comparing hundreds of thousands."""

    version: int
    signaalpartner: str
    digest: str
    owner: Owner


def current_for_partner(conn: Connection, partner: str) -> list[VersionedOvereenkomst]:
    """Current versions of the partner's own overeenkomsten, and those that name it as agent by mandate; by key."""
    t = overeenkomst_version.c
    as_agent = sa.select(overeenkomst_agent.c.key).where(overeenkomst_agent.c.agent == partner)
    # Two queries: PostgreSQL reads the whole table for an OR of the two.
    found = [*_select(conn, t.signaalpartner == partner), *_select(conn, t.key.in_(as_agent))]
    by_key = {versioned.overeenkomst.key: versioned for versioned in found}
    return [by_key[key] for key in sorted(by_key)]


def current(conn: Connection, keys: Iterable[str]) -> dict[str, VersionedOvereenkomst]:
    """key → current version; a key that is not there, or was withdrawn, is absent."""
    found: dict[str, VersionedOvereenkomst] = {}
    for some in _batched(sorted(set(keys))):
        for versioned in _select(conn, overeenkomst_version.c.key.in_(some)):
            found[versioned.overeenkomst.key] = versioned
    return found


def version(conn: Connection, *, key: str, number: int) -> Overeenkomst:
    """One version, current or not; raises NotFoundError."""
    t = overeenkomst_version.c
    document = conn.execute(sa.select(t.document).where((t.key == key) & (t.version == number))).scalar_one_or_none()
    if document is None:
        raise NotFoundError(f"overeenkomst/{key} has no version {number}")
    return _decoder.decode(document)


def digests(conn: Connection) -> dict[str, Digest]:
    """key → what is current, for all overeenkomsten."""
    t = overeenkomst_version.c
    found = conn.execute(sa.select(t.key, t.version, t.signaalpartner, t.digest, t.owner).where(t.is_current))
    return {
        key: Digest(version=number, signaalpartner=partner, digest=digest, owner=owner)
        for key, number, partner, digest, owner in found
    }


def put(
    db: Database, conn: Connection, documents: Sequence[Overeenkomst], *, owner: Owner, moment: dt.datetime
) -> None:
    """Make each document the current version of its key, one higher than any before; bulk, so 342,000 are seconds."""
    last = _last_versions(conn, [document.key for document in documents])
    withdraw(conn, [key for key in (document.key for document in documents) if key in last])
    at = moment_to_us(moment)
    versions = (
        (document.key, last.get(document.key, 0) + 1, document.signaalpartner, *encoded(document), owner, True, at)
        for document in documents
    )
    columns = ("key", "version", "signaalpartner", "document", "digest", "owner", "is_current", "created_at")
    db.bulk_insert(conn, overeenkomst_version, columns, versions)
    agents = ((mandaat.agent, document.key) for document in documents for mandaat in document.mandaten)
    db.bulk_insert(conn, overeenkomst_agent, ("agent", "key"), sorted(set(agents)))


def withdraw(conn: Connection, keys: Iterable[str]) -> None:
    """No version of these is current any more; the versions stay, since deliveries name them."""
    t = overeenkomst_version.c
    for some in _batched(sorted(set(keys))):
        conn.execute(sa.update(overeenkomst_version).where(t.key.in_(some) & t.is_current).values(is_current=False))
        conn.execute(sa.delete(overeenkomst_agent).where(overeenkomst_agent.c.key.in_(some)))


def _select(conn: Connection, condition: sa.ColumnElement[bool]) -> Iterator[VersionedOvereenkomst]:
    t = overeenkomst_version.c
    found = conn.execute(sa.select(t.version, t.document).where(condition & t.is_current).order_by(t.key))
    for number, document in found:
        yield VersionedOvereenkomst(version=number, overeenkomst=_decoder.decode(document))


def _last_versions(conn: Connection, keys: Sequence[str]) -> dict[str, int]:
    t = overeenkomst_version.c
    last: dict[str, int] = {}
    for some in _batched(sorted(set(keys))):
        found = conn.execute(sa.select(t.key, sa.func.max(t.version)).where(t.key.in_(some)).group_by(t.key))
        last.update((key, number) for key, number in found)
    return last


def _batched(keys: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(keys)
    while some := list(islice(remaining, _KEYS_AT_ONCE)):
        yield some
