"""Files of every form through a whole upload on both engines: the same deliveries as from the CSV; nothing in between.

The raw upload is read from files and from chunk rows of the database.
"""

import gzip
import io
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import IntegrityError, KeyDestroyedError
from gateway.flow.kit import Kit
from gateway.flow.raw_upload import RawUpload
from gateway.lifecycle import UploadState
from gateway.settings import Settings
from gateway.store.blobs import DatabaseBlobs
from tests.builders import a_csv, a_row
from tests.conformance.test_process import delivered_kenmerken, summary
from tests.files import a_zip, an_ods, an_xlsx, raw_xlsx
from tests.world import configure, counted, process, receive, reload

MIB = 1 << 20
ROWS = [a_row(kenmerk=f"K{number}", huisnummer=str(number), achternaam=f"Voorbeeld{number}") for number in range(1, 6)]


def table() -> list[list[str]]:
    return [list(ROWS[0]), *(list(row.values()) for row in ROWS)]


def as_json() -> bytes:
    return msgspec.json.encode(ROWS)


FORMS: list[Any] = [
    pytest.param(lambda: a_csv(ROWS), id="csv"),
    pytest.param(lambda: an_xlsx(table()), id="xlsx"),
    pytest.param(lambda: an_ods(table()), id="ods"),
    pytest.param(as_json, id="json"),
    pytest.param(lambda: b"\n".join(map(msgspec.json.encode, ROWS)), id="json lines"),
    pytest.param(lambda: a_zip({"signalen.csv": a_csv(ROWS)}), id="zip"),
    pytest.param(lambda: gzip.compress(as_json()), id="json.gz"),
    pytest.param(lambda: a_zip({"signalen.xlsx": an_xlsx(table())}), id="xlsx in zip"),
]


@pytest.mark.parametrize("make", FORMS)
def test_every_form_delivers_the_same(kit: Kit, make: Callable[[], bytes]) -> None:
    configure(kit)
    done = process(kit, make())
    assert done.state is UploadState.PROCESSED
    assert (counted(kit, done).waiting, counted(kit, done).refused) == (5, 0)
    assert delivered_kenmerken(kit) == [f"K{number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (a_zip({"a.csv": b"x", "b.csv": b"y"}), "bestand_ingepakt_meer"),
        (gzip.compress(a_csv(ROWS))[:-5], "bestand_ingepakt_beschadigd"),
        (raw_xlsx('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "bestand_werkblad_te_groot"),
        (b'[{"soort": "huur"}, 5]', "bestand_json_ongeldig"),
    ],
)
def test_what_cannot_be_unpacked_refuses_the_file(kit: Kit, data: bytes, code: str) -> None:
    configure(kit)
    done = process(kit, data)
    assert summary(done).fatal == code
    assert counted(kit, done).waiting == 0
    assert delivered_kenmerken(kit) == []


def test_the_settings_bound_what_is_unpacked(kit: Kit) -> None:
    small = replace(kit, settings=Settings(intake=msgspec.structs.replace(kit.settings.intake, workbook_cells=10)))
    configure(small)
    assert summary(process(small, an_xlsx(table()))).fatal == "bestand_werkblad_te_groot"


def test_a_file_refused_halfway_leaves_no_process(kit: Kit) -> None:
    few = replace(kit, settings=Settings(intake=msgspec.structs.replace(kit.settings.intake, max_rows=2)))
    configure(few)
    before = children()
    assert summary(process(few, an_xlsx(table()))).fatal == "bestand_te_veel_regels"
    assert children() == before


def children() -> set[str]:
    """Processes that this one started, by whichever thread."""
    return {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}


def test_a_remark_about_the_packing_stands_in_the_report(kit: Kit) -> None:
    configure(kit)
    done = process(kit, gzip.compress(a_csv(ROWS)) + b"rest")
    assert counted(kit, done).waiting == 5
    assert "bestand_ingepakt_rest" in {finding.code for finding in summary(done).file_findings}


def stored(kit: Kit, data: bytes) -> RawUpload:
    upload = receive(kit, data)
    assert upload.blob is not None
    return RawUpload(kit=kit, upload_id=upload.id, blob=upload.blob)


@pytest.fixture(params=["files", "database"])
def blob_kit(kit: Kit, request: pytest.FixtureRequest) -> Kit:
    """A kit with blobs in files, and one with blobs in the database."""
    return kit if request.param == "files" else replace(kit, blobs=DatabaseBlobs(kit.db))


def test_any_part_of_an_upload_can_be_read(blob_kit: Kit) -> None:
    configure(blob_kit)
    data = bytes(itertools.islice(itertools.cycle(range(251)), 3 * MIB + 17))
    file = stored(blob_kit, data).file()
    plain = io.BytesIO(data)
    reads = st.lists(st.tuples(st.integers(0, 2), st.integers(-MIB, 4 * MIB), st.integers(-1, 2 * MIB)), max_size=4)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(reads=reads)
    def law(reads: list[tuple[int, int, int]]) -> None:
        for whence, offset, size in reads:
            start = {0: 0, 1: plain.tell(), 2: len(data)}[whence]
            assert file.seek(offset, whence) == plain.seek(max(0, start + offset))
            assert file.read(size) == plain.read(size)
            assert file.tell() == plain.tell()

    law()
    assert b"".join(stored(blob_kit, data + b"!").chunks()) == data + b"!"


def test_an_upload_is_opened_a_segment_at_a_time(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a large file is read without opening what is before it; and what was opened is held for a while."""
    configure(kit)
    source = stored(kit, bytes(8 * MIB))
    read: list[int] = []
    reading = type(kit.blobs).read

    def noted(self: object, name: str, *, offset: int, length: int) -> bytes:
        read.append(length)
        return reading(kit.blobs, name, offset=offset, length=length)

    monkeypatch.setattr(type(kit.blobs), "read", noted)  # counts what the store is asked for, nothing else tells
    file = source.file()
    file.seek(-100, io.SEEK_END)
    assert file.read(100) == bytes(100)
    file.seek(0)
    for _ in range(5):
        file.seek(10)
        assert file.read(10) == bytes(10)
    assert len(read) == 3
    assert sum(read) < 3 * MIB


def test_a_cut_blob_does_not_open(kit: Kit) -> None:
    configure(kit)
    source = stored(kit, bytes(2 * MIB))
    sealed = kit.blobs.read(source.blob, offset=0, length=MIB)
    with kit.blobs.create(source.blob) as blob:
        blob.write(sealed)
        blob.commit()
    with pytest.raises(IntegrityError):
        source.file()


def test_nothing_can_be_read_after_processing(kit: Kit) -> None:
    configure(kit)
    upload = receive(kit, a_csv(ROWS))
    assert upload.blob is not None
    source = RawUpload(kit=kit, upload_id=upload.id, blob=upload.blob)
    process(kit, a_csv(ROWS[:1]))
    assert reload(kit, upload).state is UploadState.PROCESSED
    with pytest.raises(KeyDestroyedError):
        source.file()
