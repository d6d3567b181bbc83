"""Checking alone: every rule on every row, all findings collected, against polars' plain reading of the same file.

`python -m tests.bench.reading FILE` checks one file and prints a JSON object with seconds and peak MiB.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, Final

from contracts.signaal import Soort
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.parse import Limits, Piece, Records, read_file
from gateway.stages.policy import policy_for
from gateway.stages.validate import Checker
from tests.bench.figures import figure, in_process, peak_mib, tell, timed
from tests.bench.sample import write_sample
from tests.builders import TODAY, a_partner

MIB: Final = 1 << 20
OF_PLAIN_READING: Final = 0.35
BAD_TIMES: Final = 2.0
PEAK_GROWTH: Final = 1.10
ROUNDS: Final = 5


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while part := source.read(MIB):
            yield part


def _ahead(pieces: Iterator[Piece]) -> Iterator[Piece]:
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


def check(file: Path, *, ahead: bool) -> tuple[int, int]:
    """(rows, findings) of the whole file, checked block by block and let go; `ahead`: a thread parses the next one."""
    policy = policy_for(a_partner(soorten=(Soort.ENERGIE,)), (), received_on=TODAY)
    checker: Checker | None = None
    rows = findings = 0
    pieces = read_file(_chunks(file), required=frozenset(), limits=Limits(max_rows=10**7))
    for piece in _ahead(pieces) if ahead else pieces:
        match piece:
            case Dialect():
                checker = Checker(piece, policy)
            case FileFinding():
                raise ValueError(f"the sample has a finding of its own: {piece.code}")
            case Records():
                assert checker is not None
                result = checker.check(piece.raw)
                rows += result.rows.height
                findings += result.findings.height
    return rows, findings


def compare(good: Path, bad: Path, *, rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of plain reading, of checking, and of checking when every row is bad; each in a process alone."""
    works = {
        "plain": lambda: in_process("tests.bench.floor", "plain", str(good)),
        "check": lambda: in_process("tests.bench.reading", str(good)),
        "bad": lambda: in_process("tests.bench.reading", str(bad)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            seconds[name].append(work()["seconds"])
    return {name: median(taken) for name, taken in seconds.items()}


def write_bad(good: Path, bad: Path) -> None:
    """The same rows, each with seven errors and remarks: no plain text left in a column where one can be wrong."""
    data = good.read_bytes()
    for old, new in (
        (b"energie;", b"Energie ;"),
        (b"AB;Voorbeeldstad", b"A;Voorbeeldst?d"),
        (b";Voorbeeldstraat;", b";Postbus 1;"),
        (b"@voorbeeld.nl", b"voorbeeld.nl"),
        (b";06", b";6"),
        (b";Ja;Ja;Ja;Ja;", b";nee;Nee;misschien;;"),
        (b";elektriciteit,gas;", b";stroom;"),
    ):
        data = data.replace(old, new)
    bad.write_bytes(data)


def run(*, quick: bool) -> list[dict[str, Any]]:
    """The figures of checking: speed, speed when all is bad, memory."""
    large = 200_000 if quick else 1_000_000
    small = large // 5
    with tempfile.TemporaryDirectory() as name:
        good, bad, few = Path(name) / "good.csv", Path(name) / "bad.csv", Path(name) / "few.csv"
        write_sample(good, large, today=TODAY)
        write_sample(few, small, today=TODAY)
        write_bad(good, bad)
        taken = compare(good, bad, rounds=1 if quick else ROUNDS)
        peak = in_process("tests.bench.reading", str(good))["peak_mib"]
        peak_few = in_process("tests.bench.reading", str(few))["peak_mib"]
    rate = {name: large / seconds for name, seconds in taken.items()}
    kind = f"check_{large}"
    return [
        tell(line)
        for line in (
            figure(
                f"{kind}_vs_plain_reading",
                value=rate["check"],
                peer=rate["plain"],
                target=OF_PLAIN_READING,
                at_most=False,
                unit="rows/s",
            ),
            figure(
                f"{kind}_all_rows_bad",
                value=taken["bad"],
                peer=taken["check"],
                target=BAD_TIMES,
                at_most=True,
                unit="s",
            ),
            figure(
                f"{kind}_growth_from_{small}",
                value=peak,
                peer=peak_few,
                target=PEAK_GROWTH,
                at_most=True,
                unit="MiB",
            ),
        )
    ]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    seconds = timed(lambda: check(path, ahead=True))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))
