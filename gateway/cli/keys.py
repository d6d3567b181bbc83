"""`signaalpoort keys rotate`, `signaalpoort keys list`."""

import click

from gateway import bootstrap
from gateway.cli import Invocation


@click.group()
def command() -> None:
    """Look after the keys.

    Keys of rows, links, reports and hashes are made per retention class and month, and destroyed on schedule: nothing
    to rotate. The key that signs receipts is replaced by hand.
    """


@command.command("rotate")
@click.pass_obj
def rotate(invocation: Invocation) -> None:
    """Sign receipts with a new key from the next start on.

    The retired public key stays published at /v1/sleutels, so receipts that partners keep can be verified.

    \b
    Example: signaalpoort keys rotate && systemctl restart signaalpoort
    """
    kid = bootstrap.rotate_receipt_key(bootstrap.key_ring(invocation.settings()))
    click.echo(f"new receipt key {kid}; restart the serving processes to use it")


@command.command("list")
@click.pass_obj
def list_keys(invocation: Invocation) -> None:
    """Name the keys that exist (never the keys themselves).

    \b
    Example: signaalpoort keys list
    """
    for name in bootstrap.key_ring(invocation.settings()).names():
        click.echo(name)
