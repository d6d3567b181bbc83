"""`signaalpoort version`."""

import platform
import sqlite3

import click

from gateway import __version__


@click.command()
def command() -> None:
    """Say which version this is, and of what it stands on.

    \b
    Example: signaalpoort version
    """
    click.echo(f"signaalpoort {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
