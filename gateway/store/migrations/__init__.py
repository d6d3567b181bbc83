"""Alembic scripts; run by `gateway.store.migrate`, never by the alembic command."""
