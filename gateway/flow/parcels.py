"""Parcels: rows grouped per agreement version and destination, sealed as they are written, immutable once sent.

All parcels of one processing attempt share one blob (one fsync instead of hundreds); each has two data keys of its own,
one for its rows and one for its link (partner reference and invoices), because they are forgotten at different times.
A segment holds canonical records (`gateway.stages.canonical`), or JSON lines of the link, in position order. Rows wait
for their segment over several blocks: a file for the whole country brings a parcel some fifty rows a block.
"""

import datetime as dt
import struct
from typing import Any, Final

import msgspec
import polars as pl
from msgspec import Struct

from contracts.signaal import Signaal
from gateway.crypto.keys import DataKey, RetentionClass, month_of
from gateway.crypto.sealing import Bytes, SegmentOpener, SegmentSealer
from gateway.errors import KeyDestroyedError
from gateway.flow.kit import Kit
from gateway.stages import canonical
from gateway.store.blobs import BlobStore, BlobWriter
from gateway.store.parcels import ParcelContent, ParcelRecord

CONTENT_VERSION: Final = 1
GROUP: Final = (
    "overeenkomst",
    "version",
    "systeem",
    "gemeentecode",
    "soort",
    "signaaltype",
    "opdrachtgever",
    "threatening",
)
"""Rows that may travel together: one agreement version, one destination, one judgement in the claim."""

HELD_BYTES: Final = 4 << 20
"""Records that wait for a segment, of all open parcels together; past it every open parcel seals what it holds."""

_LINE: Final = "\n"
_Group = tuple[Any, ...]
"""The values of GROUP."""
_SYSTEEM: Final = GROUP.index("systeem")
_SEGMENT: Final = struct.Struct(">QI")


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

    def add(self, texts: bytes) -> None:
        self._put(self._sealer.seal(texts))

    def close(self, rest: bytes = b"") -> bytes:
        self._put(self._sealer.last(rest))
        return bytes(self._segments)

    def _put(self, sealed: Bytes) -> None:
        self._segments += _SEGMENT.pack(self._writer.write(sealed), len(sealed))


class _Open:
    """A parcel that still takes rows. Its links are some 30 bytes a row: they wait here and become one segment."""

    def __init__(self, number: int, group: dict[str, object], rows: _Stream, links: _Stream) -> None:
        self.number = number
        self.group = group
        self.rows = rows
        self.links = links
        self._records: list[bytes] = []
        self._links: list[bytes] = []
        self.filled = 0

    def add(self, size: int, records: bytes, links: bytes) -> None:
        self._records.append(records)
        self._links.append(links)
        self.filled += size

    def seal(self) -> None:
        """Make a segment of the records that wait."""
        if self._records:
            self.rows.add(self._taken())

    def close(self) -> tuple[bytes, bytes]:
        """The places of the segments of rows and links; the last ones are made here."""
        return self.rows.close(self._taken()), self.links.close(_LINE.encode().join(self._links))

    def _taken(self) -> bytes:
        records, self._records = self._records, []
        return canonical.RECORD_SEPARATOR.encode().join(records)


