"""What the gateway makes of one file: unpacked, read and checked as an upload is, without storing anything."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import polars as pl

from contracts.aanlevering import Ernst
from contracts.profiel import Profiel
from gateway.flow.unpack import UnpackLimits, UnpackRefusedError, unpack
from gateway.stages.dialect import Dialect, FileFinding, required_columns
from gateway.stages.parse import Limits, Records, read_file
from gateway.stages.policy import Policy, policy_for
from gateway.stages.rules import rule
from gateway.stages.validate import Checker
from tests.builders import a_partner
from tests.corpus.expected import Bestandsbevinding, Expected, Gelezen

RECEIVED_ON: Final = dt.date(2026, 11, 22)
"""A Sunday inside the usual window; thirty days before it lies 23 October."""
MAX_ROWS: Final = 1_000_000
MIB: Final = 1 << 20
LIMITS: Final = UnpackLimits(unpacked_bytes=1024 * MIB, cells=20_000_000, memory_bytes=2048 * MIB, cpu_seconds=120)


@dataclass(frozen=True)
class Sent:
    """A file as an upload hands it on: in pieces of `size` bytes, and open to seek in, as often as is asked."""

    path: Path
    opened: ExitStack
    size: int = MIB

    def chunks(self) -> Iterator[bytes]:
        """All bytes in order."""
        return iter(partial(self.file().read, self.size), b"")

    def file(self) -> BinaryIO:
        """The same bytes; closed with `opened`."""
        return self.opened.enter_context(self.path.open("rb"))


@dataclass
class Observed:
    """`gelezen`: None when the file was refused before that was known. `rows`: those named, number → (goes on, codes,
    values); `number`: of all rows."""

    gelezen: Gelezen | None = None
    bestand: list[Bestandsbevinding] = field(default_factory=list)
    fatal: bool = False
    rows: dict[int, tuple[bool, frozenset[str], dict[str, Any]]] = field(default_factory=dict)
    number: int = 0


def observe(file: Path, expected: Expected, *, limits: UnpackLimits = LIMITS, piece: int = MIB) -> Observed:
    """Read a file as an upload of a partner that is as `expected` says; of its rows those that it names.

    `piece`: how many bytes arrive at a time.
    """
    with ExitStack() as opened:
        return _observe(Sent(file, opened, piece), expected, limits)


def _observe(sent: Sent, expected: Expected, limits: UnpackLimits) -> Observed:
    profiel = expected.profile()
    partner = a_partner(soorten=expected.soorten, constanten=expected.constanten, veldbeleid=expected.veldbeleid)
    policy = policy_for(partner, (), received_on=RECEIVED_ON, profiel=profiel)
    observed = Observed()
    wanted = [row.nr for row in expected.regel]
    checker: Checker | None = None
    for piece in _pieces(sent, policy, profiel, limits):
        match piece:
            case Dialect():
                checker = Checker(piece, policy)
                observed.gelezen = _gelezen(piece)
            case FileFinding():
                _note(observed, piece)
            case Records():
                assert checker is not None
                observed.number += piece.raw.height
                checked = checker.check(piece.raw)
                named = pl.col("row_no").is_in(wanted)
                _add(observed, checked.rows.filter(named), checked.findings.filter(named))
    return observed


def _pieces(
    sent: Sent, policy: Policy, profiel: Profiel | None, limits: UnpackLimits
) -> Iterator[Dialect | Records | FileFinding]:
    remarks: list[FileFinding] = []
    try:
        with unpack(sent, profiel=profiel, limits=limits, note=remarks.append) as (bron, chunks):
            yield from read_file(
                chunks,
                required=required_columns(policy.partner, policy.soorten),
                limits=Limits(max_rows=MAX_ROWS),
                bron=bron,
                profiel=profiel,
            )
    except UnpackRefusedError as refused:
        yield refused.finding
    yield from remarks


def _note(observed: Observed, finding: FileFinding) -> None:
    observed.bestand.append(Bestandsbevinding(code=finding.code, regel=finding.row_no))
    observed.fatal = observed.fatal or rule(finding.code).ernst is Ernst.FATAL


def _gelezen(dialect: Dialect) -> Gelezen:
    return Gelezen(
        vorm=dialect.bron.vorm.value,
        verpakt=dialect.bron.verpakt,
        tekenset=dialect.encoding,
        scheidingsteken=dialect.delimiter,
        decimaal=dialect.decimal,
        datums=dialect.date_order.value,
        kopregel=dialect.header_line,
        herkend=sum(name is not None for name in dialect.columns),
        genegeerd=len(dialect.ignored),
    )


def _add(observed: Observed, rows: pl.DataFrame, findings: pl.DataFrame) -> None:
    codes: dict[int, set[str]] = {}
    for row_no, code in findings.select("row_no", "code").iter_rows():
        codes.setdefault(row_no, set()).add(code)
    for row in rows.iter_rows(named=True):
        number = row.pop("row_no")
        observed.rows[number] = (row.pop("state") == 0, frozenset(codes.get(number, ())), row)
