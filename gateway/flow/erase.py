"""Forgetting on schedule (domain rule 7): first the wrapped data keys, then the keys that wrapped them, then the bytes.

The database, its journal and every backup may go on holding wrapped keys and sealed bytes; what makes them worthless is
that the key of their class and month is destroyed. That happens when its month is over and nothing kept is wrapped
by it: rows that wait are wrapped by the month of their sealing, and rewrapped by the month of their expiry as soon as
they are settled, so a system that is unreachable for weeks keeps nobody else's rows readable.

Every step is repeatable and safe beside any number of processes; no transaction touches more than `BATCH` things.
"""

import datetime as dt
import itertools
import re
import uuid
from collections.abc import Callable, Collection, Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection

from gateway import log
from gateway.crypto.keys import RetentionClass, class_key_name, month_of, split_class_key_name
from gateway.errors import KeyDestroyedError, NotFoundError
from gateway.flow.kit import AMSTERDAM, Kit
from gateway.lifecycle import UploadState
from gateway.store import retention
from gateway.store.retention import Expiry, KeptParcel, SettledParcel

BATCH: Final = 500
ORPHAN_AGE: Final = dt.timedelta(days=1)
"""Bytes that nothing refers to are deleted after this: whoever wrote them has died, or is about to refer to them."""
ORPHAN_KEY_AGE: Final = dt.timedelta(days=7)
"""An upload may take long to arrive, and its key must live as long."""
_GRACE_DAYS: Final = 1
"""Hosts may disagree on which month it is, never by a day."""
_KNOWN_BLOBS: Final = ("upload/", "attempt/", "findings/", "hashes/", "herstel/", "aanbieding/")
"""What a name begins with when its blob may be deleted for want of a reference; others belong to someone else."""
_UPLOAD_KEY: Final = "upload/"
_HASH_KEY: Final = re.compile(r"hash/([^/]+)/(\d{4}H[12])")
_DONE: Final = frozenset({UploadState.PROCESSED, UploadState.REJECTED})


def rewrap_settled(conn: Connection, kit: Kit, root_ids: Collection[int]) -> None:
    """Decide when the content of these parcels is forgotten, for those of which nothing is unfinished.

    Call it in the transaction that settles a leaf. Rows of a parcel of which anything was delivered are kept for
    `delivered_rows_days`; of which everything was refused, for `refused_rows_days`; a parcel that was stopped
    altogether (no agreement any more) is forgotten here and now.
    """
    _settle_all(conn, kit, root_ids)


def erase_due(kit: Kit) -> dict[str, int]:
    """Forget everything that is due; how many of each kind. Raises OurError: what was done stays, run it again."""
    done: dict[str, int] = {}
    for what, step in _STEPS.items():
        done[what] = step(kit)
        if done[what]:
            log.emit(log.ERASED, what=what, count=done[what])
    return done


def _settle_all(conn: Connection, kit: Kit, root_ids: Collection[int]) -> int:
    settled = retention.settled(conn, root_ids) if root_ids else []
    return sum(_settle(conn, kit, parcel) for parcel in settled)


def _settle(conn: Connection, kit: Kit, parcel: SettledParcel) -> bool:
    expiry = _expiry(kit, parcel)
    rows_key, rows_key_name = _moved(kit, parcel.rows_key, parcel.rows_key_name, RetentionClass.AFGELEVERD, expiry.rows)
    link_key, link_key_name = _moved(kit, parcel.link_key, parcel.link_key_name, RetentionClass.LINK, expiry.link)
    after = KeptParcel(
        delivery_id=parcel.delivery_id,
        rows_key=rows_key,
        rows_key_name=rows_key_name,
        link_key=link_key,
        link_key_name=link_key_name,
    )
    return retention.replace_keys(conn, parcel, after, expiry=expiry)


def _expiry(kit: Kit, parcel: SettledParcel) -> Expiry:
    now, days = kit.clock(), kit.settings.retention
    if parcel.delivered:
        rows, link = days.delivered_rows_days, days.link_days
    elif parcel.refused:
        rows, link = days.refused_rows_days, days.refused_rows_days
    else:
        rows, link = 0, 0
    return Expiry(rows=now + dt.timedelta(days=rows), link=now + dt.timedelta(days=link))


