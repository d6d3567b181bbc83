"""A file of eight rows, as a landlord sends it: how soon its report is ready, against the bare request.

The bare request is the upload itself, from the first byte sent to its receipt; the answer is the report with status
`verwerkt`, asked for again and again. Over one connection on loopback, with TLS, by the real process on SQLite.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bench.figures import figure, tell
from tests.bench.sample import write_sample
from tests.bench.served import Gateway
from tests.builders import TODAY

ROWS = 8
TIMES = 5.0
PATIENCE = 30.0
"""Seconds after which a report is given up."""
PARTNER = "woningstichting"
CONFIGURATION = f"""
[[signaalpartners]]
key = "{PARTNER}"
naam = "Woningstichting De Proef"
oin = "00000099000000001000"
soorten = ["huur"]
max_per_minuut = 10000
"""


def _once(client: httpx.Client, data: bytes) -> tuple[float, float]:
    """(seconds until the receipt, seconds until the report is ready), both from the start of the upload."""
    began = time.perf_counter()
    answer = client.post("/v1/aanleveringen", content=data, headers={"Content-Type": "text/csv"})
    answer.raise_for_status()
    received = time.perf_counter() - began
    report = f"/v1/aanleveringen/{answer.json()['aanleveringId']}/verwerkingsverslag"
    while client.get(report).raise_for_status().json()["status"] != "verwerkt":
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError("eight rows are not processed")
    return received, time.perf_counter() - began


def run(*, quick: bool) -> list[dict[str, Any]]:
    """One figure: medians of many files."""
    times = 20 if quick else 100
    with tempfile.TemporaryDirectory() as name:
        gateway = Gateway(Path(name))
        gateway.apply(CONFIGURATION)
        token = gateway.tokens([PARTNER])[PARTNER]
        file = Path(name) / "eight.csv"
        write_sample(file, ROWS, today=TODAY, soort="huur")
        data = file.read_bytes()
        headers = {"Authorization": f"Bearer {token}"}
        with gateway.serving() as serve:
            gateway.await_up(serve)
            with httpx.Client(
                base_url=gateway.url, verify=gateway.context(), headers=headers, timeout=30, trust_env=False
            ) as client:
                _once(client, data)  # what is loaded once is not counted
                taken = [_once(client, data.replace(b"S-", b"S%d-" % n)) for n in range(times)]
    received, ready = (statistics.median(column) for column in zip(*taken, strict=True))
    line = figure(
        "report_of_8_rows_vs_bare_request",
        value=1000 * ready,
        peer=1000 * received,
        target=TIMES,
        at_most=True,
        unit="ms",
    )
    return [tell(line)]
