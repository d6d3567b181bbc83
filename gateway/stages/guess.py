"""A profile proposed for a file, from its first bytes: what reading it needs to be told, and why.

What a file shows reliably by itself (character set, delimiter, line of the header) is left to be seen in each file
anew. What it may not show (the order of a date, the decimal mark, unknown columns) is written down.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from msgspec.structs import replace

from contracts.layout import KOLOMMEN, SAMENGESTELD, Kolom
from contracts.profiel import Bedrageenheid, Datumvolgorde, Profiel
from contracts.signaal import LCV_SOORTEN
from gateway.stages.column_names import Strength, header_key, listed
from gateway.stages.detect import detect
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.likeness import by_likeness, sample
from gateway.stages.profile_checks import CONSTANT
from gateway.stages.source import Bron
from gateway.stages.suggest import Suggestion, suggestions

NOTHING: Final = Profiel(naam="voorstel")
"""What a proposal begins with."""
_QUESTIONS: Final = 6
"""That one file can ask, one after the other."""
_DOUBLE: Final = re.compile(r"\w+ \(([^()]+)\)")
_CONSTANT: Final = frozenset(CONSTANT) - {"woonplaats"}
"""A partner of one place would rather add the column than forget that it is a constant."""
_ASK: Final = "VRAAG DIT NA"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One line about a column: `header` as in the file, or its place. `active`: the profile says so, else it may."""

    header: str
    column: str
    reason: str
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Guess:
    """`profiel`: what is proposed. `columns`: each line of it and those in doubt. `dialect`: how the file then reads.

    `answers`: key of the profile → why it says so, where the file left a question. Of columns that the file lacks:
    `constants` may be the same for every row, `absent` differ from row to row and every file needs them.
    """

    profiel: Profiel
    dialect: Dialect
    columns: tuple[Column, ...]
    answers: Mapping[str, str]
    constants: tuple[str, ...]
    absent: tuple[str, ...]


def guess(head: bytes, bron: Bron, *, today: dt.date, start: Profiel = NOTHING) -> Guess | FileFinding:
    """Propose a profile for a file that begins so, or say why no profile can help to read it.

    `start`: what is told of the file already, such as its sheet.
    """
    reader = _Reader(head, bron, today)
    found = reader.settle(start)
    if isinstance(found, FileFinding):
        return found
    columns = tuple(reader.columns(found))
    kolommen = {line.header: line.column for line in columns if line.active}
    # The columns that are known only now may hold the dates and amounts that show how they are written.
    found = reader.settle(replace(reader.profiel, kolommen=kolommen))
    if isinstance(found, FileFinding):
        return found
    return Guess(
        profiel=replace(
            reader.profiel,
            datumvolgorde=None if found.iso_dates else found.date_order,  # the year first is never misread
            decimaalteken=found.decimal,
            bedragen_in=Bedrageenheid.CENT if found.cents else reader.profiel.bedragen_in,
        ),
        dialect=found,
        columns=columns,
        answers=reader.answers,
        constants=tuple(kolom.naam for kolom in _needed(found) if kolom.naam in _CONSTANT),
        absent=tuple(
            kolom.naam for kolom in _needed(found) if kolom.naam not in _CONSTANT and kolom.verplicht >= LCV_SOORTEN
        ),
    )


