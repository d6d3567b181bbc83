"""The header of a file: on which line it stands, which delimiter it has, which column each of its texts means.

The header is the first record of which at least half of the texts are names that are known, two or more; failing that,
among the first records, the one with the most. A profile may say on which line it is, or that there is none.
"""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.profiel import Profiel
from gateway.stages.column_names import MARK, Meaning, Strength, decided, meanings
from gateway.stages.cut import next_record_end
from gateway.stages.dialect import DELIMITERS, MAX_COLUMNS, FileFinding
from gateway.stages.repair_column import header_as_sent, names_upload, repairs

REPAIR_HEADER: Final = 1 << 17
"""Within so many bytes a repair file has the header that we wrote; looking further would cost every other file."""
MAX_TITLES: Final = 40
"""Among so many records with text a header is looked for."""
_SEP_LINE: Final = re.compile(r'"?sep=(.?)"?', re.IGNORECASE)
NO_HEADER: Final = FileFinding(code="bestand_geen_kopregel")


@dataclass(frozen=True, kw_only=True)
class Header:
    """`texts` as sent (none when there is no header), `columns` what they mean and `strengths` how surely.

    `line`: where it stands, from 1; 0 when there is none. `end`: the offset of the first record below it.
    """

    delimiter: str
    texts: tuple[str, ...]
    columns: tuple[str | None, ...]
    strengths: tuple[Strength | None, ...]
    line: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record of the head. `line`: on which it begins; `whole`: its end was seen."""

    text: str
    line: int
    last_line: int
    end: int
    whole: bool


def find_header(
    head: bytes,
    encoding: str,
    *,
    cut_off: bool,
    delimiters: Sequence[str],
    profiel: Profiel | None,
    in_records: bool,
) -> Header | FileFinding:
    """Find the header in the first bytes of a file (UTF-8 or 8 bits, no mark before it).

    `cut_off`: the file goes on. `delimiters`: those it may have. `in_records`: a profile's line counts records and
    not line feeds, as in a sheet.
    """
    if names_upload(head[:REPAIR_HEADER]):
        found = _of_repair(_records(head, encoding, cut_off=cut_off), delimiters, meanings(profiel))
        if found is not None:
            return found
    records = _records(head, encoding, cut_off=cut_off)
    first = next(records, None)
    if first is None:
        return NO_HEADER
    if sep := _SEP_LINE.fullmatch(first.text.strip()):
        delimiters = _preferred(sep[1], delimiters)
    else:
        records = _again(first, records)
    line = profiel.kopregel if profiel else None
    if line == 0 and profiel:
        return _without_header(records, delimiters, profiel, start=first.end if sep else 0)
    meaning = meanings(profiel)
    if line is not None:
        return _on_line(records, delimiters, meaning, line, in_records=in_records, skipped=1 if sep else 0)
    return _most_known(records, delimiters, meaning)


def _of_repair(
    records: Iterator[Record], delimiters: Sequence[str], meaning: Callable[[str], Meaning | None]
) -> Header | FileFinding | None:
    """The record with the link column: we wrote that header, so it stands there whatever a profile says."""
    for record in itertools.islice(records, MAX_TITLES):
        one = _candidate(record, delimiters, meaning)
        if repairs(one.texts) is not None:
            return _header(one) if one.known else NO_HEADER
    return None


def _again(first: Record, rest: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rest


def _preferred(delimiter: str, delimiters: Sequence[str]) -> Sequence[str]:
    """Excel's `sep=` says the delimiter, where it may be told."""
    if len(delimiters) == 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in ('"', " ", ""):
        return delimiters
    return (delimiter, *(other for other in delimiters if other != delimiter))


def _records(head: bytes, encoding: str, *, cut_off: bool) -> Iterator[Record]:
    """Every record, blank ones too. A line feed inside quotes ends none."""
    start, line = 0, 1
    while start < len(head):
        stop = next_record_end(head, start)
        data = head[start:stop]
        ended = data.endswith(b"\n") and data.count(b'"') % 2 == 0
        feeds = data.count(b"\n")
        text = data.decode(encoding, "replace").strip("\r\n")
        yield Record(text=text, line=line, last_line=line + feeds - ended, end=stop, whole=ended or not cut_off)
        start, line = stop, line + feeds


