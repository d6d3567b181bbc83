"""Bearer tokens: shown once when issued, stored as a hash, revocable, with an expiry."""

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Final, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from gateway.errors import NotFoundError
from gateway.store.schema import credential

PREFIX: Final = "sp_"
"""Lets secret scanners recognise a token of ours."""
Audience = Literal["signaalpartner", "toegang"]


class Credential(Struct, frozen=True, kw_only=True):
    """One token, without the token. `subject`: the key of the signaalpartner or toegang it stands for."""

    id: str
    audience: Audience
    subject: str
    name: str
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None

    def is_valid(self, moment: dt.datetime) -> bool:
        """Whether it may be used at `moment`."""
        return self.revoked_at is None and moment < self.expires_at


class Token(str):
    """A plain token; its repr, which reaches logs and tracebacks, is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the prefix alone."""
        return f"Token({PREFIX}...)"


def issue(
    conn: Connection,
    *,
    audience: Audience,
    subject: str,
    name: str,
    moment: dt.datetime,
    valid_for: dt.timedelta,
    dice: Callable[[int], bytes],
) -> tuple[Credential, Token]:
    """Make a token of 256 random bits; the plain token exists in this answer only."""
    token = Token(PREFIX + base64.urlsafe_b64encode(dice(32)).rstrip(b"=").decode())
    made = Credential(
        id=dice(8).hex(),
        audience=audience,
        subject=subject,
        name=name,
        created_at=moment,
        expires_at=moment + valid_for,
    )
    values = {field: getattr(made, field) for field in made.__struct_fields__}
    conn.execute(sa.insert(credential).values(token_sha256=_hash(token), **values))
    return made, token


def find_by_token(conn: Connection, token: str) -> Credential | None:
    """The credential of a plain token, valid or not (ask `is_valid`); None for an unknown one."""
    return _one(conn, credential.c.token_sha256 == _hash(token))


def list_credentials(
    conn: Connection, *, audience: Audience | None = None, subject: str | None = None
) -> list[Credential]:
    """All credentials, or those of one audience or subject, oldest first."""
    query = sa.select(*_COLUMNS).order_by(credential.c.created_at, credential.c.id)
    if audience is not None:
        query = query.where(credential.c.audience == audience)
    if subject is not None:
        query = query.where(credential.c.subject == subject)
    return [_made(row) for row in conn.execute(query)]


def revoke(conn: Connection, *, id: str, moment: dt.datetime) -> Credential:  # noqa: A002  # the credential's own word
    """Make it useless from `moment` on; a second time keeps the first moment. Raises NotFoundError."""
    this = credential.c.id == id
    conn.execute(sa.update(credential).where(this & credential.c.revoked_at.is_(None)).values(revoked_at=moment))
    revoked = _one(conn, this)
    if revoked is None:
        raise NotFoundError("no such credential")
    return revoked


_COLUMNS: Final = tuple(credential.c[field] for field in Credential.__struct_fields__)


def _one(conn: Connection, condition: sa.ColumnElement[bool]) -> Credential | None:
    row = conn.execute(sa.select(*_COLUMNS).where(condition)).one_or_none()
    return None if row is None else _made(row)


def _made(row: sa.Row[tuple[object, ...]]) -> Credential:
    return Credential(**row._mapping)  # noqa: SLF001  # SQLAlchemy's documented name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