class _Reader:
    """Reads the first bytes of one file with one proposal after the other; `answers` says why it proposes what."""

    def __init__(self, head: bytes, bron: Bron, today: dt.date) -> None:
        self._head, self._bron, self._today = head, bron, today
        self.profiel = NOTHING
        self.answers: dict[str, str] = {}

    def settle(self, profiel: Profiel) -> Dialect | FileFinding:
        """Answer what the file asks, as long as it asks what a profile can say."""
        found = self._detect(profiel)
        for _ in range(_QUESTIONS):
            if isinstance(found, Dialect):
                break
            answered = self._answered(found)
            if answered is None:
                break
            found = self._detect(answered)
        return found

    def _detect(self, profiel: Profiel) -> Dialect | FileFinding:
        self.profiel = profiel
        return detect(self._head, required=frozenset(), bron=self._bron, profiel=profiel)

    def _answered(self, question: FileFinding) -> Profiel | None:
        """The profile with the likely answer; None where no profile can help."""
        profiel, about = self.profiel, question.vorm or ""
        match question.code:
            case "bestand_datumvolgorde":
                self.answers["datumvolgorde"] = f"Bij {about} datums kan alleen de maand voorop staan: {_ASK}."
                return replace(profiel, datumvolgorde=Datumvolgorde.MDJ)
            case "bestand_bedragvorm" if about == "euro en centen":
                self.answers["bedragen_in"] = f"Volgens de koppen staan euro's en centen door elkaar: {_ASK}."
                return replace(profiel, bedragen_in=Bedrageenheid.EURO)
            case "bestand_bedragvorm":
                self.answers["decimaalteken"] = f"Er staan bedragen als {about}: {_ASK}."
                return replace(profiel, decimaalteken=".")
            case "bestand_kolom_dubbel":
                return self._without_doubles(about)
            case "bestand_geen_kopregel" if profiel.kopregel is None:
                return self._by_likeness()
            case _:
                return None

    def _without_doubles(self, about: str) -> Profiel | None:
        """Take the first of the texts that stand for one column; where they are the same, none can be left out."""
        others = [text for texts in _DOUBLE.findall(about) for text in texts.split(" en ")[1:]]
        new = [text for text in others if text not in self.profiel.negeren]
        self.answers["negeren"] = f"Deze koppen betekenen hetzelfde als een andere kolom: {_ASK} welke u bedoelt."
        return replace(self.profiel, negeren=(*self.profiel.negeren, *new)) if new else None

    def _by_likeness(self) -> Profiel | None:
        found = by_likeness(self._head, self._bron, self.profiel, today=self._today)
        if found is not None and found.kopregel == 0:
            why = "Boven de waarden staan geen kolomnamen; de plaats zegt welke kolom het is."
        else:
            why = "Geen kolomnaam is bekend; op deze regel lijken ze te staan."
        self.answers |= {"kopregel": why, "scheidingsteken": "Zo komen er uit de regels de meeste velden."}
        return found

    def columns(self, dialect: Dialect) -> Iterator[Column]:
        """A line for each column that is not read by the layout's own name, or that may be read."""
        records = sample(self._head, self._bron, self.profiel)
        if self.profiel.kolommen:
            yield from self._likeliest(dialect, records)
        else:
            yield from _by_another_name(dialect)
        yield from self._perhaps(dialect, records)

    def _likeliest(self, dialect: Dialect, records: pl.DataFrame) -> Iterator[Column]:
        found = suggestions(dialect.headers, [None] * len(dialect.columns), records, today=self._today)
        why = {one.column: _reason(one) for one in found}
        for header, column in self.profiel.kolommen.items():
            yield Column(header=header, column=column, reason=why.get(column, "niets lijkt hierop: VUL DIT AAN"))

    def _perhaps(self, dialect: Dialect, records: pl.DataFrame) -> Iterator[Column]:
        keys = [header_key(text) for text in dialect.headers]
        for one in suggestions(dialect.headers, dialect.columns, records, today=self._today):
            if dialect.headers and keys[one.place]:
                header, alone = dialect.headers[one.place].strip(), keys.count(keys[one.place]) == 1
                yield Column(header=header, column=one.column, reason=_reason(one), active=one.certain and alone)


def _by_another_name(dialect: Dialect) -> Iterator[Column]:
    for text, name in zip(dialect.headers, dialect.columns, strict=True):
        meaning = listed(text)
        if name is not None and meaning is not None and meaning.strength is not Strength.EXACT:
            yield Column(header=text.strip(), column=name, reason=_why(meaning.strength) + _apart(name))


def _reason(one: Suggestion) -> str:
    return one.reason + _apart(one.column) + ("" if one.certain else "; kijk dit na")


def _apart(column: str) -> str:
    parts = SAMENGESTELD.get(column)
    return f"; wordt gesplitst in {', '.join(parts)}" if parts else ""


def _why(strength: Strength) -> str:
    match strength:
        case Strength.SYNONYM:
            return "een bekende andere naam"
        case Strength.SECOND_CHOICE:
            return "wordt vaak zo genoemd; kijk dit na"
        case _:
            return "de naam van de kolom, op een eenheid of teken na"


def _needed(dialect: Dialect) -> Iterator[Kolom]:
    """Columns that some kind of arrears needs and that are nowhere in the file."""
    known = {part for name in dialect.known for part in (name, *SAMENGESTELD.get(name, ()))}
    return (kolom for kolom in KOLOMMEN if kolom.verplicht & LCV_SOORTEN and kolom.naam not in known)
