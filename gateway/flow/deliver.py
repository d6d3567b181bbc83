"""Delivering, as one transaction per turn of the wheel: record what ended, look after leases, ask the gate, claim.

The attempt itself, the only part with a network, runs between two turns (`gateway/runtime/worker.py`). Recording and
claiming share a transaction because its commit is what costs: at full load each turn moves dozens of deliveries.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from sqlalchemy import Connection

from contracts.ports import FeedbackParcel, Parcel, SignaalParcel
from contracts.signaal import Signaal
from contracts.terugkoppeling import Terugkoppeling
from gateway import log
from gateway.errors import IntegrityError, KeyDestroyedError, NotFoundError, OurError
from gateway.flow.answers import Ended, LogLine, OnSettled, breaker_policy, record, settle
from gateway.flow.kit import Kit
from gateway.flow.parcels import read_rows
from gateway.flow.recheck import home, new_key, recheck
from gateway.stages.directory import Directory
from gateway.stages.maintenance import closed_until
from gateway.stages.schedule import DestinationLimit, Kind, NotSent, clock_jumped
from gateway.store import claims, leases, parcels
from gateway.store.claims import DESTINATIONS_AT_ONCE, Candidate, Claimed
from gateway.store.database import now_ms
from gateway.store.destinations import WEBHOOK
from gateway.store.directory import current_generation, load_directory

WEBHOOK_SLOTS: Final = 4
"""Requests in flight per webhook: 16 halve the rate of one receiver (measured)."""
FAR_LEASES: Final = 10
"""Leases: nobody gives one so long, and a host whose lease is set longer than ours is not that far off."""
LOOK_PARTS: Final = 6
"""A worker with something on the wire looks each sixth of a lease, and renews what was not renewed for a sixth.

So each lease is renewed within a third of it, and two renewals may fail before it runs out.
"""


@dataclass(frozen=True, kw_only=True)
class DeliverParts:
    """What delivering needs from other flows; bootstrap fills it in.

    `read_signalen`: the signalen of a delivery's range of positions. `read_terugkoppeling`: what its relay tells.
    Both raise our errors when content is gone. `on_settled`: see `answers.OnSettled`.
    """

    read_signalen: Callable[[Kit, Candidate], tuple[Signaal, ...]]
    read_terugkoppeling: Callable[[Kit, Candidate], Terugkoppeling]
    on_settled: OnSettled


@dataclass(kw_only=True)
class Wheel:
    """What one worker remembers between turns. `alone`: no other process works on this database (SQLite).

    `looked_up_to`: the last destination of the turn before, in order of key, while a round of all goes on.
    """

    worker: str
    alone: bool = False
    turns: int = 0
    directory: Directory | None = None
    last_look_ms: int | None = None
    renewed_ms: int = 0
    looked_up_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a turn brought. `again`: there may be more at once, without waiting for the next poll."""

    claimed: tuple[Claimed, ...] = ()
    again: bool = False


def turn(
    kit: Kit,
    parts: DeliverParts,
    wheel: Wheel,
    *,
    ended: Sequence[Ended] = (),
    flying: Sequence[Claimed] = (),
    slots: int = 0,
) -> Turned:
    """One turn: record `ended`, keep `flying` leased, claim up to `slots`. Raises StoreUnavailableError, DiskFullError.

    After one of these the same `ended` may be given again: what was recorded already is passed over.
    """
    with kit.db.write() as conn:
        directory = _directory(conn, wheel)
        lines = record(conn, kit, directory, ended, on_settled=parts.on_settled)
        at_ms = now_ms(conn)
        lines += _look_after_leases(conn, kit, wheel, flying, at_ms)
        turned = Turned()
        if slots:
            turned, stopped = _claim(conn, kit, parts, wheel, directory, slots=slots, at_ms=at_ms)
            lines += stopped
    wheel.last_look_ms = at_ms
    wheel.turns += 1
    for line in lines:
        line.emit()
    return turned


