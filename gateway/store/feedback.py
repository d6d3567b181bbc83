"""Results as gemeenten report them, and the relays that partners can see.

The two never mix: a relay's cursor, order and time come from relays alone. The cursor is a counter per partner, taken
under a row lock in the relay's transaction: a sequence would skip numbers, and gaps would tell of what was withheld.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contracts.terugkoppeling import NietOpgepaktReden, TerugkoppelingSoort
from gateway.ids import signaal_id
from gateway.lifecycle import DeliveryState
from gateway.stages.feedback import Seen
from gateway.stages.relay import RelayRow
from gateway.stages.schedule import Kind
from gateway.store.schema import delivery, partner_cursor, relay, resultaat, row_refusal, signaal_row, upload

MAY_HAVE_ARRIVED: Final = (DeliveryState.ACCEPTED, DeliveryState.CLAIMED, DeliveryState.UNKNOWN)
"""A gemeente can report on what it received although its answer to us was lost, or is still under way."""
_AT_ONCE: Final = 400
"""Values in one IN list: below SQLite's limit."""

_INSERT_RESULTAAT: Final = sa.text(
    "INSERT INTO resultaat (toegang, resultaat_id, upload_no, row_no, received_at, value, codelijst_versie,"
    " happened_on, relayed) VALUES (:toegang, :resultaat_id, :upload_no, :row_no, :received_at, :value,"
    " :codelijst_versie, :happened_on, :relayed) ON CONFLICT (toegang, resultaat_id) DO NOTHING"
).bindparams(sa.bindparam("received_at", type_=resultaat.c.received_at.type))
_INSERT_CURSOR: Final = sa.text(
    "INSERT INTO partner_cursor (partner, last) VALUES (:partner, 0) ON CONFLICT (partner) DO NOTHING"
)


class Received(Struct, frozen=True, kw_only=True):
    """A row that a receiving system has, or may have: whose it is, where it went, under which agreement."""

    upload_no: int
    upload_id: str
    row_no: int
    partner: str
    destination: str
    gemeentecode: str
    overeenkomst: str
    overeenkomst_version: int


class Result(Struct, frozen=True, kw_only=True):
    """One result as kept. `value`: our code of it; `happened_on`: ISO date or None."""

    toegang: str
    resultaat_id: str
    upload_no: int
    row_no: int
    value: str
    codelijst_versie: str
    happened_on: str | None
    relayed: bool = False

    def says_the_same(self, other: "Result") -> bool:
        """Whether both are one report; the spelling's version and what became of it do not matter."""
        mine = (self.upload_no, self.row_no, self.value, self.happened_on)
        return mine == (other.upload_no, other.row_no, other.value, other.happened_on)


class NewRelay(Struct, frozen=True, kw_only=True):
    """An event that the partner will see from `visible_at` on; its number comes from the partner's cursor."""

    event_id: str
    soort: TerugkoppelingSoort
    reden: NietOpgepaktReden | None
    visible_at: dt.datetime
    pauze_tot_en_met: dt.date | None
    nth: int


class Totals(Struct, frozen=True, kw_only=True):
    """Results taken in, and how many of them a partner hears of or does not. For operations, never for a partner."""

    received: int
    relayed: int
    withheld: int


def received_rows(
    conn: Connection, wanted: Collection[tuple[uuid.UUID, int]], *, destination: str
) -> dict[tuple[uuid.UUID, int], Received]:
    """(upload id, row number) → what that destination received of it; what it did not receive is absent."""
    by_upload: dict[uuid.UUID, list[int]] = defaultdict(list)
    for upload_id, row_no in set(wanted):
        by_upload[upload_id].append(row_no)
    found: dict[tuple[uuid.UUID, int], Received] = {}
    for upload_id, row_nos in by_upload.items():
        for start in range(0, len(row_nos), _AT_ONCE):
            query = _received(str(upload_id), row_nos[start : start + _AT_ONCE], destination)
            for row in conn.execute(query).mappings():
                found[upload_id, row["row_no"]] = Received(**row)
    return found


