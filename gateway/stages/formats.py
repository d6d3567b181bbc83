"""How amounts and dates are written in a file: the Dutch way, unless the records at its beginning show another.

What one value shows by itself is counted (`Evidence`). A file contradicts the Dutch reading when at least one in ten
(`ODD`) of the values that show anything show another one: fewer are slips, and a matter of their rows. Then it is not
guessed but asked, unless a profile decides. The same values always give the same answer.

Dates: 25-02-2026 shows that the day stands first, 02-25-2026 that the month does, 2026-02-25 that the year does, and
02-03-2026 nothing. A year first contradicts nothing, for it cannot be misread.

Amounts: 12,50 and 1.250,75 show a decimal comma, 12.50 a decimal point; neither can be misread. But 1,250.75 and
1,250,000 show commas between thousands, and 1,250 says so too where no comma is a decimal mark elsewhere.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from contracts.layout import KOLOM, Vorm
from contracts.profiel import Bedrageenheid, Datumvolgorde, Profiel
from contracts.synoniemen import in_centen
from gateway.stages.cut import last_record_end
from gateway.stages.dialect import Dialect, Evidence, FileFinding
from gateway.stages.header import Header

SAMPLE_RECORDS: Final = 500
SAMPLE_BYTES: Final = 1 << 18
"""So many records in so many bytes are looked at; more would cost more than they tell."""
ODD: Final = 10
"""One in so many is no slip any more."""

_YEAR_FIRST: Final = re.compile(r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?![0-9])")
_TWO_NUMBERS: Final = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ](?:[0-9]{4}|[0-9]{2})(?![0-9])")
_MONTHS: Final = 12
_DAYS: Final = 31
_NO_FIGURE: Final = re.compile(r"(?i)€|eur(?:os?)?|[\s'’+\-−=]")
_AMOUNT: Final = re.compile(
    r"""(?P<comma>(?:[0-9]*|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]{1,2})
    |(?P<point>[0-9]*\.[0-9]{1,2})
    |(?P<point_and_commas>[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}|[0-9]{1,3}(?:,[0-9]{3}){2,})
    |(?P<one_comma>[0-9]{1,3},[0-9]{3})
    |(?P<one_point>[0-9]{1,3}\.[0-9]{3})
    |(?P<points>[0-9]{1,3}(?:\.[0-9]{3}){2,})
    |(?P<whole>[0-9]+)""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Formats:
    """`decimal`: the mark. `cents`: amounts count cents. `evidence`: what the file showed of it."""

    decimal: str
    date_order: Datumvolgorde
    cents: bool
    evidence: Evidence


def detect_formats(body: bytes, encoding: str, header: Header, *, profiel: Profiel | None) -> Formats | FileFinding:
    """Read the formats off the records below the header (`body`: the rest of the head), or ask."""
    evidence = _evidence(_sample(body, encoding, header.delimiter), header.columns)
    cents = _cents(header, profiel)
    decimal = (profiel.decimaalteken if profiel else None) or _decimal(evidence, header.delimiter)
    date_order = (profiel.datumvolgorde if profiel else None) or _date_order(evidence)
    for answer in (cents, decimal, date_order):
        if isinstance(answer, FileFinding):
            return answer
    assert not isinstance(cents, FileFinding)
    assert not isinstance(decimal, FileFinding)
    assert not isinstance(date_order, FileFinding)
    return Formats(decimal=decimal, date_order=date_order, cents=cents, evidence=evidence)


def _sample(body: bytes, encoding: str, delimiter: str) -> Iterator[list[str]]:
    # What is cut off may end in the middle of a record.
    stop = min(len(body), SAMPLE_BYTES)
    text = body[: last_record_end(body, 0, stop) or stop].decode(encoding, "replace")
    records = csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", " "), newline=""), delimiter=delimiter)
    try:
        yield from (record for record, _ in zip(records, range(SAMPLE_RECORDS), strict=False))
    except csv.Error:  # a field longer than the reader takes: what came before it is enough
        return


