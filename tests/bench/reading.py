"""Checking alone: every rule on every row, all findings collected, against others that read the same file.

Against polars that only reads it, against the csv module by hand and frictionless (`readers`, on a part of the rows:
they take minutes), the same rows in Windows-1252, the same rows with seven things wrong in each, and ten times as many.

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
OF_GOOD: Final = 0.5
HAND_TIMES: Final = 8.0
FRICTIONLESS_TIMES: Final = 15.0
OF_UTF_8: Final = 0.8
PEAK_MIB: Final = 300e6 / MIB
"""300 MB at any size."""
PEAK_BAD: Final = 1.10
PEERS_ROWS: Final = 20_000
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


def compare(files: dict[str, Path], *, rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Per work its median seconds and its largest peak; each in a process alone, in turns.

    `files`: good, bad and cp1252 of as many rows; few: the first PEERS_ROWS of good.
    """
    works = {
        "plain": ("tests.bench.floor", "plain", files["good"]),
        "check": ("tests.bench.reading", files["good"]),
        "bad": ("tests.bench.reading", files["bad"]),
        "cp1252": ("tests.bench.reading", files["cp1252"]),
        "hand": ("tests.bench.readers", "hand", files["few"]),
        "frictionless": ("tests.bench.readers", "frictionless", files["few"]),
    }
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (module, *arguments) in works.items():
            taken[name].append(in_process(module, *map(str, arguments)))
    return {
        name: {
            "seconds": median(one["seconds"] for one in runs),
            "peak_mib": max(one["peak_mib"] for one in runs),
        }
        for name, runs in taken.items()
    }


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
    """The figures of checking: speed against each peer, speed when all is bad, memory."""
    rows = 200_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        files = {kind: Path(name) / f"{kind}.csv" for kind in ("good", "bad", "cp1252", "few", "many")}
        write_sample(files["good"], rows, today=TODAY)
        write_sample(files["few"], PEERS_ROWS, today=TODAY)
        write_bad(files["good"], files["bad"])
        files["cp1252"].write_bytes(files["good"].read_bytes().decode().encode("cp1252"))
        taken = compare(files, rounds=1 if quick else ROUNDS)
        peak = taken["check"]["peak_mib"]
        if not quick:
            write_sample(files["many"], 10 * rows, today=TODAY)
            peak = in_process("tests.bench.reading", str(files["many"]))["peak_mib"]
    rate = {
        name: (PEERS_ROWS if name in ("hand", "frictionless") else rows) / one["seconds"] for name, one in taken.items()
    }
    kind = f"check_{rows}"
    speeds = (
        (f"{kind}_vs_plain_reading", "check", "plain", OF_PLAIN_READING),
        (f"{kind}_vs_csv_by_hand", "check", "hand", HAND_TIMES),
        (f"{kind}_vs_frictionless", "check", "frictionless", FRICTIONLESS_TIMES),
        (f"{kind}_windows_1252", "cp1252", "check", OF_UTF_8),
        (f"{kind}_all_rows_bad", "bad", "check", OF_GOOD),
    )
    figures = [
        figure(bench, value=rate[ours], peer=rate[peer], target=target, at_most=False, unit="rows/s")
        for bench, ours, peer, target in speeds
    ]
    memory = (
        (f"{kind}_all_rows_bad_memory", taken["bad"]["peak_mib"], taken["check"]["peak_mib"], PEAK_BAD),
        (f"check_{rows if quick else 10 * rows}_memory", peak, PEAK_MIB, 1.0),
    )
    figures += [
        figure(bench, value=value, peer=peer, target=target, at_most=True, unit="MiB")
        for bench, value, peer, target in memory
    ]
    return [tell(line) for line in figures]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    seconds = timed(lambda: check(path, ahead=True))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))
