"""A real clamd with a configuration and one signature of its own: no other is there, and none is fetched."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HARMFUL: Final = b"Signaalpoort-proefbestand-schadelijk-7f3a91c2"
"""What the one signature finds; it harms nobody."""
SIGNATURE: Final = "Signaalpoort.Proef.UNOFFICIAL"
STREAM_MAX: Final = 2 << 20
FILE_MAX: Final = 1 << 20


@dataclass(frozen=True)
class Daemon:
    """Its two addresses, as the settings name them."""

    unix: str
    tcp: str


@contextmanager
def running_clamd(folder: Path) -> Iterator[Daemon]:
    """Started in `folder`, of which the path must be short: a unix socket is in it."""
    database = folder / "db"
    database.mkdir()
    (database / "proef.ndb").write_text(f"Signaalpoort.Proef:0:*:{HARMFUL.hex()}\n", "ascii")
    port = _free_port()
    config = folder / "clamd.conf"
    config.write_text(
        f"Foreground yes\nDatabaseDirectory {database}\nTemporaryDirectory {folder}\n"
        f"LocalSocket {folder}/s\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
        f"StreamMaxLength {STREAM_MAX}\nMaxFileSize {FILE_MAX}\nAlertExceedsMax yes\n"
        "OfficialDatabaseOnly no\nSelfCheck 3600\nConcurrentDatabaseReload no\nMaxThreads 2\n",
        "ascii",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["/usr/sbin/clamd", "--config-file", str(config)], stdout=log, stderr=log)
    try:
        _wait_for(folder / "s", process)
        yield Daemon(unix=f"unix:{folder}/s", tcp=f"tcp:127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError((path.parent / "log").read_text("utf-8", "replace"))
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                time.sleep(0.05)
            else:
                return
    raise RuntimeError("clamd does not listen")
