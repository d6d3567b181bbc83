"""`signaalpoort bevestig`: pass on a partner's word about a file that is held."""

import click

from contracts.aanlevering import Besluit
from gateway import bootstrap
from gateway.cli import Invocation
from gateway.flow import confirm


@click.command()
@click.argument("upload_id", metavar="UPLOAD", type=click.UUID)
@click.argument("besluit", metavar="doorgeven|intrekken", type=click.Choice([one.value for one in Besluit]))
@click.pass_obj
def command(invocation: Invocation, /, upload_id: object, besluit: str) -> None:
    """Pass on a partner's word about a file that waits for it (the alert upload_held).

    Only on the word of the partner, who alone knows whether its file is right; the log says that an operator passed it
    on. `doorgeven`: its rows go on, and the gate judges them again. `intrekken`: they are refused, and may be offered
    again. A decision is final.

    \b
    Example: signaalpoort bevestig 019aab00-1111-7222-8333-444455000000 doorgeven
    """
    with bootstrap.open_kit(invocation.settings()) as kit:
        confirm.decide_for_partner(kit, upload_id=str(upload_id), besluit=Besluit(besluit))
    click.echo("its rows go on" if besluit == Besluit.DOORGEVEN else "its rows are refused")
