"""JSON as rows: every field of every record arrives, or the record that cannot is named."""

import csv
import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profiel import Bestandsvorm
from gateway.stages.json_rows import MAX_DEPTH, MAX_FIELDS, MAX_RECORD, json_rows, tekenset_of
from gateway.stages.unreadable import UnreadableError

ARRAY, LINES = Bestandsvorm.JSON, Bestandsvorm.JSON_REGELS


def read(data: bytes, vorm: Bestandsvorm = ARRAY, *, size: int = 1 << 20) -> list[list[str]]:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    out = b"".join(json_rows(lambda: iter(chunks), vorm=vorm, tekenset=tekenset_of(chunks)))
    return list(csv.reader(io.StringIO(out.decode(), newline=""), delimiter=";"))


def refused(data: bytes, vorm: Bestandsvorm = ARRAY) -> UnreadableError:
    with pytest.raises(UnreadableError) as caught:
        read(data, vorm)
    return caught.value


TEXTS = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=10)
NAMES = st.text("abcdef_é", min_size=1, max_size=3)


@given(
    records=st.lists(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=4), min_size=1, max_size=6),
    indent=st.sampled_from([None, 2]),
    size=st.integers(1, 60),
    ascii_only=st.booleans(),
)
def test_no_field_of_any_record_is_lost(
    records: list[dict[str, str]], indent: int | None, size: int, ascii_only: bool
) -> None:
    fields = list(dict.fromkeys(name for record in records for name in record))
    expected = [fields, *([record.get(name, "") for name in fields] for record in records)]
    array = json.dumps(records, indent=indent, ensure_ascii=ascii_only).encode()
    lines = "\n".join(json.dumps(record, indent=indent, ensure_ascii=ascii_only) for record in records).encode()
    if len(fields) > 1 or all(any(row) for row in expected):  # a row of one empty text is a line of nothing
        assert read(array, size=size) == expected
        assert read(lines, LINES, size=size) == expected


def test_values_become_texts() -> None:
    record = (
        b'{"a": 12, "b": 1234.50, "c": 0.30000000000000004, "d": 1e3, "e": true, "f": false, "g": null, "h": "0363",'
        b' "i": ["F1", "F2", 3], "j": [], "k": 12345678901234567890, "l": -0.5, "m": 1e400, "n": 123456789012345.67}'
    )
    (header, row) = read(b"[" + record + b"]")
    assert dict(zip(header, row, strict=True)) == {
        "a": "12",
        "b": "1234,50",
        "c": "0,3",
        "d": "1000",
        "e": "Ja",
        "f": "Nee",
        "g": "",
        "h": "0363",
        "i": "F1,F2,3",
        "j": "",
        "k": "12345678901234567890",
        "l": "-0,5",
        "m": "1e400",
        "n": "123456789012346",
    }


def test_objects_in_objects_become_fields_with_a_point() -> None:
    data = b'[{"adres": {"straat": "Dorpsstraat", "plaats": {"naam": "X"}}}, {"adres": {"huisnummer": 3}}]'
    assert read(data) == [
        ["adres.straat", "adres.plaats.naam", "adres.huisnummer"],
        ["Dorpsstraat", "X", ""],
        ["", "", "3"],
    ]


def test_a_field_that_comes_late_has_its_column() -> None:
    records = [{"kenmerk": str(n)} for n in range(5000)] + [{"kenmerk": "5000", "huisletter": "A"}]
    rows = read(json.dumps(records).encode())
    assert rows[0] == ["kenmerk", "huisletter"]
    assert rows[-1] == ["5000", "A"]
    assert len(rows) == 5002


def test_nothing_comes_of_a_file_without_records() -> None:
    assert read(b"[]") == []
    assert read(b" \n ", LINES) == []


