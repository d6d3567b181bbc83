"""The whole country's month: 85,000 rows of 500 partners to 342 gemeenten, and where the time goes.

Every file is pushed over HTTPS to a real `signaalpoort serve`, which delivers to the simulated VPS and RIS, each a
process of its own that takes 10 to 30 ms for a parcel. All partners push at once, as if the month were one moment, so
what is measured is how fast the whole goes through. Not judged by a target: the figure says how many seconds, and what
share of a signaal's way it spent where; `var/bench/country.svg` and `.png` show it.

`python -m tests.bench.country [--quick] [--postgresql]` runs it alone.
"""

import argparse
import datetime as dt
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

from gateway.lifecycle import UNFINISHED, UploadState
from gateway.store.database import Database, open_database
from gateway.store.schema import delivery, delivery_attempt, processing_attempt, upload
from tests.bench.month import SYSTEMS, Sender, configuration, senders, write_files
from tests.bench.served import Gateway, await_answer, free_port, process
from tests.postgres import running_postgres

PUSHERS: Final = 8
"""Partners that push at the same moment."""
STANDSTILL_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.25
FOLDER: Final = Path("var/bench")
BEHAVIOUR: Final = "latency_ms = 10\nlatency_spread_ms = 20\n"
STAGES: Final = ("receive", "wait_to_be_judged", "judge", "wait_to_be_delivered", "at_the_system")
"""What lies between the six moments of a `Group`."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows that went the same way. `moments`: seconds since the first push, of the first byte sent, then committed,
    judging began, published, attempt began, accepted. A refused row has the first four only.
    """

    rows: int
    moments: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Month:
    """What one run gave."""

    partners: int
    rows: int
    refused: int
    parcels: int
    seconds: float
    groups: Sequence[Group]
    cpu_seconds: dict[str, float]

    def means(self) -> dict[str, float]:
        """Stage → seconds that a delivered row spent in it, on average."""
        whole = [group for group in self.groups if len(group.moments) > len(STAGES)]
        rows = sum(group.rows for group in whole)
        return {
            stage: sum(group.rows * (group.moments[n + 1] - group.moments[n]) for group in whole) / rows
            for n, stage in enumerate(STAGES)
        }


@contextmanager
def _running(gateway: Gateway, token: Path, ports: dict[str, int]) -> Iterator[dict[str, int]]:
    """The simulated systems and the gateway, started at once; the process id of each."""
    behaviour = gateway.folder / "behaviour.toml"
    behaviour.write_text(BEHAVIOUR, "utf-8")
    pair = gateway.server
    with ExitStack() as stack:
        started = {
            system: stack.enter_context(
                process(
                    gateway.folder / f"{system}.log",
                    *("adapters.simulators", system, "--port", str(port), "--state", gateway.folder / system),
                    *("--tls-cert", pair.certificate_file, "--tls-key", pair.key_file),
                    *("--token-file", token, "--behaviour", behaviour),
                )
            )
            for system, port in ports.items()
        }
        serve = stack.enter_context(gateway.serving())
        for system, port in ports.items():
            await_answer(f"https://localhost:{port}/", gateway.context(), started[system])
        gateway.await_up(serve)
        yield {"gateway": serve.pid, **{system: one.pid for system, one in started.items()}}


class Partners:
    """All partners at their desks: each with its own token, over a few connections."""

    def __init__(self, gateway: Gateway, tokens: dict[str, str]) -> None:
        self._tokens = tokens
        limits = httpx.Limits(max_connections=PUSHERS, max_keepalive_connections=PUSHERS)
        self._client = httpx.Client(
            base_url=gateway.url, verify=gateway.context(), timeout=120, trust_env=False, limits=limits
        )

    def push(self, file: Path) -> tuple[str, float]:
        """(id of the upload, the moment of the first byte) of the file of the partner that it is named after."""
        began = time.time()
        answer = self._client.post(
            "/v1/aanleveringen",
            content=file.read_bytes(),
            headers={"Content-Type": "text/csv", **self._credential(file.stem)},
        )
        return str(answer.raise_for_status().json()["aanleveringId"]), began

    def counts(self, key: str, upload_id: str) -> dict[str, int]:
        """What the partner is told of its rows."""
        answer = self._client.get(f"/v1/aanleveringen/{upload_id}", headers=self._credential(key))
        counts: dict[str, int] = answer.raise_for_status().json()["aantallen"]
        return counts

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _credential(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[key]}"}


