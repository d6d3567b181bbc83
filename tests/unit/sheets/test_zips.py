"""ZIP: what zipfile and real programs make is read, and every lie is told."""

import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sheets.zips import MAX_DIRECTORY, Archive
from gateway.stages.unreadable import UnreadableError
from tests.files import MIB, a_zip

NAMES = st.text("ab./", min_size=1, max_size=4)


def read(data: bytes, *, limit: int = MIB) -> bytes:
    archive = Archive(io.BytesIO(data))
    return b"".join(archive.read(archive.only_file(), limit=limit))


def refused(data: bytes, *, limit: int = MIB) -> tuple[str, str | None]:
    with pytest.raises(UnreadableError) as caught:
        read(data, limit=limit)
    return caught.value.code, caught.value.vorm


@given(
    members=st.dictionaries(NAMES, st.binary(max_size=200), max_size=4),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    before=st.binary(max_size=5),
)
def test_what_zipfile_writes_is_read(members: dict[str, bytes], method: int, before: bytes) -> None:
    archive = Archive(io.BytesIO(before + a_zip(members, method=method)))
    assert {member.name: b"".join(archive.read(member, limit=MIB)) for member in archive.members} == members


def test_zip64_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as file:
        file.write(b"soort;kenmerk")
    assert read(wide_end(out.getvalue())) == b"soort;kenmerk"


def wide_end(data: bytes) -> bytes:
    """The same archive with its directory told by a zip64 end, as above four gigabytes."""
    end = data.rfind(b"PK\x05\x06")
    _, _, _, _, entries, size, offset, _ = struct.unpack("<4s4H2LH", data[end : end + 22])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:end] + wide + locator + last


def test_what_systems_add_by_themselves_is_no_file() -> None:
    members = {
        "signalen/": b"",
        "signalen/a.csv": b"soort",
        "__MACOSX/signalen/._a.csv": b"x",
        "._a.csv": b"x",
        "signalen/.DS_Store": b"x",
        "Thumbs.db": b"x",
    }
    assert read(a_zip(members)) == b"soort"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "geen enkel bestand"),
        ({"map/": b""}, "geen enkel bestand"),
        ({"a.csv": b"x", "b.csv": b"y"}, "2 bestanden"),
        ({"a.csv": b"x", "leesmij.txt": b"y", "c.csv": b"z"}, "3 bestanden"),
    ],
)
def test_several_files_or_none_are_refused(members: dict[str, bytes], said: str) -> None:
    assert refused(a_zip(members)) == ("bestand_ingepakt_meer", said)


def changed(data: bytes, offset: int, value: bytes, *, central: bool = True) -> bytes:
    at = (data.rfind(b"PK\x01\x02") if central else 0) + offset
    return data[:at] + value + data[at + len(value) :]


PLAIN = a_zip({"a.csv": b"soort;kenmerk\r\n" * 100})
SIZE = len(b"soort;kenmerk\r\n") * 100


def test_a_password_is_told() -> None:
    assert refused(changed(PLAIN, 8, b"\x01\x00"))[0] == "bestand_ingepakt_versleuteld"
    assert refused(changed(PLAIN, 10, struct.pack("<H", 99)))[0] == "bestand_ingepakt_versleuteld"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (changed(PLAIN, 16, b"abcd"), "controlegetal"),
        (changed(PLAIN, 24, struct.pack("<L", SIZE - 1)), "er zit meer in"),
        (changed(PLAIN, 24, struct.pack("<L", SIZE + 1)), "er zit minder in"),
        (changed(PLAIN, 20, struct.pack("<L", 5)), "houdt te vroeg op"),
        (changed(PLAIN, 20, struct.pack("<L", 60)), "achter een onderdeel"),
        (changed(PLAIN, 20, struct.pack("<L", 0xFFFFFFF0)), "op"),
        (changed(PLAIN, 42, struct.pack("<L", 3)), "niet op zijn plaats"),
        (changed(PLAIN, 42, struct.pack("<L", 0xFFFFFF)), "te vroeg"),
        (changed(PLAIN, 10, struct.pack("<H", 14)), "manier die wij niet kennen"),
        (changed(PLAIN, 40, b"\xff\xff\xff", central=False), "niet uit te pakken"),
        (PLAIN[:-30], "einde ontbreekt"),
        (PLAIN[: len(PLAIN) // 2], "einde ontbreekt"),
        (PLAIN[:-6] + b"\xff\xff\xff\x00" + PLAIN[-2:], "inhoudsopgave"),
        (PLAIN[:-12] + b"\x05\x00" + PLAIN[-10:], "gesplitst"),
        (b"PK\x05\x06", "einde ontbreekt"),
    ],
)
def test_what_does_not_fit_together_is_damaged(data: bytes, why: str) -> None:
    code, vorm = refused(data)
    assert code == "bestand_ingepakt_beschadigd"
    assert vorm is not None
    assert why in vorm


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_is() -> None:
    bomb = a_zip({"a.csv": bytes(8 * MIB)})
    assert refused(bomb) == ("bestand_ingepakt_te_groot", "1 MiB")
    lying = changed(bomb, 24, struct.pack("<L", 100))
    assert refused(lying)[0] == "bestand_ingepakt_beschadigd"


def test_a_directory_without_end_is_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(3):
            archive.writestr(zipfile.ZipInfo(f"{number}" + "x" * 60_000 + "/"), b"")
    data = out.getvalue()
    count = 1 + MAX_DIRECTORY // 180_000
    start = data.find(b"PK\x01\x02")
    end = data.rfind(b"PK\x05\x06")
    directory = data[start:end] * count
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3 * count, 3 * count, len(directory), start, 0)
    assert refused(data[:start] + directory + last) == ("bestand_ingepakt_meer", f"{3 * count} bestanden")


@settings(max_examples=300)
@given(at=st.integers(0, len(PLAIN) - 1), value=st.integers(0, 255))
def test_any_changed_byte_gives_the_same_bytes_or_a_finding(at: int, value: int) -> None:
    data = PLAIN[:at] + bytes([value]) + PLAIN[at + 1 :]
    with suppress(UnreadableError):
        assert read(data) == b"soort;kenmerk\r\n" * 100


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_finding(data: bytes) -> None:
    assert refused(b"PK\x03\x04" + data)[0] == "bestand_ingepakt_beschadigd"
