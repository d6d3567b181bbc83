"""Parcels: rows grouped per agreement version and destination, sealed as they are written, immutable once sent.

All parcels of one processing attempt share one blob (one fsync instead of hundreds); each has two data keys of its own,
one for its rows and one for its link (partner reference and invoices), because they are forgotten at different times.
A segment holds one JSON line a row, in position order; `contracts.signaal.Signaal` is the form of a row.
"""

import datetime as dt
import struct
import uuid
from typing import Final

import msgspec
import polars as pl
from msgspec import Struct

from contracts.signaal import Signaal, signaal_decoder
from gateway.crypto.keys import DataKey, RetentionClass, month_of
from gateway.crypto.sealing import SegmentOpener, SegmentSealer
from gateway.errors import KeyDestroyedError
from gateway.flow.kit import Kit
from gateway.ids import MAX_ROWS
from gateway.store.blobs import BlobStore, BlobWriter
from gateway.store.parcels import ParcelContent, ParcelRecord

CONTENT_VERSION: Final = 1
GROUP: Final = ("overeenkomst", "version", "systeem", "gemeentecode", "soort", "opdrachtgever", "threatening")
"""Rows that may travel together: one agreement version, one destination, one judgement in the claim."""

WIRE: Final = {field.name: field.encode_name for field in msgspec.structs.fields(Signaal) if field.name != "versie"}
_ROW_FIELDS: Final = [name for name in WIRE if name != "signaal_id"]
_SEGMENT: Final = struct.Struct(">QI")
_DROP_WHEN_FALSE: Final = ("bedreigend", "warme_overdracht")


class Link(Struct, frozen=True, rename={"kenmerk": "k", "facturen": "f"}):
    """What names a signaal to its partner after its row is gone."""

    kenmerk: str
    facturen: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """A reference can be personal data."""
        return "Link(...)"


_link_decoder: Final = msgspec.json.Decoder(Link)


class _Stream:
    """One sealed chain of segments inside the shared blob."""

    def __init__(self, key: DataKey, context: bytes, kit: Kit, writer: BlobWriter) -> None:
        self.key = key
        self._sealer = SegmentSealer(key.plain, context, kit.dice)
        self._writer = writer
        self._segments = bytearray()

    def add(self, lines: bytes) -> None:
        self._put(self._sealer.seal(lines))

    def close(self) -> bytes:
        self._put(self._sealer.last())
        return bytes(self._segments)

    def _put(self, sealed: bytes) -> None:
        self._segments += _SEGMENT.pack(self._writer.write(sealed), len(sealed))


class _Open:
    """A parcel that still takes rows."""

    def __init__(self, number: int, group: dict[str, object], rows: _Stream, links: _Stream) -> None:
        self.number = number
        self.group = group
        self.rows = rows
        self.links = links
        self.filled = 0


