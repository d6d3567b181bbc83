"""`signaalpoort referentie laden FILE`."""

from pathlib import Path

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.flow.reference import load_postcodes


@click.group()
def command() -> None:
    """Look after reference tables that the operator brings."""


@command.command("laden")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def load(invocation: Invocation, file: Path) -> None:
    """Make FILE the table from postcode to gemeente.

    FILE is GeoNames' NL.txt (https://download.geonames.org/export/zip/, CC-BY 4.0), or has two columns under the header
    pc4;gemeentecode. It is checked whole first; running processes take it over at once. Without a table, rows are
    routed by their own gemeentecode.

    \b
    Example: signaalpoort referentie laden NL.txt
    """
    with bootstrap.open_kit(invocation.settings()) as kit:
        loaded = load_postcodes(kit, file.read_bytes())
    click.echo(
        f"{'loaded' if loaded.changed else 'already current'}: {loaded.postcodes} postcodes, "
        f"{loaded.ambiguous} of them in more than one gemeente, sha256 {loaded.sha256[:16]}"
    )