def _directory(conn: Connection, wheel: Wheel) -> Directory:
    """The configuration as of this transaction: a pause or an ended connection counts from the next claim on."""
    if wheel.directory is None or wheel.directory.generation != current_generation(conn):
        wheel.directory = load_directory(conn)
    return wheel.directory


def _look_after_leases(
    conn: Connection, kit: Kit, wheel: Wheel, flying: Sequence[Claimed], at_ms: int
) -> list[LogLine]:
    lease_ms = _lease_ms(kit)
    if clock_jumped(last_ms=wheel.last_look_ms, now_ms=at_ms, lease_ms=lease_ms):
        leases.prolong_all(conn, now_ms=at_ms, lease_until_ms=at_ms + lease_ms)
        wheel.renewed_ms = at_ms
        return []
    if wheel.last_look_ms is None:  # the clock may have been set back before this process could see it
        leases.shorten(conn, longest_ms=at_ms + FAR_LEASES * lease_ms, lease_until_ms=at_ms + lease_ms)
    if abs(at_ms - wheel.renewed_ms) >= lease_ms // LOOK_PARTS:
        leases.renew(conn, flying, lease_until_ms=at_ms + lease_ms)
        wheel.renewed_ms = at_ms
    first_alone = wheel.alone and wheel.turns == 0
    taken = leases.take_over(conn, now=kit.clock(), now_ms=None if first_alone else at_ms)
    return [LogLine(log.DELIVERY_TAKEN_OVER, {"delivery_id": t.id, "worker": t.worker}, logging.WARNING) for t in taken]


def _lease_ms(kit: Kit) -> int:
    return int(kit.settings.work.lease_seconds * 1000)


def _claim(
    conn: Connection, kit: Kit, parts: DeliverParts, wheel: Wheel, directory: Directory, *, slots: int, at_ms: int
) -> tuple[Turned, list[LogLine]]:
    """Pick, ask the gate, take; what the gate stopped is told."""
    now = kit.clock()
    waiting = claims.waiting_destinations(conn)
    some, more = _some(waiting, wheel)
    picked = claims.pick(
        conn,
        now=now,
        slots=slots,
        limits=limits(directory, some, now),
        policy=breaker_policy(kit),
        paused_partners=[key for key, partner in directory.partners.items() if partner.gepauzeerd],
    )
    checked = recheck(conn, kit, directory, picked.candidates)
    settle(conn, kit, [candidate for candidate, _ in checked.stopped], parts.on_settled)
    until_ms = at_ms + _lease_ms(kit)
    claimed = claims.take(
        conn, checked.go, now=now, worker=wheel.worker, claim_id=new_key(kit), lease_until_ms=until_ms
    )
    again = more or picked.contended or bool(checked.stopped) or checked.rerouted > 0
    lines = [LogLine(log.DELIVERY_STOPPED, {"delivery_id": c.id, "reason": code}) for c, code in checked.stopped]
    return Turned(claimed=tuple(_with_reporter(directory, one) for one in claimed), again=again), lines


def _with_reporter(directory: Directory, claimed: Claimed) -> Claimed:
    partner = directory.partners.get(claimed.delivery.partner)
    return claimed if partner is None else msgspec.structs.replace(claimed, reporter=partner.oin)


def _some(waiting: Sequence[str], wheel: Wheel) -> tuple[Sequence[str], bool]:
    """The destinations of this turn, and whether more come in the next: a round of all may take several turns."""
    ahead = [key for key in waiting if key > wheel.looked_up_to]
    some, more = ahead[:DESTINATIONS_AT_ONCE], len(ahead) > DESTINATIONS_AT_ONCE
    wheel.looked_up_to = some[-1] if more else ""
    return some, more


def limits(directory: Directory, keys: Sequence[str], now: dt.datetime) -> dict[str, DestinationLimit]:
    """The limits of destinations as configured; one that is not configured any more is absent, so gets nothing."""
    found = {key: _limit(directory, key, now) for key in keys}
    return {key: limit for key, limit in found.items() if limit is not None}


