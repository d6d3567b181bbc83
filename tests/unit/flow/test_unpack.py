"""Every form of file becomes CSV with its source told; every way in which it cannot is one clear finding."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.profiel import Bestandsvorm, Profiel, Tekenset
from gateway.flow.unpack import PlainFile, UnpackLimits, UnpackRefusedError, unpack
from gateway.stages.dialect import FileFinding
from gateway.stages.source import ENCRYPTED_PACKAGE, OLE_MAGIC, Bron
from tests.files import MIB, a_zip, an_ods, an_xlsx, limits, raw_xlsx, xlsx_of

TABLE = [["soort", "bedrag"], ["huur", 250.75], ["zorg", 12]]
AS_CSV = b"soort;bedrag\r\nhuur;250,75\r\nzorg;12\r\n"
ARRAY = json.dumps([{"soort": "huur", "bedrag": 250.75}, {"soort": "zorg", "bedrag": 12}]).encode()
LINES = b'{"soort": "huur", "bedrag": 250.75}\n{"soort": "zorg", "bedrag": 12}\n'
V = Bestandsvorm


def read(
    data: bytes, *, profiel: Profiel | None = None, within: UnpackLimits | None = None
) -> tuple[Bron, bytes, list[FileFinding]]:
    notes: list[FileFinding] = []
    source = PlainFile(io.BytesIO(data))
    with unpack(source, profiel=profiel, limits=within or limits(), note=notes.append) as (bron, chunks):
        return bron, b"".join(chunks), notes


def refused(data: bytes, *, profiel: Profiel | None = None, within: UnpackLimits | None = None) -> FileFinding:
    with pytest.raises(UnpackRefusedError) as caught:
        read(data, profiel=profiel, within=within)
    return caught.value.finding


@pytest.mark.parametrize(
    ("data", "bron", "csv"),
    [
        (AS_CSV, Bron(vorm=V.CSV), AS_CSV),
        (an_xlsx(TABLE), Bron(vorm=V.XLSX, blad="Blad1", bladen=("Blad1",)), AS_CSV),
        (an_ods(TABLE), Bron(vorm=V.ODS, blad="Blad1", bladen=("Blad1",)), AS_CSV),
        (ARRAY, Bron(vorm=V.JSON), AS_CSV),
        (LINES, Bron(vorm=V.JSON_REGELS), AS_CSV),
        (ARRAY.decode().encode("utf-16"), Bron(vorm=V.JSON, tekenset=Tekenset.UTF_16), AS_CSV),
        (b"", Bron(vorm=V.CSV), b""),
        (b"[]", Bron(vorm=V.JSON), b""),
    ],
    ids=["csv", "xlsx", "ods", "array", "lines", "utf-16", "empty", "no records"],
)
def test_every_form_alone_in_a_zip_and_in_gzip(data: bytes, bron: Bron, csv: bytes) -> None:
    assert read(data) == (bron, csv, [])
    for packed, verpakt in ((a_zip({"signalen.dat": data}), "zip"), (gzip.compress(data), "gzip")):
        found = Bron(vorm=bron.vorm, verpakt=verpakt, blad=bron.blad, bladen=bron.bladen, tekenset=bron.tekenset)
        assert read(packed) == (found, csv, [])


def test_a_csv_that_is_not_packed_passes_untouched() -> None:
    """The very chunks, so nothing is copied; and none is read before it is asked for."""
    chunks = [b"soort;kenmerk\r\n", b"huur;A\r\n", b"huur;B\r\n"]
    given: list[bytes] = []

    class Streamed:
        def chunks(self) -> Iterator[bytes]:
            for chunk in chunks:
                given.append(chunk)
                yield chunk

        def file(self) -> io.BytesIO:
            raise AssertionError

    with unpack(Streamed(), profiel=None, limits=limits()) as (bron, passed):
        assert given == chunks[:1]
        assert bron == Bron(vorm=V.CSV)
        assert all(a is b for a, b in zip(passed, chunks, strict=True))


def a_profile(**fields: object) -> Profiel:
    return Profiel(naam="proef", **fields)  # type: ignore[arg-type]  # what a test gives


def test_the_sheet_of_the_profile_is_read() -> None:
    book = xlsx_of({"Toelichting": [["uitleg"]], "Signalen": TABLE})
    bron, csv, _ = read(book, profiel=a_profile(blad="Signalen"))
    assert (bron.blad, bron.bladen, csv) == ("Signalen", ("Toelichting", "Signalen"), AS_CSV)
    assert read(book)[0].blad == "Toelichting"


def test_a_sheet_that_is_not_there_is_told_by_the_name_in_the_profile() -> None:
    assert refused(an_xlsx(TABLE), profiel=a_profile(blad="Export")) == FileFinding(
        code="bestand_werkblad_ontbreekt", vorm="met de naam Export"
    )


def test_the_profile_decides_which_text_it_is() -> None:
    data = b'["soort"];["bedrag"]\r\n'
    assert refused(data).code == "bestand_json_ongeldig"
    assert read(data, profiel=a_profile(vorm=V.CSV))[1] == data
    assert read(an_xlsx(TABLE), profiel=a_profile(vorm=V.CSV))[0].vorm is V.XLSX


def test_the_profile_decides_the_character_set_of_json() -> None:
    data = '[{"naam": "ž"}]'.encode("iso-8859-15")
    assert read(data)[1].decode() == "naam\r\n¸\r\n"
    assert read(data, profiel=a_profile(tekenset=Tekenset.ISO_8859_15))[1].decode() == "naam\r\nž\r\n"


def encrypted_zip() -> bytes:
    """As `zip -e` marks it."""
    data = bytearray(a_zip({"signalen.csv": AS_CSV}))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def a_stored_zip(name: str, data: bytes) -> bytes:
    return a_zip({name: data}, method=zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    ("data", "code", "vorm"),
    [
        (a_zip({"a.csv": b"x", "b.csv": b"y"}), "bestand_ingepakt_meer", "2 bestanden"),
        (a_zip({}), "bestand_ingepakt_meer", "geen enkel bestand"),
        (a_zip({"a.zip": a_zip({"a.csv": AS_CSV})}), "bestand_ingepakt_meer", "nog een ingepakt bestand"),
        (a_zip({"a.gz": gzip.compress(AS_CSV)}), "bestand_ingepakt_meer", "nog een ingepakt bestand"),
        (gzip.compress(gzip.compress(AS_CSV)), "bestand_ingepakt_meer", "nog een ingepakt bestand"),
        (gzip.compress(a_zip({"a.csv": AS_CSV})), "bestand_ingepakt_meer", "nog een ingepakt bestand"),
        (encrypted_zip(), "bestand_ingepakt_versleuteld", "een ZIP-bestand"),
        (OLE_MAGIC + bytes(600) + ENCRYPTED_PACKAGE, "bestand_ingepakt_versleuteld", "een Excel-werkmap"),
        (
            a_stored_zip("a.xlsx", OLE_MAGIC + bytes(600) + ENCRYPTED_PACKAGE),
            "bestand_ingepakt_versleuteld",
            "een Excel-werkmap",
        ),
        (a_zip({"a.csv": AS_CSV})[:-10], "bestand_ingepakt_beschadigd", "het einde ontbreekt"),
        (gzip.compress(AS_CSV)[:-3], "bestand_ingepakt_beschadigd", "het houdt midden in de gegevens op"),
        (a_zip({"a.csv": bytes(2 * MIB)}), "bestand_ingepakt_te_groot", "1 MiB"),
        (gzip.compress(bytes(2 * MIB)), "bestand_ingepakt_te_groot", "1 MiB"),
        (raw_xlsx("", **{"xl/x.bin": bytes(2 * MIB)}), "bestand_ingepakt_te_groot", "1 MiB"),
        (gzip.compress(raw_xlsx("", **{"xl/x.bin": bytes(2 * MIB)})), "bestand_ingepakt_te_groot", "1 MiB"),
        (
            raw_xlsx('<row r="9"><c r="ZZ9000"><v>1</v></c></row>'),
            "bestand_werkblad_te_groot",
            "het werkblad loopt door tot cel ZZ9000",
        ),
        (
            a_zip({"[Content_Types].xml": b"", "xl/workbook.bin": b""}),
            "bestand_geen_csv",
            "een Excel-werkmap in binaire vorm (.xlsb)",
        ),
        (b'[{"a": 1}, 2]', "bestand_json_ongeldig", "record 2 is geen object maar een losse waarde of een lijst"),
    ],
)
def test_what_cannot_be_unpacked_is_one_clear_finding(data: bytes, code: str, vorm: str) -> None:
    within = limits(unpacked_bytes=MIB, cells=1_000_000)
    finding = refused(data, within=within)
    assert (finding.code, finding.vorm) == (code, vorm)


def test_an_old_workbook_is_left_to_who_knows_its_name() -> None:
    data = OLE_MAGIC + bytes(600) + "Workbook".encode("utf-16-le")
    assert read(data) == (Bron(vorm=V.CSV), data, [])


def test_what_stands_behind_a_gzip_is_told() -> None:
    packed = gzip.compress(AS_CSV) + b"rest van iets"
    assert read(packed) == (
        Bron(vorm=V.CSV, verpakt="gzip"),
        AS_CSV,
        [FileFinding(code="bestand_ingepakt_rest", vorm="13")],
    )


def test_what_is_read_twice_is_told_once() -> None:
    _, csv, notes = read(gzip.compress(ARRAY) + b"rest")
    assert (csv, len(notes)) == (AS_CSV, 1)


def test_formulas_without_a_result_are_told() -> None:
    _, csv, notes = read(an_xlsx([["soort", "bedrag"], ["huur", "=200+50"]]))
    assert csv == b"soort;bedrag\r\nhuur;\r\n"
    assert notes == [FileFinding(code="werkblad_formule_zonder_uitkomst", vorm="1")]


def test_a_truncated_archive_is_refused_after_its_rows() -> None:
    """Whoever reads gets what is whole first; the end decides."""
    packed = gzip.compress(AS_CSV * 100_000)
    taken: list[int] = []
    source = PlainFile(io.BytesIO(packed[:-4]))
    with pytest.raises(UnpackRefusedError) as caught, unpack(source, profiel=None, limits=limits()) as (_, chunks):
        taken.extend(map(len, chunks))
    assert sum(taken) == len(AS_CSV) * 100_000
    assert caught.value.finding.code == "bestand_ingepakt_beschadigd"


@settings(deadline=None)
@given(
    head=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", OLE_MAGIC, b'[{"a":', b'{"a":', b"\xff\xfe[\x00"]),
    data=st.binary(max_size=300),
)
def test_any_bytes_are_csv_or_a_finding(head: bytes, data: bytes) -> None:
    with suppress(UnpackRefusedError):
        read(head + data)


WORKBOOK = an_xlsx(TABLE)


@settings(deadline=None, max_examples=25)
@given(at=st.integers(4, len(WORKBOOK) - 1), value=st.integers(0, 255))
def test_a_workbook_with_a_changed_byte_is_read_the_same_or_refused(at: int, value: int) -> None:
    with suppress(UnpackRefusedError):
        assert read(WORKBOOK[:at] + bytes([value]) + WORKBOOK[at + 1 :])[1] == AS_CSV
