"""The partner's word about a file that makes no sense as a whole: asked at publish, given once, or not in time.

Each decision is one small transaction: who is first, decides, and the parcels follow in the same commit. What is
dropped is settled for retention afterwards, some parcels at a time; what a killed process left of that, the clock's
erasing does.
"""

import datetime as dt
import itertools
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from contracts.aanlevering import Besluit, Bevestiging, BevestigingStatus
from contracts.overeenkomst import Signaalpartner
from gateway import log
from gateway.errors import ConflictError, NotFoundError
from gateway.flow.erase import BATCH, rewrap_settled
from gateway.flow.kit import AMSTERDAM, Kit
from gateway.stages.workdays import add_workdays, public_holidays
from gateway.store import confirmations, deliveries, uploads
from gateway.store.confirmations import Confirmation, DecidedBy, Decision
from gateway.store.parcels import ParcelRecord
from gateway.store.uploads import Upload

AT_ONCE: Final = 50
"""Held uploads looked at in one go."""

_DECISION: Final = {Besluit.DOORGEVEN: Decision.DOORGEVEN, Besluit.INTREKKEN: Decision.INTREKKEN}
_REASON: Final = {Decision.INTREKKEN: "bestand_ingetrokken", Decision.VERLOPEN: "bestand_niet_bevestigd"}
_STATUS: Final = {
    None: BevestigingStatus.OPEN,
    Decision.DOORGEVEN: BevestigingStatus.DOORGEGEVEN,
    Decision.INTREKKEN: BevestigingStatus.INGETROKKEN,
    Decision.VERLOPEN: BevestigingStatus.VERLOPEN,
}


def reasons_to_hold(kit: Kit, codes: Iterable[str], parcels: Sequence[ParcelRecord]) -> tuple[str, ...]:
    """For which findings about the file its parcels must wait; none when all of them may be threatening."""
    found = tuple(code for code in codes if code in kit.settings.sanity.hold)
    return found if any(waits(parcel) for parcel in parcels) else ()


def waits(parcel: ParcelRecord) -> bool:
    """Whether a parcel of a held file waits: what may tell of a threatening situation goes at once."""
    return not parcel.threatening


def ask(conn: Connection, kit: Kit, upload: Upload, reasons: Sequence[str]) -> None:
    """Ask for the partner's word, in the transaction that puts the waiting parcels in."""
    confirmations.hold(conn, upload_no=upload.no, reasons=reasons, since=kit.clock(), until=_until(kit))


def _until(kit: Kit) -> dt.datetime:
    """The end of the last working day on which the partner may still say."""
    today = kit.today()
    holidays = public_holidays(today.year) | public_holidays(today.year + 1)
    last = add_workdays(today, kit.settings.sanity.confirm_workdays, holidays=holidays)
    return dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), AMSTERDAM).astimezone(dt.UTC)


def tell_held(kit: Kit) -> int:
    """Tell of held uploads of which nobody was told yet; returns how many. A mail to the partner is sent from here.

    After a kill between the commit and the telling, the clock's next look tells.
    """
    with kit.db.read() as conn:
        untold = confirmations.untold(conn, limit=AT_ONCE)
    for held in untold:
        with kit.db.write() as conn:
            mine = confirmations.tell(conn, upload_no=held.upload_no, now=kit.clock())
        if mine:
            log.emit(
                log.UPLOAD_HELD,
                level=logging.WARNING,
                upload_id=held.upload_id,
                partner=held.partner,
                reasons=", ".join(held.reasons),
                until=held.until.isoformat(),
            )
    return len(untold)


def decide(kit: Kit, partner: Signaalpartner, *, upload_id: str, besluit: Besluit) -> None:
    """The partner's own word; the same word again changes nothing.

    Raises NotFoundError, ConflictError when nothing waits for its word or it was decided otherwise.
    """
    with kit.db.read() as conn:
        upload = uploads.find_by_id(conn, id=upload_id, partner=partner.key)
    _decide(kit, upload, _DECISION[besluit], DecidedBy.SIGNAALPARTNER)


def decide_for_partner(kit: Kit, *, upload_id: str, besluit: Besluit) -> None:
    """An operator passes on the partner's word; raises as `decide`."""
    with kit.db.read() as conn:
        upload = uploads.find_by_id(conn, id=upload_id)
    _decide(kit, upload, _DECISION[besluit], DecidedBy.BEHEER)


def refuse_unconfirmed(kit: Kit) -> int:
    """Refuse what nobody confirmed in time; returns how many uploads. Harmless when two processes do it at once."""
    with kit.db.read() as conn:
        overdue = confirmations.overdue(conn, now=kit.clock(), limit=AT_ONCE)
    return sum(
        _settle(kit, held.upload_no, held.upload_id, held.partner, Decision.VERLOPEN, DecidedBy.TERMIJN)
        for held in overdue
    )


def _decide(kit: Kit, upload: Upload | None, decision: Decision, by: DecidedBy) -> None:
    if upload is None:
        raise NotFoundError("no such upload")
    if _settle(kit, upload.no, upload.id, upload.partner, decision, by):
        return
    with kit.db.read() as conn:
        asked = confirmations.of_upload(conn, upload.no)
    if asked is None:
        raise ConflictError("Deze aanlevering wacht niet op uw bevestiging.")
    if asked.decision is not decision:
        raise ConflictError(f"Over deze aanlevering is al anders besloten: {_STATUS[asked.decision]}.")


def _settle(kit: Kit, upload_no: int, upload_id: str, partner: str, decision: Decision, by: DecidedBy) -> bool:
    """Decide, and let go or drop what waits; False when there is nothing to decide (any more)."""
    now = kit.clock()
    with kit.db.write() as conn:
        if not confirmations.decide(conn, upload_no=upload_no, decision=decision, by=by, now=now):
            return False
        if decision is Decision.DOORGEVEN:
            moved = confirmations.let_go(conn, upload_no=upload_no, now=now)
            kit.db.notify(conn, deliveries.CHANNEL)
        else:
            moved = confirmations.drop(conn, upload_no=upload_no, now=now, reason=_REASON[decision])
    log.emit(
        log.UPLOAD_DECIDED, upload_id=upload_id, partner=partner, decision=decision.value, by=by.value, parcels=moved
    )
    if decision is not Decision.DOORGEVEN:
        _forget_on_schedule(kit, upload_no)
    return True


def _forget_on_schedule(kit: Kit, upload_no: int) -> None:
    with kit.db.read() as conn:
        roots = iter(confirmations.dropped(conn, upload_no=upload_no))
    while some := list(itertools.islice(roots, BATCH)):
        with kit.db.write() as conn:
            rewrap_settled(conn, kit, some)


def bevestiging_of(asked: Confirmation | None) -> Bevestiging | None:
    """The question as the partner sees it; None for an upload that was never held."""
    if asked is None:
        return None
    return Bevestiging(
        status=_STATUS[asked.decision],
        sinds=asked.since,
        tot=asked.until,
        redenen=asked.reasons,
        besloten_op=asked.decided_at,
    )
