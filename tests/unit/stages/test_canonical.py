"""The canonical form: equal when equal, different when different, and back to the signaal it was."""

import datetime as dt
import uuid

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.signaal import Product, Signaal, Signaaltype, Soort
from gateway.ids import MAX_ROWS, signaal_id
from gateway.stages.canonical import COLUMNS, records, signaal_ids, signaal_of, texts
from gateway.stages.frames import SIGNAAL_FIELDS
from tests.builders import TEST_BSN, UPLOAD_ID, a_signaal

UPLOAD = uuid.UUID(UPLOAD_ID)


def frame(*signalen: Signaal) -> pl.DataFrame:
    """Canonical columns as processing has them; rows numbered from 1."""
    rows = [{name: getattr(signaal, name) for name in SIGNAAL_FIELDS} for signaal in signalen]
    lists = [row | {"producten": list(row["producten"]), "facturen": list(row["facturen"])} for row in rows]
    numbers = pl.int_range(1, len(rows) + 1, dtype=pl.UInt32, eager=True).alias("row_no")
    return pl.DataFrame(lists, schema=SIGNAAL_FIELDS).with_columns(numbers)


def forms(*signalen: Signaal) -> list[tuple[str, str]]:
    identity, rest = texts(frame(*signalen))
    return list(zip(identity, rest, strict=True))


def back(*signalen: Signaal) -> list[Signaal]:
    rows = frame(*signalen)
    return [signaal_of(record) for record in records(rows, *texts(rows), upload=UPLOAD)]


@pytest.mark.parametrize(
    "change",
    [
        {"bedrag": 1},
        {"facturen": ("F1",)},
        {"telefoon": "0612345678"},
        {"bedreigend": True},
        {"oudste_vervaldatum": dt.date(2026, 9, 1)},
        {"huisletter": ""},
        {"signaaltype": "geactualiseerd_signaal"},
    ],
)
def test_a_changed_row_has_other_content_and_the_same_identity(change):
    (first, rest), (second, other) = forms(a_signaal(), a_signaal(**change))
    assert first == second
    assert rest != other


@pytest.mark.parametrize(
    "change", [{"kenmerk": "X"}, {"soort": "water"}, {"achternaam": "Ander"}, {"opdrachtgever": "12345678"}]
)
def test_another_reference_person_kind_or_principal_is_another_signaal(change):
    (first, _), (second, _) = forms(a_signaal(), a_signaal(**change))
    assert first != second


def test_our_own_id_and_gemeente_do_not_make_it_another():
    assert len(set(forms(a_signaal(), a_signaal(gemeentecode="0344")))) == 1


def test_a_form_does_not_depend_on_the_other_rows_of_its_block():
    alone = forms(a_signaal())[0]
    beside = forms(a_signaal(), a_signaal(telefoon="0612345678", facturen=("F1",), bedreigend=True))[0]
    assert alone == beside


def test_every_delivered_field_is_in_it():
    assert set(Signaal.__struct_fields__) - set(COLUMNS) == {"versie", "signaal_id", "gemeentecode"}


def test_a_full_signaal_comes_back_whole():
    full = a_signaal(
        signaal_id=str(signaal_id(UPLOAD, 1)),
        soort=Soort.ZORG,
        signaaltype=Signaaltype.OPZEGGING_ZORG,
        producten=(Product.GAS, Product.WARMTE),
        bedreigend=True,
        warme_overdracht=True,
        klantnummer="007",
        polisnummer="P-1",
        uzovi="0101",
        bsn=TEST_BSN,
        geboortedatum=dt.date(1980, 12, 31),
        bedrag_premie=0,
        facturen=("F1", "F 2"),
        einde_levering=dt.date(2027, 1, 31),
    )
    assert back(full) == [full]


FIELD = st.none() | st.text(alphabet="ab,;é\x1a\x1d\n ", max_size=3)
"""Anything but NUL and the separators, which reading keeps out (test_parse)."""


@given(st.tuples(FIELD, FIELD, FIELD), st.tuples(FIELD, FIELD, FIELD))
def test_no_value_can_imitate_another_column(first, second):
    def content(values):
        voorletters, voorvoegsel, huisletter = values
        return forms(a_signaal(voorletters=voorletters, voorvoegsel=voorvoegsel, huisletter=huisletter))[0]

    assert (content(first) == content(second)) == (first == second)


@given(st.tuples(FIELD, FIELD, FIELD))
def test_any_text_comes_back(values):
    voorletters, voorvoegsel, straat = values
    (signaal,) = back(a_signaal(voorletters=voorletters, voorvoegsel=voorvoegsel, straat=straat or "x"))
    assert (signaal.voorletters, signaal.voorvoegsel) == (voorletters, voorvoegsel)


@given(row_no=st.integers(min_value=1, max_value=MAX_ROWS))
def test_columnar_ids_equal_the_ids_one_by_one(row_no):
    numbers = pl.DataFrame({"row_no": pl.Series([row_no], dtype=pl.UInt32)})
    assert numbers.select(signaal_ids(UPLOAD, pl.col("row_no"))).item() == str(signaal_id(UPLOAD, row_no))
