"""Hear: results of a gemeente's system become queued relays, one transaction per batch.

What is decided about a partner is decided under that partner's lock, so that histories, cursors and times have one
order. The sender learns whether we have its report, never whether anything was relayed.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Final, assert_never

from msgspec import Struct
from sqlalchemy import Connection

from contracts.overeenkomst import Gemeente, Toegang
from contracts.terugkoppeling import Resultaat, ResultaatAntwoord, Terugkoppeling
from gateway import log
from gateway.errors import KeyDestroyedError, NotFoundError
from gateway.flow.kit import AMSTERDAM, Kit
from gateway.flow.parcels import Link, read_links
from gateway.ids import signaal_id, split_signaal_id
from gateway.stages import relay as relays
from gateway.stages.directory import Directory
from gateway.stages.feedback import Invalid, Relay, Reported, Seen, Withhold, decide, pause_until, read_resultaat
from gateway.stages.relay import RelayRow
from gateway.stages.schedule import Kind
from gateway.store import deliveries, feedback, overeenkomsten, parcels
from gateway.store.deliveries import NewDelivery
from gateway.store.destinations import WEBHOOK
from gateway.store.feedback import NewRelay, Received, Result

EVENT_KEY: Final = "event-id"
"""Name of the key from which event ids are derived."""
ReadLink = Callable[[int, int], Link | None]
"""(upload number, row number) → the partner's own reference and invoices; None once they are forgotten."""

ONTVANGEN: Final = "ontvangen"
AL_ONTVANGEN: Final = "al_ontvangen"
ONBEKEND_SIGNAAL: Final = "onbekend_signaal"
ONGELDIG: Final = "ongeldig"
_OTHER_CONTENT: Final = "Dit resultaatId is al gebruikt voor een ander resultaat."


class _Hearing(Struct, frozen=True):
    """What deciding about one batch needs."""

    kit: Kit
    directory: Directory
    toegang: Toegang
    now: dt.datetime
    event_key: bytes


def hear(kit: Kit, directory: Directory, toegang: Toegang, resultaten: Sequence[Resultaat]) -> list[ResultaatAntwoord]:
    """Take in a batch of one credential; one answer each, in order. Repeatable by (toegang, resultaat_id).

    `onbekend_signaal`: not delivered to this connection, or not of its gemeenten, or the credential is not in force.
    Committed before it returns.
    """
    hearing = _Hearing(kit, directory, toegang, kit.clock(), kit.keys.named_key(EVENT_KEY))
    with kit.db.write() as conn:
        answers = _hear_all(conn, hearing, resultaten)
    log.emit(log.FEEDBACK_HEARD, toegang=toegang.key, count=len(answers))
    return answers


def _hear_all(conn: Connection, hearing: _Hearing, resultaten: Sequence[Resultaat]) -> list[ResultaatAntwoord]:
    received = _received(conn, hearing, resultaten)
    feedback.lock_partners(conn, {row.partner for row in received.values()})
    known = feedback.known_results(conn, toegang=hearing.toegang.key, ids=[r.resultaat_id for r in resultaten])
    return [_hear_one(conn, hearing, resultaat, received, known) for resultaat in resultaten]


def _received(conn: Connection, hearing: _Hearing, resultaten: Sequence[Resultaat]) -> dict[str, Received]:
    """signaal id → the row, of those that this credential may speak of."""
    today, toegang = hearing.kit.today(), hearing.toegang
    if today < toegang.van or (toegang.tot_en_met is not None and today > toegang.tot_en_met):
        return {}
    places = {r.signaal_id: place for r in resultaten if (place := _place(r.signaal_id)) is not None}
    rows = feedback.received_rows(conn, places.values(), destination=toegang.systeem)
    indeling = hearing.directory.indeling
    own = {indeling.opvolger(code, on=today) for code in toegang.gemeenten}
    return {
        id_: rows[place]
        for id_, place in places.items()
        if place in rows and indeling.opvolger(rows[place].gemeentecode, on=today) in own
    }


def _place(text: str) -> tuple[uuid.UUID, int] | None:
    try:
        return split_signaal_id(text)
    except ValueError:
        return None


def _hear_one(
    conn: Connection,
    hearing: _Hearing,
    resultaat: Resultaat,
    received: dict[str, Received],
    known: dict[str, Result],
) -> ResultaatAntwoord:
    """Answer one; `known` grows by what is kept, so that a batch may repeat itself."""
    row = received.get(resultaat.signaal_id)
    if row is None:
        return _answer(resultaat, ONBEKEND_SIGNAAL)
    reported = read_resultaat(resultaat, today=hearing.kit.today())
    if isinstance(reported, Invalid):
        return _answer(resultaat, ONGELDIG, reported.detail)
    result = _result(hearing, resultaat, row, reported)
    before = known.get(resultaat.resultaat_id)
    if before is not None:
        same = before.says_the_same(result)
        return _answer(resultaat, AL_ONTVANGEN) if same else _answer(resultaat, ONGELDIG, _OTHER_CONTENT)
    known[resultaat.resultaat_id] = result
    _keep(conn, hearing, result, row, reported)
    return _answer(resultaat, ONTVANGEN)


def _answer(resultaat: Resultaat, status: str, detail: str | None = None) -> ResultaatAntwoord:
    return ResultaatAntwoord(
        resultaat_id=resultaat.resultaat_id, signaal_id=resultaat.signaal_id, status=status, detail=detail
    )


