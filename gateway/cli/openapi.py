"""`signaalpoort openapi`."""

import click

from gateway.cli import Invocation
from gateway.web.openapi import document


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Print the OpenAPI document of the interface, the same that /v1/openapi.json serves.

    \b
    Example: signaalpoort openapi > openapi.json
    """
    click.echo(document(invocation.settings().installation).decode())
