"""The repair file: refused rows that their partner may mend, in its own columns, with what is wrong in a last one.

While a file is processed the rows are sealed as they were sent, block by block, without being looked at. Put together
they are when they are asked for: then the findings are joined to them, one block at a time.
"""

import csv
import io
import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl
from msgspec import Struct

from contracts.aanlevering import Ernst
from contracts.overeenkomst import Signaalpartner
from contracts.row_states import ROW_STATES
from gateway.errors import KeyDestroyedError
from gateway.flow.findings import read_findings
from gateway.flow.kit import Kit
from gateway.flow.refused_rows import frames_of, kept
from gateway.stages.dialect import Dialect
from gateway.stages.frames import FINDINGS
from gateway.stages.repair_column import harmless, link_header, repaired_upload
from gateway.stages.rules import JUDGED, MISFIT
from gateway.stages.rules import rule as rule_of
from gateway.store.refused import RefusedKind
from gateway.store.uploads import Upload

REPAIRABLE: Final = [int(state) for state, info in ROW_STATES.items() if info.repairable]
_NO_FINDINGS: Final = pl.DataFrame(schema=FINDINGS)
_BOM: Final = "\ufeff"
_BETWEEN: Final = " | "
_BEYOND: Final = " Velden voorbij de laatste kolomnaam staan niet in dit bestand."
_NEXT: Final = "\x1e"
_ABOUT: Final = "\x1f"
_TEXTS: Final = {"all": pl.String, "text": pl.String}
_ROWS_AT_ONCE: Final = 2000
"""Rows whose texts are made at a time: some MB when each has ten findings."""
_ABOUT_A_CELL: Final = sorted(rule.code for rule in JUDGED)
"""Their `vorm` is the shape of a cell, which stands in the row itself."""


class RepairFile(Struct, frozen=True, kw_only=True):
    """`chunks`: the bytes of the CSV, some MB at a time."""

    upload_id: str
    chunks: Iterator[bytes]


def rows_to_mend(sent: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """The records of `sent` of which the state (`states`: row_no, state) is one that may be kept for repair."""
    numbers = states.filter(pl.col("state").is_in(REPAIRABLE))["row_no"]
    if numbers.is_empty():
        return sent.clear()
    return sent if numbers.len() == sent.height else sent.filter(pl.col("row_no").is_in(numbers.implode()))


def head_of(dialect: Dialect) -> pl.DataFrame:
    """What a repair file needs to know of how the file was written: per column its header, and the delimiter."""
    headers = dialect.headers or tuple(name or f"kolom {n}" for n, name in enumerate(dialect.columns, start=1))
    return pl.DataFrame({"header": headers}, schema={"header": pl.String}).with_columns(
        delimiter=pl.lit(dialect.delimiter)
    )


def repair_file(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> RepairFile:
    """The repair file of an upload, as of now; raises as `refused_rows.kept`, at the call."""
    upload, content = kept(kit, partner, RefusedKind.HERSTEL, upload_id=upload_id)
    frames = frames_of(kit, upload, content)
    head = next(frames)
    return RepairFile(upload_id=upload.id, chunks=_chunks(upload, head, frames, _findings(kit, upload)))


def _findings(kit: Kit, upload: Upload) -> Iterator[pl.DataFrame]:
    try:
        yield from read_findings(
            kit,
            upload_id=upload.id,
            blob=upload.findings_blob,
            wrapped_key=upload.findings_key,
            key_name=upload.findings_key_name,
        )
    except KeyDestroyedError:
        return  # an operator may keep findings for a shorter time than rows


def _chunks(
    upload: Upload, head: pl.DataFrame, frames: Iterator[pl.DataFrame], findings: Iterator[pl.DataFrame]
) -> Iterator[bytes]:
    delimiter = str(head["delimiter"][0])
    places = [n for n, header in enumerate(head["header"]) if repaired_upload(header) is None]
    names = head.select(harmless(pl.col("header")))["header"].gather(places)
    yield _line([*names, link_header(upload.id)], delimiter)
    told = _InStep(findings)
    columns = [harmless(pl.col(str(n))) for n in places]
    for rows in itertools.chain.from_iterable(frame.iter_slices(_ROWS_AT_ONCE) for frame in frames):
        with_findings = rows.join(told.of(rows), on="row_no", how="left", maintain_order="left")
        yield _csv(with_findings.select(*columns, "bevindingen"), delimiter)


def _line(cells: Sequence[str], delimiter: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return (_BOM + buffer.getvalue()).encode()


def _csv(rows: pl.DataFrame, delimiter: str) -> bytes:
    text = rows.write_csv(
        include_header=False, separator=delimiter, line_terminator="\r\n", quote_style="necessary", null_value=""
    )
    return text.encode()


class _InStep:
    """Findings block by block, in step with blocks of rows: both run up in row number."""

    def __init__(self, findings: Iterator[pl.DataFrame]) -> None:
        self._findings = findings
        self._ahead = _NO_FINDINGS

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """(row_no, bevindingen): what is to be told of each of `rows`."""
        last = int(str(rows["row_no"].max()))
        found = [self._ahead]
        while self._ahead.is_empty() or int(str(self._ahead["row_no"].max())) <= last:
            following = next(self._findings, None)
            if following is None:
                break
            self._ahead = following
            found.append(following)
        these = pl.concat(found).filter(pl.col("row_no").is_in(rows["row_no"].implode()))
        return _told(these)


def _told(findings: pl.DataFrame) -> pl.DataFrame:
    """One text a row: its number in the file, then every finding, what refuses it first. Made once a combination."""
    about_row = ~pl.col("code").is_in(_ABOUT_A_CELL)
    finding = pl.when(about_row & pl.col("vorm").is_not_null()).then(pl.concat_str("code", pl.lit(_ABOUT), "vorm"))
    per_row = findings.group_by("row_no", maintain_order=True).agg(
        finding.otherwise(pl.col("code")).str.join(_NEXT).alias("all")
    )
    combinations = per_row["all"].unique()
    texts = pl.DataFrame(
        {"all": combinations, "text": [_text(one.split(_NEXT)) for one in combinations]}, schema=_TEXTS
    )
    return per_row.join(texts, on="all").select(
        "row_no", pl.format("regel {}: {}", "row_no", "text").alias("bevindingen")
    )


def _text(findings: Sequence[str]) -> str:
    """`findings`: codes, those about the row with their `vorm` behind them."""
    told = [_finding(*one.partition(_ABOUT)[::2]) for one in findings]
    return _BETWEEN.join(text for _, text in sorted(told, key=operator.itemgetter(0)))


def _finding(code: str, about: str) -> tuple[bool, str]:
    """(only remarked, what is told)"""
    rule = rule_of(code)
    remarked = rule.ernst is Ernst.WARNING
    where = f" ({about})" if about else ""
    beyond = _BEYOND if rule is MISFIT else ""
    return remarked, f"{'Let op, ' if remarked else ''}{code}: {rule.melding}{where} {rule.wat_te_doen}{beyond}"