def country(*, partners: int, rows: int, database_url: str | None = None) -> Month:
    """One month from the first push to the last answer; raises RuntimeError when a row is not accounted for."""
    today = dt.datetime.fromtimestamp(time.time(), dt.UTC).date()
    month = senders(partners, rows)
    with tempfile.TemporaryDirectory(prefix="signaalpoort-bench-") as name, ExitStack() as stack:
        gateway = Gateway(Path(name), database_url=database_url)
        ports = {system: free_port() for system in SYSTEMS}
        urls = {system: f"https://localhost:{port}" for system, port in ports.items()}
        token = gateway.folder / "token"
        token.write_text(os.urandom(16).hex(), "ascii")
        gateway.apply(configuration(month, urls, token=token, ca=gateway.authority.file, today=today))
        partners_ = Partners(gateway, gateway.tokens(sender.key for sender in month))
        files = write_files(gateway.folder, month, today=today)
        pids = stack.enter_context(_running(gateway, token, ports))
        db = stack.enter_context(open_database(gateway.database_url))
        stack.callback(partners_.close)
        before = {who: _cpu_seconds(pid) for who, pid in pids.items()}
        pushed = _push(partners_, month, files)
        _await_all(db)
        cpu = {who: _cpu_seconds(pid) - before[who] for who, pid in pids.items()}
        groups = _groups(db, pushed)
        refused = _reconcile(gateway, partners_, month, pushed, urls)
    delivered = [group for group in groups if len(group.moments) > len(STAGES)]
    return Month(
        partners=partners,
        rows=rows,
        refused=refused,
        parcels=len(delivered),
        seconds=max(group.moments[-1] for group in groups),
        groups=groups,
        cpu_seconds=cpu,
    )


def _push(partners: Partners, month: Sequence[Sender], files: dict[str, Path]) -> dict[str, tuple[str, float]]:
    """Every file, in an order of chance; (upload, moment) by partner."""
    order = [sender.key for sender in month]
    random.Random(342).shuffle(order)
    with ThreadPoolExecutor(PUSHERS) as pool:
        return dict(zip(order, pool.map(lambda key: partners.push(files[key]), order), strict=True))


def _await_all(db: Database) -> None:
    """Return when nothing waits any more; raises RuntimeError when it stands still."""
    settled = [int(UploadState.PROCESSED), int(UploadState.REJECTED)]
    left_uploads = sa.select(sa.func.count()).where(upload.c.state.not_in(settled))
    left_parcels = sa.select(sa.func.count()).where(delivery.c.state.in_([int(state) for state in UNFINISHED]))
    before, since = None, time.monotonic()
    while True:
        with db.read() as conn:
            left = (conn.execute(left_uploads).scalar_one(), conn.execute(left_parcels).scalar_one())
        if left == (0, 0):
            return
        if left != before:
            before, since = left, time.monotonic()
        if time.monotonic() - since > STANDSTILL_SECONDS:
            raise RuntimeError(f"nothing moved for {STANDSTILL_SECONDS:.0f} s: {left[0]} files, {left[1]} parcels left")
        time.sleep(LOOK_SECONDS)


