"""Rows and counts: rows = refused + delivered + waiting, whatever became of the deliveries, on both engines."""

import datetime as dt
import random

import polars as pl
import pytest
import sqlalchemy as sa

from contracts.row_states import RowState
from gateway.lifecycle import DeliveryState, UploadState
from gateway.store import rows, uploads
from gateway.store.database import Database
from gateway.store.schema import delivery, row_refusal, upload

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


def _upload(db: Database, *, total: int | None, states: str = "{}", attempt: int = 7) -> uploads.Upload:
    with db.write() as conn:
        number = conn.execute(sa.select(sa.func.count()).select_from(upload)).scalar_one()
        values = {
            "id": f"id-{number}",
            "partner": "woonstad",
            "channel": "https",
            "state": int(UploadState.PROCESSED if total is not None else UploadState.PROCESSING),
            "created_at": NOW,
            "attempt_no": attempt,
            "rows": total,
            "summary": f'{{"read_as":"csv","states":{states}}}',
        }
        no = conn.execute(sa.insert(upload).values(values).returning(upload.c.no)).scalar_one()
        found = uploads.find_by_no(conn, no)
        assert found is not None
        return found


def _delivery(db: Database, *, upload_no: int, state: DeliveryState, size: int, **kw: object) -> int:
    values = {
        "kind": "signalen",
        "destination": "vps",
        "partner": "woonstad",
        "attempt_no": 7,
        "parcel_no": 1,
        "position_to": size,
        "created_at": NOW,
        "due_at": NOW,
    } | kw
    with db.write() as conn:
        key = str(conn.execute(sa.select(sa.func.count()).select_from(delivery)).scalar_one())
        values |= {"idempotency_key": key, "upload_no": upload_no, "state": int(state), "row_count": size}
        return int(conn.execute(sa.insert(delivery).values(values).returning(delivery.c.id)).scalar_one())


def test_counts_are_intake_plus_leaf_deliveries(database: Database) -> None:
    counted = _upload(database, total=100, states='{"regel_afgekeurd":5,"BEZWAAR":2}')
    add = {"upload_no": counted.no}
    split = _delivery(database, state=DeliveryState.SPLIT, size=50, **add)
    _delivery(database, state=DeliveryState.ACCEPTED, size=30, refused_count=4, root_id=split, **add)
    _delivery(database, state=DeliveryState.REFUSED, size=20, refused_count=20, root_id=split, **add)
    _delivery(database, state=DeliveryState.SUPERSEDED, size=43, **add)
    _delivery(database, state=DeliveryState.UNKNOWN, size=40, **add)
    _delivery(database, state=DeliveryState.DEAD, size=3, **add)
    _delivery(database, state=DeliveryState.QUEUED, size=99, kind="terugkoppeling", **add)
    with database.read() as conn:
        found = rows.counts(conn, counted)
    assert found is not None
    assert found.reconciles
    assert (found.refused, found.delivered, found.waiting) == (5 + 2 + 4 + 20, 26, 43)
    assert found.states["systeem_geweigerd"] == 24
    assert found.states["bezwaar"] == 2


def test_an_upload_that_was_not_processed_has_no_counts(database: Database) -> None:
    waiting = _upload(database, total=None)
    with database.read() as conn:
        assert rows.counts(conn, waiting) is None


def test_counts_of_many_are_those_of_each(database: Database) -> None:
    dice = random.Random(1)
    states = [state for state in DeliveryState if state not in {DeliveryState.SPLIT, DeliveryState.SUPERSEDED}]
    made = []
    for _ in range(12):
        sizes = [dice.randint(1, 9) for _ in range(4)]
        one = _upload(database, total=sum(sizes) + 3, states='{"onder_drempel":3}')
        for size in sizes:
            _delivery(database, upload_no=one.no, state=dice.choice(states), size=size)
        made.append(one)
    statements: list[str] = []
    with database.read() as conn:
        sa.event.listen(conn, "before_cursor_execute", lambda *args: statements.append(args[2]))
        many = rows.counts_of_many(conn, made)
        assert len(statements) == 1
        assert all(counts.reconciles for counts in many.values())
        assert many == {one.no: rows.counts(conn, one) for one in made}
        assert rows.counts_of_many(conn, []) == {}


def test_a_row_has_the_state_of_the_leaf_that_carries_it(database: Database) -> None:
    frame = pl.DataFrame(
        {
            "row_no": [1, 2, 3, 4],
            "state": [int(RowState.BEZWAAR), 0, 0, 0],
            "parcel_no": [None, 1, 1, 1],
            "position": [None, 0, 1, 2],
        },
        schema={"row_no": pl.UInt32, "state": pl.UInt8, "parcel_no": pl.UInt32, "position": pl.UInt32},
    )
    with database.write() as conn:
        rows.insert_rows(database, conn, attempt_no=7, rows=frame)
    no = _upload(database, total=4, states='{"bezwaar":1}').no
    root = _delivery(database, upload_no=no, state=DeliveryState.SPLIT, size=3)
    add = {"upload_no": no, "root_id": root, "parent_id": root}
    left = _delivery(database, state=DeliveryState.ACCEPTED, size=2, refused_count=1, **add)
    _delivery(database, state=DeliveryState.RETRYING, size=1, **add | {"position_from": 2, "position_to": 3})
    with database.write() as conn:
        refused = {"root_id": root, "position": 1, "delivery_id": left, "code": "E42"}
        conn.execute(sa.insert(row_refusal).values(refused))
    found = []
    with database.read() as conn:
        for number in range(1, 5):
            one = rows.row(conn, attempt_no=7, row_no=number)
            assert one is not None
            found.append(rows.state_of(conn, attempt_no=7, row=one))
    expected = [RowState.BEZWAAR, RowState.AFGELEVERD, RowState.SYSTEEM_GEWEIGERD, RowState.NIEUWE_POGING]
    assert found == expected


def test_a_row_without_a_delivery_is_a_defect_not_a_state(database: Database) -> None:
    with database.read() as conn, pytest.raises(LookupError):
        rows.state_of(conn, attempt_no=7, row=rows.Row(row_no=1, state=0, parcel_no=1, position=0))