def _evidence(sample: Iterator[list[str]], columns: Sequence[str | None]) -> Evidence:
    """Counted per distinct text: dates repeat."""
    places = {n: KOLOM[name].vorm for n, name in enumerate(columns) if name in KOLOM}
    texts = {vorm: Counter[str]() for vorm in (Vorm.DATUM, Vorm.BEDRAG)}
    looked_at = [(n, texts[vorm]) for n, vorm in places.items() if vorm in texts]
    for record in sample:
        for n, seen in looked_at:
            if n < len(record) and record[n]:
                seen[record[n]] += 1
    counts = Counter[str]()
    for vorm, read in ((Vorm.DATUM, _date), (Vorm.BEDRAG, _amount)):
        for text, times in texts[vorm].items():
            if shown := read(text):
                counts[shown] += times
    return replace(Evidence(), **counts)


def _is(name: str | None, vorm: Vorm) -> bool:
    return name in KOLOM and KOLOM[name].vorm is vorm


def _date(text: str) -> str | None:
    text = text.strip()
    if _YEAR_FIRST.match(text):
        return "year_first"
    if not (found := _TWO_NUMBERS.match(text)):
        return None
    first, second = int(found[1]), int(found[2])
    if not (1 <= first <= _DAYS and 1 <= second <= _DAYS) or min(first, second) > _MONTHS:
        return None
    if first > _MONTHS:
        return "day_first"
    return "month_first" if second > _MONTHS else "either"


def _amount(text: str) -> str | None:
    found = _AMOUNT.fullmatch(_NO_FIGURE.sub("", text).rstrip(",."))
    return found.lastgroup if found else None


class OrderWatch:
    """Looks on where the beginning of a file showed no order of its dates, until some value does.

    Rent is due on the first of the month: a whole file can fit both orders but for a few rows far below.
    """

    def __init__(self, dialect: Dialect) -> None:
        told = dialect.profiel is not None and dialect.profiel.datumvolgorde is not None
        shown = dialect.evidence.day_first + dialect.evidence.month_first
        dates = sorted(name for name in dialect.known if _is(name, Vorm.DATUM))
        self._columns = [] if told or shown else dates
        self._evidence = dialect.evidence

    def question(self, frame: pl.DataFrame) -> FileFinding | None:
        """The question to the partner at the first block (schema RAW) in which a month stands first, and is no slip."""
        counts = Counter[str]()
        for name in self._columns:
            for text, times in frame[name].drop_nulls().value_counts().iter_rows():
                counts[_date(text) or ""] += times
        if not counts["day_first"] + counts["month_first"]:
            return None
        self._columns = []
        order = _date_order(replace(self._evidence, day_first=counts["day_first"], month_first=counts["month_first"]))
        return order if isinstance(order, FileFinding) else None


def _no_slip(part: int, whole: int) -> bool:
    return part > 0 and part * ODD >= whole


def _date_order(evidence: Evidence) -> Datumvolgorde | FileFinding:
    told = evidence.day_first + evidence.month_first
    if _no_slip(evidence.month_first, told + evidence.year_first):
        return FileFinding(code="bestand_datumvolgorde", vorm=f"{evidence.month_first} van de {told}")
    other = told + evidence.either
    return Datumvolgorde.JMD if evidence.year_first > other else Datumvolgorde.DMJ


def _decimal(evidence: Evidence, delimiter: str) -> str | FileFinding:
    thousands = evidence.point_and_commas
    if _no_slip(min(thousands, evidence.comma), thousands + evidence.comma):
        return FileFinding(code="bestand_bedragvorm", vorm="1.250,75 en 1,250.75")
    comma, point = evidence.comma + evidence.points, evidence.point + thousands
    if not comma + point and _no_slip(evidence.one_comma, evidence.one_comma + evidence.whole):
        return FileFinding(code="bestand_bedragvorm", vorm="1,250")
    if comma == point:
        return "." if delimiter == "," and not evidence.one_point else ","
    return "," if comma > point else "."


def _cents(header: Header, profiel: Profiel | None) -> bool | FileFinding:
    if profiel and profiel.bedragen_in:
        return profiel.bedragen_in is Bedrageenheid.CENT
    texts = [text for text, name in zip(header.texts, header.columns, strict=False) if _is(name, Vorm.BEDRAG)]
    told = sum(map(in_centen, texts))
    if 0 < told < len(texts):
        return FileFinding(code="bestand_bedragvorm", vorm="euro en centen")
    return told > 0
