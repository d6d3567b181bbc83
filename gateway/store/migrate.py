"""Bring a database to the tables of this version. Works from an installed wheel: the scripts lie inside the package."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gateway.store.database import Database

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x5349474E41414C50
"""Advisory lock of PostgreSQL, "SIGNAALP": two hosts that start together migrate one after the other."""


def upgrade(db: Database) -> bool:
    """Bring the database to the newest version in one transaction; False when it was there already."""
    with db.write() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("SET LOCAL lock_timeout = 0"))
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _current(conn) == _head():
            return False
        command.upgrade(_config(conn), "head")
        return True


def current(db: Database) -> str | None:
    """The version of the database; None when it has no tables of ours."""
    with db.read() as conn:
        return _current(conn)


def is_current(db: Database) -> bool:
    """Whether the database has the version that this code was written for."""
    return current(db) == _head()


def _current(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(conn: Connection | None) -> Config:
    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
