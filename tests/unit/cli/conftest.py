"""An installation on SQLite for commands to work on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway import cli

Run = Callable[..., Result]


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Path:
    """The settings file of an empty, migrated installation in `tmp_path`."""
    file = tmp_path / "settings.toml"
    storage = f'blob_dir = "{tmp_path}/blobs"\nkey_dir = "{tmp_path}/keys"\nsecret_dir = "{tmp_path}/secrets"\n'
    file.write_text(f'[database]\nurl = "{sqlite_url}"\n[storage]\nwatermark_mib = 1\n{storage}', "utf-8")
    return file


@pytest.fixture
def run(settings: Path) -> Run:
    """Call `signaalpoort` on that installation."""

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli.main, ["--config", str(settings), *arguments])

    return call
