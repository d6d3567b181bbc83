"""Multipart as it passes: the same file however it is cut; file names as clients write them."""

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import IncompleteBodyError, InvalidInputError, TooLargeError
from gateway.web.bodies import (
    BUFFER,
    FIELD_BYTES,
    MultipartFile,
    body_chunks,
    clean_file_name,
    file_name_of,
    pump,
    small_body,
)

BOUNDARY = "----grens"


def multipart(content: bytes, *, disposition: bytes = b'form-data; name="bestand"; filename="mei.csv"') -> bytes:
    return b"\r\n".join(
        [
            b"------grens",
            b'Content-Disposition: form-data; name="soort"',
            b"",
            b"huur",
            b"------grens",
            b"content-disposition: " + disposition,
            b"Content-Type: text/csv",
            b"",
            content,
            b"------grens--",
            b"",
        ]
    )


def parsed(body: bytes, cuts: list[int]) -> tuple[bytes, str | None]:
    got = bytearray()
    file = MultipartFile(BOUNDARY, got.extend)
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        file.write(bytearray(body[start:end]))
    file.finish()
    return bytes(got), file.file_name


@given(
    content=st.binary(max_size=300) | st.lists(st.sampled_from([b"\r\n", b"--", b"----grens", b"a"])).map(b"".join),
    cuts=st.lists(st.integers(min_value=0), max_size=30),
)
def test_the_file_is_the_same_however_the_body_is_cut(content: bytes, cuts: list[int]) -> None:
    if b"\r\n------grens" in b"\r\n" + content:
        return  # then it is a boundary
    assert parsed(multipart(content), cuts) == (content, "mei.csv")


@pytest.mark.parametrize("length", [3, 20, 60, 100])
def test_a_body_that_ends_early_is_not_a_file(length: int) -> None:
    with pytest.raises(InvalidInputError):
        parsed(multipart(b"x" * 50)[:-length], [])


@given(st.binary(min_size=1, max_size=3 * FIELD_BYTES).filter(lambda text: b"\r\n--" not in text), st.integers(1, 40))
def test_what_the_field_says_is_kept_up_to_a_bound(text: bytes, step: int) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"profiel", text) + part % (b"anders", b"SAP") + b"--b--\r\n"
    file = MultipartFile("b", bytearray().extend)
    for start in range(0, len(body), step):
        file.write(body[start : start + step])
    assert file.profiel == (text[:FIELD_BYTES].decode("utf-8", "replace").strip() or None)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b'attachment; filename="mei.csv"', "mei.csv"),
        (b"attachment; filename=mei.csv", "mei.csv"),
        (b"attachment; filename*=UTF-8''caf%C3%A9.csv", "café.csv"),
        ('attachment; filename="café.csv"'.encode(), "café.csv"),
        ('attachment; filename="café.csv"'.encode("cp1252"), "café.csv"),
        (b'attachment; filename="C:\\\\tmp\\\\mei.csv"', "mei.csv"),
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (b'attachment; filename=""', None),
        (b"attachment", None),
        (b"", None),
        (None, None),
    ],
)
def test_file_names(header: bytes | None, name: str | None) -> None:
    assert file_name_of(header) == name


@given(st.text())
def test_a_clean_name_holds_no_folder_and_no_control_character(text: str) -> None:
    name = clean_file_name(text)
    assert name is None or (0 < len(name) <= 255 and name.isprintable() and not {"/", "\\"} & set(name))


@given(st.binary(max_size=60))
def test_no_header_breaks_the_reading_of_a_name(header: bytes) -> None:
    file_name_of(header)


class Sender:
    """An ASGI `receive` that gives these parts, then ends or goes away."""

    def __init__(self, parts: list[bytes], *, cut: bool = False) -> None:
        self.events: list[Any] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        self.events.append({"type": "http.disconnect"} if cut else {"type": "http.request", "body": b""})

    async def __call__(self) -> Any:
        return self.events.pop(0)


def pumped(sender: Sender) -> list[bytes]:
    got: list[bytes] = []

    async def run() -> None:
        await pump(body_chunks(sender), lambda buffer: got.append(bytes(buffer)))

    asyncio.run(run())
    return got


def test_the_pump_keeps_order_and_buffers() -> None:
    parts = [bytes([n]) * 70_000 for n in range(40)]
    got = pumped(Sender(parts))
    assert b"".join(got) == b"".join(parts)
    assert all(len(buffer) == BUFFER for buffer in got[:-1])
    assert pumped(Sender([])) == []


def test_the_pump_cuts_a_chunk_that_is_larger_than_its_buffers() -> None:
    whole = bytes(range(256)) * (3 * BUFFER // 256) + b"the end"
    got = pumped(Sender([whole[:10], whole[10:]]))
    assert b"".join(got) == whole
    assert [len(buffer) for buffer in got] == [BUFFER, BUFFER, BUFFER, 7]


def test_a_sender_that_goes_away_is_told_from_one_that_ends() -> None:
    with pytest.raises(IncompleteBodyError):
        pumped(Sender([b"x" * BUFFER, b"y"], cut=True))


def test_an_error_of_the_sink_ends_the_pump() -> None:
    def fail(_: memoryview) -> None:
        raise TooLargeError("te groot", limit=1)

    async def run() -> None:
        await pump(body_chunks(Sender([b"x" * BUFFER] * 4)), fail)

    with pytest.raises(TooLargeError):
        asyncio.run(run())


def test_a_silent_sender_is_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.web.bodies.IDLE_SECONDS", 0.01)

    async def silent() -> Any:
        await asyncio.sleep(60)

    async def run() -> None:
        await small_body(silent, limit=10)

    with pytest.raises(IncompleteBodyError):
        asyncio.run(run())


def test_a_small_body_is_bounded() -> None:
    assert asyncio.run(small_body(Sender([b"abc", b"de"]), limit=5)) == b"abcde"
    with pytest.raises(TooLargeError):
        asyncio.run(small_body(Sender([b"abc", b"def"]), limit=5))