@pytest.mark.parametrize(
    ("data", "vorm", "number"),
    [
        (b'[{"a":1},{"a":2}', ARRAY, 2),
        (b'[{"a":1},{"a":', ARRAY, 2),
        (b'[{"a":1}]x', ARRAY, 1),
        (b'[{"a":1}][{"a":2}]', ARRAY, 1),
        (b'[{"a":1},]', ARRAY, 2),
        (b'[{"a":1} {"a":2}]', ARRAY, 1),
        (b"[1]", ARRAY, 1),
        (b'[{"a":1},[2]]', ARRAY, 2),
        (b"[null]", ARRAY, 1),
        (b'[{"a":NaN}]', ARRAY, 1),
        (b'[{"a":1,"a":2}]', ARRAY, 1),
        (b'[{"a.b":1,"a":{"b":2}}]', ARRAY, 1),
        (b'[{"a":[{"b":1}]}]', ARRAY, 1),
        (b'{"value":[{"a":1}]}', LINES, 1),
        (b'{"a":1},\n{"a":2}', LINES, 2),
        (b'{"a":1}\n{"a":', LINES, 2),
        (b'{"a":1}\n{"a":"x\ny"}', LINES, 2),
        (b'{"a":1} /* */', LINES, 2),
        (b"[" * 100_000, ARRAY, 1),
        (b'{"a":' * 50_000, LINES, 1),
        (b"[" + b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1) + b"]", ARRAY, 1),
        (b'{"a":"' + b"x" * (3 * MAX_RECORD), LINES, 1),
        (json.dumps({f"v{n}": 1 for n in range(MAX_FIELDS + 1)}).encode(), LINES, 1),
    ],
)
def test_what_is_no_record_is_named(data: bytes, vorm: Bestandsvorm, number: int) -> None:
    error = refused(data, vorm)
    assert (error.code, error.row_no) == ("bestand_json_ongeldig", number)


def test_numbers_of_any_length_are_texts() -> None:
    """A parser that makes numbers of them runs out of time, or of its stack."""
    digits = "9" * 100_000
    assert read(f'[{{"a":{digits}}}]'.encode()) == [["a"], [digits]]
    assert read(b'[{"a":1e999999999}]') == [["a"], ["1e999999999"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be"])
def test_character_sets_are_told(encoding: str) -> None:
    text = '[{"achternaam":"Müller"}]'
    data = text.encode(encoding)
    assert read(b"\xfe\xff" + data if encoding == "utf-16-be" else data) == [["achternaam"], ["Müller"]]


@given(size=st.integers(1, 7))
def test_utf_8_is_told_wherever_a_character_is_cut(size: int) -> None:
    assert read('[{"achternaam":"Müller €"}]'.encode(), size=size) == [["achternaam"], ["Müller €"]]


def test_a_switch_of_character_set_is_told() -> None:
    data = '[{"a":"é"},'.encode() + b'{"a":"\xe9"}]'
    with pytest.raises(UnreadableError) as refused:
        read(data, size=10)
    assert (refused.value.code, refused.value.row_no) == ("bestand_tekenset_wisselt", 1)


@pytest.mark.parametrize(("escaped", "text"), [("\\u0000", "\x1a"), ("\\ud800", "\ufffd"), ("\\ud83d\\ude00", "😀")])
def test_escapes_that_are_no_text_are_substituted(escaped: str, text: str) -> None:
    assert read(f'[{{"a":"x{escaped}"}}]'.encode()) == [["a"], [f"x{text}"]]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_finding(data: bytes) -> None:
    for vorm in (ARRAY, LINES):
        for head in (b"", b"[", b'[{"a":'):
            with suppress(UnreadableError):
                read(head + data, vorm)


def test_a_record_holds_any_json() -> None:
    value: Any = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=5,
    )

    @given(record=st.dictionaries(NAMES, value, min_size=1, max_size=3))
    def law(record: dict[str, Any]) -> None:
        with suppress(UnreadableError):
            assert len(read(json.dumps([record]).encode())) in {0, 2}

    law()
