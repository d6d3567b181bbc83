"""Every file that partners send is read as was written down before: each row, each finding, how it was read."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.stages.rules import JUDGED, MISFIT, rule
from tests.corpus.compare import differences
from tests.corpus.expected import HERE, expected_of, files
from tests.corpus.made import MADE, PEAK_MIB
from tests.corpus.observed import observe
from tests.corpus.page import PAGE, text

FILES = list(files())
ROOT = HERE.parents[1]
FEWEST = 150
FEW_BYTES = 7
"""So few at a time that every mark of more than one byte is cut in two somewhere."""


def _name(file: Path) -> str:
    return file.relative_to(HERE).as_posix()


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_a_file_is_read_as_expected(file: Path) -> None:
    expected = expected_of(file)
    assert differences(expected, observe(file, expected)) == []


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_how_the_bytes_arrive_changes_nothing(file: Path) -> None:
    expected = expected_of(file)
    whole, few = observe(file, expected), observe(file, expected, piece=FEW_BYTES)
    assert few == whole


@pytest.mark.parametrize("name", MADE)
def test_a_file_too_large_to_keep_is_answered_within_bounds(name: str) -> None:
    # In a process of its own: the most memory that was held is a fact of a process.
    command = [sys.executable, "-m", "tests.corpus.made", name]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    answer: dict[str, Any] = json.loads(ran.stdout)
    assert answer["differences"] == []
    assert answer["peak_mib"] < PEAK_MIB


def test_every_file_has_its_expectation_and_every_expectation_its_file() -> None:
    beside = {file.with_suffix(".toml") for file in FILES}
    assert beside == set(HERE.glob("*/*.toml"))
    assert len(FILES) >= FEWEST


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_an_expectation_names_every_row_and_only_codes_of_the_table(file: Path) -> None:
    expected = expected_of(file)
    assert [row.nr for row in expected.regel] == list(range(1, (expected.rijen or 0) + 1))
    for code in {finding.code for finding in expected.bestand}.union(*(row.codes for row in expected.regel)):
        assert rule(code).code == code


def test_every_code_that_a_row_can_get_occurs() -> None:
    occur = {code for file in FILES for row in expected_of(file).regel for code in row.codes}
    assert {judged.code for judged in (*JUDGED, MISFIT)} - occur == set()


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "run `python -m tests.corpus.page`"
