"""What processing one upload needs to know, read in one snapshot before the first row."""

import datetime as dt
from dataclasses import dataclass

import polars as pl

from contracts.overeenkomst import Signaalpartner
from gateway.errors import NotFoundError
from gateway.flow.earlier import EarlierRun, earlier_runs
from gateway.flow.kit import AMSTERDAM, Kit
from gateway.stages.agreement import VersionedOvereenkomst
from gateway.stages.directory import Directory
from gateway.store import parcels as parcel_store
from gateway.store.overeenkomsten import current_for_partner
from gateway.store.uploads import Upload


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One upload's partner, the agreements that can cover its rows, the postcodes, the earlier rows.

    `received_on`: the date in Europe/Amsterdam on which the upload was received; days past due count to it, once.
    """

    partner: Signaalpartner
    directory: Directory
    overeenkomsten: tuple[VersionedOvereenkomst, ...]
    postcodes: pl.DataFrame | None
    earlier: tuple[EarlierRun, ...]
    received_on: dt.date
    today: dt.date


def load_facts(kit: Kit, upload: Upload) -> Facts:
    """Read everything; raises NotFoundError when the partner is no longer configured."""
    assert upload.received_at is not None
    received_on = upload.received_at.astimezone(AMSTERDAM).date()
    since = kit.clock() - dt.timedelta(days=kit.settings.retention.hash_days)
    with kit.db.read() as conn:
        directory = kit.directories.load(conn)
        overeenkomsten = tuple(current_for_partner(conn, upload.partner))
        postcodes = kit.postcodes.load(conn, on=received_on)
        runs = parcel_store.hash_runs(conn, partner=upload.partner, since=since)
        refused = parcel_store.refused_after_all(conn, partner=upload.partner, since=since)
    partner = directory.partners.get(upload.partner)
    if partner is None:
        raise NotFoundError("the signaalpartner of this upload is no longer configured")
    return Facts(
        partner=partner,
        directory=directory,
        overeenkomsten=overeenkomsten,
        postcodes=None if postcodes is None else postcodes.table,
        earlier=earlier_runs(kit, runs, refused=refused),
        received_on=received_on,
        today=kit.today(),
    )
