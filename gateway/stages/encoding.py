"""Which characters the bytes of a file stand for, and bytes of other sets made into UTF-8.

The set is told from the bytes alone, in this order. A byte order mark decides. Without one: NUL in every other byte is
UTF-16; ASCII alone is left open until the first byte above 127; what is UTF-8 throughout is UTF-8, and so is what is
UTF-8 in more places than it is not (the place where it is not is then told). Anything else is Windows-1252, unless the
euro sign stands where only ISO-8859-15 has it (A4 beside a digit or alone in brackets) and no byte from 80 to 9F is
there: those are letters and marks in Windows-1252, nothing in ISO-8859-15. Nearly all other letters are the same.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final

from contracts.profiel import Tekenset

ASCII: Final = "ascii"
UTF_8: Final = "utf-8"
CP1252: Final = "cp1252"
ISO_8859_15: Final = "iso-8859-15"
UTF_16: Final = "utf-16"
ENCODING_NAMES: Final = {
    ASCII: "ASCII",
    UTF_8: "UTF-8",
    CP1252: "Windows-1252",
    ISO_8859_15: "ISO-8859-15",
    UTF_16: "UTF-16",
}

BOM: Final = codecs.BOM_UTF8
_OF_PROFILE: Final = {
    Tekenset.UTF_8: UTF_8,
    Tekenset.WINDOWS_1252: CP1252,
    Tekenset.ISO_8859_15: ISO_8859_15,
    Tekenset.UTF_16: UTF_16,
}
_LOOK_FOR_NUL: Final = 256
_EURO_15: Final = re.compile(rb"\xa4[ \xa0]?[0-9]|[0-9][ \xa0]?\xa4|[(\[]\xa4[)\]]")
_HIGH: Final = bytes(range(0x80, 0x100))
_C1: Final = re.compile(rb"[\x80-\x9f]")
_SURROGATE: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_PAIR: Final = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")


class CharacterSetChangedError(ValueError):
    """Bytes that began as UTF-16 go on as something else."""


def byte_order(head: bytes, tekenset: Tekenset | None) -> str | None:
    """ "utf-16-le" or "utf-16-be" for a file that begins so, "utf-32" for one that nothing reads, None for the rest."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    if head.startswith(BOM):
        return None
    look = head[:_LOOK_FOR_NUL]
    if (0 in look[:2] and like_utf_16(look)) or (tekenset is Tekenset.UTF_16 and 0 in look):
        return "utf-16-be" if look[0::2].count(0) > look[1::2].count(0) else "utf-16-le"
    return None


def like_utf_16(data: bytes) -> bool:
    """Whether zero bytes stand in `data` as between the letters of UTF-16."""
    look = data[:_LOOK_FOR_NUL]
    even, odd = look[0::2].count(0), look[1::2].count(0)
    return max(even, odd) > len(look) // 4 + min(even, odd)


def encoding_of_head(head: bytes, tekenset: Tekenset | None) -> str:
    """The set of a file that is not in UTF-16. A mark is believed first, then a profile, then the bytes."""
    if head.startswith(BOM):
        return UTF_8
    if tekenset is not None and tekenset is not Tekenset.UTF_16:
        return _OF_PROFILE[tekenset]
    return encoding_of(head, cut_off=True)


def encoding_of(data: bytes, *, cut_off: bool = False) -> str:
    """The set of `data` by itself; `cut_off`: its last character may be incomplete."""
    if data.isascii():
        return ASCII
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if cut_off and error.reason == "unexpected end of data" and error.end == len(data):
            return UTF_8
        return UTF_8 if _mostly_utf_8(without_surrogates(data)) else _eight_bits(data)
    return UTF_8


def _mostly_utf_8(data: bytes) -> bool:
    text = data.decode(errors="surrogateescape")
    strays = len(data) - len(text.encode(errors="ignore"))
    return len(text) - strays - len(data.translate(None, _HIGH)) > strays


def _eight_bits(data: bytes) -> str:
    return ISO_8859_15 if b"\xa4" in data and _EURO_15.search(data) and not _C1.search(data) else CP1252


def as_utf_8(block: bytes, encoding: str) -> bytes:
    """A block of whole characters as UTF-8; what it should be already is left as it is.

    A byte without a meaning becomes U+FFFD, which the rules see as a lost character.
    """
    if encoding == CP1252:
        return block.decode(CP1252, "replace").encode()
    if encoding == ISO_8859_15:
        return block.decode(ISO_8859_15).encode()
    return block


def without_surrogates(block: bytes) -> bytes:
    """Halves of a surrogate pair that were written as UTF-8: a pair becomes its character, a lone half U+FFFD."""
    if not _SURROGATE.search(block):
        return block
    return _SURROGATE.sub(b"\xef\xbf\xbd", _PAIR.sub(_character, block))


def _character(pair: re.Match[bytes]) -> bytes:
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16").encode()


_WINDOW: Final = 4096
"""Bytes of UTF-16 among which some character has a zero byte: a delimiter, a digit or a Latin letter."""


def from_utf_16(chunks: Iterator[bytes], byte_order: str) -> Iterator[bytes]:
    """The text in UTF-8, without its mark; the same whatever the sizes of the chunks, at most one of them held.

    A lone surrogate becomes U+FFFD; half a character at the very end is dropped. Raises CharacterSetChangedError at a
    window without any zero byte.
    """
    decoder = codecs.getincrementaldecoder(byte_order)("replace")
    pending = b""
    mark = "\ufeff"
    for chunk in chunks:
        pending += chunk
        whole = len(pending) - len(pending) % _WINDOW
        good = next((at for at in range(0, whole, _WINDOW) if pending.find(0, at, at + _WINDOW) < 0), whole)
        if good:
            yield decoder.decode(pending[:good]).removeprefix(mark).encode()
            mark = ""
        if good < whole:
            raise CharacterSetChangedError
        pending = pending[whole:]
    yield decoder.decode(pending[: len(pending) & ~1], final=True).removeprefix(mark).encode()
