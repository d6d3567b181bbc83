"""Bearer tokens: shown once, stored hashed, revocable, with an expiry."""

import datetime as dt
import random

import pytest
import sqlalchemy as sa

from gateway.errors import NotFoundError
from gateway.store import credentials
from gateway.store.credentials import Audience, Credential, Token
from gateway.store.database import Database
from gateway.store.schema import credential

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
DICE = random.Random(5)


def _issue(db: Database, subject: str = "woonstad", audience: Audience = "signaalpartner") -> tuple[Credential, Token]:
    with db.write() as conn:
        return credentials.issue(
            conn,
            audience=audience,
            subject=subject,
            name="kantoor",
            moment=NOW,
            valid_for=dt.timedelta(days=365),
            dice=DICE.randbytes,
        )


def test_a_token_is_found_and_its_text_is_nowhere(database: Database) -> None:
    made, token = _issue(database)
    with database.read() as conn:
        assert credentials.find_by_token(conn, token) == made
        assert credentials.find_by_token(conn, token[:-1]) is None
        stored = conn.execute(sa.select(credential)).one()
    assert token.startswith("sp_")
    assert len(token) == 46
    assert not any(token in str(value) for value in stored)
    assert str(token) not in repr(token)


def test_it_is_valid_until_its_expiry(database: Database) -> None:
    made, _ = _issue(database)
    assert made.is_valid(NOW)
    assert made.is_valid(made.expires_at - dt.timedelta(seconds=1))
    assert not made.is_valid(made.expires_at)


def test_a_revoked_one_is_found_but_not_valid(database: Database) -> None:
    made, token = _issue(database)
    with database.write() as conn:
        first = credentials.revoke(conn, id=made.id, moment=NOW)
        again = credentials.revoke(conn, id=made.id, moment=NOW + dt.timedelta(hours=1))
        found = credentials.find_by_token(conn, token)
    assert first == again == found
    assert first.revoked_at == NOW
    assert not first.is_valid(NOW)


def test_revoking_what_does_not_exist_says_so(database: Database) -> None:
    with database.write() as conn, pytest.raises(NotFoundError):
        credentials.revoke(conn, id="nothing", moment=NOW)


def test_lists_are_by_audience_and_subject(database: Database) -> None:
    first, _ = _issue(database)
    second, _ = _issue(database, "vps-toegang", "toegang")
    with database.read() as conn:
        assert {one.id for one in credentials.list_credentials(conn)} == {first.id, second.id}
        assert credentials.list_credentials(conn, audience="toegang") == [second]
        assert credentials.list_credentials(conn, subject="woonstad") == [first]