def _split(text: str, delimiter: str) -> list[str]:
    """The fields of one record; a field longer than the reader takes is no name: then there are none."""
    # A carriage return alone is no line end here, and no part of a name.
    try:
        return next(csv.reader(io.StringIO(text.replace("\r", " "), newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    record: Record
    delimiter: str
    texts: Sequence[str]
    found: Sequence[Meaning | None]

    @property
    def known(self) -> int:
        return len({meaning.column for meaning in self.found if meaning})

    @property
    def certain(self) -> bool:
        filled = sum(1 for text in self.texts if text.strip())
        return self.known >= 2 and 2 * self.known >= filled

    @property
    def likely(self) -> bool:
        strong = any(meaning and meaning.strength >= Strength.NEARLY_EXACT for meaning in self.found)
        return strong or self.known > 1


def _candidate(record: Record, delimiters: Sequence[str], meaning: Callable[[str], Meaning | None]) -> _Candidate:
    """The record split so that most of its texts are known."""
    best: _Candidate | None = None
    for delimiter in delimiters:
        if best is not None and delimiter not in record.text:
            continue
        texts = _split(record.text, delimiter)
        found = [meaning(text) if text else None for text in texts[:MAX_COLUMNS]]
        one = _Candidate(record=record, delimiter=delimiter, texts=texts, found=found)
        if best is None or one.known > best.known:
            best = one
    assert best is not None
    return best


def _most_known(
    records: Iterator[Record], delimiters: Sequence[str], meaning: Callable[[str], Meaning | None]
) -> Header | FileFinding:
    best: _Candidate | None = None
    seen = 0
    for record in records:
        if not record.text.strip():
            continue
        seen += 1
        one = _candidate(record, delimiters, meaning)
        if one.certain:
            return _header(_fuller(one, next(records, None), delimiters, meaning))
        if one.likely and (best is None or one.known > best.known):
            best = one
        if seen == MAX_TITLES:
            break
    return _header(best) if best else NO_HEADER


def _fuller(
    one: _Candidate, below: Record | None, delimiters: Sequence[str], meaning: Callable[[str], Meaning | None]
) -> _Candidate:
    """The line below when that knows more columns: then `one` names the groups they stand in."""
    if below is None:
        return one
    next_one = _candidate(below, delimiters, meaning)
    return next_one if next_one.certain and next_one.known > one.known else one


def _on_line(
    records: Iterator[Record],
    delimiters: Sequence[str],
    meaning: Callable[[str], Meaning | None],
    line: int,
    *,
    in_records: bool,
    skipped: int,
) -> Header | FileFinding:
    """The record on the line that the profile names; below the line `sep=` it counts on."""
    for number, record in enumerate(records, 1 + skipped):
        here = number == line if in_records else record.line <= line <= record.last_line
        if here:
            one = _candidate(record, delimiters, meaning)
            return _header(one) if one.known else NO_HEADER
    return NO_HEADER


def _header(one: _Candidate) -> Header | FileFinding:
    if len(one.texts) > MAX_COLUMNS or not one.record.whole:
        return FileFinding(code="bestand_regel_te_lang")
    found = decided(one.texts, one.found)
    if found.doubles:
        return FileFinding(code="bestand_kolom_dubbel", vorm=", ".join(found.doubles))
    return Header(
        delimiter=one.delimiter,
        texts=_as_sent(tuple(text.strip(MARK) for text in one.texts)),
        columns=found.columns,
        strengths=found.strengths,
        line=one.record.line,
        end=one.record.end,
    )


def _as_sent(texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts if repairs(texts) is None else tuple(map(header_as_sent, texts))


def _without_header(
    records: Iterator[Record], delimiters: Sequence[str], profiel: Profiel, *, start: int
) -> Header | FileFinding:
    first = next((record for record in records if record.text.strip()), None)
    if first is None:
        return NO_HEADER
    delimiter = max(delimiters, key=lambda one: len(_split(first.text, one)))
    places = {int(place): column for place, column in profiel.kolommen.items() if place.isdecimal() and int(place) > 0}
    width = max([len(_split(first.text, delimiter)), *places])
    if width > MAX_COLUMNS:
        return FileFinding(code="bestand_regel_te_lang")
    columns = tuple(places.get(place) for place in range(1, width + 1))
    strengths = tuple(Strength.PROFILE if column else None for column in columns)
    return Header(delimiter=delimiter, texts=(), columns=columns, strengths=strengths, line=0, end=start)


def default_delimiters(profiel: Profiel | None) -> Sequence[str]:
    """The delimiters that a CSV file may have, the usual first."""
    return (profiel.scheidingsteken,) if profiel and profiel.scheidingsteken else DELIMITERS