def _result(hearing: _Hearing, resultaat: Resultaat, row: Received, reported: Reported) -> Result:
    return Result(
        toegang=hearing.toegang.key,
        resultaat_id=resultaat.resultaat_id,
        upload_no=row.upload_no,
        row_no=row.row_no,
        value=reported.value.value,
        codelijst_versie=resultaat.codelijst_versie,
        happened_on=None if reported.on is None else reported.on.isoformat(),
    )


def _keep(conn: Connection, hearing: _Hearing, result: Result, row: Received, reported: Reported) -> None:
    """Keep the result and, if the partner may hear it, the relay and its webhook delivery."""
    seen = feedback.seen(conn, upload_no=row.upload_no, row_no=row.row_no)
    decision = decide(reported, _gemeente(hearing, row), seen, today=hearing.kit.today())
    result = _with_outcome(result, relayed=isinstance(decision, Relay))
    if not feedback.put_result(conn, result, received_at=hearing.now):
        return  # another process kept the same report a moment ago
    match decision:
        case Withhold():
            pass
        case Relay():
            _relay(conn, hearing, row, decision, seen)
        case other:
            assert_never(other)


def _gemeente(hearing: _Hearing, row: Received) -> Gemeente:
    """Its settings; one that is not configured has none, so nothing is relayed."""
    code = hearing.directory.indeling.opvolger(row.gemeentecode, on=hearing.kit.today())
    return hearing.directory.gemeenten.get(code, Gemeente(code=code))


def _with_outcome(result: Result, *, relayed: bool) -> Result:
    return Result(**{name: getattr(result, name) for name in Result.__struct_fields__} | {"relayed": relayed})


def _relay(conn: Connection, hearing: _Hearing, row: Received, decision: Relay, seen: Sequence[Seen]) -> None:
    nth = len(seen) + 1
    visible_at = relays.next_tick(
        hearing.now,
        tick_seconds=hearing.kit.settings.feedback.tick_seconds,
        not_before=feedback.last_visible_at(conn, row.partner),
    )
    id_ = str(signaal_id(uuid.UUID(row.upload_id), row.row_no))
    new = NewRelay(
        event_id=relays.event_id(hearing.event_key, signaal_id=id_, nth=nth),
        soort=decision.soort,
        reden=decision.reden,
        visible_at=visible_at,
        pauze_tot_en_met=_pause(conn, row, decision, visible_at),
        nth=nth,
    )
    kept = feedback.put_relay(conn, row, new)
    partner = hearing.directory.partners.get(row.partner)
    if partner is not None and partner.webhook is not None:
        deliveries.enqueue(conn, [_webhook_delivery(kept, hearing.now)])
        hearing.kit.db.notify(conn, deliveries.CHANNEL)


def _pause(conn: Connection, row: Received, decision: Relay, visible_at: dt.datetime) -> dt.date | None:
    """Counted from the day the relay is first available, by the agreement version that let the signaal pass."""
    if not decision.starts_pause:
        return decision.pauze_tot_en_met
    agreement = overeenkomsten.version(conn, key=row.overeenkomst, number=row.overeenkomst_version)
    return pause_until(visible_at.astimezone(AMSTERDAM).date(), days=agreement.pauze_dagen)


def _webhook_delivery(row: RelayRow, now: dt.datetime) -> NewDelivery:
    return NewDelivery(
        idempotency_key=row.event_id,
        kind=Kind.TERUGKOPPELING,
        destination=f"{WEBHOOK}{row.partner}",
        partner=row.partner,
        created_at=now,
        due_at=row.visible_at,
        row_count=1,
        ordering_key=f"{row.upload_no}:{row.row_no}",
        relay_id=row.id,
    )


def read_terugkoppeling(row: RelayRow, read_link: ReadLink) -> Terugkoppeling:
    """The event as the partner gets it, joined with its own reference and invoices while they are kept."""
    link = read_link(row.upload_no, row.row_no)
    if link is None:
        return relays.terugkoppeling(row, kenmerk=None)
    return relays.terugkoppeling(row, kenmerk=link.kenmerk, facturen=link.facturen)


def link_reader(kit: Kit) -> ReadLink:
    """Opens sealed links; reads each parcel's link once, so make one per request or attempt and drop it."""
    opened: dict[int, list[Link]] = {}

    def read(upload_no: int, row_no: int) -> Link | None:
        with kit.db.read() as conn:
            place = feedback.link_place(conn, upload_no=upload_no, row_no=row_no)
            content = None if place is None else parcels.get_content(conn, place[0])
        if place is None or content is None:
            return None
        root, attempt_no, parcel_no, position = place
        try:
            if root not in opened:
                opened[root] = read_links(kit, content, attempt_no=attempt_no, parcel_no=parcel_no)
        except (KeyDestroyedError, NotFoundError):
            return None  # forgotten on schedule
        return opened[root][position]

    return read


def list_terugkoppelingen(kit: Kit, partner: str, *, after: int, limit: int = 100) -> list[Terugkoppeling]:
    """What `GET /v1/terugkoppelingen?na=<after>` answers: visible events in order of `volgnummer`, at least once."""
    with kit.db.read() as conn:
        rows = feedback.list_relays(conn, partner, after=after, now=kit.clock(), limit=limit)
    read_link = link_reader(kit)
    return [read_terugkoppeling(row, read_link) for row in rows]
