"""Results in, relays out, on both engines: the right sender, the right words, and no trace of what is withheld."""

import datetime as dt
import shutil
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import msgspec
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.codelists.ddas import LIJSTEN
from contracts.overeenkomst import Systeemkeuze, Webhook
from contracts.terugkoppeling import Gebeurtenis, TerugkoppelingSoort
from gateway.flow.hear import hear, link_reader, list_terugkoppelingen, read_terugkoppeling
from gateway.flow.kit import Kit
from gateway.flow.parcels import Link
from gateway.ids import signaal_id
from gateway.lifecycle import DeliveryState, UploadState
from gateway.stages.schedule import Kind
from gateway.store import deliveries, feedback, overeenkomsten, parcels
from gateway.store.database import open_database
from gateway.store.deliveries import NewDelivery
from gateway.store.schema import delivery, relay, row_refusal, signaal_row, upload
from tests.builders import (
    AMSTERDAM,
    UTRECHT,
    a_csv,
    a_directory,
    a_gemeente,
    a_grond,
    a_partner,
    a_resultaat,
    a_row,
    a_systeem,
    a_toegang,
    an_overeenkomst,
)
from tests.conftest import FakeClock, make_kit
from tests.world import configure, process

UPLOAD = uuid.UUID("01931c5e-7000-7abc-8def-aabbcc000000")
ROWS = 4
WEBHOOK = Webhook(url="https://partner.example/hook", geheimen=("hook",))
DIRECTORY = a_directory(partners=[a_partner(webhook=WEBHOOK)])
TOEGANG = a_toegang()
TICK = 900
SENDERS = 4


def the_id(row_no: int = 1, upload_id: uuid.UUID = UPLOAD) -> str:
    return str(signaal_id(upload_id, row_no))


def delivered(
    kit: Kit, *, state: DeliveryState = DeliveryState.ACCEPTED, upload_id: uuid.UUID = UPLOAD, **changes: object
) -> int:
    """One processed upload of ROWS rows, all in one parcel to `vps` in that state; returns the delivery's id."""
    now = kit.clock()
    with kit.db.write() as conn:
        values = {"id": str(upload_id), "partner": "woonstad", "channel": "https", "created_at": now, "attempts": 1}
        row = values | {"state": int(UploadState.PROCESSED), "received_at": now, "rows": ROWS, "attempt_no": 7}
        upload_no = conn.execute(sa.insert(upload).values(row).returning(upload.c.no)).scalar_one()
        conn.execute(sa.update(upload).where(upload.c.no == upload_no).values(attempt_no=6 + upload_no))
        conn.execute(
            sa.insert(signaal_row),
            [
                {"attempt_no": 6 + upload_no, "row_no": n, "state": 0, "parcel_no": 0, "position": n - 1}
                for n in range(1, ROWS + 1)
            ],
        )
        if not overeenkomsten.current(conn, ["woonstad-0363"]):
            overeenkomsten.put(kit.db, conn, [an_overeenkomst()], owner="file", moment=now)
        new = NewDelivery(
            idempotency_key=str(uuid.uuid5(upload_id, "parcel")),
            kind=Kind.SIGNALEN,
            destination="vps",
            partner="woonstad",
            created_at=now,
            due_at=now,
            row_count=ROWS,
            upload_no=upload_no,
            attempt_no=6 + upload_no,
            parcel_no=0,
            overeenkomst="woonstad-0363",
            overeenkomst_version=1,
            gemeentecode=AMSTERDAM,
            soort="huur",
        )
        [id_] = deliveries.enqueue(conn, [new])
        conn.execute(sa.update(delivery).where(delivery.c.id == id_).values(state=int(state), **changes))
    return id_


def say(kit, *resultaten, directory=DIRECTORY, toegang=TOEGANG):
    return [answer.status for answer in hear(kit, directory, toegang, resultaten)]


def view(kit, *, after=0, limit=100):
    return list_terugkoppelingen(kit, "woonstad", after=after, limit=limit)


def pushed(kit):
    """What a webhook gets: key, when due, order, and the event."""
    columns = ("idempotency_key", "destination", "due_at", "ordering_key", "relay_id")
    query = sa.select(*(delivery.c[name] for name in columns)).where(delivery.c.kind == "terugkoppeling")
    with kit.db.read() as conn:
        found = conn.execute(query.order_by(delivery.c.id)).all()
        rows = [feedback.get_relay(conn, row.relay_id) for row in found]
    events = [read_terugkoppeling(row, lambda _upload, _row: None) for row in rows]
    return [(*row[:4], msgspec.json.encode(event)) for row, event in zip(found, events, strict=True)]


