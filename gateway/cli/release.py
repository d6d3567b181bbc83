"""`signaalpoort release`: let go what was held."""

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.cli.deliveries import filters, pick
from gateway.lifecycle import DeliveryState
from gateway.store import deliveries


@click.command()
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@filters
@click.option("--all", "everything", is_flag=True, help="Everything that is held.")
@click.pass_obj
def command(invocation: Invocation, /, numbers: tuple[int, ...], everything: bool, **chosen: str | None) -> None:
    """Let go what `hold` keeps back: it is due at once, and the gate judges it again before it is sent.

    \b
    Examples: signaalpoort deliveries --state held
              signaalpoort release 4711 4712
              signaalpoort release --all
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        wanted = pick(conn, numbers, chosen, {DeliveryState.HELD}, everything=everything)
        moved = deliveries.release(conn, wanted, now=kit.clock())
        kit.db.notify(conn, deliveries.CHANNEL)
    click.echo(f"{moved} held deliveries go on")
    if moved < len(set(numbers)):
        click.echo(f"{len(set(numbers)) - moved} of those named are not held and were left as they are", err=True)
