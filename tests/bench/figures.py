"""One figure of the bench: a JSON line with the ratio taken in one run against a limit or a peer."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def figure(bench: str, *, value: float, peer: float, target: float, at_most: bool, unit: str) -> dict[str, Any]:
    """`ratio` is value / peer; met when it is at most, or at least, the target."""
    ratio = value / peer if peer else float("inf")
    met = ratio <= target if at_most else ratio >= target
    return {
        "bench": bench,
        "value": round(value, 3),
        "limit": f"{'<=' if at_most else '>='} {target}",
        "peer": round(peer, 3),
        "ratio": round(ratio, 3),
        "target": target,
        "met": met,
        "unit": unit,
    }


def tell(line: dict[str, Any]) -> dict[str, Any]:
    """Print the line as JSON."""
    print(json.dumps(line), flush=True)
    return line


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mib() -> float:
    """Peak resident memory of this process in MiB; not ru_maxrss, which a child inherits from its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def in_process(module: str, *arguments: str) -> dict[str, float]:
    """Run `python -m module arguments` alone and return the JSON object of its last line."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=1800
    )
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
