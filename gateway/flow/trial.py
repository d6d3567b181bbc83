"""Trying a profile on a file: the reading that an upload would get, told instead of kept. Nothing is stored or sent.

Values stay in what is returned, for whoever shows them to mask (`stages.shape`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final

import polars as pl
from msgspec.structs import replace as with_changes

from contracts.aanlevering import Ernst
from contracts.layout import KOLOM, SAMENGESTELD, Vorm
from contracts.profiel import Profiel
from gateway.flow.choosing import first_bytes
from gateway.flow.findings import FindingTally
from gateway.flow.summary import FindingCount
from gateway.flow.unpack import PlainFile, UnpackLimits, UnpackRefusedError, unpack
from gateway.settings import Intake
from gateway.stages.block import LAYOUT_NAME, BlockReader
from gateway.stages.compose import expand
from gateway.stages.dialect import Dialect, FileFinding, required_columns
from gateway.stages.frames import MARKS, SIGNAAL_FIELDS
from gateway.stages.guess import NOTHING, Guess, guess
from gateway.stages.parse import Limits, Piece, Records, read_file
from gateway.stages.policy import Policy
from gateway.stages.rules import rule
from gateway.stages.shape import shapes
from gateway.stages.validate import Checker

MIB: Final = 1 << 20
SHEETS: Final = 20
"""Sheets of a workbook that are looked at for column names; each time it is opened anew."""
SPLIT_TEXTS: Final = 20_000
"""Distinct texts of a composed column of which the forms are counted."""
SPLIT_FORMS: Final = 8
"""Forms that are shown, the most frequent first, and of those in doubt as many."""
_FIELD_OF: Final = {column: name for name, column in LAYOUT_NAME.items()}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One column of the file in one row: `before` as sent, `after` the columns that it fills and what they then hold.

    `header` None: nothing in the file, but a constant. A value of None: nothing, or nothing that goes on.
    """

    header: str | None
    before: str | None
    after: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One of the first rows. `goes_on`: as far as the file alone decides."""

    row_no: int
    goes_on: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class SplitForm:
    """One form in which a composed column was written, by an example. `texts`: distinct texts of this form."""

    before: str
    after: Mapping[str, str | None]
    doubtful: bool
    texts: int


@dataclass(kw_only=True)
class Trial:
    """What reading came to. `going`: rows that the file alone gives no reason to refuse; `fatal`: of the whole file.

    `first`: the first rows; `splits`: composed column → its forms, those in doubt first.
    """

    dialect: Dialect | None = None
    rows: int = 0
    going: int = 0
    findings: tuple[FindingCount, ...] = ()
    file_findings: list[FileFinding] = field(default_factory=list)
    fatal: FileFinding | None = None
    first: tuple[Row, ...] = ()
    splits: Mapping[str, tuple[SplitForm, ...]] = field(default_factory=dict)


def guess_file(file: BinaryIO, *, intake: Intake, today: dt.date) -> Guess | FileFinding:
    """Propose a profile for a file that lies open, or say why none can help.

    Of a workbook the first sheet with column names that are known, when the first sheet of all has none.
    """
    first, bladen = _guess(file, NOTHING, intake=intake, today=today)
    if len(bladen) > 1 and not _knows_names(first):
        for blad in bladen[1:SHEETS]:
            other, _ = _guess(file, with_changes(NOTHING, blad=blad), intake=intake, today=today)
            if isinstance(other, Guess) and _knows_names(other):
                return replace(other, answers={**other.answers, "blad": "Hier staan kolomnamen die wij kennen."})
    return first


def _knows_names(found: Guess | FileFinding) -> bool:
    return isinstance(found, Guess) and "kopregel" not in found.answers


def _guess(
    file: BinaryIO, profiel: Profiel, *, intake: Intake, today: dt.date
) -> tuple[Guess | FileFinding, tuple[str, ...]]:
    """The proposal for the sheet that `profiel` names, and the names of all sheets."""
    try:
        with unpack(PlainFile(file), profiel=profiel, limits=UnpackLimits.of(intake)) as (bron, chunks):
            return guess(first_bytes(chunks), bron, today=today, start=profiel), bron.bladen
    except UnpackRefusedError as refused:
        return refused.finding, ()


def try_file(file: BinaryIO, *, profiel: Profiel | None, policy: Policy, intake: Intake, rows: int) -> Trial:
    """Read all of a file that lies open and tell what becomes of it; of the first `rows` rows, field by field.

    A file that is refused for columns that it lacks is read all the same, to show what the others hold.
    """
    required = required_columns(policy.partner, policy.soorten)
    trial = _tried(file, required, profiel=profiel, policy=policy, intake=intake, rows=rows)
    if trial.fatal is None or trial.fatal.code != "bestand_kolom_ontbreekt":
        return trial
    shown = _tried(file, frozenset(), profiel=profiel, policy=policy, intake=intake, rows=rows)
    return replace(shown, fatal=trial.fatal)


def _tried(
    file: BinaryIO,
    required: frozenset[str],
    *,
    profiel: Profiel | None,
    policy: Policy,
    intake: Intake,
    rows: int,
) -> Trial:
    trial = Trial()
    try:
        with unpack(
            PlainFile(file), profiel=profiel, limits=UnpackLimits.of(intake), note=trial.file_findings.append
        ) as (bron, chunks):
            pieces = read_file(
                chunks,
                required=required,
                limits=Limits(max_rows=intake.max_rows, block_bytes=intake.block_mib * MIB),
                bron=bron,
                profiel=profiel,
            )
            _read(trial, pieces, policy, rows)
    except UnpackRefusedError as refused:
        trial.fatal = refused.finding
    return trial


def _read(trial: Trial, pieces: Iterator[Piece], policy: Policy, rows: int) -> None:
    tally = FindingTally()
    for piece in pieces:
        match piece:
            case Dialect():
                trial.dialect = piece
            case FileFinding() if rule(piece.code).ernst is Ernst.FATAL:
                trial.fatal = piece
            case FileFinding():
                trial.file_findings.append(piece)
            case Records():
                _block(trial, tally, piece, policy, rows)
    trial.findings = tally.counts()


def _block(trial: Trial, tally: FindingTally, records: Records, policy: Policy, rows: int) -> None:
    dialect = trial.dialect
    assert dialect is not None
    checked = Checker(dialect, policy).check(records.raw)
    tally.add(checked.findings)
    if trial.rows == 0:
        trial.first = tuple(_rows(dialect, records, checked.rows.head(rows), policy))
        trial.splits = dict(_splits(dialect, records.sent))
    trial.rows += records.raw.height
    trial.going += checked.rows.filter(pl.col("state") == 0).height


def _rows(dialect: Dialect, records: Records, checked: pl.DataFrame, policy: Policy) -> Iterator[Row]:
    read = BlockReader(dialect, policy).read(records.raw.head(checked.height)).frame
    constants = [
        name
        for name in policy.partner.constanten
        if not any(name in (column, *SAMENGESTELD.get(column, ())) for column in dialect.known)
    ]
    sent = records.sent.head(checked.height)
    for before, values, typed in zip(
        sent.iter_rows(named=True), read.iter_rows(named=True), checked.iter_rows(named=True), strict=True
    ):
        cells = [_cell(dialect, place, before, values, typed) for place in range(len(dialect.columns))]
        constant = [Cell(header=None, before=None, after={name: _after(name, values, typed)}) for name in constants]
        yield Row(
            row_no=before["row_no"],
            goes_on=typed["state"] == 0,
            cells=tuple(cell for cell in (*cells, *constant) if cell.after),
        )


def _cell(
    dialect: Dialect, place: int, before: Mapping[str, Any], values: Mapping[str, Any], typed: Mapping[str, Any]
) -> Cell:
    column = dialect.columns[place]
    parts = () if column is None else SAMENGESTELD.get(column, (column,))
    return Cell(
        header=dialect.headers[place].strip() if dialect.headers else str(place + 1),
        before=before[str(place)],
        after={part: _after(part, values, typed) for part in parts},
    )


def _after(column: str, values: Mapping[str, Any], typed: Mapping[str, Any]) -> str | None:
    """What goes on of a column; what only decides whether the row does (the effort, an objection) as it is read."""
    name = _FIELD_OF.get(column, column)
    value = typed[name] if name in SIGNAAL_FIELDS else values[f"v:{column}"]
    match value:
        case None | []:
            return None
        case bool():
            return "Ja" if value else "Nee"
        case dt.date():
            return value.isoformat()
        case list():
            return ",".join(map(str, value))
        case int() if KOLOM[column].vorm is Vorm.BEDRAG:
            return f"{value // 100},{value % 100:02d}"
        case _:
            return str(value)


def _splits(dialect: Dialect, sent: pl.DataFrame) -> Iterator[tuple[str, tuple[SplitForm, ...]]]:
    for place, column in enumerate(dialect.columns):
        if column not in SAMENGESTELD:
            continue
        texts = sent[str(place)].drop_nulls().unique(maintain_order=True).head(SPLIT_TEXTS).alias(column)
        if not texts.is_empty():
            yield column, _forms(column, texts)


def _forms(column: str, texts: pl.Series) -> tuple[SplitForm, ...]:
    """Texts that are written alike are one form: each run of letters or digits counts as one word or number."""
    apart = expand(texts.to_frame(), [column], {})
    doubtful = pl.any_horizontal(name for name in MARKS if name in apart.columns).alias("doubtful")
    form = _form(texts).alias("form")
    frame = apart.select(*SAMENGESTELD[column], doubtful).with_columns(texts, form)
    grouped = frame.group_by("form", "doubtful", maintain_order=True).agg(pl.len().alias("texts"), pl.all().first())
    found = [
        SplitForm(
            before=row[column],
            after={part: row[part] for part in SAMENGESTELD[column]},
            doubtful=row["doubtful"],
            texts=row["texts"],
        )
        for row in grouped.sort("texts", descending=True, maintain_order=True).iter_rows(named=True)
    ]
    return (
        *[one for one in found if one.doubtful][:SPLIT_FORMS],
        *[one for one in found if not one.doubtful][:SPLIT_FORMS],
    )


def _form(texts: pl.Series) -> pl.Series:
    return shapes(texts, "").str.replace_all("a+", "a").str.replace_all("A+a?", "A").str.replace_all("9+", "9")
