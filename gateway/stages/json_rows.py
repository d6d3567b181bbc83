"""JSON lines and a JSON array (RFC 8259) as rows of CSV: one object is one row, its fields are the columns.

Read twice: first which fields there are, so that the header names them all and nothing that comes late is lost; then
the rows. The records are parsed one at a time by the standard library, which bounds nesting; a record has a size limit.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from contracts.profiel import Bestandsvorm, Tekenset
from gateway.stages.csv_text import csv_bytes, decimal_text, truth_text, written
from gateway.stages.source import UTF_16_BOMS
from gateway.stages.unreadable import UnreadableError

MAX_RECORD: Final = 256 << 10
"""Characters in one record: a hundred times the longest row."""
MAX_FIELDS: Final = 500
"""Different fields in one file: the layout has 38. Rows are as wide as all fields together."""
MAX_DEPTH: Final = 8
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_PYTHON_NAMES: Final = {Tekenset.WINDOWS_1252: "cp1252", Tekenset.ISO_8859_15: "iso-8859-15"}

Reopen = Callable[[], Iterator[bytes]]
"""The bytes of the file from its start, every time it is called."""


def tekenset_of(chunks: Iterable[bytes]) -> Tekenset:
    """UTF-16 by its mark, else UTF-8 unless the first byte above 127 stands in no UTF-8: then Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for n, chunk in enumerate(chunks):
        if n == 0 and chunk.startswith(UTF_16_BOMS):
            return Tekenset.UTF_16
        if not chunk.isascii() or decoder.getstate()[0]:
            return Tekenset.UTF_8 if _begins(decoder, chunk) else Tekenset.WINDOWS_1252
    return Tekenset.UTF_8


def _begins(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def json_rows(reopen: Reopen, *, vorm: Bestandsvorm, tekenset: Tekenset) -> Iterator[bytes]:
    """The file as CSV: a header of all fields in the order in which they first come, then a row per record.

    Objects in objects become fields `outer.inner`; a list of texts and numbers is joined by commas. Nothing for a
    file without records. Raises UnreadableError with the number of the record, from 1.
    """
    fields: dict[str, None] = {}
    for number, record in enumerate(_records(reopen(), vorm, tekenset), 1):
        fields.update(dict.fromkeys(record))
        if len(fields) > MAX_FIELDS:
            raise _wrong(f"er zijn meer dan {MAX_FIELDS} verschillende velden", number)
    if not fields:
        return
    yield csv_bytes([list(fields)])
    empty = dict.fromkeys(fields, "")
    yield from written(list((empty | record).values()) for record in _records(reopen(), vorm, tekenset))


def _records(chunks: Iterator[bytes], vorm: Bestandsvorm, tekenset: Tekenset) -> Iterator[dict[str, str]]:
    """Each record as flat texts."""
    text = _Text(chunks, tekenset)
    values = text.array() if vorm is Bestandsvorm.JSON else text.values()
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise _wrong(f"record {number} is geen object maar een losse waarde of een lijst", number)
        record: dict[str, str] = {}
        _flatten(value, "", record, number=number, depth=1)
        yield record


def _flatten(value: dict[str, Any], prefix: str, record: dict[str, str], *, number: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _wrong(f"record {number} heeft meer dan {MAX_DEPTH} lagen", number)
    for key, inner in value.items():
        name = prefix + key
        if isinstance(inner, dict):
            _flatten(inner, f"{name}.", record, number=number, depth=depth + 1)
        elif name in record:
            raise _wrong(f"in record {number} staat een veld twee keer", number)
        elif type(inner) is str:  # most of them
            record[name] = inner
        elif isinstance(inner, list):
            record[name] = _joined(inner, number)
        else:
            record[name] = _scalar(inner)


def _joined(values: list[Any], number: int) -> str:
    if any(isinstance(value, dict | list) for value in values):
        raise _wrong(
            f"in record {number} staat een lijst van objecten of lijsten; de lijst van signalen moet zelf het bestand"
            " zijn",
            number,
        )
    return ",".join(_scalar(value) for value in values)


def _scalar(value: str | bool | None) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else truth_text(value=value)


class _Text:
    """The values in a text that comes in chunks; holds one record and one chunk."""

    def __init__(self, chunks: Iterator[bytes], tekenset: Tekenset) -> None:
        # utf-8-sig and utf-16 take the mark at the start away.
        name = {Tekenset.UTF_8: "utf-8-sig", Tekenset.UTF_16: "utf-16"}.get(tekenset) or _PYTHON_NAMES[tekenset]
        single_bytes = tekenset in _PYTHON_NAMES
        self._decoder = codecs.getincrementaldecoder(name)("replace" if single_bytes else "strict")
        self._chunks = chunks
        self._text = ""
        self._at = 0
        self._ended = False
        self._number = 0
        self._parser = json.JSONDecoder(
            object_pairs_hook=_unique, parse_float=_number_text, parse_int=str, parse_constant=_no_number
        )

    def array(self) -> Iterator[Any]:
        """The items of the one array that the text is."""
        self._expect("[")
        if self._next() == "]":
            self._at += 1
        else:
            yield self._value()
            while self._next() == ",":
                self._at += 1
                yield self._value()
            self._expect("]")
        if self._next():
            raise _wrong("achter de lijst staat nog iets", self._number)

    def values(self) -> Iterator[Any]:
        """Values with nothing but space between them."""
        while self._next():
            yield self._value()

    def _expect(self, mark: str) -> None:
        if self._next() != mark:
            raise self._broken()
        self._at += 1

    def _next(self) -> str:
        """The next character that is no space, without taking it; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None  # it matches nothing as well
            self._at = space.end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        self._number += 1
        self._next()
        while True:
            try:
                value, self._at = self._parser.raw_decode(self._text, self._at)
            except RecursionError:
                raise _wrong(f"record {self._number} heeft meer dan {MAX_DEPTH} lagen", self._number) from None
            except _TwiceError:
                raise _wrong(f"in record {self._number} staat een veld twee keer", self._number) from None
            except ValueError:
                # Not whole yet, perhaps.
                if len(self._text) - self._at > MAX_RECORD:
                    raise self._broken(f", of groter dan {MAX_RECORD >> 10} KiB") from None
                if not self._more():
                    raise self._broken(", of het bestand is daar afgebroken") from None
            else:
                return value

    def _more(self) -> bool:
        if self._ended:
            return False
        chunk = next(self._chunks, None)
        self._ended = chunk is None
        try:
            more = self._decoder.decode(chunk or b"", final=self._ended)
        except UnicodeDecodeError:
            raise UnreadableError("bestand_tekenset_wisselt", row_no=self._number or 1) from None
        self._text = self._text[self._at :] + more
        self._at = 0
        return True

    def _broken(self, or_else: str = "") -> UnreadableError:
        number = max(self._number, 1)
        return _wrong(f"record {number} is geen geldige JSON{or_else}", number)


class _TwiceError(Exception):
    """One object names a field twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise _TwiceError
    return record


def _number_text(text: str) -> str:
    """A number with a point or an exponent, as it was written where that is plain; a double's rounding is undone."""
    digits = text.lstrip("-0.").replace(".", "")
    if "e" not in text.lower() and len(digits) <= _DOUBLE_DIGITS:
        return text.replace(".", ",")
    value = float(text)
    return text if value in {float("inf"), float("-inf")} else decimal_text(value)


_DOUBLE_DIGITS: Final = 15
"""Decimal digits that every double holds; programs that write more write its rounding."""


def _no_number(_: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


def _wrong(why: str, number: int) -> UnreadableError:
    return UnreadableError("bestand_json_ongeldig", why, number)
