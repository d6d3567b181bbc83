"""The report as CSV reads back as what it says, and no cell of it runs as a formula."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from contracts.aanlevering import Ernst
from gateway.flow.report import ReportLine
from gateway.web.report_csv import COLUMNS, LINES_AT_ONCE, csv_chunks, harmless

BASE = "https://localhost:8443"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def a_line(**kw: object) -> ReportLine:
    values = {"regel": 1, "code": "c", "ernst": Ernst.ERROR, "veld": None, "vorm": None, "melding": "m"}
    return ReportLine(**{**values, "wat_te_doen": "w", **kw})  # type: ignore[arg-type]


def read(lines: list[ReportLine]) -> list[dict[str, str]]:
    text = b"".join(csv_chunks(lines, base_url=BASE)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


@given(st.text(), st.sampled_from(["vorm", "code", "veld", "melding", "status"]))
def test_no_cell_is_a_formula_and_nothing_is_lost(text: str, column: str) -> None:
    [row] = read([a_line(**{column: text})])
    assert not row[column].startswith(DANGEROUS)
    assert row[column].removeprefix("'" if text.startswith(DANGEROUS) else "") == text


def test_a_missing_value_is_an_empty_cell() -> None:
    assert harmless(None) == ""
    assert read([a_line()])[0]["vorm"] == ""


def test_a_finding_is_linked_to_what_explains_it_and_a_systems_own_code_to_what_follows_from_it() -> None:
    known, own, stopped, unknown = read(
        [
            a_line(code="bedrag_ongeldig"),
            a_line(code="bedrag_ongeldig", status="systeem_geweigerd"),
            a_line(code="geen_overeenkomst", status="gestopt"),
            a_line(code=None, status="gestopt"),
        ]
    )
    assert known["uitleg"] == f"{BASE}/v1/bevindingen/bedrag_ongeldig"
    assert own["uitleg"] == f"{BASE}/v1/bevindingen/systeem_geweigerd"
    assert stopped["uitleg"] == f"{BASE}/v1/bevindingen/geen_overeenkomst"
    assert unknown["uitleg"] == ""


def test_many_lines_come_in_chunks_under_one_header() -> None:
    lines = [a_line(regel=number) for number in range(2 * LINES_AT_ONCE + 1)]
    chunks = list(csv_chunks(lines, base_url=BASE))
    assert len(chunks) == 3
    assert [int(row["regel"]) for row in read(lines)] == list(range(2 * LINES_AT_ONCE + 1))
    assert b"".join(csv_chunks([], base_url=BASE)) == "\ufeff".encode() + ";".join(COLUMNS).encode() + b"\r\n"
