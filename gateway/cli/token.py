"""`signaalpoort token issue|list|revoke`: bearer tokens of signaalpartners and of gemeenten's systems."""

import datetime as dt
from typing import Final

import click
from rich.box import SIMPLE
from rich.table import Table

from gateway import bootstrap
from gateway.cli import Invocation, console
from gateway.errors import NotFoundError
from gateway.flow.kit import Kit
from gateway.store import credentials
from gateway.store.credentials import Audience, Credential
from gateway.store.directory import load_directory

_AUDIENCES: Final[dict[str, Audience]] = {"partner": "signaalpartner", "toegang": "toegang"}


@click.group()
def command() -> None:
    """Issue, list and revoke bearer tokens.

    A token stands for one signaalpartner (it may send and read its own) or one toegang (a gemeente's system: it may
    report results). Only a hash of it is kept.
    """


@command.command("issue")
@click.argument("audience", type=click.Choice(list(_AUDIENCES)))
@click.argument("subject")
@click.option("--name", default="cli", show_default=True, help="What it is for, as you want to see it in the list.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 1825), help="How long it is valid.")
@click.pass_obj
def issue(invocation: Invocation, audience: str, subject: str, name: str, days: int) -> None:
    """Issue a token for SUBJECT, the key of a partner or toegang. It is shown once, on standard output.

    \b
    Examples: signaalpoort token issue partner woningstichting --name erp --days 90
              signaalpoort token issue toegang vps > /run/secrets/vps-token
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        directory = load_directory(conn)
        known = directory.partners if audience == "partner" else directory.toegangen
        if subject not in known:
            raise NotFoundError(f"there is no {audience} with the key {subject}; apply it first")
        made, token = credentials.issue(
            conn,
            audience=_AUDIENCES[audience],
            subject=subject,
            name=name,
            moment=kit.clock(),
            valid_for=dt.timedelta(days=days),
            dice=kit.dice,
        )
    click.echo(str(token))
    click.echo(f"credential {made.id}, valid until {made.expires_at:%Y-%m-%d}; the token is not shown again", err=True)


@command.command("list")
@click.option("--subject", help="Only those of this partner or toegang.")
@click.pass_obj
def list_tokens(invocation: Invocation, subject: str | None) -> None:
    """List tokens, without the tokens themselves.

    \b
    Example: signaalpoort token list --subject woningstichting
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.read() as conn:
        found = credentials.list_credentials(conn, subject=subject)
        _print(kit, found)


@command.command("revoke")
@click.argument("credential")
@click.pass_obj
def revoke(invocation: Invocation, credential: str) -> None:
    """Make CREDENTIAL (the id from `token list`) useless from now on, in every process.

    \b
    Example: signaalpoort token revoke 4f1c0a9be2d37c55
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.write() as conn:
        revoked = credentials.revoke(conn, id=credential, moment=kit.clock())
    click.echo(f"credential {revoked.id} of {revoked.subject} is revoked")


def _print(kit: Kit, found: list[Credential]) -> None:
    table = Table("credential", "stands for", "name", "valid until", "state", box=SIMPLE)
    for credential in found:
        table.add_row(
            credential.id,
            f"{credential.audience} {credential.subject}",
            credential.name,
            f"{credential.expires_at:%Y-%m-%d}",
            _state(credential, kit.clock()),
        )
    console().print(table)


def _state(credential: Credential, moment: dt.datetime) -> str:
    if credential.revoked_at is not None:
        return "revoked"
    return "valid" if credential.is_valid(moment) else "expired"