def _received(upload_id: str, row_nos: Sequence[int], destination: str) -> sa.Select[Any]:
    leaf = (
        (delivery.c.attempt_no == signaal_row.c.attempt_no)
        & (delivery.c.parcel_no == signaal_row.c.parcel_no)
        & (delivery.c.position_from <= signaal_row.c.position)
        & (delivery.c.position_to > signaal_row.c.position)
    )
    refused = (row_refusal.c.root_id == sa.func.coalesce(delivery.c.root_id, delivery.c.id)) & (
        row_refusal.c.position == signaal_row.c.position
    )
    return (
        sa.select(
            upload.c.no.label("upload_no"),
            upload.c.id.label("upload_id"),
            signaal_row.c.row_no,
            delivery.c.partner,
            delivery.c.destination,
            delivery.c.gemeentecode,
            delivery.c.overeenkomst,
            delivery.c.overeenkomst_version,
        )
        .select_from(upload)
        .join(signaal_row, signaal_row.c.attempt_no == upload.c.attempt_no)
        .join(delivery, leaf)
        .outerjoin(row_refusal, refused)
        .where(
            upload.c.id == upload_id,
            signaal_row.c.row_no.in_(row_nos),
            signaal_row.c.state == 0,
            delivery.c.kind == Kind.SIGNALEN.value,
            delivery.c.destination == destination,
            delivery.c.state.in_([int(state) for state in MAY_HAVE_ARRIVED]),
            row_refusal.c.position.is_(None),
        )
    )


def known_results(conn: Connection, *, toegang: str, ids: Collection[str]) -> dict[str, Result]:
    """resultaat_id → what this credential reported under it before."""
    wanted = sorted(set(ids))
    columns = [resultaat.c[name] for name in Result.__struct_fields__]
    found: dict[str, Result] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = resultaat.c.resultaat_id.in_(wanted[start : start + _AT_ONCE])
        for row in conn.execute(sa.select(*columns).where((resultaat.c.toegang == toegang) & some)).mappings():
            found[row["resultaat_id"]] = Result(**row)
    return found


def put_result(conn: Connection, result: Result, *, received_at: dt.datetime) -> bool:
    """Keep a result; False when another transaction kept that id first."""
    values = {name: getattr(result, name) for name in Result.__struct_fields__}
    return conn.execute(_INSERT_RESULTAAT, {**values, "received_at": received_at}).rowcount == 1


def lock_partners(conn: Connection, partners: Collection[str]) -> None:
    """Let one transaction at a time decide what these partners hear: histories are read and cursors taken under it."""
    for partner in sorted(set(partners)):  # in order, so that two transactions cannot wait for each other
        conn.execute(_INSERT_CURSOR, {"partner": partner})
        locked = sa.select(partner_cursor.c.last).where(partner_cursor.c.partner == partner).with_for_update()
        conn.execute(locked).scalar_one()


def seen(conn: Connection, *, upload_no: int, row_no: int) -> list[Seen]:
    """What the partner saw of a signaal, or sees at the next tick; oldest first."""
    query = sa.select(relay.c.soort, relay.c.reden, relay.c.pause_until)
    of_signaal = (relay.c.upload_no == upload_no) & (relay.c.row_no == row_no)
    return [
        Seen(TerugkoppelingSoort(soort), _reden(reden), _date(until))
        for soort, reden, until in conn.execute(query.where(of_signaal).order_by(relay.c.nth))
    ]


def last_visible_at(conn: Connection, partner: str) -> dt.datetime | None:
    """When the partner's newest event is visible: no later one may be visible before it."""
    query = sa.select(relay.c.visible_at).where(relay.c.partner == partner)
    return conn.execute(query.order_by(relay.c.cursor.desc()).limit(1)).scalar()


