"""What checking a file is measured against: the csv module by hand, and frictionless with the same columns.

Nothing of the gateway's reading is imported here. Both collect every finding of a row, as ours does.

`python -m tests.bench.readers hand|frictionless FILE` prints a JSON object with seconds, rows and peak MiB.
"""

import csv
import datetime as dt
import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from contracts.layout import KOLOMMEN, Vorm
from contracts.signaal import Soort
from tests.bench.figures import peak_mib, timed

_DATES = tuple(kolom.naam for kolom in KOLOMMEN if kolom.vorm is Vorm.DATUM)
_AMOUNTS = tuple(kolom.naam for kolom in KOLOMMEN if kolom.vorm is Vorm.BEDRAG)
_YES_NO = tuple(kolom.naam for kolom in KOLOMMEN if kolom.vorm is Vorm.JA_NEE)
_REQUIRED = tuple(kolom.naam for kolom in KOLOMMEN if Soort.ENERGIE in kolom.verplicht)
_LONGEST = tuple((kolom.naam, kolom.max_lengte) for kolom in KOLOMMEN if kolom.vorm is Vorm.TEKST)
_FORMS = {
    "soort": "(energie|water|huur|zorg)",
    "postcode": r"[1-9]\d{3} ?[A-Z]{2}",
    "huisnummer": r"[1-9]\d{0,4}",
    "huisletter": "[A-Za-z]",
    "gemeentecode": r"\d{4}",
    "telefoon": r"0[1-9]\d{8}",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "opdrachtgever_kvk": r"\d{8}",
    "uzovi": r"\d{4}",
    "bsn": r"\d{9}",
    "geslacht": "[MVX]",
    "producten": "(elektriciteit|gas|warmte)(,(elektriciteit|gas|warmte))*",
}
"""Patterns of whole values, for both."""
_TODAY = dt.date(2026, 11, 22)


def hand(file: Path) -> int:
    """DictReader, strptime and Decimal: what somebody writes in an afternoon. The number of rows."""
    patterns = {name: re.compile(pattern) for name, pattern in _FORMS.items()}
    rows = 0
    findings: list[tuple[int, str]] = []
    with file.open(encoding="utf-8", newline="") as source:
        for rows, row in enumerate(csv.DictReader(source, delimiter=";"), start=1):
            findings.extend((rows, code) for code in _wrong(row, patterns))
    return rows


def _wrong(row: dict[str, str], patterns: dict[str, re.Pattern[str]]) -> Iterator[str]:
    yield from (f"{name}_ontbreekt" for name in _REQUIRED if not row[name].strip())
    for name, pattern in patterns.items():
        if row[name] and not pattern.fullmatch(row[name].strip()):
            yield f"{name}_ongeldig"
    yield from (f"{name}_te_lang" for name, longest in _LONGEST if len(row[name]) > longest)
    yield from (f"{name}_geen_ja_nee" for name in _YES_NO if row[name] and row[name].lower() not in {"ja", "nee"})
    yield from (f"{name}_ongeldig" for name in _DATES if row[name] and not _is_past(row[name]))
    yield from (f"{name}_ongeldig" for name in _AMOUNTS if row[name] and not _is_amount(row[name]))


def _is_past(text: str) -> bool:
    try:
        return dt.datetime.strptime(text, "%d-%m-%Y").date() <= _TODAY  # noqa: DTZ007  # a date without a time
    except ValueError:
        return False


def _is_amount(text: str) -> bool:
    try:
        return Decimal(text.replace(".", "").replace(",", ".")) > 0
    except InvalidOperation:
        return False


def frictionless(file: Path) -> int:
    """frictionless validates the file against a schema of the same columns. The number of rows."""
    from frictionless import Checklist, Dialect, Resource, Schema, formats, system

    descriptor = {"fields": [_field(kolom.naam, kolom.vorm) for kolom in KOLOMMEN]}
    with system.use_context(trusted=True):
        resource = Resource(
            path=str(file),
            format="csv",
            encoding="utf-8",
            schema=Schema.from_descriptor(descriptor),
            dialect=Dialect(controls=[formats.CsvControl(delimiter=";")]),
        )
        report = resource.validate(Checklist(), limit_errors=1_000_000)
    return int(report.tasks[0].stats["rows"])


def _field(name: str, vorm: Vorm) -> dict[str, object]:
    constraints: dict[str, object] = {"required": True} if name in _REQUIRED else {}
    if name in _FORMS:
        constraints["pattern"] = _FORMS[name]
    field: dict[str, object] = {"name": name, "type": "string", "constraints": constraints}
    match vorm:
        case Vorm.DATUM:
            field |= {"type": "date", "format": "%d-%m-%Y"}
        case Vorm.BEDRAG:
            field |= {"type": "number", "decimalChar": ",", "groupChar": "."}
        case Vorm.JA_NEE:
            field |= {"type": "boolean", "trueValues": ["Ja", "ja"], "falseValues": ["Nee", "nee"]}
        case Vorm.TEKST | Vorm.GETAL | Vorm.LIJST:
            pass
    return field


def main() -> None:
    """Run one of them and print what it took."""
    work = {"hand": hand, "frictionless": frictionless}[sys.argv[1]]
    rows: list[int] = []
    seconds = timed(lambda: rows.append(work(Path(sys.argv[2]))))
    print(json.dumps({"seconds": seconds, "rows": rows[0], "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
