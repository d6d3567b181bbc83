"""The canonical form of a signaal: one text, made by columns, read back row by row. Pure.

It is what is sealed, what is hashed to find the same signaal twice, and what a proof commits to, so it is made once.
Fields stand behind one another in `COLUMNS` order, separated by US, records by RS (ISO/IEC 646 information separators);
NUL stands for null. No value holds one of the three: reading sees to that (`frames.RAW`).
"""

import itertools
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import polars as pl

from contracts.signaal import Signaal

CANONICAL_VERSION: Final = 1
"""Raise it when columns or their form change: texts of another version never compare equal."""

IDENTITY_COLUMNS: Final = (
    "soort",
    "producten",
    "opdrachtgever",
    "kenmerk",
    "achternaam",
    "postcode",
    "huisnummer",
)
"""What makes it the same arrears to the partner. The same identity with other content is a changed row, or a next step
(geactualiseerd signaal, eindeleveringssignaal): the signaaltype is content."""

REST_COLUMNS: Final = tuple(
    name
    for name in Signaal.__struct_fields__
    if name not in {"versie", "signaal_id", "gemeentecode", *IDENTITY_COLUMNS}
)
"""The rest of what is delivered, without our id and without the gemeente: a new postcode table makes no new signaal."""

COLUMNS: Final = (*IDENTITY_COLUMNS, *REST_COLUMNS)

FIELD_SEPARATOR: Final = "\x1f"
RECORD_SEPARATOR: Final = "\x1e"
_NULL: Final = "\x00"
_LIST: Final = ","


def texts(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """(identity, rest) per row of a block of canonical columns; their chain is the content.

    Two rows are equal in a text when, and only when, they are equal in its columns.
    """
    return _text(rows, IDENTITY_COLUMNS), _text(rows, REST_COLUMNS)


def records(rows: pl.DataFrame, identity: pl.Series, rest: pl.Series, *, upload: uuid.UUID) -> pl.Series:
    """What is sealed of each row: signaal id, gemeentecode, identity, rest; without the record separator."""
    own = signaal_ids(upload, pl.col("row_no"))
    record = pl.concat_str(own, "gemeentecode", identity, rest, separator=FIELD_SEPARATOR)
    return rows.select(record.alias("record")).to_series()


_HEX3: Final = pl.Series("hex3", [format(number, "03x") for number in range(4096)])


def signaal_ids(upload: uuid.UUID, row_no: pl.Expr) -> pl.Expr:
    """The ids of rows `row_no` of `upload` as text, by columns; equals gateway.ids.signaal_id row by row."""
    return ids_of_rows(pl.lit(str(upload)), row_no)


def ids_of_rows(upload: pl.Expr, row_no: pl.Expr) -> pl.Expr:
    """The same where every row may be of another `upload` (text)."""
    high, low = (pl.lit(_HEX3).gather(part) for part in (row_no // 4096, row_no % 4096))
    return pl.concat_str(upload.str.head(-6), high, low)


def _text(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The columns behind one another."""
    if rows.is_empty():
        return pl.Series("text", [], dtype=pl.String)
    parts = [
        part
        for empty, group in itertools.groupby((rows[column] for column in columns), _is_empty)
        for part in ([_nothing(len(list(group)))] if empty else map(_part, group))
    ]
    return rows.select(pl.concat_str(parts, separator=FIELD_SEPARATOR).alias("text")).to_series()


def _is_empty(values: pl.Series) -> bool:
    return values.null_count() == values.len()


def _nothing(columns: int) -> pl.Expr:
    """Neighbouring columns without a value, as one text: they cost next to nothing."""
    return pl.lit(FIELD_SEPARATOR.join([_NULL] * columns))


def _part(values: pl.Series) -> pl.Expr:
    """A column as text; null differs from empty."""
    value = pl.col(values.name)
    if values.dtype == pl.List(pl.String):
        value = value.list.join(_LIST)
    elif values.dtype == pl.Boolean:
        value = value.cast(pl.UInt8) if values.any() else pl.lit("0")
    value = value.cast(pl.String)
    return value.fill_null(_NULL) if values.null_count() else value


def _list(text: str) -> list[str]:
    return text.split(_LIST) if text else []


def _flag(text: str) -> bool:
    return text == "1"


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "producten": _list,
    "facturen": _list,
    "bedreigend": _flag,
    "warme_overdracht": _flag,
}
_FIELDS: Final = tuple(
    (next(f.encode_name for f in msgspec.structs.fields(Signaal) if f.name == name), _READ.get(name, str))
    for name in COLUMNS
)


def signaal_of(record: str) -> Signaal:
    """A record as the signaal it is; raises msgspec.ValidationError or ValueError for another text."""
    own, gemeentecode, *values = record.split(FIELD_SEPARATOR)
    document: dict[str, Any] = {
        name: read(value) for (name, read), value in zip(_FIELDS, values, strict=True) if value != _NULL
    }
    document["signaalId"] = own
    document["gemeentecode"] = gemeentecode
    return msgspec.convert(document, Signaal, strict=False)
