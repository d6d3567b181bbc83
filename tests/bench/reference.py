"""Reference data: an invented country of eight million addresses loaded, and what a table of addresses costs routing.

The load is the whole command on SQLite, in a process alone. Routing is of a million rows in blocks, by four digits that
lie in one gemeente as nearly all do, with the compacted table of all addresses against one of four digits alone.
"""

import datetime as dt
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import polars as pl

from contracts.codelists.indeling import MEEGELEVERD
from gateway import bootstrap
from gateway.flow import reference as flow
from gateway.settings import DatabaseSettings, Settings, Storage
from gateway.stages.postcodes import compacted, packed
from gateway.stages.route import Routes, route_block
from gateway.store import migrate
from tests.addresses import addresses, write_addresses
from tests.bench.figures import figure, in_process, peak_mib, tell, timed

MAX_SECONDS: Final = 60.0
MAX_MIB: Final = 400.0
PLAIN_TIMES: Final = 1.15
"""Plain rows take no longer with a table of addresses; the rest is what two runs differ."""
BLOCK: Final = 30_000
ROUNDS: Final = 5
ON: Final = dt.date(2026, 11, 20)


def load(file: Path) -> None:
    """Load it as `referentie laden` does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            database=DatabaseSettings(url=f"sqlite:///{folder}/s.db"),
            storage=Storage(blob_dir=folder / "blobs", key_dir=folder / "keys"),
        )
        with bootstrap.database(settings) as db:
            migrate.upgrade(db)
        with bootstrap.open_kit(settings) as kit:
            seconds = timed(lambda: flow.load(kit, flow.plan(kit, [file], incomplete=True)))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


def _routing(rows: int) -> tuple[float, float]:
    """(seconds with the table of addresses, with four digits alone); the best of some rounds."""
    made = addresses(numbers=2)
    table = compacted(made.select(packed(pl.col("PC6"), pl.col("Huisnummer"), pl.col("Gemeente2026"))).to_series())
    short = table.filter(pl.col("postcode").str.len_bytes() == 4)
    plain = short.sample(rows, with_replacement=True, seed=1).select(
        row_no=pl.int_range(pl.len()).cast(pl.UInt32),
        state=pl.lit(0, dtype=pl.UInt8),
        postcode=pl.col("postcode") + "AB",
        huisnummer=pl.lit(7, dtype=pl.Int32),
        gemeentecode=pl.lit(None, dtype=pl.String),
    )
    blocks = [block.rechunk() for block in plain.iter_slices(BLOCK)]
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for at, used in enumerate((table, short)):
            routes = Routes(used, MEEGELEVERD, ON)
            best[at] = min(best[at], timed(lambda routes=routes: [route_block(block, routes) for block in blocks]))  # type: ignore[misc]  # mypy infers no lambda with a default
    return best[0], best[1]


def run(*, quick: bool) -> list[dict[str, Any]]:
    """Three figures: time and memory of the load against their limits, and routing."""
    pc4s, rows = (400, 200_000) if quick else (4_000, 1_000_000)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "pc6hnr20260801_gwb.csv"
        lines = write_addresses(file, pc4s, 18)
        os.sync()
        loaded = in_process("tests.bench.reference", str(file))
    with_addresses, alone = _routing(rows)
    kind = f"reference_{lines}_addresses"
    return [
        tell(line)
        for line in (
            figure(kind, value=loaded["seconds"], peer=MAX_SECONDS, target=1.0, at_most=True, unit="s"),
            figure(f"{kind}_memory", value=loaded["peak_mib"], peer=MAX_MIB, target=1.0, at_most=True, unit="MiB"),
            figure(
                f"route_{rows}_plain_rows_vs_four_digits",
                value=1000 * with_addresses,
                peer=1000 * alone,
                target=PLAIN_TIMES,
                at_most=True,
                unit="ms",
            ),
        )
    ]


if __name__ == "__main__":
    load(Path(sys.argv[1]))
