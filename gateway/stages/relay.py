"""Relay: when a partner hears, under which event id, in which words. Nothing here knows of withheld results."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.terugkoppeling import NietOpgepaktReden, Terugkoppeling, TerugkoppelingSoort

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_UUID_FIXED_BITS: Final = 0xF << 76 | 0b11 << 62
_UUID_V8: Final = 0x8 << 76 | 0b10 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayRow:
    """One visible event as it is kept. `cursor` counts per partner from 1; `nth` per signaal from 1."""

    id: int
    event_id: str
    partner: str
    cursor: int
    upload_no: int
    row_no: int
    signaal_id: str
    nth: int
    soort: TerugkoppelingSoort
    reden: NietOpgepaktReden | None
    visible_at: dt.datetime
    pauze_tot_en_met: dt.date | None


def next_tick(now: dt.datetime, *, tick_seconds: float, not_before: dt.datetime | None = None) -> dt.datetime:
    """The first fixed tick after `now`, and never before `not_before` (the partner's last one).

    Ticks are whole multiples of `tick_seconds` since 1970, so their times tell nothing; `not_before` keeps cursor and
    time in one order when a clock goes back.
    """
    tick = dt.timedelta(seconds=tick_seconds)
    following = _EPOCH + ((now - _EPOCH) // tick + 1) * tick
    return following if not_before is None else max(following, not_before)


def event_id(key: bytes, *, signaal_id: str, nth: int) -> str:
    """A UUIDv8 (RFC 9562): keyed blake2b (RFC 7693) of the signaal and its n-th *visible* event; the same on every try.

    `key`: at most 64 bytes.
    """
    message = UUID(signaal_id).bytes + nth.to_bytes(4, "big")
    digest = hashlib.blake2b(message, digest_size=16, key=key, person=b"event-id").digest()
    value = int.from_bytes(digest, "big") & ~_UUID_FIXED_BITS | _UUID_V8
    return str(UUID(int=value))


def terugkoppeling(row: RelayRow, *, kenmerk: str | None, facturen: Sequence[str] = ()) -> Terugkoppeling:
    """The event as the partner gets it; reference and invoices come from the sealed link until that is erased."""
    return Terugkoppeling(
        id=row.event_id,
        volgnummer=row.cursor,
        signaal_id=row.signaal_id,
        soort=row.soort,
        reden=row.reden,
        beschikbaar_op=row.visible_at,
        pauze_tot_en_met=row.pauze_tot_en_met,
        kenmerk=kenmerk,
        facturen=tuple(facturen),
    )
