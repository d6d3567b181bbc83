"""`signaalpoort hold`: keep deliveries back."""

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.cli.deliveries import filters, pick
from gateway.lifecycle import DeliveryState
from gateway.store import deliveries

_HOLDABLE = (DeliveryState.QUEUED, DeliveryState.RETRYING)


@click.command()
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@filters
@click.option("--all", "everything", is_flag=True, help="Everything that waits.")
@click.pass_obj
def command(invocation: Invocation, /, numbers: tuple[int, ...], everything: bool, **chosen: str | None) -> None:
    """Keep deliveries back until `release`: their rows stay in the account, as aangehouden.

    For a doubt about some parcels: a partner says that its file was wrong, a gemeente asks to wait. Holds what is
    queued or waits for its next try. What is on the wire, or may have arrived, cannot be held; what comes in later is
    not held either: for a whole destination, use `pause`.

    \b
    Examples: signaalpoort hold 4711 4712
              signaalpoort hold --upload 019aab00-1111-7222-8333-444455000000
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        moved = deliveries.hold(conn, pick(conn, numbers, chosen, _HOLDABLE, everything=everything))
    click.echo(f"{moved} deliveries are held")
    if moved < len(set(numbers)):
        click.echo(f"{len(set(numbers)) - moved} of those named do not wait and were left as they are", err=True)
