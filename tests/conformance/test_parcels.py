"""Parcels: what was sealed comes back whole, in order, to whom it belongs, and to nobody else."""

import datetime as dt
import uuid

import polars as pl
import pytest

from contracts.signaal import Product, Signaal
from gateway.errors import IntegrityError, KeyDestroyedError
from gateway.flow.kit import Kit
from gateway.flow.parcels import Link, ParcelWriter, read_links, read_rows
from gateway.ids import signaal_id
from gateway.stages import canonical
from gateway.store.parcels import ParcelRecord

UPLOAD = uuid.UUID("01931c5e-7000-7abc-8def-aabbcc000000")


def going(count: int, *, first: int = 1, gemeente: str = "0363", achternaam: str = "Voorbeeld") -> pl.DataFrame:
    """Rows that go on: the canonical columns that are filled, and the verdict's."""
    numbers = range(first, first + count)
    rows = pl.DataFrame(
        {
            "row_no": pl.Series(numbers, dtype=pl.UInt32),
            "soort": ["energie"] * count,
            "signaaltype": ["vroegsignaal"] * count,
            "producten": [["elektriciteit", "gas"]] * count,
            "bedreigend": [False] * count,
            "warme_overdracht": [False] * count,
            "kenmerk": [f"K-{number}" for number in numbers],
            "opdrachtgever": pl.Series([None] * count, dtype=pl.String),
            "klantnummer": [f"C-{number}" for number in numbers],
            "achternaam": [achternaam] * count,
            "straat": ["Dorpsstraat"] * count,
            "huisnummer": pl.Series([12] * count, dtype=pl.Int64),
            "postcode": ["1234AB"] * count,
            "woonplaats": ["Voorbeeldstad"] * count,
            "gemeentecode": [gemeente] * count,
            "bedrag": pl.Series([25_075] * count, dtype=pl.Int64),
            "oudste_vervaldatum": [dt.date(2026, 9, 1)] * count,
            "facturen": [["F1", "F2"]] * count,
            "overeenkomst": ["ov-1"] * count,
            "version": pl.Series([3] * count, dtype=pl.Int32),
            "systeem": ["vps"] * count,
            "threatening": [False] * count,
        }
    ).with_columns(
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in {
            "polisnummer": pl.String,
            "uzovi": pl.String,
            "bsn": pl.String,
            "voorletters": pl.String,
            "voorvoegsel": pl.String,
            "geslacht": pl.String,
            "geboortedatum": pl.Date,
            "telefoon": pl.String,
            "email": pl.String,
            "huisletter": pl.String,
            "huisnummertoevoeging": pl.String,
            "bedrag_premie": pl.Int64,
            "bedrag_eigen_risico": pl.Int64,
            "bedrag_eigen_bijdrage": pl.Int64,
            "einde_levering": pl.Date,
        }.items()
    )
    return rows.with_columns(canonical.records(rows, *canonical.texts(rows), upload=UPLOAD))


def written(kit: Kit, *blocks: pl.DataFrame, limit: int = 4) -> tuple[list[ParcelRecord], pl.DataFrame]:
    writer = ParcelWriter(kit, attempt_no=7, blob="attempt/7-aa", limits={"vps": limit}, default_limit=limit)
    with writer:
        places = pl.concat([writer.add(block) for block in blocks])
        return writer.finish(), places


def rows_of(kit: Kit, record: ParcelRecord, *, start: int = 0, end: int | None = None) -> tuple[Signaal, ...]:
    return read_rows(
        kit,
        record.content,
        attempt_no=7,
        parcel_no=record.parcel_no,
        position_from=start,
        position_to=record.row_count if end is None else end,
    )


def test_a_row_comes_back_as_the_signaal_it_was(kit: Kit) -> None:
    (record,), _ = written(kit, going(1, achternaam='d\'Été "de Vries"\nvan; Ý'))
    (signaal,) = rows_of(kit, record)
    assert signaal.signaal_id == str(signaal_id(UPLOAD, 1))
    assert signaal.achternaam == 'd\'Été "de Vries"\nvan; Ý'
    assert signaal.producten == (Product.ELEKTRICITEIT, Product.GAS)
    assert signaal.bedrag == 25_075
    assert signaal.oudste_vervaldatum == dt.date(2026, 9, 1)
    assert signaal.geboortedatum is None


def test_parcels_fill_across_blocks_up_to_the_limit_of_the_system(kit: Kit) -> None:
    records, places = written(kit, going(6), going(5, first=7))
    assert [record.row_count for record in records] == [4, 4, 3]
    assert places["row_no"].to_list() == list(range(1, 12))
    for place in places.iter_rows(named=True):
        record = records[place["parcel_no"] - 1]
        assert rows_of(kit, record)[place["position"]].kenmerk == f"K-{place['row_no']}"


def test_a_parcel_holds_one_gemeente(kit: Kit) -> None:
    records, _ = written(kit, pl.concat([going(2), going(2, first=3, gemeente="0344")]))
    assert {record.gemeentecode: record.row_count for record in records} == {"0363": 2, "0344": 2}


def test_a_split_child_reads_its_own_positions(kit: Kit) -> None:
    (record,), _ = written(kit, going(4))
    assert [signaal.kenmerk for signaal in rows_of(kit, record, start=1, end=3)] == ["K-2", "K-3"]


def test_links_outlive_the_rows(kit: Kit) -> None:
    (record,), _ = written(kit, going(2))
    kit.keys.destroy(str(record.content.rows_key_name))
    with pytest.raises(KeyDestroyedError):
        rows_of(kit, record)
    links = read_links(kit, record.content, attempt_no=7, parcel_no=record.parcel_no)
    assert links == [Link("K-1", ("F1", "F2")), Link("K-2", ("F1", "F2"))]


def test_content_does_not_open_as_another_parcel(kit: Kit) -> None:
    (record,), _ = written(kit, going(2))
    with pytest.raises(IntegrityError):
        read_rows(kit, record.content, attempt_no=7, parcel_no=2, position_from=0, position_to=2)


def test_nothing_readable_lies_on_disk(kit: Kit) -> None:
    written(kit, going(3, achternaam="Zichtbaar"))
    stored = b"".join(b"".join(kit.blobs.stream(name)) for name in kit.blobs.names())
    assert stored
    assert b"Zichtbaar" not in stored
    assert b"K-1" not in stored
