"""Upload on disk -> committed deliveries and report, on SQLite, against the floor and the obvious way.

`python -m tests.bench.pipeline FILE` processes one file and prints a JSON object with seconds and peak MiB.
"""

import datetime as dt
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.overeenkomst import Signaalpartner
from contracts.signaal import Soort
from gateway.crypto.keys import FileKeyStore, KeyRing
from gateway.crypto.signing import ReceiptSigner
from gateway.flow.kit import Kit
from gateway.flow.process import process_next
from gateway.flow.receive import Claims, Reception
from gateway.runtime.prepare import prepare
from gateway.settings import Settings
from gateway.store import migrate, rows, uploads
from gateway.store.blobs import FileBlobs
from gateway.store.database import open_database
from tests.bench.figures import figure, in_process, peak_mib, tell, timed
from tests.bench.sample import write_sample
from tests.builders import NOW, TODAY, a_directory, a_gemeente, a_partner, a_systeem, an_overeenkomst
from tests.world import configure

MIB = 1 << 20
FLOOR_TIMES = 2.0
OBVIOUS_TIMES = 8.0
PEAK_MIB = 350e6 / MIB
PEAK_GROWTH = 1.10


def _partner() -> Signaalpartner:
    return a_partner("energie-nl", soorten=(Soort.ENERGIE,), max_bytes=4096 * MIB)


def _kit(folder: Path) -> Kit:
    db = open_database(f"sqlite:///{folder}/signaalpoort.db")
    migrate.upgrade(db)
    keys = KeyRing(FileKeyStore(folder / "keys"), os.urandom)
    signer = ReceiptSigner(keys.named_key("receipt-ed25519"), "bench")
    return Kit(
        db=db,
        blobs=FileBlobs(folder / "blobs"),
        keys=keys,
        signer=signer,
        clock=lambda: NOW,
        dice=os.urandom,
        settings=Settings(),
    )


def _country(kit: Kit) -> None:
    codes = sorted(GEMEENTEN)
    gemeenten = [a_gemeente(code, systeem="vps" if n % 6 == 0 else "ris") for n, code in enumerate(codes)]
    partner = _partner()
    agreed = [
        an_overeenkomst(key=f"{partner.key}-{code}", signaalpartner=partner.key, gemeenten=[code]) for code in codes
    ]
    systemen = [a_systeem("vps"), a_systeem("ris")]
    configure(kit, a_directory(partners=[partner], gemeenten=gemeenten, systemen=systemen, toegangen=[]), agreed)


def process(file: Path) -> None:
    """Receive the file, then time its processing alone."""
    with tempfile.TemporaryDirectory() as name:
        kit = _kit(Path(name))
        _country(kit)
        with Reception(kit, _partner(), channel="https", claims=Claims()) as reception, file.open("rb") as source:
            while part := source.read(MIB):
                reception.write(part)
            upload = reception.finish().upload
        seconds = timed(lambda: process_next(kit))
        with kit.db.read() as conn:
            done = uploads.find_by_no(conn, upload.no)
            assert done is not None
            counts = rows.counts(conn, done)
        kit.db.close()
    assert counts is not None
    assert counts.reconciles
    result = {"seconds": seconds, "peak_mib": peak_mib(), "rows": counts.rows, "waiting": counts.waiting}
    print(json.dumps(result))


def _in_turn(file: Path, *, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """(ours, floor): median seconds of rounds in which each runs once, since a machine is not equally quick all the
    time; of ours also the largest and the median peak."""
    ours, floor = [], []
    for _ in range(rounds):
        ours.append(in_process("tests.bench.pipeline", str(file)))
        floor.append(in_process("tests.bench.floor", "floor", str(file)))
    peak = max(done["peak_mib"] for done in ours)
    seconds = [statistics.median(done["seconds"] for done in side) for side in (ours, floor)]
    usual = statistics.median(done["peak_mib"] for done in ours)
    return {"seconds": seconds[0], "peak_mib": peak, "usual_mib": usual}, {"seconds": seconds[1]}


def run(*, quick: bool) -> list[dict[str, Any]]:
    """The figures of the pipeline: floor, obvious way, memory."""
    large = 200_000 if quick else 1_000_000
    small = large // 5
    sampled = 20_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as name:
        files = {rows_: Path(name) / f"{rows_}.csv" for rows_ in (large, small, sampled)}
        for rows_, file in files.items():
            write_sample(file, rows_, today=TODAY)
        rounds = 1 if quick else 5
        ours, floor = _in_turn(files[large], rounds=rounds)
        obvious = in_process("tests.bench.floor", "obvious", str(files[sampled]))
        few = [in_process("tests.bench.pipeline", str(files[small]))["peak_mib"] for _ in range(rounds)]
    ours_rate, obvious_rate = large / ours["seconds"], sampled / obvious["seconds"]
    name = f"pipeline_{large}"
    return [
        tell(
            figure(
                f"{name}_vs_floor",
                value=ours["seconds"],
                peer=floor["seconds"],
                target=FLOOR_TIMES,
                at_most=True,
                unit="s",
            )
        ),
        tell(
            figure(
                f"{name}_vs_obvious",
                value=ours_rate,
                peer=obvious_rate,
                target=OBVIOUS_TIMES,
                at_most=False,
                unit="rows/s",
            )
        ),
        tell(figure(f"{name}_peak", value=ours["peak_mib"], peer=PEAK_MIB, target=1.0, at_most=True, unit="MiB")),
        tell(
            figure(
                f"{name}_growth_from_{small}",
                value=ours["usual_mib"],
                peer=statistics.median(few),
                target=PEAK_GROWTH,
                at_most=True,
                unit="MiB",
            )
        ),
    ]


if __name__ == "__main__":
    prepare()  # as `serve` and `work` do
    process(Path(sys.argv[1]))

__all__ = ["dt", "process", "run"]
