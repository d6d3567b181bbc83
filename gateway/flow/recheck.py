"""The gate once more, inside the transaction that claims: all or nothing per parcel, under the agreement of now.

What may be there already (unknown) is not judged: it is settled first. What was never sent follows its gemeente to the
system in force today, cut to what that system takes at once.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from sqlalchemy import Connection

from contracts.signaal import Signaaltype, Soort
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryEvent, DeliveryState
from gateway.stages.agreement import Allowed, Denied, VersionedOvereenkomst, still_allowed, system_of
from gateway.stages.directory import Directory
from gateway.stages.schedule import Kind, pieces
from gateway.store import deliveries, destinations, overeenkomsten, reshape
from gateway.store.claims import Candidate
from gateway.store.reshape import Child

REROUTED = "other_system_in_force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """Candidates that may go on; those that were stopped, with the gate's code; how many went elsewhere."""

    go: tuple[Candidate, ...]
    stopped: tuple[tuple[Candidate, str], ...] = ()
    rerouted: int = 0


def recheck(conn: Connection, kit: Kit, directory: Directory, candidates: Sequence[Candidate]) -> Rechecked:
    """Judge candidates of this transaction, and write what follows from it."""
    judged = [c for c in candidates if _is_judged(c)]
    current = overeenkomsten.current(conn, {c.overeenkomst for c in judged if c.overeenkomst is not None})
    go = [c for c in candidates if not _is_judged(c)]
    stopped: list[tuple[Candidate, str]] = []
    rerouted = 0
    for candidate in judged:
        match _judge(candidate, current, directory, kit.today()):
            case Denied(code=code):
                reshape.close(conn, candidate, DeliveryEvent.STOP, now=kit.clock(), reason=code)
                stopped.append((candidate, code))
            case Allowed() as allowed if _goes_elsewhere(candidate, allowed):
                _reroute(conn, kit, directory, candidate, allowed)
                rerouted += 1
            case Allowed() as allowed:
                if allowed.version != candidate.overeenkomst_version:
                    reshape.set_version(conn, candidate, allowed.version)
                go.append(candidate)
            case other:
                assert_never(other)
    return Rechecked(go=tuple(go), stopped=tuple(stopped), rerouted=rerouted)


def _is_judged(candidate: Candidate) -> bool:
    return candidate.kind == Kind.SIGNALEN.value and candidate.state != int(DeliveryState.UNKNOWN)


def _judge(
    candidate: Candidate, current: dict[str, VersionedOvereenkomst], directory: Directory, today: dt.date
) -> Allowed | Denied:
    assert candidate.gemeentecode is not None
    assert candidate.soort is not None
    assert candidate.signaaltype is not None
    return still_allowed(
        current.get(candidate.overeenkomst or ""),
        directory,
        gemeentecode=candidate.gemeentecode,
        soort=Soort(candidate.soort),
        signaaltype=Signaaltype(candidate.signaaltype),
        signaalpartner=candidate.partner,
        opdrachtgever=candidate.opdrachtgever,
        today=today,
    )


def _goes_elsewhere(candidate: Candidate, allowed: Allowed) -> bool:
    """Never sent: to the system in force. Sent once, and definitely not taken: only the successor of an ended code."""
    if allowed.gemeentecode != candidate.gemeentecode:
        return True
    return candidate.first_sent_at is None and allowed.systeem != candidate.destination


def _reroute(conn: Connection, kit: Kit, directory: Directory, candidate: Candidate, allowed: Allowed) -> None:
    to = allowed.systeem
    destinations.ensure(conn, [to])
    turn = deliveries.next_turn(conn, to, candidate.partner, threatening=candidate.threatening)
    reshape.reroute(conn, candidate, to=to, gemeentecode=allowed.gemeentecode, turn=turn)
    parts = pieces(candidate.position_from, candidate.position_to, at_most=directory.systemen[to].max_rijen)
    event = DeliveryEvent.SPLIT if len(parts) > 1 else DeliveryEvent.SUPERSEDE
    if len(parts) > 1 or candidate.first_sent_at is not None:  # what was once sent never changes under its key
        reshape.close(conn, candidate, event, now=kit.clock(), reason=REROUTED)
        children = [Child(idempotency_key=new_key(kit), position_from=a, position_to=b) for a, b in parts]
        reshape.add_children(conn, candidate.id, children, due_at=kit.clock(), turn=turn)


def home(directory: Directory, gemeentecode: str, today: dt.date) -> tuple[str, str | None]:
    """(code, system) that receive today what is meant for a gemeente; a merged one is followed."""
    code = directory.indeling.opvolger(gemeentecode, on=today)
    gemeente = directory.gemeenten.get(code)
    return code, None if gemeente is None else system_of(gemeente, today)


def new_key(kit: Kit) -> str:
    """A new idempotency key."""
    return str(uuid.UUID(bytes=kit.dice(16), version=4))
