"""`signaalpoort work`."""

import click

from gateway import bootstrap, log
from gateway.cli import Invocation


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Work only: process, deliver and relay beside the serving processes. PostgreSQL only; as many as you like.

    \b
    Example: signaalpoort --config /etc/signaalpoort/signaalpoort.toml work
    """
    log.configure()
    bootstrap.work(invocation.settings())