class ParcelWriter:
    """Takes the rows that go on, block by block; gives back their places; keeps one open parcel a group.

    `limits`: system key → rows it takes at once. Memory is bounded by one block, `HELD_BYTES` and the list of parcels.
    """

    def __init__(self, kit: Kit, *, attempt_no: int, blob: str, limits: dict[str, int], default_limit: int) -> None:
        self._kit = kit
        self._attempt_no = attempt_no
        self._limits = limits
        self._default_limit = default_limit
        self._blob = blob
        self._month = month_of(kit.today())
        self._link_month = month_of(kit.today() + dt.timedelta(days=kit.settings.retention.link_days))
        self._open: dict[_Group, _Open] = {}
        self._number = 0
        self._held = 0
        self.records: list[ParcelRecord] = []

    def __enter__(self) -> "ParcelWriter":
        self._writer = self._kit.blobs.create(self._blob)
        self._writer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._writer.__exit__(None, None, None)

    def add(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Seal `rows` (GROUP, row_no, record, kenmerk, facturen); returns (row_no, parcel_no, position)."""
        if rows.is_empty():
            return pl.DataFrame(schema=PLACES)
        groups = rows.select(GROUP).with_row_index("index").group_by(GROUP, maintain_order=True).agg("index")
        keys = groups.select(GROUP).rows()
        places = _place(
            groups["index"], filled=[self._filled(key) for key in keys], limits=[self._limit(key) for key in keys]
        )
        ordered = rows.select("row_no", "record", _link_lines())[places["index"]]
        parts = (
            places.select("part", "group")
            .with_columns(ordered.select(pl.col("record", "link").str.len_bytes().cast(pl.Int64)))
            .group_by("part", maintain_order=True)
            .agg(pl.col("group").first(), pl.len(), pl.col("record", "link").sum())
        )
        records = _Cut(ordered["record"], canonical.RECORD_SEPARATOR)
        links = _Cut(ordered["link"], _LINE)
        numbers = [
            self._put(keys[group], size, records.take(size, record_bytes), links.take(size, link_bytes))
            for _, group, size, record_bytes, link_bytes in parts.iter_rows()
        ]
        self._hold(int(parts["record"].sum()))
        return places.select(
            ordered["row_no"],
            pl.Series(numbers, dtype=pl.UInt32).gather(places["part"]).alias("parcel_no"),
            "position",
        )

    def _put(self, group: _Group, size: int, records: bytes, links: bytes) -> int:
        """Add rows that fit to the group's open parcel; returns its number."""
        parcel = self._open.get(group) or self._begin(group)
        parcel.add(size, records, links)
        if parcel.filled == self._limit(group):
            self._close(self._open.pop(group))
        return parcel.number

    def _hold(self, more: int) -> None:
        self._held += more
        if self._held > HELD_BYTES:
            for parcel in self._open.values():
                parcel.seal()
            self._held = 0

    def _filled(self, group: _Group) -> int:
        parcel = self._open.get(group)
        return 0 if parcel is None else parcel.filled

    def _limit(self, group: _Group) -> int:
        return self._limits.get(group[_SYSTEEM], self._default_limit)

    def _begin(self, group: _Group) -> _Open:
        self._number += 1
        parcel = _Open(
            self._number,
            dict(zip(GROUP, group, strict=True)),
            self._stream(RetentionClass.WACHTEND, b"rows", month=self._month),
            self._stream(RetentionClass.LINK, b"link", month=self._link_month),
        )
        self._open[group] = parcel
        return parcel

    def _stream(self, cls: RetentionClass, what: bytes, *, month: str) -> _Stream:
        key = self._kit.keys.new_data_key(cls, month=month)
        return _Stream(key, content_context(what, self._attempt_no, self._number), self._kit, self._writer)

    def _close(self, parcel: _Open) -> None:
        rows, links = parcel.close()
        self.records.append(
            ParcelRecord(
                parcel_no=parcel.number,
                row_count=parcel.filled,
                overeenkomst=str(parcel.group["overeenkomst"]),
                version=int(str(parcel.group["version"])),
                systeem=str(parcel.group["systeem"]),
                gemeentecode=str(parcel.group["gemeentecode"]),
                soort=str(parcel.group["soort"]),
                signaaltype=str(parcel.group["signaaltype"]),
                opdrachtgever=None if parcel.group["opdrachtgever"] is None else str(parcel.group["opdrachtgever"]),
                threatening=bool(parcel.group["threatening"]),
                content=ParcelContent(
                    schema_version=CONTENT_VERSION,
                    blob=self._blob,
                    rows_segments=rows,
                    rows_key=parcel.rows.key.wrapped,
                    rows_key_name=parcel.rows.key.key_name,
                    link_segments=links,
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


class _Cut:
    """A column of texts as one run of bytes, taken off a number of rows at a time."""

    def __init__(self, texts: pl.Series, separator: str) -> None:
        joined: bytes = texts.str.join(separator).cast(pl.Binary).item()
        self._bytes = memoryview(joined)
        self._start = 0

    def take(self, rows: int, size: int) -> bytes:
        """The next `rows` rows, of `size` bytes without the separators, as they lie; none behind the last."""
        end = self._start + size + rows - 1
        taken = bytes(self._bytes[self._start : end])
        self._start = end + 1
        return taken


def content_context(what: bytes, attempt_no: int, parcel_no: int) -> bytes:
    """Binds a sealed chain to its place: `what` is rows or link."""
    return b"%s:%d:%d" % (what, attempt_no, parcel_no)


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
    records = _open_texts(
        kit.blobs,
        kit,
        content.blob,
        content.rows_segments,
        content.rows_key,
        content.rows_key_name,
        content_context(b"rows", attempt_no, parcel_no),
        canonical.RECORD_SEPARATOR,
    )
    return tuple(canonical.signaal_of(record) for record in records[position_from:position_to])


def read_links(kit: Kit, content: ParcelContent, *, attempt_no: int, parcel_no: int) -> list[Link]:
    """Reference and invoices by position; raises KeyDestroyedError once they are forgotten."""
    lines = _open_texts(
        kit.blobs,
        kit,
        content.blob,
        content.link_segments,
        content.link_key,
        content.link_key_name,
        content_context(b"link", attempt_no, parcel_no),
        _LINE,
    )
    return [_link_decoder.decode(line) for line in lines]


def _open_texts(
    blobs: BlobStore,
    kit: Kit,
    blob: str,
    segments: bytes | None,
    wrapped: bytes | None,
    key_name: str | None,
    context: bytes,
    separator: str,
) -> list[str]:
    if segments is None or wrapped is None or key_name is None:
        raise KeyDestroyedError("the content of this parcel was forgotten on schedule")
    opener = SegmentOpener(kit.keys.open_data_key(wrapped, key_name), context)
    places = list(_SEGMENT.iter_unpack(segments))
    texts: list[str] = []
    for index, (offset, length) in enumerate(places):
        sealed = blobs.read(blob, offset=offset, length=length)
        plain = opener.open(sealed, last=index == len(places) - 1)
        texts.extend(plain.decode().split(separator) if plain else ())
    return texts