class ParcelWriter:
    """Takes the rows that go on, block by block; gives back their places; keeps one open parcel a group.

    `limits`: system key → rows it takes at once. Memory is bounded by one block and the list of parcels.
    """

    def __init__(
        self, kit: Kit, *, upload_id: uuid.UUID, attempt_no: int, blob: str, limits: dict[str, int], default_limit: int
    ) -> None:
        self._kit = kit
        self._upload = upload_id
        self._attempt_no = attempt_no
        self._limits = limits
        self._default_limit = default_limit
        self._blob = blob
        self._month = month_of(kit.today())
        self._link_month = month_of(kit.today() + dt.timedelta(days=kit.settings.retention.link_days))
        self._open: dict[tuple[object, ...], _Open] = {}
        self._number = 0
        self.records: list[ParcelRecord] = []

    def __enter__(self) -> "ParcelWriter":
        self._writer = self._kit.blobs.create(self._blob)
        self._writer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._writer.__exit__(None, None, None)

    def add(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Seal `rows` (canonical columns plus GROUP and row_no); returns (row_no, parcel_no, position)."""
        if rows.is_empty():
            return pl.DataFrame(schema=PLACES)
        groups = rows.select(GROUP).with_row_index("index").group_by(GROUP, maintain_order=True).agg("index")
        keys = groups.select(GROUP).rows(named=True)
        places = _place(
            groups["index"], filled=[self._filled(key) for key in keys], limits=[self._limit(key) for key in keys]
        )
        parts = _lines_of_parts(rows, places["part"].gather(places["index"].arg_sort()), self._upload)
        sizes = places.group_by("part", maintain_order=True).agg(pl.len(), pl.col("group").first())
        numbers = [
            self._seal(keys[group], size, line, link)
            for (_, size, group), (_, line, link) in zip(sizes.iter_rows(), parts.iter_rows(), strict=True)
        ]
        return pl.DataFrame(
            {
                "row_no": rows["row_no"].gather(places["index"]),
                "parcel_no": pl.Series(numbers, dtype=pl.UInt32).gather(places["part"]),
                "position": places["position"],
            },
            schema=PLACES,
        )

    def _seal(self, group: dict[str, object], size: int, lines: bytes, links: bytes) -> int:
        """Add rows that fit to the group's open parcel; returns its number."""
        key = tuple(group.values())
        parcel = self._open.get(key) or self._begin(key, group)
        parcel.rows.add(lines)
        parcel.links.add(links)
        parcel.filled += size
        if parcel.filled == self._limit(group):
            self._close(self._open.pop(key))
        return parcel.number

    def _filled(self, group: dict[str, object]) -> int:
        parcel = self._open.get(tuple(group.values()))
        return 0 if parcel is None else parcel.filled

    def _limit(self, group: dict[str, object]) -> int:
        return self._limits.get(str(group["systeem"]), self._default_limit)

    def _begin(self, key: tuple[object, ...], group: dict[str, object]) -> _Open:
        self._number += 1
        parcel = _Open(
            self._number,
            group,
            self._stream(RetentionClass.WACHTEND, b"rows", month=self._month),
            self._stream(RetentionClass.LINK, b"link", month=self._link_month),
        )
        self._open[key] = parcel
        return parcel

    def _stream(self, cls: RetentionClass, what: bytes, *, month: str) -> _Stream:
        key = self._kit.keys.new_data_key(cls, month=month)
        return _Stream(key, content_context(what, self._attempt_no, self._number), self._kit, self._writer)

    def _close(self, parcel: _Open) -> None:
        self.records.append(
            ParcelRecord(
                parcel_no=parcel.number,
                row_count=parcel.filled,
                overeenkomst=str(parcel.group["overeenkomst"]),
                version=int(str(parcel.group["version"])),
                systeem=str(parcel.group["systeem"]),
                gemeentecode=str(parcel.group["gemeentecode"]),
                soort=str(parcel.group["soort"]),
                opdrachtgever=None if parcel.group["opdrachtgever"] is None else str(parcel.group["opdrachtgever"]),
                threatening=bool(parcel.group["threatening"]),
                content=ParcelContent(
                    schema_version=CONTENT_VERSION,
                    blob=self._blob,
                    rows_segments=parcel.rows.close(),
                    rows_key=parcel.rows.key.wrapped,
                    rows_key_name=parcel.rows.key.key_name,
                    link_segments=parcel.links.close(),
                    link_key=parcel.links.key.wrapped,
                    link_key_name=parcel.links.key.key_name,
                ),
            )
        )

    def finish(self) -> list[ParcelRecord]:
        """Close every parcel and make the blob durable; the records in order of their number."""
        for parcel in self._open.values():
            self._close(parcel)
        self._open.clear()
        if self.records:
            self._writer.commit()
        return sorted(self.records, key=lambda record: record.parcel_no)


PLACES: Final = pl.Schema({"row_no": pl.UInt32(), "parcel_no": pl.UInt32(), "position": pl.UInt32()})


def _place(indexes: pl.Series, *, filled: list[int], limits: list[int]) -> pl.DataFrame:
    """One line a row, in order of group: index, group, `part` (rows of one group for one parcel) and position.

    `indexes`: list of row indexes per group. `filled`, `limits`, per group: rows already in the open parcel, rows that
    a parcel holds. Light columns only: the lines themselves are moved once.
    """
    start, limit = pl.Series("start", filled), pl.Series("limit", limits)
    placed = pl.select(
        pl.int_range(indexes.len(), dtype=pl.UInt32).alias("group"),
        limit,
        pl.int_ranges(start, start + indexes.list.len()).alias("at"),
        indexes.alias("index"),
    ).explode("at", "index")
    slot = pl.col("at") // pl.col("limit")
    return placed.select(
        "index",
        "group",
        pl.struct("group", slot).rle_id().alias("part"),
        (pl.col("at") % pl.col("limit")).cast(pl.UInt32).alias("position"),
    )


def _lines_of_parts(rows: pl.DataFrame, part: pl.Series, upload: uuid.UUID) -> pl.DataFrame:
    """(part, lines, links) in order of part; the bytes of its rows, a line each, in row order."""
    return (
        rows.select(part.alias("part"), _lines(rows, upload), _link_lines())
        .group_by("part")
        .agg(pl.col("line", "link").str.join("\n").cast(pl.Binary))
        .sort("part")
    )


def content_context(what: bytes, attempt_no: int, parcel_no: int) -> bytes:
    """Binds a sealed chain to its place: `what` is rows or link."""
    return b"%s:%d:%d" % (what, attempt_no, parcel_no)


_HEX3: Final = pl.Series("hex3", [format(number, "03x") for number in range(4096)])


def signaal_ids(upload: uuid.UUID, row_no: pl.Expr) -> pl.Expr:
    """The ids of rows `row_no` of `upload` as text, columnar; equals gateway.ids.signaal_id row by row."""
    prefix = str(upload)[:-6]
    high = pl.lit(_HEX3).gather(row_no // 4096)
    low = pl.lit(_HEX3).gather(row_no % 4096)
    return pl.concat_str(pl.lit(prefix), high, low)


def _lines(rows: pl.DataFrame, upload: uuid.UUID) -> pl.Expr:
    assert rows["row_no"].max() is not None
    assert int(str(rows["row_no"].max())) <= MAX_ROWS
    columns = [name for name in _ROW_FIELDS if _has_content(rows[name], name)]
    fields = [signaal_ids(upload, pl.col("row_no")).alias("signaalId")]
    fields += [pl.col(name).alias(WIRE[name]) for name in columns]
    return pl.struct(fields).struct.json_encode().alias("line")


def _has_content(column: pl.Series, name: str) -> bool:
    if name in _DROP_WHEN_FALSE:
        return bool(column.any())
    return column.null_count() < column.len()


def _link_lines() -> pl.Expr:
    return (
        pl.struct(pl.col("kenmerk").alias("k"), pl.col("facturen").fill_null([]).alias("f"))
        .struct.json_encode()
        .alias("link")
    )


def read_rows(
    kit: Kit, content: ParcelContent, *, attempt_no: int, parcel_no: int, position_from: int, position_to: int
) -> tuple[Signaal, ...]:
    """The signalen of a parcel (or of a split child: its range of positions).

    Raises KeyDestroyedError once retention destroyed them, IntegrityError when a byte, the order or the end is off.
    """
    lines = _open_lines(
        kit.blobs,
        kit,
        content.blob,
        content.rows_segments,
        content.rows_key,
        content.rows_key_name,
        content_context(b"rows", attempt_no, parcel_no),
    )
    return tuple(signaal_decoder.decode(line) for line in lines[position_from:position_to])


def read_links(kit: Kit, content: ParcelContent, *, attempt_no: int, parcel_no: int) -> list[Link]:
    """Reference and invoices by position; raises KeyDestroyedError once they are forgotten."""
    lines = _open_lines(
        kit.blobs,
        kit,
        content.blob,
        content.link_segments,
        content.link_key,
        content.link_key_name,
        content_context(b"link", attempt_no, parcel_no),
    )
    return [_link_decoder.decode(line) for line in lines]


def _open_lines(
    blobs: BlobStore,
    kit: Kit,
    blob: str,
    segments: bytes | None,
    wrapped: bytes | None,
    key_name: str | None,
    context: bytes,
) -> list[bytes]:
    if segments is None or wrapped is None or key_name is None:
        raise KeyDestroyedError("the content of this parcel was forgotten on schedule")
    opener = SegmentOpener(kit.keys.open_data_key(wrapped, key_name), context)
    places = list(_SEGMENT.iter_unpack(segments))
    lines: list[bytes] = []
    for index, (offset, length) in enumerate(places):
        sealed = blobs.read(blob, offset=offset, length=length)
        plain = opener.open(sealed, last=index == len(places) - 1)
        lines.extend(plain.split(b"\n") if plain else ())
    return lines
