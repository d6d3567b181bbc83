"""`signaalpoort migrate`."""

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.store import migrate


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Bring the database to the tables of this version. Safe to repeat, and from several hosts at once.

    \b
    Example: signaalpoort --config /etc/signaalpoort.toml migrate
    """
    with bootstrap.database(invocation.settings()) as db:
        changed = migrate.upgrade(db)
        click.echo(f"{'migrated to' if changed else 'already at'} {migrate.current(db)} ({db.dialect})")
