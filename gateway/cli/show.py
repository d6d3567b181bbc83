"""`signaalpoort show ID`: the whole story of an upload, a signaal or a delivery, without personal data."""

import contextlib
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator

import click
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from contracts.row_states import ROW_STATES
from gateway import bootstrap, ids
from gateway.cli import Invocation, console
from gateway.errors import NotFoundError
from gateway.flow.kit import AMSTERDAM
from gateway.flow.summary import decode_summary
from gateway.store import confirmations, deliveries, feedback, rows, uploads
from gateway.store.confirmations import Confirmation
from gateway.store.deliveries import DeliveryView
from gateway.store.reference import load_indeling
from gateway.store.uploads import Upload

_DELIVERIES_SHOWN = 50


@click.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def command(invocation: Invocation, identifier: str) -> None:
    """Tell the whole story of ID: an upload (aanleveringId), a signaal (signaalId), or a delivery (its number).

    What was received, what became of it, every attempt with its outcome and reason. Never a resident's data: operations
    do not see it.

    \b
    Examples: signaalpoort show 019aab00-1111-7222-8333-444455000000
              signaalpoort show 4711
    """
    screen = console()
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.read() as conn:
        for part in _story(conn, identifier.strip()):
            screen.print(part)


def _story(conn: Connection, identifier: str) -> Iterator[str | Table]:
    if identifier.isdecimal():
        yield from _delivery(conn, int(identifier))
        return
    with contextlib.suppress(ValueError):
        upload, row_no = ids.split_signaal_id(identifier)
        yield from _signaal(conn, str(upload), row_no)
        return
    with contextlib.suppress(ValueError):
        yield from _upload(conn, _found(conn, str(uuid.UUID(identifier))))
        return
    raise NotFoundError("this is not an aanleveringId, a signaalId or the number of a delivery")


def _found(conn: Connection, upload_id: str) -> Upload:
    upload = uploads.find_by_id(conn, id=upload_id)
    if upload is None:
        raise NotFoundError("there is no such upload")
    return upload


def _upload(conn: Connection, upload: Upload) -> Iterator[str | Table]:
    yield f"[bold]upload {upload.id}[/] of {upload.partner} by {upload.channel}: {upload.state.name.lower()}"
    yield _moments(
        announced=upload.created_at, received=upload.received_at, settled=upload.settled_at, processings=upload.attempts
    )
    if upload.size is not None:
        yield f"  {upload.size:,} bytes, sha256 {upload.sha256}"
    found = rows.counts(conn, upload)
    if found is None:
        return
    yield (
        f"  {found.rows} rows = {found.refused} refused + {found.delivered} delivered + {found.waiting} waiting"
        f"{'' if found.reconciles else '  [red]DOES NOT RECONCILE[/]'}"
    )
    for name, number in found.states.items():
        if number:
            yield f"    {number:>9,}  {name}"
    yield from _asked(confirmations.of_upload(conn, upload.no))
    yield from _findings(upload)
    shown = deliveries.listing(conn, upload_no=upload.no, limit=1_000_000)
    states = Counter(one.state.name.lower() for one in shown)
    yield f"  {len(shown)} deliveries: " + ", ".join(f"{number} {name}" for name, number in sorted(states.items()))
    yield delivery_table([one for one in shown if one.last_outcome != "accepted"][:_DELIVERIES_SHOWN])


def _asked(asked: Confirmation | None) -> Iterator[str]:
    if asked is not None:
        said = "open" if asked.decision is None else f"{asked.decision} {moment(asked.decided_at or asked.until)}"
        yield f"  held for {', '.join(asked.reasons)}; its partner's word, until {moment(asked.until)}: {said}"


def _findings(upload: Upload) -> Iterator[str]:
    if upload.summary is None:
        return
    summary = decode_summary(upload.summary)
    yield f"  read as {escape(summary.read_as)}; findings by code, with the first rows:"
    for found in summary.file_findings:
        yield f"    {'file':>9}  {found.code}"
    for finding in sorted(summary.findings, key=lambda finding: -finding.aantal):
        yield f"    {finding.aantal:>9,}  {finding.code}  {', '.join(map(str, finding.eerste_regels))}"


