"""The demo as a newcomer starts it: it tells the whole story, and again after it was killed in the middle."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.row_states import ROW_STATES
from tests.acceptance.processes import free_port

ROOT = Path(__file__).parents[2]
ROWS = 700


def demo(folder: Path, *ports: int, once: bool) -> subprocess.Popen[str]:
    arguments = [
        "--folder",
        str(folder),
        "--rows",
        str(ROWS),
        "--https-port",
        str(ports[0]),
        "--pages-port",
        str(ports[1]),
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "demo", *arguments, *(["--once"] if once else [])],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def alive(folder: Path) -> list[int]:
    """The processes that name the demo's folder on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.timeout(600)
def test_the_demo_tells_the_whole_story_also_after_it_was_killed(tmp_path: Path) -> None:
    folder, ports = tmp_path / "demo", (free_port(), free_port())
    killed = demo(folder, *ports, once=False)
    deadline = time.monotonic() + 120
    while not (folder / "logs" / "gateway.log").is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert len(alive(folder)) >= 3  # the simulators and the gateway outlived it

    # The dead demo's gateway may hold the ports: the next one stops it first.
    second = demo(folder, *ports, once=True)
    output, _ = second.communicate()
    assert second.returncode == 0, output
    story = json.loads(output.strip().splitlines()[-1])
    assert story["reconciles"] is True
    assert story["rows"] == ROWS + 8 == story["refused"] + story["delivered"] + story["waiting"]
    assert story["waiting"] == 0
    assert story["feedback_received"] == story["feedback_relayed"] + story["feedback_withheld"] > 0
    assert sum(story[info.name] for info in ROW_STATES.values()) == story["rows"]
    assert "woningstichting.html" in output
    assert "Verwerkingsverslag" in (folder / "verslagen" / "woningstichting.html").read_text("utf-8")
    assert alive(folder) == []


def test_a_port_in_use_is_named_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        refused = demo(tmp_path / "demo", port, free_port(), once=True)
        output, _ = refused.communicate()
    assert refused.returncode == 3
    assert "HTTPS_PORT" in output


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", "utf-8")
    refused = demo(tmp_path, free_port(), free_port(), once=True)
    refused.communicate()
    assert refused.returncode == 3
    assert (tmp_path / "precious.txt").read_text("utf-8") == "mine"
