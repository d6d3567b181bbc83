"""How a file was written: the answer that `detect` gives and that reading, rules and report build on."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from contracts.layout import KOLOMMEN
from contracts.overeenkomst import Signaalpartner
from contracts.profiel import Bestandsvorm, Datumvolgorde, Profiel
from contracts.signaal import Soort
from gateway.stages.column_names import looks_like_a_name
from gateway.stages.encoding import ENCODING_NAMES
from gateway.stages.repair_column import repaired_upload, repairs
from gateway.stages.source import PLAIN, Bron

HEAD_BYTES: Final = 1 << 20
"""How much of a file `detect` looks at."""
MAX_COLUMNS: Final = 16_384
"""As many as a sheet of Excel has. The engine takes kilobytes for each: a file of delimiters alone takes gigabytes."""
DELIMITERS: Final = (";", ",", "\t", "|")
_DELIMITER_NAMES: Final = {";": "puntkomma", ",": "komma", "\t": "tab", "|": "verticale streep"}
_FORMS: Final = {
    Bestandsvorm.CSV: "CSV",
    Bestandsvorm.XLSX: "Excel-werkmap",
    Bestandsvorm.ODS: "ODS-werkmap",
    Bestandsvorm.JSON: "JSON",
    Bestandsvorm.JSON_REGELS: "JSON-regels",
}
_PACKED: Final = {"zip": "in een ZIP", "gzip": "ingepakt met gzip"}
DATE_ORDERS: Final = {Datumvolgorde.DMJ: "dd-mm-jjjj", Datumvolgorde.JMD: "jjjj-mm-dd", Datumvolgorde.MDJ: "mm-dd-jjjj"}


@dataclass(frozen=True, kw_only=True)
class FileFinding:
    """A finding about the file as a whole. `vorm` fills the message, never a value of a row; `row_no`: where."""

    code: str
    vorm: str | None = None
    row_no: int | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How many values at the beginning of the file show how they are written (`formats` says what each shows).

    Dates: `year_first`, `day_first`, `month_first`, `either`. Amounts: a decimal `comma` or `point`, `point_and_commas`
    (1,250.75), `points` (1.250.000), `one_comma` (1,250), `one_point` (1.250), `whole`.
    """

    year_first: int = 0
    day_first: int = 0
    month_first: int = 0
    either: int = 0
    comma: int = 0
    point: int = 0
    point_and_commas: int = 0
    points: int = 0
    one_comma: int = 0
    one_point: int = 0
    whole: int = 0


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How to read one file.

    `columns`: per position the layout column or composed column (`layout.SAMENGESTELD`), or None for one that is
    ignored. `headers`: as sent, empty when the file has none; `header_line`: the line of the file they stand on, from
    1, or 0. `encoding`: ascii, utf-8, cp1252, iso-8859-15 or utf-16 (made into UTF-8 before anything else); ascii until
    a byte above 127 decides. `header_bytes`: where the first record starts, in UTF-8 where the file is in UTF-16.
    `cents`: an amount counts cents. `lone_returns`: a carriage return alone ends a record. `profiel`: by which it is
    read. `by_profile`, `by_synonym`: positions of which the profile, or the list of synonyms, says the column.
    `evidence`: what the file showed of its amounts and dates.
    """

    encoding: str
    delimiter: str
    columns: tuple[str | None, ...]
    decimal: str
    header_bytes: int
    headers: tuple[str, ...] = ()
    header_line: int = 1
    bron: Bron = PLAIN
    date_order: Datumvolgorde = Datumvolgorde.DMJ
    cents: bool = False
    lone_returns: bool = False
    profiel: Profiel | None = None
    by_profile: tuple[int, ...] = ()
    by_synonym: tuple[int, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def iso_dates(self) -> bool:
        """Dates start with their year."""
        return self.date_order is Datumvolgorde.JMD

    @property
    def known(self) -> frozenset[str]:
        """The layout columns and composed columns that the file has."""
        return frozenset(name for name in self.columns if name is not None)

    @property
    def repairs(self) -> str | None:
        """The id of the upload of which the file repairs rows, by its link column; no such column: None."""
        return repairs(self.headers)

    @property
    def ignored(self) -> tuple[int, ...]:
        """The positions of columns that are not read; those without a text above them, or of ours, do not count."""
        return tuple(
            n
            for n, name in enumerate(self.columns)
            if name is None and (not self.headers or (self.headers[n].strip() and not repaired_upload(self.headers[n])))
        )

    @property
    def least_fields(self) -> int:
        """As many fields as a record must have: empty columns to the right of the table do not count."""
        named = [n for n, name in enumerate(self.headers) if name.strip()]
        return named[-1] + 1 if named else len(self.columns)


def required_columns(partner: Signaalpartner, soorten: AbstractSet[Soort]) -> frozenset[str]:
    """Columns that a file of `partner` must have: required for all `soorten` it may send and without a constant."""
    return frozenset(
        kolom.naam
        for kolom in KOLOMMEN
        if soorten and soorten <= kolom.verplicht and not partner.constanten.get(kolom.naam)
    )


def read_as(dialect: Dialect) -> str:
    """One Dutch sentence that says how the file was read."""
    return "gelezen als: " + ", ".join(_parts(dialect))


def _parts(dialect: Dialect) -> Iterator[str]:
    form = form_name(dialect)
    if form:
        yield form
    if dialect.header_line == 0:
        yield "zonder kopregel"
    elif dialect.header_line > 1:
        yield f"kopregel op regel {dialect.header_line}"
    if dialect.bron.vorm is Bestandsvorm.CSV:
        yield ENCODING_NAMES[dialect.encoding]
        yield delimiter_name(dialect)
    yield f"decimale {decimal_name(dialect)}"
    if dialect.cents:
        yield "bedragen in centen"
    yield f"datums {DATE_ORDERS[dialect.date_order]}"
    yield _recognised(dialect)
    yield f"{len(dialect.ignored)} genegeerd"
    if dialect.profiel is not None:
        yield f"met profiel '{dialect.profiel.naam}' versie {dialect.profiel.versie}"


def form_name(dialect: Dialect) -> str:
    """What kind of file it is, in Dutch; empty for plain CSV."""
    bron = dialect.bron
    form = "" if bron.vorm is Bestandsvorm.CSV and not bron.verpakt else _FORMS[bron.vorm]
    if bron.blad is not None:
        form += f" (blad '{bron.blad}')" if looks_like_a_name(bron.blad) else " (één blad)"
    return f"{form} {_PACKED[bron.verpakt]}" if bron.verpakt else form


def delimiter_name(dialect: Dialect) -> str:
    """The delimiter in Dutch."""
    return _DELIMITER_NAMES.get(dialect.delimiter, f"scheidingsteken {dialect.delimiter}")


def decimal_name(dialect: Dialect) -> str:
    """The decimal mark in Dutch."""
    return "komma" if dialect.decimal == "," else "punt"


def _recognised(dialect: Dialect) -> str:
    count = sum(1 for name in dialect.columns if name is not None)
    synonyms, told = len(dialect.by_synonym), len(dialect.by_profile)
    ways = [f"{synonyms} via synoniemen"] if synonyms else []
    ways += [f"{told} via het profiel"] if told else []
    kolommen = "kolom" if count == 1 else "kolommen"
    return f"{count} {kolommen} herkend" + (f" ({', '.join(ways)})" if ways else "")
