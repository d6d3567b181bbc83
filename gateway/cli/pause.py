"""`signaalpoort pause`: send nothing to a destination until `resume`."""

import click
from sqlalchemy import Connection

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.errors import NotFoundError
from gateway.store import destinations
from gateway.store.destinations import WEBHOOK
from gateway.store.directory import load_directory


@click.command()
@click.argument("destination")
@click.pass_obj
def command(invocation: Invocation, /, destination: str) -> None:
    """Send nothing to DESTINATION (the key of a system, or webhook:<partner>) until `resume`.

    Takes effect at the next claim; what is on the wire ends by itself. Uploads are taken in, everything for it waits:
    nothing is lost, nothing is given up. For an outage of hours; for longer, `gepauzeerd = true` in the configuration
    says it where everybody reads it.

    \b
    Examples: signaalpoort pause ris
              signaalpoort pause webhook:energiebedrijf
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        must_exist(conn, destination)
        destinations.set_paused(conn, destination, paused=True)
    click.echo(f"{destination} is paused; go on with: signaalpoort resume {destination}")


def must_exist(conn: Connection, destination: str) -> None:
    """NotFoundError unless it is configured, or had a delivery ever: a slip of the pen must not pass for a pause."""
    directory = load_directory(conn)
    configured = directory.systemen.keys() | {f"{WEBHOOK}{key}" for key in directory.partners}
    if destination not in configured and not destinations.read(conn, [destination]):
        raise NotFoundError("there is no such system; feedback to a partner goes to webhook:<partner>")