def _moved(
    kit: Kit, wrapped: bytes | None, key_name: str | None, cls: RetentionClass, expires: dt.datetime
) -> tuple[bytes | None, str | None]:
    """The data key under the month in which it expires; nothing when that is now, or its key is gone."""
    if wrapped is None or key_name is None or expires <= kit.clock():
        return None, None
    month = month_of(_day(expires))
    if key_name == class_key_name(cls, month=month):
        return wrapped, key_name
    try:
        return kit.keys.rewrap(wrapped, key_name, cls, month=month)
    except KeyDestroyedError:
        return None, None


def _settle_late(kit: Kit) -> int:
    """Parcels whose last two leaves were settled at one moment: neither transaction saw the other."""

    def step(conn: Connection) -> int:
        return _settle_all(conn, kit, retention.finished(conn, limit=BATCH))

    return _repeat(kit, step)


def _rows(kit: Kit) -> int:
    return _repeat(kit, lambda conn: retention.forget_rows(conn, now=kit.clock(), limit=BATCH))


def _links(kit: Kit) -> int:
    return _repeat(kit, lambda conn: retention.forget_links(conn, now=kit.clock(), limit=BATCH))


def _findings(kit: Kit) -> int:
    before = _ago(kit, kit.settings.retention.report_days)
    return _repeat(kit, lambda conn: retention.forget_findings(conn, settled_by=before, limit=BATCH))


def _refused(kit: Kit) -> int:
    return _repeat(kit, lambda conn: retention.delete_refused(conn, now=kit.clock(), limit=BATCH))


def _file_names(kit: Kit) -> int:
    before = _ago(kit, kit.settings.retention.report_days)
    return _repeat(kit, lambda conn: retention.forget_file_names(conn, created_by=before, limit=BATCH))


def _hash_runs(kit: Kit) -> int:
    before = _ago(kit, kit.settings.retention.hash_days)
    count = _repeat(kit, lambda conn: retention.delete_hash_runs(conn, created_by=before, limit=BATCH))
    kit.opened_runs.forget()  # also for what another process deletes: each does this by its own clock
    return count


def _statistics(kit: Kit) -> int:
    before = _ago(kit, kit.settings.retention.statistic_days)
    return _repeat(kit, lambda conn: retention.delete_statistics(conn, made_by=before, limit=BATCH))


def _carried_over(kit: Kit) -> int:
    """What still waits after its month is over goes to a month of now, so that one straggler keeps no old key alive."""
    today, days = kit.today(), kit.settings.retention
    stale = {
        name
        for name in kit.keys.names()
        if _over(name, RetentionClass.WACHTEND, today - dt.timedelta(days=days.delivered_rows_days))
        or _over(name, RetentionClass.LINK, today)
    }
    link_month = month_of(today + dt.timedelta(days=days.link_days))

    def step(conn: Connection) -> int:
        parcels = retention.waiting_under(conn, stale, limit=BATCH)
        return sum(_carry(conn, kit, parcel, stale, link_month=link_month) for parcel in parcels)

    return _repeat(kit, step) if stale else 0


def _carry(conn: Connection, kit: Kit, parcel: KeptParcel, stale: Collection[str], *, link_month: str) -> bool:
    """Rewrap by keys of now what the stale ones wrapped; False when another process was first."""
    after = parcel
    if parcel.rows_key is not None and parcel.rows_key_name is not None and parcel.rows_key_name in stale:
        month = month_of(kit.today())
        key, name = kit.keys.rewrap(parcel.rows_key, parcel.rows_key_name, RetentionClass.WACHTEND, month=month)
        after = msgspec.structs.replace(after, rows_key=key, rows_key_name=name)
    if parcel.link_key is not None and parcel.link_key_name is not None and parcel.link_key_name in stale:
        key, name = kit.keys.rewrap(parcel.link_key, parcel.link_key_name, RetentionClass.LINK, month=link_month)
        after = msgspec.structs.replace(after, link_key=key, link_key_name=name)
    return after != parcel and retention.replace_keys(conn, parcel, after, expiry=None)


def _class_keys(kit: Kit) -> int:
    """Keys of a class and month that is over, by which nothing kept is wrapped, nor anything on its way to be kept."""
    with kit.db.read() as conn:
        in_use = retention.wrapping_keys_in_use(conn)
        began = retention.processing_since(conn)
    until = kit.today() if began is None else min(kit.today(), _day(began))
    doomed = [name for name in kit.keys.names() if name not in in_use and _over(name, None, until)]
    return _destroy(kit, doomed)


