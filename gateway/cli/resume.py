"""`signaalpoort resume`: the end of `pause`."""

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.cli.pause import must_exist
from gateway.store import deliveries, destinations
from gateway.store.directory import load_directory


@click.command()
@click.argument("destination")
@click.pass_obj
def command(invocation: Invocation, /, destination: str) -> None:
    """Send to DESTINATION again after `pause`, in the order of before. The breaker and maintenance still hold.

    \b
    Example: signaalpoort resume ris
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        must_exist(conn, destination)
        destinations.set_paused(conn, destination, paused=False)
        kit.db.notify(conn, deliveries.CHANNEL)
        systeem = load_directory(conn).systemen.get(destination)
    click.echo(f"{destination} goes on")
    if systeem is not None and systeem.gepauzeerd:
        click.echo("but its configuration says gepauzeerd = true: change that and apply", err=True)