def test_hulp_geaccepteerd_is_heard_at_the_next_tick_with_the_pause(kit, clock):
    delivered(kit)
    assert say(kit, a_resultaat(the_id())) == ["ontvangen"]
    assert view(kit) == []
    clock.advance(seconds=TICK)
    [event] = view(kit)
    assert (event.soort, event.signaal_id, event.volgnummer) == (
        TerugkoppelingSoort.HULP_GEACCEPTEERD,
        the_id(),
        1,
    )
    assert event.beschikbaar_op.timestamp() % TICK == 0
    assert event.pauze_tot_en_met == event.beschikbaar_op.date() + dt.timedelta(days=30)


def test_the_pause_counts_from_the_day_in_amsterdam_on_which_it_is_first_available(kit, clock):
    clock.now = dt.datetime(2026, 11, 20, 22, 50, tzinfo=dt.UTC)
    delivered(kit)
    say(kit, a_resultaat(the_id(), datum=dt.date(2026, 11, 20)))
    clock.advance(hours=1)
    assert view(kit)[0].pauze_tot_en_met == dt.date(2026, 12, 21)


def test_an_agreement_without_a_pause_rule_gives_none(kit, clock):
    with kit.db.write() as conn:
        overeenkomsten.put(kit.db, conn, [an_overeenkomst(pauze_dagen=0)], owner="file", moment=clock())
    delivered(kit)
    say(kit, a_resultaat(the_id()))
    clock.advance(seconds=TICK)
    assert view(kit)[0].pauze_tot_en_met is None


def test_a_report_is_repeatable_under_its_id_and_cannot_be_changed_under_it(kit, clock):
    delivered(kit)
    first = a_resultaat(the_id())
    assert say(kit, first, first) == ["ontvangen", "al_ontvangen"]
    assert say(kit, first) == ["al_ontvangen"]
    assert say(kit, a_resultaat(the_id(), code="Inwoner is overleden")) == ["ongeldig"]
    clock.advance(seconds=TICK)
    assert len(view(kit)) == 1
    assert len(pushed(kit)) == 1


def test_an_unknown_value_is_the_senders_error_and_keeps_nothing(kit):
    delivered(kit)
    [answer] = hear(kit, DIRECTORY, TOEGANG, [a_resultaat(the_id(), code="Iets anders")])
    assert answer.status == "ongeldig"
    assert "Iets anders" not in (answer.detail or "")
    with kit.db.read() as conn:
        assert feedback.totals(conn) == feedback.Totals(received=0, relayed=0, withheld=0)


def test_a_gemeente_can_report_on_what_it_may_have_received_and_on_nothing_else(kit):
    known = set()
    for state in DeliveryState:
        upload_id = uuid.UUID(int=UPLOAD.int + (state << 24))
        delivered(kit, state=state, upload_id=upload_id)
        [status] = say(kit, a_resultaat(the_id(1, upload_id), resultaat_id=f"R-{state}"))
        assert status in {"ontvangen", "onbekend_signaal"}
        known |= {state} if status == "ontvangen" else set()
    assert known == {DeliveryState.ACCEPTED, DeliveryState.CLAIMED, DeliveryState.UNKNOWN}


def test_another_connection_another_gemeente_or_another_time_is_unknown(kit):
    delivered(kit)
    for toegang in (
        a_toegang(systeem="ris"),
        a_toegang(gemeenten=(UTRECHT,)),
        a_toegang(van=dt.date(2026, 11, 21)),
        a_toegang(tot_en_met=dt.date(2026, 11, 19)),
    ):
        assert say(kit, a_resultaat(the_id()), toegang=toegang) == ["onbekend_signaal"]
    assert say(kit, a_resultaat(the_id())) == ["ontvangen"]


def test_an_id_that_is_none_of_ours_is_unknown(kit):
    delivered(kit)
    other_upload = uuid.UUID(int=UPLOAD.int + (1 << 24))
    for text in (the_id(ROWS + 1), the_id(1, other_upload), str(UPLOAD)):
        assert say(kit, a_resultaat(text)) == ["onbekend_signaal"]


def test_a_row_that_the_system_refused_is_unknown_and_its_neighbour_is_not(kit):
    id_ = delivered(kit)
    with kit.db.write() as conn:
        conn.execute(sa.insert(row_refusal).values(root_id=id_, position=1, delivery_id=id_, code="X"))
    assert say(kit, a_resultaat(the_id(2)), a_resultaat(the_id(3), resultaat_id="R-2")) == [
        "onbekend_signaal",
        "ontvangen",
    ]