def _limit(directory: Directory, key: str, now: dt.datetime) -> DestinationLimit | None:
    if key.startswith(WEBHOOK):
        partner = directory.partners.get(key.removeprefix(WEBHOOK))
        return None if partner is None or partner.webhook is None else DestinationLimit(WEBHOOK_SLOTS)
    systeem = directory.systemen.get(key)
    if systeem is None:
        return None
    closed = systeem.gepauzeerd or closed_until(systeem.onderhoud, now) is not None
    return DestinationLimit(systeem.gelijktijdig, closed=closed)


# Content: read after the claim, outside its transaction.

UNREADABLE: Final[Mapping[type[OurError | NotFoundError], NotSent]] = {
    KeyDestroyedError: NotSent(reason="content_forgotten", repairable=False),
    IntegrityError: NotSent(reason="content_damaged", repairable=False),
    NotFoundError: NotSent(reason="content_missing", repairable=False),
}
"""What it means that content cannot be opened; any other error of ours may pass by waiting."""


def open_parcel(kit: Kit, parts: DeliverParts, claimed: Claimed) -> Parcel | NotSent:
    """The parcel as it is sent, the same bytes at every attempt; NotSent when its content cannot be opened."""
    try:
        return _parcel(kit, parts, claimed)
    except (OurError, NotFoundError) as error:
        return UNREADABLE.get(type(error), NotSent(reason="content_unreadable"))
    except OSError:
        return NotSent(reason="content_unreadable")


def _parcel(kit: Kit, parts: DeliverParts, claimed: Claimed) -> Parcel:
    d = claimed.delivery
    match Kind(d.kind):
        case Kind.SIGNALEN:
            signalen = parts.read_signalen(kit, d)
            if len(signalen) != d.row_count or d.gemeentecode is None:
                raise IntegrityError("a parcel holds another number of rows than its delivery counts")
            return SignaalParcel(
                idempotency_key=d.idempotency_key,
                gemeentecode=d.gemeentecode,
                created_at=d.created_at,
                signaalpartner=claimed.reporter,
                signalen=signalen,
            )
        case Kind.TERUGKOPPELING:
            installation = kit.settings.installation
            return FeedbackParcel(
                idempotency_key=d.idempotency_key,
                source=f"urn:nld:oin:{installation.oin}:systeem:{installation.name}",
                terugkoppeling=parts.read_terugkoppeling(kit, d),
            )
        case other:
            assert_never(other)


def read_signalen(kit: Kit, delivery: Candidate) -> tuple[Signaal, ...]:
    """The signalen of a delivery's positions, from the sealed content of its root; for `DeliverParts`."""
    with kit.db.read() as conn:
        content = parcels.get_content(conn, delivery.root_id)
    if content is None or delivery.attempt_no is None or delivery.parcel_no is None:
        raise NotFoundError("this delivery has no content")
    return read_rows(
        kit,
        content,
        attempt_no=delivery.attempt_no,
        parcel_no=delivery.parcel_no,
        position_from=delivery.position_from,
        position_to=delivery.position_to,
    )


def send_elsewhere(kit: Kit, parts: DeliverParts, *, at_most: int = 500) -> int:
    """Move parcels that were never sent from a system that is no longer their gemeente's; returns how many.

    For a change of configuration or of date: the old system may be paused, gone or unreachable, so that no claim would
    ever ask. Call it again while it returns `at_most`.
    """
    today = kit.today()
    with kit.db.write() as conn:
        directory = load_directory(conn)
        pairs = [pair for pair in claims.unsent_pairs(conn) if home(directory, pair[0], today) != pair]
        candidates: list[Candidate] = []
        for gemeentecode, to in pairs:
            left = at_most - len(candidates)
            candidates += claims.unsent(conn, gemeentecode=gemeentecode, destination=to, limit=left) if left else []
        checked = recheck(conn, kit, directory, candidates)
        settle(conn, kit, [candidate for candidate, _ in checked.stopped], parts.on_settled)
    for candidate, code in checked.stopped:
        log.emit(log.DELIVERY_STOPPED, delivery_id=candidate.id, reason=code)
    return len(candidates)
