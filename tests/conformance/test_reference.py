"""The postcode table: GeoNames' layout or two columns, whole or not at all."""

import polars as pl
import pytest

from gateway.errors import InvalidInputError
from gateway.flow.kit import Kit
from gateway.flow.reference import load_postcodes, read_postcodes
from gateway.store.directory import current_generation
from gateway.store.reference import TABLE, current_set, current_table

GEONAMES = (
    "NL\t1011\tAmsterdam\tNoord-Holland\t07\tAmsterdam\t0363\t\t\t52.3729\t4.9\t6\n"
    "NL\t1012\tAmsterdam\tNoord-Holland\t07\tAmsterdam\t0363\t\t\t52.3729\t4.9\t6\n"
    "NL\t5671\tNuenen\tNoord-Brabant\t06\tNuenen, Gerwen en Nederwetten\t0820\t\t\t51.47\t5.55\t6\n"
    'NL\t2512\t\'s-Gravenhage "centrum"\tZuid-Holland\t11\tDen Haag\t0518\t\t\t52.07\t4.3\t6\n'
    "NL\t1012\tAmsterdam\tNoord-Holland\t07\tAmsterdam\t0363\t\t\t52.3729\t4.9\t6\n"
)
TWO = "pc4;gemeentecode\n1011;0363\n5671;0820\n5671;0772\n"


def test_geonames_and_two_columns_give_the_same_table() -> None:
    table = read_postcodes(GEONAMES.encode())
    assert dict(table.schema) == dict(TABLE)
    assert table.rows() == [(1011, "0363"), (1012, "0363"), (2512, "0518"), (5671, "0820")]
    quoted = '\ufeff"PC4";"gemeentecode"\r\n"1011";"0363"\r\n\r\n5671;0820\r\n'
    assert read_postcodes(quoted.encode()).rows() == [(1011, "0363"), (5671, "0820")]


def test_full_postcodes_count_by_their_digits() -> None:
    assert read_postcodes(GEONAMES.replace("1011", "1011 AB").encode()).rows()[0] == (1011, "0363")


def test_a_load_is_current_for_the_next_reader(kit: Kit) -> None:
    with kit.db.read() as conn:
        assert current_table(conn) is None
        assert current_set(conn) is None
    loaded = load_postcodes(kit, TWO.encode())
    assert (loaded.rows, loaded.postcodes, loaded.ambiguous, loaded.changed) == (3, 2, 1, True)
    with kit.db.read() as conn:
        table = current_table(conn)
        used = current_set(conn)
        assert current_generation(conn) == 1
    assert table is not None
    assert table.rows() == [(1011, "0363"), (5671, "0772"), (5671, "0820")]
    assert table.schema == TABLE
    assert used is not None
    assert (used.rows, used.loaded_at, used.is_current) == (3, kit.clock(), True)


def test_a_new_version_replaces_the_old_one(kit: Kit) -> None:
    load_postcodes(kit, TWO.encode())
    load_postcodes(kit, GEONAMES.encode())
    with kit.db.read() as conn:
        table = current_table(conn)
    assert table is not None
    assert table.filter(pl.col("pc4") == 5671).rows() == [(5671, "0820")]


def test_the_same_file_again_changes_nothing(kit: Kit) -> None:
    load_postcodes(kit, TWO.encode())
    assert load_postcodes(kit, TWO.encode()).changed is False
    with kit.db.read() as conn:
        assert current_generation(conn) == 1


def test_every_bad_line_is_named_and_nothing_is_loaded(kit: Kit) -> None:
    load_postcodes(kit, TWO.encode())
    bad = TWO + "101;0363\n\n1012;9999\n1012\n0999;0363\n1013;0363\n"
    with pytest.raises(InvalidInputError, match="4 lines") as caught:
        load_postcodes(kit, bad.encode())
    assert [problem.location for problem in caught.value.problems] == ["line 5", "line 7", "line 8", "line 9"]
    with kit.db.read() as conn:
        table = current_table(conn)
    assert table is not None
    assert table.height == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"pc4;gemeentecode\n",
        b"\xff\xfe1\x00",
        b"BE\t1000\tBrussel\t\t\t\t0363\t\t\t\t\t\n",
        b"pc4,gemeentecode\n1011,0363\n",
        GEONAMES.replace("\t6\n", "\n").encode(),
    ],
)
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError):
        read_postcodes(data)
