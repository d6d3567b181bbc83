"""A file shows the order of its dates wherever it does: far below its beginning it is asked about just the same."""

from typing import Final

import pytest

from contracts.profiel import Datumvolgorde, Profiel
from gateway.stages.dialect import FileFinding
from gateway.stages.formats import SAMPLE_RECORDS
from gateway.stages.parse import Limits, read_file
from tests.builders import a_csv, a_row

EITHER: Final = "01-10-2026"
ASKED: Final = FileFinding(code="bestand_datumvolgorde", vorm="1 van de 1")


def findings(*dates: str, profiel: Profiel | None = None, block_bytes: int = 1 << 13) -> list[FileFinding]:
    below = [EITHER] * SAMPLE_RECORDS
    data = a_csv([a_row(oudste_vervaldatum=date) for date in [*below, *dates]])
    pieces = read_file(
        [data], required=frozenset(), limits=Limits(max_rows=10_000, block_bytes=block_bytes), profiel=profiel
    )
    return [piece for piece in pieces if isinstance(piece, FileFinding)]


@pytest.mark.parametrize("block_bytes", [1 << 11, 1 << 20])
def test_a_month_first_below_what_is_looked_at_is_asked_about(block_bytes: int) -> None:
    assert findings(*[EITHER] * 100, "09-15-2026", EITHER, block_bytes=block_bytes) == [ASKED]


def test_a_day_first_settles_it_and_what_follows_is_a_matter_of_its_row() -> None:
    assert findings("15-09-2026", *[EITHER] * 200, "09-15-2026") == []


def test_a_slip_among_days_first_is_a_matter_of_its_row() -> None:
    assert findings(*["15-09-2026"] * 20, "09-15-2026", block_bytes=1 << 20) == []


def test_a_profile_that_says_the_order_leaves_no_question() -> None:
    assert findings("09-15-2026", profiel=Profiel(naam="P", datumvolgorde=Datumvolgorde.DMJ)) == []