def _groups(db: Database, pushed: dict[str, tuple[str, float]]) -> list[Group]:
    """Every row's way, from the gateway's own records."""
    first = min(moment for _, moment in pushed.values())
    sent = {upload_id: moment - first for upload_id, moment in pushed.values()}

    def since(moment: dt.datetime) -> float:
        return moment.timestamp() - first

    attempts = upload.join(processing_attempt, processing_attempt.c.no == upload.c.attempt_no)
    judged = sa.select(
        upload.c.no, upload.c.id, upload.c.rows, upload.c.received_at, processing_attempt.c.started_at,
        upload.c.settled_at,
    ).select_from(attempts)  # fmt: skip
    tries = sa.select(
        delivery_attempt.c.delivery_id,
        sa.func.max(delivery_attempt.c.started_at, type_=delivery_attempt.c.started_at.type).label("started_at"),
    ).group_by(delivery_attempt.c.delivery_id)
    last = tries.subquery()
    delivered = sa.select(
        delivery.c.upload_no, delivery.c.row_count, last.c.started_at, delivery.c.settled_at
    ).join_from(delivery, last, last.c.delivery_id == delivery.c.id)  # fmt: skip
    with db.read() as conn:
        ways = {
            row.no: (row.rows, (sent[row.id], since(row.received_at), since(row.started_at), since(row.settled_at)))
            for row in conn.execute(judged)
        }
        parcels = conn.execute(delivered).all()
    groups = [
        Group(rows=p.row_count, moments=(*ways[p.upload_no][1], since(p.started_at), since(p.settled_at)))
        for p in parcels
    ]
    left = {no: rows for no, (rows, _) in ways.items()}
    for parcel in parcels:
        left[parcel.upload_no] -= parcel.row_count
    return groups + [Group(rows=rows, moments=ways[no][1]) for no, rows in left.items() if rows]


def _reconcile(
    gateway: Gateway,
    partners: Partners,
    month: Sequence[Sender],
    pushed: dict[str, tuple[str, float]],
    urls: dict[str, str],
) -> int:
    """Rows refused; raises RuntimeError unless what partners are told and what the systems have is everything."""
    told = [partners.counts(key, upload_id) for key, (upload_id, _) in pushed.items()]
    rows, refused, delivered, waiting = (
        sum(counts[name] for counts in told) for name in ("regels", "geweigerd", "afgeleverd", "wachtend")
    )
    sent = sum(sender.rows for sender in month)
    with httpx.Client(verify=gateway.context(), trust_env=False, timeout=60) as client:
        seen = [client.get(f"{url}/_admin/counts").raise_for_status().json() for url in urls.values()]
    taken = sum(counts["distinct_signalen"] for counts in seen)
    if not (sent == rows == refused + delivered and waiting == 0 and taken == delivered):
        raise RuntimeError(f"sent {sent}, told {rows}: {refused=} {delivered=} {waiting=}; the systems have {taken}")
    return refused


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(*, quick: bool, postgresql: bool = False) -> list[dict[str, Any]]:
    """The month and its picture."""
    from tests.bench.picture import draw  # only here: matplotlib takes a while to import

    partners, rows = (15, 2_500) if quick else (500, 85_000)
    with ExitStack() as stack:
        url = None
        if postgresql:
            server = stack.enter_context(running_postgres())
            url = server.url(server.create())
        month = country(partners=partners, rows=rows, database_url=url)
    bench = f"country_{rows}" + ("_postgresql" if postgresql else "")
    drawn = draw(month, FOLDER / bench)
    return [_told(bench, month, drawn)]


def _told(bench: str, month: Month, drawn: Sequence[Path]) -> dict[str, Any]:
    means = month.means()
    whole = sum(means.values())
    line = {
        "bench": bench,
        "value": round(month.seconds, 3),
        "limit": "none, told only",
        "peer": None,
        "ratio": None,
        "target": None,
        "met": True,
        "unit": "s",
        "rows": month.rows,
        "refused": month.refused,
        "parcels": month.parcels,
        "shares": {stage: round(mean / whole, 3) for stage, mean in means.items()},
        "mean_seconds": {stage: round(mean, 3) for stage, mean in means.items()},
        "cpu_seconds": {who: round(seconds, 1) for who, seconds in month.cpu_seconds.items()},
        "pictures": [str(file) for file in drawn],
    }
    print(json.dumps(line), flush=True)
    return line


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.country")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    run(quick=given.quick, postgresql=given.postgresql)
