"""A load that is killed leaves the table that was there, or the new one: never a half, and the next load is as ever."""

import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from gateway.store import reference
from gateway.store.database import Database, open_database
from gateway.store.directory import current_generation
from tests.addresses import addresses
from tests.conftest import START

_LOADING = """
import os, signal, sys
from pathlib import Path
from gateway import bootstrap
from gateway.flow import reference as flow
from gateway.settings import load_settings
from gateway.store import reference

when, config, file = sys.argv[1:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def put_and_die(*args, real=reference.put_version, **named):
    real(*args, **named)
    die()

if when == "in the transaction":
    reference.put_version = put_and_die
with bootstrap.open_kit(load_settings(Path(config), {})) as kit:
    heard = die if when == "while reading" else lambda *_: None
    flow.load(kit, flow.plan(kit, [Path(file)], progress=heard))
    if when == "afterwards":
        die()
"""


def load(tmp_path: Path, url: str, file: Path, *, die: str) -> int:
    config = tmp_path / "s.toml"
    config.write_text(
        f'[database]\nurl = "{url}"\n[storage]\nblob_dir = "{tmp_path}/blobs"\nkey_dir = "{tmp_path}/keys"\n', "utf-8"
    )
    return subprocess.run([sys.executable, "-c", _LOADING, die, str(config), str(file)]).returncode


def state(db: Database) -> tuple[int, int, pl.DataFrame | None]:
    """(generation, number of versions, the table)."""
    with db.read() as conn:
        found = reference.postcodes(conn, on=START.date())
        table = None if found is None else found.table
        return current_generation(conn), len(reference.versions(conn)), table


@pytest.mark.parametrize(
    ("moment", "loaded"), [("while reading", False), ("in the transaction", False), ("afterwards", True)]
)
def test_a_killed_load_is_whole_or_nothing(database_url: str, tmp_path: Path, moment: str, loaded: bool) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    addresses(pc4s=342, numbers=2).write_csv(old, separator=";")
    addresses(pc4s=684, numbers=2).write_csv(new, separator=";")
    assert load(tmp_path, database_url, old, die="never") == 0
    with open_database(database_url) as db:
        before = state(db)
        assert load(tmp_path, database_url, new, die=moment) == -signal.SIGKILL
        after = state(db)
        assert before[2] is not None
        assert after[2] is not None
        assert after[1] == before[1] == 1
        assert after[0] == before[0] + loaded
        assert after[2].equals(before[2]) is not loaded
        assert load(tmp_path, database_url, new, die="never") == 0
        again = state(db)
        assert again[0] == 2
        assert again[2] is not None
        assert again[2].filter(pl.col("postcode") == "1683").height == 1
