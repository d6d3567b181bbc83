"""Carriage returns that end a record by themselves, as old Macintoshes and some hosts write them, become line feeds.

A carriage return alone may also be rubbish inside a field. It ends records in a file when that file has no line feed at
all, or when most of the lines that it would end have as many delimiters as a line of this file has.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

_QUOTED: Final = re.compile(rb'"[^"]*"')
_LINE: Final = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|\Z)")
_DELIMITERS: Final = (b";", b",", b"\t", b"|")


def lone_returns(data: bytes) -> int:
    """How many carriage returns are not followed by a line feed."""
    returns = data.count(b"\r")
    return returns - data.count(b"\r\n") if returns else 0


def returns_end_records(head: bytes) -> bool:
    """Whether a carriage return alone ends a record in a file that begins so."""
    head = head.removesuffix(b"\r")  # a line feed may follow
    if not lone_returns(head):
        return False
    plain = _QUOTED.sub(b"", head)
    if b"\n" not in plain:
        return True
    delimiter = max(_DELIMITERS, key=plain.count)
    counts = {b"\r": Counter[int](), b"\n": Counter[int](), b"\r\n": Counter[int](), b"": Counter[int]()}
    for line in _LINE.finditer(plain):
        if line[1]:
            counts[line[2]][line[1].count(delimiter)] += 1
    ended = counts[b"\n"] + counts[b"\r\n"]
    if not ended:
        return True
    full = max(ended, key=lambda count: (ended[count], count))
    alone = counts[b"\r"]
    return 2 * alone[full] > alone.total()


def with_line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Every line end as one line feed, inside quotes too; the same whatever the sizes of the chunks."""
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        yield line_feeds(data[: len(data) - len(held)])
    yield b"\n" if held else b""


def line_feeds(data: bytes) -> bytes:
    """`data` with every line end as one line feed."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