def _hash_keys(kit: Kit) -> int:
    """Keys of hashes whose half year, and the window behind it, are over."""
    window = dt.timedelta(days=kit.settings.retention.hash_days + _GRACE_DAYS)
    with kit.db.read() as conn:
        in_use = retention.hash_periods_in_use(conn)
    doomed = [
        name
        for name in kit.keys.names()
        if (found := _hash_period(name)) is not None
        and found not in in_use
        and _half_year_end(found[1]) + window < kit.today()
    ]
    return _destroy(kit, doomed)


def _upload_keys(kit: Kit) -> int:
    """Keys of raw uploads that were processed, or that never came to be."""
    names = (name for name in kit.keys.names() if name.startswith(_UPLOAD_KEY))
    count = 0
    for batch in _batches(names):
        with kit.db.read() as conn:
            states = retention.upload_states(conn, [name.removeprefix(_UPLOAD_KEY) for name in batch])
        count += _destroy(kit, [name for name in batch if _is_spent(kit, name.removeprefix(_UPLOAD_KEY), states)])
    return count


def _is_spent(kit: Kit, upload_id: str, states: dict[str, UploadState]) -> bool:
    state = states.get(upload_id)
    if state is not None:
        return state in _DONE
    try:
        made_ms = uuid.UUID(upload_id).int >> 80  # RFC 9562: a version 7 UUID begins with its milliseconds
    except ValueError:
        return False
    return kit.clock().timestamp() * 1000 - made_ms > ORPHAN_KEY_AGE.total_seconds() * 1000


def _blobs(kit: Kit) -> int:
    """Bytes that nothing refers to (any more): packs without keys, reports, hashes, and what killed processes left."""
    count = kit.blobs.sweep(older_than=ORPHAN_AGE)
    for batch in _batches(name for prefix in _KNOWN_BLOBS for name in kit.blobs.names(prefix)):
        with kit.db.read() as conn:
            in_use = retention.blobs_in_use(conn, batch)
        count += sum(_delete_orphan(kit, name) for name in batch if name not in in_use)
    return count


def _delete_orphan(kit: Kit, name: str) -> bool:
    try:
        if kit.clock() - kit.blobs.written_at(name) < ORPHAN_AGE:
            return False
    except NotFoundError:  # another process was first
        return False
    kit.blobs.delete(name)
    return True


_STEPS: Final[dict[str, Callable[[Kit], int]]] = {
    "settled_late": _settle_late,
    "rows": _rows,
    "links": _links,
    "findings": _findings,
    "refused": _refused,
    "file_names": _file_names,
    "hash_runs": _hash_runs,
    "statistics": _statistics,
    "carried_over": _carried_over,
    "class_keys": _class_keys,
    "hash_keys": _hash_keys,
    "upload_keys": _upload_keys,
    "blobs": _blobs,
}
"""In this order: a key is destroyed in the run in which the last thing it wrapped is forgotten."""


def _repeat(kit: Kit, step: Callable[[Connection], int]) -> int:
    """One transaction a batch, until there is nothing left to do."""
    total = 0
    while True:
        with kit.db.write() as conn:
            count = step(conn)
        total += count
        if count == 0:
            return total


def _destroy(kit: Kit, names: Collection[str]) -> int:
    for name in names:
        kit.keys.destroy(name)
    return len(names)


def _over(key_name: str, cls: RetentionClass | None, day: dt.date) -> bool:
    """Whether the month of a wrapping key (of this class, or of any) ended before `day`, the grace included."""
    found = split_class_key_name(key_name)
    if found is None or cls not in {None, found[0]}:
        return False
    return found[1] < month_of(day - dt.timedelta(days=_GRACE_DAYS))


def _hash_period(key_name: str) -> tuple[str, str] | None:
    """(partner, half year) of the name of a hash key; None for every other key."""
    found = _HASH_KEY.fullmatch(key_name)
    return None if found is None else (found[1], found[2])


def _half_year_end(period: str) -> dt.date:
    """The last day of `2026H2`."""
    year, _, half = period.partition("H")
    return dt.date(int(year), 6, 30) if half == "1" else dt.date(int(year), 12, 31)


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(AMSTERDAM).date()


def _ago(kit: Kit, days: int) -> dt.datetime:
    return kit.clock() - dt.timedelta(days=days)


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(itertools.islice(names, BATCH)):
        yield batch
