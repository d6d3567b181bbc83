"""What a partner offered before, put together from many runs: the same answer however large they are."""

import polars as pl
import pytest

from gateway.flow import earlier
from gateway.flow.earlier import SMALL_ROWS
from gateway.flow.kit import Kit
from gateway.flow.opened_runs import OpenedRuns
from tests.builders import a_csv, a_row
from tests.conformance.test_same_twice import history, signaal_id
from tests.world import configure, process


@pytest.mark.parametrize("small", [SMALL_ROWS, 0, 1], ids=["together", "each by itself", "some by themselves"])
def test_the_last_of_many_is_named(kit: Kit, monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    monkeypatch.setattr(earlier, "SMALL_ROWS", small)
    configure(kit)
    uploads = [process(kit, a_csv([a_row(bedrag=f"{n}00,00")])) for n in range(1, 4)]
    uploads.append(process(kit, a_csv([a_row(bedrag="700,00"), a_row(kenmerk="ander", huisnummer="3")])))
    uploads.append(process(kit, a_csv([a_row(kenmerk="nieuw", huisnummer="4")])))
    last = process(kit, a_csv([a_row(bedrag="200,00"), a_row(kenmerk="ander", huisnummer="3"), a_row(kenmerk="geen")]))
    assert history(kit, last) == [
        (1, "al_aangeleverd", signaal_id(uploads[1], 1)),
        (2, "al_aangeleverd", signaal_id(uploads[3], 2)),
    ]
    changed = process(kit, a_csv([a_row(bedrag="999,00")]))
    assert history(kit, changed) == [(1, "gewijzigd_aangeleverd", signaal_id(uploads[3], 1))]


def test_only_so_many_rows_stay_open_and_the_longest_unused_go_first() -> None:
    runs = OpenedRuns(rows=5)
    frames = {name: pl.DataFrame({"row_no": [1, 2]}) for name in "abc"}
    runs.put("a", frames["a"])
    runs.put("b", frames["b"])
    assert runs.get("a") is frames["a"]
    runs.put("c", frames["c"])
    assert runs.get("b") is None
    assert runs.get("a") is frames["a"]
    runs.put("a", frames["b"])
    assert runs.get("c") is frames["c"]
    runs.forget()
    assert runs.get("a") is None
