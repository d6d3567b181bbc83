"""What all tables are made of: the one catalogue, moments, keys, partial indexes."""

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Index, MetaData

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Moment(sa.types.TypeDecorator[dt.datetime]):
    """An aware datetime, stored as UTC microseconds since 1970 in a bigint: sorts and compares on both engines."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> int | None:
        return None if value is None else moment_to_us(value)

    def process_result_value(self, value: int | None, dialect: Any) -> dt.datetime | None:
        return None if value is None else EPOCH + dt.timedelta(microseconds=value)


def moment_to_us(value: dt.datetime) -> int:
    """UTC microseconds since 1970 of an aware datetime; raises ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return (value - EPOCH) // dt.timedelta(microseconds=1)


metadata: Final = MetaData()

# SQLite only auto-increments INTEGER primary keys.
BigKey: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def partial_index(name: str, where: str, *columns: sa.ColumnElement[Any]) -> Index:
    """An index of the rows for which `where` holds, which a query must repeat literally."""
    return Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
