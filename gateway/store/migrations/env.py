"""Alembic's entry: run the scripts on the connection, and in the transaction, that `gateway.store.migrate` opened."""

from alembic import context

from gateway.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