def put_relay(conn: Connection, received: Received, new: NewRelay) -> RelayRow:
    """Keep an event under the partner's next number. The partner must be locked (`lock_partners`)."""
    bump = (
        sa.update(partner_cursor)
        .where(partner_cursor.c.partner == received.partner)
        .values(last=partner_cursor.c.last + 1)
        .returning(partner_cursor.c.last)
    )
    cursor = conn.execute(bump).scalar_one()
    values = {
        "event_id": new.event_id,
        "partner": received.partner,
        "cursor": cursor,
        "upload_no": received.upload_no,
        "row_no": received.row_no,
        "nth": new.nth,
        "soort": new.soort.value,
        "reden": None if new.reden is None else new.reden.value,
        "visible_at": new.visible_at,
        "pause_until": None if new.pauze_tot_en_met is None else new.pauze_tot_en_met.isoformat(),
    }
    id_ = conn.execute(sa.insert(relay).values(values).returning(relay.c.id)).scalar_one()
    return _relay_row({**values, "id": id_, "upload_id": received.upload_id})


def list_relays(conn: Connection, partner: str, *, after: int, now: dt.datetime, limit: int = 100) -> list[RelayRow]:
    """The partner's events with a cursor above `after` that are visible at `now`, in order of cursor."""
    visible = (relay.c.partner == partner) & (relay.c.cursor > after) & (relay.c.visible_at <= now)
    query = _RELAYS.where(visible).order_by(relay.c.cursor).limit(limit)
    return [_relay_row(row) for row in conn.execute(query).mappings()]


def get_relay(conn: Connection, relay_id: int) -> RelayRow | None:
    """One event, by `delivery.relay_id`; None when there is none."""
    row = conn.execute(_RELAYS.where(relay.c.id == relay_id)).mappings().one_or_none()
    return None if row is None else _relay_row(row)


def link_place(conn: Connection, *, upload_no: int, row_no: int) -> tuple[int, int, int, int] | None:
    """(root delivery id, attempt number, parcel number, position) of a row's sealed link; None for no such row."""
    at = (delivery.c.attempt_no == signaal_row.c.attempt_no) & (delivery.c.parcel_no == signaal_row.c.parcel_no)
    query = (
        sa.select(delivery.c.id, signaal_row.c.attempt_no, signaal_row.c.parcel_no, signaal_row.c.position)
        .select_from(upload)
        .join(signaal_row, signaal_row.c.attempt_no == upload.c.attempt_no)
        .join(delivery, at & delivery.c.parent_id.is_(None))
        .where(upload.c.no == upload_no, signaal_row.c.row_no == row_no)
    )
    found = conn.execute(query).one_or_none()
    return None if found is None else (found[0], found[1], found[2], found[3])


def totals(conn: Connection) -> Totals:
    """How many results came in, were relayed and were withheld."""
    told = sa.func.coalesce(sa.func.sum(sa.case((resultaat.c.relayed, 1), else_=0)), 0)
    received, relayed = conn.execute(sa.select(sa.func.count(), told).select_from(resultaat)).one()
    return Totals(received=received, relayed=int(relayed), withheld=received - int(relayed))


_RELAYS: Final = sa.select(*relay.c, upload.c.id.label("upload_id")).join(upload, upload.c.no == relay.c.upload_no)


def _relay_row(row: Any) -> RelayRow:
    return RelayRow(
        id=row["id"],
        event_id=row["event_id"],
        partner=row["partner"],
        cursor=row["cursor"],
        upload_no=row["upload_no"],
        row_no=row["row_no"],
        signaal_id=str(signaal_id(uuid.UUID(row["upload_id"]), row["row_no"])),
        nth=row["nth"],
        soort=TerugkoppelingSoort(row["soort"]),
        reden=_reden(row["reden"]),
        visible_at=row["visible_at"],
        pauze_tot_en_met=_date(row["pause_until"]),
    )


def _reden(text: str | None) -> NietOpgepaktReden | None:
    return None if text is None else NietOpgepaktReden(text)


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
