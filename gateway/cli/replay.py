"""`signaalpoort replay`: let dead letters go on."""

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.cli.deliveries import filters, pick
from gateway.lifecycle import DeliveryState
from gateway.store import deliveries


@click.command()
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@filters
@click.option("--all", "everything", is_flag=True, help="Every dead letter there is.")
@click.pass_obj
def command(invocation: Invocation, /, numbers: tuple[int, ...], everything: bool, **chosen: str | None) -> None:
    """Send dead letters again, under the same idempotency key: a receiver that has them takes them once.

    Name deliveries by number, or choose by options. Mend first what made them stop (`show ID` says what): a wrong
    credential or mapping makes dead letters again.

    \b
    Examples: signaalpoort replay 4711 4712
              signaalpoort replay --to ris
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        wanted = pick(conn, numbers, chosen, {DeliveryState.DEAD}, everything=everything)
        moved = deliveries.replay(conn, wanted, now=kit.clock())
        kit.db.notify(conn, deliveries.CHANNEL)
    click.echo(f"{moved} dead letters go on")
    if moved < len(numbers):
        click.echo(f"{len(numbers) - moved} of those named are not dead letters and were left as they are", err=True)
        if not moved:
            raise click.exceptions.Exit(1)