def _signaal(conn: Connection, upload_id: str, row_no: int) -> Iterator[str | Table]:
    upload = _found(conn, upload_id)
    yield f"[bold]signaal in row {row_no}[/] of upload {upload.id} of {upload.partner}"
    row = None if upload.attempt_no is None else rows.row(conn, attempt_no=upload.attempt_no, row_no=row_no)
    if row is None or upload.attempt_no is None:
        yield "  there is no such row, or its file is not processed yet"
        return
    info = ROW_STATES[rows.state_of(conn, attempt_no=upload.attempt_no, row=row)]
    yield f"  {info.name} ({info.group}): {info.meaning}"
    leaf = rows.leaf_of(conn, attempt_no=upload.attempt_no, row=row)
    if leaf is not None:
        yield from _delivery(conn, leaf[0])
    for seen in feedback.seen(conn, upload_no=upload.no, row_no=row_no):
        pause = "" if seen.pauze_tot_en_met is None else f", pause until {seen.pauze_tot_en_met}"
        yield f"  its partner hears {seen.soort}{'' if seen.reden is None else f' ({seen.reden})'}{pause}"


def _delivery(conn: Connection, number: int) -> Iterator[str | Table]:
    found = deliveries.find(conn, number)
    if found is None:
        raise NotFoundError("there is no such delivery")
    yield f"[bold]delivery {found.id}[/] of {found.kind} from {found.partner} to {found.destination}: {_state(found)}"
    if found.gemeentecode is not None:
        name = load_indeling(conn).naam(found.gemeentecode)
        yield f"  gemeente {found.gemeentecode} {name}: {found.row_count} rows, {found.refused_count} of them refused"
    if found.overeenkomst is not None:
        yield f"  allowed by overeenkomst {found.overeenkomst}, version {found.overeenkomst_version}"
    if found.parent_id is not None:
        yield f"  part of delivery {found.parent_id}, first of all {found.root_id}"
    yield _moments(
        made=found.created_at, due=found.due_at, sent=found.first_sent_at,
        unknown=found.unknown_since, settled=found.settled_at, receipt=found.receipt,
    )  # fmt: skip
    table = Table("attempt", "worker", "from", "seconds", "outcome", "reason", box=SIMPLE)
    for attempt in deliveries.attempts(conn, number):
        lasted = None if attempt.ended_at is None else (attempt.ended_at - attempt.started_at).total_seconds()
        table.add_row(
            str(attempt.n),
            attempt.worker,
            moment(attempt.started_at),
            "under way" if lasted is None else f"{lasted:.2f}",
            attempt.outcome or "",
            escape(attempt.reason or ""),
        )
    yield table


def delivery_table(found: list[DeliveryView]) -> Table:
    """Deliveries as operations list them."""
    table = Table(
        "delivery", "partner", "to", "gemeente", "rows", "state", "attempts", "due", "last reason", box=SIMPLE
    )
    for one in found:
        table.add_row(
            str(one.id),
            one.partner,
            one.destination,
            one.gemeentecode or "",
            str(one.row_count),
            _state(one),
            str(one.attempts),
            moment(one.due_at),
            escape(one.last_reason or ""),
        )
    return table


def moment(value: dt.datetime) -> str:
    """Local time as people at the counter read it."""
    return f"{value.astimezone(AMSTERDAM):%Y-%m-%d %H:%M:%S}"


def _state(found: DeliveryView) -> str:
    return found.state.name.lower() + (" (possibly threatening)" if found.threatening else "")


def _moments(**named: dt.datetime | str | int | None) -> str:
    shown = (
        f"{name} {moment(value) if isinstance(value, dt.datetime) else escape(str(value))}"
        for name, value in named.items()
        if value is not None
    )
    return "  " + ", ".join(shown)