def test_of_a_split_parcel_only_the_rows_of_the_accepted_child_are_known(kit):
    root = delivered(kit, state=DeliveryState.SPLIT)
    columns = [c for c in delivery.c if c.name not in {"id", "idempotency_key"}]
    with kit.db.write() as conn:
        row = dict(conn.execute(sa.select(*columns).where(delivery.c.id == root)).mappings().one())
        for start, end, state in ((0, 2, DeliveryState.ACCEPTED), (2, 4, DeliveryState.REFUSED)):
            piece = {"position_from": start, "position_to": end, "state": int(state), "parent_id": root}
            conn.execute(sa.insert(delivery).values(row | piece | {"idempotency_key": f"child-{start}"}))
    answers = say(kit, *(a_resultaat(the_id(n), resultaat_id=f"R-{n}") for n in range(1, ROWS + 1)))
    assert answers == ["ontvangen", "ontvangen", "onbekend_signaal", "onbekend_signaal"]


def test_the_old_system_may_still_report_on_what_it_received(kit):
    delivered(kit)
    moved = a_gemeente(systemen=(Systeemkeuze(systeem="ris", van=dt.date(2026, 11, 1)),))
    directory = a_directory(gemeenten=[moved], systemen=[a_systeem("vps"), a_systeem("ris")])
    assert say(kit, a_resultaat(the_id()), directory=directory) == ["ontvangen"]


def test_without_recorded_purpose_and_ground_a_gemeentes_results_stay_here(kit, clock):
    delivered(kit)
    not_yet = a_grond(vastgelegd_op=clock().date() + dt.timedelta(days=1))
    for n, gemeenten in enumerate(([a_gemeente(terugkoppeling=None)], [a_gemeente(terugkoppeling=not_yet)], [])):
        directory = a_directory(gemeenten=gemeenten)
        assert say(kit, a_resultaat(the_id(), resultaat_id=f"R{n}"), directory=directory) == ["ontvangen"]
    clock.advance(seconds=TICK)
    assert view(kit) == []
    with kit.db.read() as conn:
        assert feedback.totals(conn) == feedback.Totals(received=3, relayed=0, withheld=3)


def test_the_cursor_counts_without_gaps_per_partner_and_pages(kit, clock):
    delivered(kit)
    for n in range(1, ROWS + 1):
        say(
            kit,
            a_resultaat(the_id(n), resultaat_id=f"W-{n}", code="Opgepakt"),
            a_resultaat(the_id(n), resultaat_id=f"R-{n}"),
        )
    clock.advance(seconds=TICK)
    assert [e.volgnummer for e in view(kit)] == [1, 2, 3, 4]
    assert [e.volgnummer for e in view(kit, after=1, limit=2)] == [2, 3]
    assert list_terugkoppelingen(kit, "ander", after=0) == []


def test_no_event_becomes_visible_before_an_earlier_one_when_the_clock_goes_back(kit, clock):
    delivered(kit)
    say(kit, a_resultaat(the_id(1)))
    clock.advance(hours=-5)
    say(kit, a_resultaat(the_id(2), resultaat_id="R-2"))
    clock.advance(hours=10)
    first, second = view(kit)
    assert first.beschikbaar_op == second.beschikbaar_op


def test_a_webhook_delivery_is_queued_with_the_event_and_none_where_there_is_no_webhook(kit, clock):
    delivered(kit)
    say(kit, a_resultaat(the_id()))
    [(key, destination, due, ordering, _)] = pushed(kit)
    clock.advance(seconds=TICK)
    [event] = view(kit)
    assert (key, destination, due) == (event.id, "webhook:woonstad", event.beschikbaar_op)
    with kit.db.read() as conn:
        upload_no = conn.execute(sa.select(relay.c.upload_no)).scalar_one()
    assert ordering == f"{upload_no}:1"
    say(kit, a_resultaat(the_id(2), resultaat_id="R-2"), directory=a_directory())
    assert len(pushed(kit)) == 1


def test_reference_and_invoices_come_from_the_sealed_link_until_it_is_forgotten(kit, clock):
    directory = configure(kit)
    done = process(kit, a_csv([a_row(kenmerk=f"K-{n}", huisnummer=str(n), facturen="F1,F2") for n in (1, 2, 3)]))
    with kit.db.write() as conn:
        root = conn.execute(sa.update(delivery).values(state=int(DeliveryState.ACCEPTED)).returning(delivery.c.id))
        content = parcels.get_content(conn, root.scalar_one())
    assert say(kit, a_resultaat(the_id(3, uuid.UUID(done.id))), directory=directory) == ["ontvangen"]
    clock.advance(seconds=TICK)
    [event] = view(kit)
    assert (event.kenmerk, event.facturen) == ("K-3", ("F1", "F2"))
    kit.keys.destroy(content.link_key_name)
    [event] = view(kit)
    assert (event.kenmerk, event.facturen) == (None, ())
    assert event.signaal_id == the_id(3, uuid.UUID(done.id))


