"""Characters and line ends: told from the bytes, made into UTF-8 and line feeds whatever the chunks."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.profiel import Tekenset
from gateway.stages.encoding import (
    CharacterSetChangedError,
    as_utf_8,
    byte_order,
    encoding_of,
    encoding_of_head,
    from_utf_16,
    without_surrogates,
)
from gateway.stages.line_ends import returns_end_records, with_line_feeds


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"abc", "ascii"),
        ("Müller".encode(), "utf-8"),
        ("Müller".encode("cp1252"), "cp1252"),
        ("€ 12,50".encode("cp1252"), "cp1252"),
        ("€ 12,50".encode("iso-8859-15"), "iso-8859-15"),
        ("12,50€".encode("iso-8859-15"), "iso-8859-15"),
        ("Bedrag (€)".encode("iso-8859-15"), "iso-8859-15"),
        ("€ 12 ’".encode("cp1252") + b"\xa4 3", "cp1252"),  # a byte that ISO-8859-15 has no use for
        ("Šimek".encode("iso-8859-15"), "cp1252"),  # nothing shows which of the two
        (b"\xc3\xa9\xc3\xa9\xc3\xa9\xe9", "utf-8"),  # UTF-8 but for one place, which is told where it is read
        (b"\xc3\xa9\xe9\xe9", "cp1252"),
        (b"ab \xed\xa0\x80", "utf-8"),
    ],
)
def test_the_set_is_told_from_the_bytes(data: bytes, encoding: str) -> None:
    assert encoding_of(data) == encoding


def test_an_incomplete_last_character_is_no_other_set() -> None:
    assert encoding_of("é".encode()[:1], cut_off=True) == "utf-8"
    assert encoding_of("é".encode()[:1]) == "cp1252"


def test_a_mark_is_believed_before_a_profile_and_a_profile_before_the_bytes() -> None:
    assert encoding_of_head(b"\xef\xbb\xbfa", Tekenset.WINDOWS_1252) == "utf-8"
    assert encoding_of_head("¦".encode("cp1252"), Tekenset.ISO_8859_15) == "iso-8859-15"
    assert encoding_of_head(b"abc", Tekenset.WINDOWS_1252) == "cp1252"
    assert encoding_of_head(b"abc", Tekenset.UTF_16) == "ascii"  # which it is not


@pytest.mark.parametrize(
    ("head", "order"),
    [
        ("soort".encode("utf-16-le"), "utf-16-le"),
        ("soort".encode("utf-16-be"), "utf-16-be"),
        (b"\xff\xfes", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"soort;ken\0merk", None),
        (b"soort" + "kenmerk".encode("utf-16-le") * 9, None),
        (b"\0" * 50, None),
    ],
)
def test_the_order_of_bytes_is_told_with_and_without_a_mark(head: bytes, order: str | None) -> None:
    assert byte_order(head, None) == order


@settings(deadline=None)
@given(st.text(), st.sampled_from(["utf-16-le", "utf-16-be"]), st.integers(1, 9), st.booleans())
def test_utf_16_becomes_utf_8_whatever_the_chunks(text: str, order: str, size: int, mark: bool) -> None:
    text = text.removeprefix("\ufeff")
    data = ("\ufeff" * mark + text).encode(order)
    assert b"".join(from_utf_16(chunks(data, size), order)) == text.encode()


def test_only_the_first_mark_is_one() -> None:
    text = "a" * 2_047 + "\ufeffb"  # which begins the second window
    assert b"".join(from_utf_16(chunks(("\ufeff" + text).encode("utf-16-le"), 4_096), "utf-16-le")).decode() == text


def test_lone_surrogates_are_lost_characters_and_half_a_character_is_dropped() -> None:
    data = "a\ud800b\udc00".encode("utf-16-le", "surrogatepass") + b"\n\0" + b"x"
    assert b"".join(from_utf_16(iter([data]), "utf-16-le")).decode() == "a\ufffdb\ufffd\n"
    assert without_surrogates(b"a\xed\xa0\xbd\xed\xb8\x80b\xed\xa0\x80").decode() == "a😀b\ufffd"


@pytest.mark.parametrize("size", [1, 4_095, 1 << 20])
def test_text_that_is_utf_16_no_more_is_noticed_and_what_came_before_is_given(size: int) -> None:
    good = ("soort;kenmerk\n" * 1_000).encode("utf-16-le")
    got: list[bytes] = []
    with pytest.raises(CharacterSetChangedError):
        got.extend(from_utf_16(chunks(good + b"soort;kenmerk\n" * 2_000, size), "utf-16-le"))
    assert b"".join(got).startswith(b"soort;kenmerk\n" * 990)


def test_letters_of_eight_bits_become_utf_8() -> None:
    assert as_utf_8(b"\x80 \x81 \xe9", "cp1252").decode() == "€ \ufffd é"
    assert as_utf_8(b"\xa4 \xa6", "iso-8859-15").decode() == "€ Š"
    assert as_utf_8(b"\xe9", "utf-8") == b"\xe9"


@pytest.mark.parametrize(
    ("head", "ends"),
    [
        (b"a;b\r1;2\r", True),
        (b"a;b\r", False),  # the line feed may follow
        (b"a;b\r1;2\r3;4\r\n", True),
        (b"a;b\r1;2\n3;4\n", True),
        (b"a;b\r\r\n1;2\r\r\n", True),
        (b"a;b\r\n1;2\r\n", False),
        (b"a;b;c\r\nx\ry;2;3\r\n4;5;6\r\n", False),
        (b'a;"x\ry"\n1;2\n', False),
        (b'a;"x\ry"\r1;2\r', True),
    ],
)
def test_a_carriage_return_ends_a_record_where_lines_are_whole_by_it(head: bytes, ends: bool) -> None:
    assert returns_end_records(head) is ends


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a"])).map(b"".join), st.integers(1, 5))
def test_line_ends_become_line_feeds_whatever_the_chunks(data: bytes, size: int) -> None:
    assert b"".join(with_line_feeds(chunks(data, size))) == data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
