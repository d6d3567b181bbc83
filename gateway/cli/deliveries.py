"""`signaalpoort deliveries`: list and filter; and how the verbs on deliveries choose theirs."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import click
from sqlalchemy import Connection

from gateway import bootstrap
from gateway.cli import Invocation, console
from gateway.cli.show import delivery_table
from gateway.errors import ConflictError, NotFoundError
from gateway.lifecycle import DeliveryState
from gateway.store import deliveries, uploads
from gateway.store.deliveries import DeliveryView

_STATES = [state.name.lower() for state in DeliveryState]
_AT_ONCE = 100_000


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which deliveries are chosen."""
    for option in reversed(
        (
            click.option("--to", "destination", help="Only to this system, or webhook:<partner>."),
            click.option("--partner", help="Only from (or, for feedback, to) this signaalpartner."),
            click.option("--upload", help="Only of this upload (aanleveringId)."),
        )
    ):
        command = option(command)
    return command


@click.command()
@filters
@click.option("--state", type=click.Choice(_STATES), help="Only in this state.")
@click.option("--after", default=0, help="Go on after this number.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.pass_obj
def command(invocation: Invocation, /, after: int, limit: int, as_json: bool, **chosen: str | None) -> None:
    """List deliveries: parcels to gemeenten's systems, and feedback to partners. Oldest first.

    \b
    Examples: signaalpoort deliveries --state dead
              signaalpoort deliveries --to vps --state unknown --json
              signaalpoort deliveries --upload 019aab00-1111-7222-8333-444455000000
    """
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.read() as conn:
        found = select(conn, chosen, after=after, limit=limit)
    if as_json:
        for one in found:
            click.echo(json.dumps(_plain(one)))
        return
    console().print(delivery_table(found))
    if len(found) == limit:
        click.echo(f"more: --after {found[-1].id}")


def select(conn: Connection, chosen: Mapping[str, str | None], *, after: int = 0, limit: int) -> list[DeliveryView]:
    """The deliveries that the options of `filters`, and `state`, choose; NotFoundError for an unknown upload."""
    upload_no, state = None, chosen.get("state")
    if chosen.get("upload") is not None:
        found = uploads.find_by_id(conn, id=str(chosen["upload"]))
        if found is None:
            raise NotFoundError("there is no such upload")
        upload_no = found.no
    return deliveries.listing(
        conn,
        state=None if state is None else DeliveryState[state.upper()],
        destination=chosen.get("destination"),
        partner=chosen.get("partner"),
        upload_no=upload_no,
        after=after,
        limit=limit,
    )


def pick(
    conn: Connection,
    numbers: Collection[int],
    chosen: Mapping[str, str | None],
    states: Collection[DeliveryState],
    *,
    everything: bool,
) -> set[int]:
    """The numbers named, or else what the options of `filters` choose among those in `states`.

    ConflictError when nothing is named or chosen and `everything` was not said.
    """
    if numbers:
        return set(numbers)
    if not everything and not any(chosen.values()):
        raise ConflictError("name deliveries, choose some by an option, or say --all")
    found = (select(conn, {**chosen, "state": state.name.lower()}, limit=_AT_ONCE) for state in states)
    return {one.id for some in found for one in some}


def _plain(one: DeliveryView) -> dict[str, str | int | bool | None]:
    plain = {name: getattr(one, name) for name in one.__struct_fields__}
    moments = {name: value.isoformat() for name, value in plain.items() if hasattr(value, "isoformat")}
    return plain | moments | {"state": one.state.name.lower()}
