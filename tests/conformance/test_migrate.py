"""The migrated database is what the schema says, on both engines."""

import enum
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gateway.lifecycle import DeliveryState, UploadState
from gateway.store import migrate, schema
from gateway.store.database import Database, open_database
from tests.postgres import PostgresServer


def test_the_migrated_database_does_not_differ_from_the_schema(database: Database) -> None:
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


@pytest.mark.parametrize(
    ("table", "states"), [(schema.upload_state, UploadState), (schema.delivery_state, DeliveryState)]
)
def test_the_lookup_tables_hold_the_states_of_the_lifecycle(
    database: Database, table: sa.Table, states: type[enum.IntEnum]
) -> None:
    with database.read() as conn:
        rows = {(number, name) for number, name in conn.execute(sa.select(table.c.number, table.c.name))}
    assert rows == {(int(state), state.name.lower()) for state in states}


def test_upgrading_again_does_nothing(database: Database) -> None:
    assert migrate.is_current(database)
    assert migrate.upgrade(database) is False
    assert migrate.current(database) == "0001"


def test_an_empty_database_has_no_version(tmp_path, postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    for url in (f"sqlite:///{tmp_path}/new/empty.db", postgres_server.url(name)):
        with open_database(url) as db:
            assert migrate.current(db) is None
            assert not migrate.is_current(db)
    postgres_server.drop(name)


def test_hosts_that_start_together_migrate_once(tmp_path, postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    for url in (f"sqlite:///{tmp_path}/together.db", postgres_server.url(name)):
        did: list[bool] = []

        def start(url: str = url, did: list[bool] = did) -> None:
            with open_database(url) as db:
                did.append(migrate.upgrade(db))

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(did) == [False, False, False, True]
    postgres_server.drop(name)