def test_a_row_without_a_parcel_has_no_link(kit):
    assert link_reader(kit)(1, 1) is None


def test_a_link_never_shows_its_content():
    assert "S-1" not in repr(Link(kenmerk="S-1"))


def test_several_that_hear_of_one_signaal_at_once_neither_skip_a_number_nor_tell_twice(kit, clock):
    """Only the partner's lock keeps them apart: ids are each sender's own, and the cursor's row exists already.

    (Making that row is a lock by itself: others wait for who inserts it first.)
    """
    delivered(kit)
    say(kit, a_resultaat(the_id(ROWS), resultaat_id="R-first"))
    together = threading.Barrier(SENDERS)

    def send(sender: int) -> list[str]:
        batch = [a_resultaat(the_id(n), resultaat_id=f"R-{sender}-{n}") for n in range(1, ROWS)]
        together.wait()
        return say(kit, *batch)

    with ThreadPoolExecutor(SENDERS) as pool:
        answers = list(pool.map(send, range(SENDERS)))
    assert answers == [["ontvangen"] * (ROWS - 1)] * SENDERS
    clock.advance(seconds=TICK)
    assert [event.volgnummer for event in view(kit)] == [1, 2, 3, 4]
    with kit.db.read() as conn:
        told = feedback.totals(conn)
    assert (told.received, told.relayed) == (1 + SENDERS * (ROWS - 1), ROWS)


def test_who_holds_a_partner_is_waited_for(kit):
    with kit.db.write() as conn:
        feedback.lock_partners(conn, ["woonstad"])  # the row exists from here on

    def lock() -> None:
        with kit.db.write() as conn:
            feedback.lock_partners(conn, ["woonstad"])

    with ThreadPoolExecutor(1) as pool:
        with kit.db.write() as conn:
            feedback.lock_partners(conn, ["woonstad"])
            second = pool.submit(lock)
            assert not wait([second], timeout=0.5).done
        second.result(timeout=10)


REPORTS = st.sampled_from([*Gebeurtenis, *(waarde.tekst for waarde in LIJSTEN["1.2"])])
STEPS = st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 2), REPORTS, st.booleans()), min_size=1, max_size=10)
SETTINGS_OF_GEMEENTE = st.builds(
    a_gemeente,
    terugkoppeling_opt_in=st.sampled_from([(), ("budgetadvies",), ("vervolghulp", "vervolghulp_financieel")]),
    al_bekend_terugkoppelen=st.booleans(),
)


def told(template: Path, folder: Path, directory, steps, leave_out=frozenset()):
    """(all bytes that a partner gets from these steps, which steps were withheld); `leave_out` never happen."""
    folder.mkdir()
    shutil.copyfile(template, folder / "signaalpoort.db")
    clock = FakeClock()
    views, withheld = [], set()
    with open_database(f"sqlite:///{folder / 'signaalpoort.db'}") as db:
        kit = make_kit(db, folder.parent, clock)  # one key store for both histories
        delivered(kit)
        for number, (seconds, row_no, report, dated) in enumerate(steps):
            clock.advance(seconds=seconds)
            if number not in leave_out and not _hear_step(kit, directory, number, row_no, report, dated=dated):
                withheld.add(number)
            views.append(msgspec.json.encode(view(kit)))
        clock.advance(seconds=TICK)
        views.append(msgspec.json.encode(view(kit)))
        return (views, pushed(kit)), withheld


def _hear_step(kit, directory, number, row_no, report, *, dated):
    event = isinstance(report, Gebeurtenis)
    resultaat_ = a_resultaat(
        the_id(row_no),
        resultaat_id=f"R-{number}",
        gebeurtenis=report if event else None,
        code=None if event else report,
        datum=kit.today() if dated or report == Gebeurtenis.HULP_GEACCEPTEERD else None,
    )
    before = len(pushed(kit))
    assert say(kit, resultaat_, directory=directory) == ["ontvangen"]
    return len(pushed(kit)) > before


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gemeente=SETTINGS_OF_GEMEENTE, steps=STEPS, data=st.data())
def test_two_histories_that_differ_in_what_is_withheld_give_a_partner_the_same_bytes(
    sqlite_url, tmp_path_factory, gemeente, steps, data
):
    template = Path(sqlite_url.removeprefix("sqlite:///"))
    directory = a_directory(partners=[a_partner(webhook=WEBHOOK)], gemeenten=[gemeente])
    folder = tmp_path_factory.mktemp("histories")
    whole, withheld = told(template, folder / "whole", directory, steps)
    left_out = frozenset(number for number in withheld if data.draw(st.booleans()))
    without, _ = told(template, folder / "without", directory, steps, left_out)
    assert whole == without
