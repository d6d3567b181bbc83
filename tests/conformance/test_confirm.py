"""Files that make no sense as a whole, on both engines: held, told, confirmed, taken back, or refused in time."""

import datetime as dt
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contracts.aanlevering import AantallenNaarStatus, Besluit, BevestigingStatus
from contracts.outcomes import Accepted
from contracts.overeenkomst import Period
from contracts.signaal import Signaaltype
from gateway.errors import ConflictError, NotFoundError
from gateway.flow import confirm, report
from gateway.flow.answers import Ended
from gateway.flow.deliver import DeliverParts, Wheel, read_signalen, turn
from gateway.flow.erase import erase_due, rewrap_settled
from gateway.flow.kit import Kit
from gateway.flow.process import process_next, sweep
from gateway.flow.summary import decode_summary
from gateway.lifecycle import DeliveryState
from gateway.runtime.schedule import ReloadOnChange, look_after_held
from gateway.stages.repair_column import link_header
from gateway.store import deliveries, migrate, usual
from gateway.store.database import Database, open_database
from gateway.store.schema import confirmation, delivery, parcel_content, upload_statistic
from gateway.store.uploads import Upload
from tests.builders import LONG_AGO, TODAY, a_csv, a_directory, a_gemeente, a_partner, a_row, a_systeem, an_overeenkomst
from tests.conftest import START, FakeClock, make_kit
from tests.deliveries import terugkoppeling_of
from tests.world import configure, counted, process, receive, reload

PARTNER = a_partner()
PARTS = DeliverParts(read_signalen=read_signalen, read_terugkoppeling=terugkoppeling_of, on_settled=rewrap_settled)
CRISIS = an_overeenkomst(signaaltypen=(Signaaltype.EINDELEVERING,))
ODD = "31-12-1980"
"""The birth date of everyone in a file that makes no sense."""


def rows(count: int = 60, *, birth: str | None = ODD, start: int = 0, **columns: str) -> list[dict[str, str]]:
    """Rows that pass every rule; with one birth date for all they make no sense together."""
    return [
        a_row(
            kenmerk=f"K{n}",
            huisnummer=str(n + 1),
            geboortedatum=birth or f"{n % 28 + 1:02}-{n % 12 + 1:02}-{1950 + n % 40}",
            **columns,
        )
        for n in range(start, start + count)
    ]


def crisis() -> dict[str, str]:
    """A possibly threatening row."""
    announced = {"signaaltype": "eindeleveringssignaal", "einde_levering": "15-01-2027"}
    return a_row("energie", kenmerk="crisis", huisnummer="999", geboortedatum=ODD, **announced)


def states(kit: Kit, upload: Upload) -> dict[str, int]:
    return {name: number for name, number in counted(kit, upload).states.items() if number}


def deliver(kit: Kit, wheel: Wheel | None = None, *, slots: int = 50) -> int:
    """Claim what may be claimed, and take all of it; returns how many parcels."""
    wheel = wheel or Wheel(worker="w")
    claimed = turn(kit, PARTS, wheel, slots=slots).claimed
    turn(kit, PARTS, wheel, ended=[Ended(claimed=c, outcome=Accepted(), ended_at=kit.clock()) for c in claimed])
    return len(claimed)


def decide(kit: Kit, upload: Upload, besluit: Besluit) -> None:
    confirm.decide(kit, PARTNER, upload_id=upload.id, besluit=besluit)


def shown(kit: Kit, upload: Upload) -> Any:
    return report.show(kit, PARTNER, upload_id=upload.id)


@pytest.fixture
def held(kit: Kit) -> Upload:
    """A held upload of sixty rows and a possibly threatening one."""
    configure(kit, overeenkomsten=[CRISIS])
    return process(kit, a_csv([*rows(), crisis()]))


def test_a_file_that_makes_no_sense_waits_but_for_what_may_be_threatening(kit: Kit, held: Upload) -> None:
    assert states(kit, held) == {"in_wachtrij": 1, "wacht_op_bevestiging": 60}
    asked = shown(kit, held).bevestiging
    assert asked.status is BevestigingStatus.OPEN
    assert asked.redenen == ("bestand_geboortedatum_standaard",)
    assert deliver(kit) == 1
    assert states(kit, held) == {"afgeleverd": 1, "wacht_op_bevestiging": 60}


def test_the_report_opens_with_the_question(kit: Kit, held: Upload) -> None:
    told = report.report(kit, PARTNER, upload_id=held.id)
    assert told.wat_nu[:3] == (
        "Controleer uw bestand: 60 regels wachten op uw bevestiging.",
        "Vrijwel alle geboortedatums zijn gelijk (steeds dezelfde); dat lijkt een standaardwaarde van uw systeem.",
        (
            "Klopt het bestand, bevestig het dan uiterlijk 24-11-2026. Klopt het niet, trek het dan in en lever het"
            " verbeterde bestand aan. Zonder bevestiging worden deze regels daarna geweigerd."
        ),
    )
    assert told.wat_nu[-1].startswith("1 regel wacht nog op aflevering")
    assert told.bevestiging == shown(kit, held).bevestiging
    assert told.bevindingen[0].code == "bestand_geboortedatum_standaard"


def test_confirmed_rows_join_the_queue_and_the_same_word_again_changes_nothing(kit: Kit, held: Upload) -> None:
    decide(kit, held, Besluit.DOORGEVEN)
    assert states(kit, held) == {"in_wachtrij": 61}
    assert deliver(kit) == 2
    decide(kit, held, Besluit.DOORGEVEN)
    assert states(kit, held) == {"afgeleverd": 61}
    assert shown(kit, held).bevestiging.status is BevestigingStatus.DOORGEGEVEN


def test_the_gate_judges_confirmed_rows_again(kit: Kit, held: Upload) -> None:
    ended = msgspec.structs.replace(CRISIS, van_kracht=Period(from_=LONG_AGO, until=TODAY - dt.timedelta(days=1)))
    configure(kit, overeenkomsten=[ended])
    decide(kit, held, Besluit.DOORGEVEN)
    assert deliver(kit) == 0
    assert states(kit, held) == {"gestopt": 61}


def test_what_is_taken_back_is_refused_and_may_come_again(kit: Kit, held: Upload, clock: FakeClock) -> None:
    deliver(kit)
    decide(kit, held, Besluit.INTREKKEN)
    decide(kit, held, Besluit.INTREKKEN)
    assert states(kit, held) == {"afgeleverd": 1, "niet_bevestigd": 60}
    told = report.report(kit, PARTNER, upload_id=held.id)
    (group,) = told.weigeringen_na_aanname
    assert (group.code, group.aantal, group.eerste_regels[0]) == ("bestand_ingetrokken", 60, 1)
    assert {line.reden for line in told.systeemweigeringen} == {"bestand_ingetrokken"}
    assert told.wat_nu[0].startswith("60 regels niet doorgegeven.")
    clock.advance(minutes=1)
    mended = process(kit, a_csv([*rows(birth=None), crisis()]))
    assert states(kit, mended) == {"in_wachtrij": 60, "al_aangeleverd": 1}
    assert {found.code for found in decode_summary(mended.summary or "").findings} == {"al_aangeleverd"}


def test_a_decision_is_final_and_only_its_own_partners(kit: Kit, held: Upload) -> None:
    with pytest.raises(NotFoundError):
        confirm.decide(kit, a_partner("stroomnet", number=2), upload_id=held.id, besluit=Besluit.DOORGEVEN)
    decide(kit, held, Besluit.DOORGEVEN)
    with pytest.raises(ConflictError, match="doorgegeven"):
        decide(kit, held, Besluit.INTREKKEN)
    with pytest.raises(ConflictError, match="doorgegeven"):
        confirm.decide_for_partner(kit, upload_id=held.id, besluit=Besluit.INTREKKEN)
    sane = process(kit, a_csv(rows(3)))
    with pytest.raises(ConflictError, match="wacht niet"):
        decide(kit, sane, Besluit.DOORGEVEN)
    assert shown(kit, sane).bevestiging is None


@pytest.mark.parametrize(
    ("received", "until"),
    [
        (dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC), dt.datetime(2026, 11, 24, 23, tzinfo=dt.UTC)),
        (dt.datetime(2026, 12, 23, 9, 30, tzinfo=dt.UTC), dt.datetime(2026, 12, 28, 23, tzinfo=dt.UTC)),
        (dt.datetime(2026, 12, 31, 22, 59, tzinfo=dt.UTC), dt.datetime(2027, 1, 5, 23, tzinfo=dt.UTC)),
    ],
    ids=["over a weekend", "over Christmas", "over New Year"],
)
def test_without_a_word_it_is_refused_after_two_working_days(
    kit: Kit, clock: FakeClock, received: dt.datetime, until: dt.datetime
) -> None:
    clock.now = received
    configure(kit)
    held = process(kit, a_csv(rows()))
    assert shown(kit, held).bevestiging.tot == until
    clock.now = until - dt.timedelta(seconds=1)
    look_after_held(kit)
    assert states(kit, held) == {"wacht_op_bevestiging": 60}
    clock.now = until
    look_after_held(kit)
    look_after_held(kit)
    assert states(kit, held) == {"niet_bevestigd": 60}
    assert shown(kit, held).bevestiging.status is BevestigingStatus.VERLOPEN
    assert report.report(kit, PARTNER, upload_id=held.id).weigeringen_na_aanname[0].code == "bestand_niet_bevestigd"
    with pytest.raises(ConflictError, match="verlopen"):
        decide(kit, held, Besluit.DOORGEVEN)


def test_the_same_bytes_while_it_waits_are_the_same_upload(kit: Kit, clock: FakeClock) -> None:
    configure(kit)
    data = a_csv([*rows(), a_row(bedrag="veel")])
    held = process(kit, data)
    assert states(kit, held) == {"regel_afgekeurd": 1, "wacht_op_bevestiging": 60}
    clock.advance(days=3)
    assert receive(kit, data).id == held.id
    decide(kit, held, Besluit.INTREKKEN)
    assert receive(kit, data).id != held.id


def test_what_waits_is_not_doubled_by_another_file(kit: Kit, held: Upload) -> None:
    other = process(kit, a_csv(rows(3, birth=ODD)))
    assert states(kit, other) == {"al_aangeleverd": 3}
    decide(kit, held, Besluit.DOORGEVEN)
    assert deliver(kit) == 2


def test_operators_who_release_what_they_held_let_nothing_of_this_go(kit: Kit, held: Upload) -> None:
    with kit.db.write() as conn:
        ids = list(conn.scalars(sa.select(delivery.c.id)))
        assert deliveries.hold(conn, ids) == 1
        assert deliveries.release(conn, ids, now=kit.clock()) == 1
        assert deliveries.replay(conn, ids, now=kit.clock()) == 0
    assert states(kit, held) == {"nieuwe_poging": 1, "wacht_op_bevestiging": 60}


def test_a_confirmed_file_waits_its_turn_as_one_that_comes_now(kit: Kit, clock: FakeClock) -> None:
    other = a_partner("stroomnet", number=2)
    agreed = [an_overeenkomst(), an_overeenkomst(key="stroomnet-0363", signaalpartner="stroomnet")]
    configure(kit, a_directory(partners=[PARTNER, other], systemen=[a_systeem(max_rijen=10)]), agreed)
    held = process(kit, a_csv(rows()))
    process(kit, a_csv(rows(birth=None)), partner=other)
    wheel = Wheel(worker="w")
    assert sum(deliver(kit, wheel, slots=1) for _ in range(3)) == 3
    decide(kit, held, Besluit.DOORGEVEN)
    with kit.db.read() as conn:
        queued = delivery.c.state == int(DeliveryState.QUEUED)
        turns = conn.execute(sa.select(delivery.c.partner, delivery.c.turn).where(queued)).all()
    of = {key: sorted(number for partner, number in turns if partner == key) for key in ("woonstad", "stroomnet")}
    assert of == {"stroomnet": [3, 4, 5], "woonstad": [3, 4, 5, 6, 7, 8]}


def test_what_was_confirmed_goes_to_the_system_of_now(kit: Kit) -> None:
    """The gemeente changed its system while the file waited; the old one may never be asked again."""
    systems = [a_systeem(), a_systeem("ris")]
    configure(kit, a_directory(systemen=systems))
    held = process(kit, a_csv(rows()))
    look = ReloadOnChange(kit, PARTS, lambda _: None)
    configure(kit, a_directory(systemen=systems, gemeenten=[a_gemeente(systeem="ris")]))
    look()
    decide(kit, held, Besluit.DOORGEVEN)
    look()
    with kit.db.read() as conn:
        assert set(conn.scalars(sa.select(delivery.c.destination))) == {"ris"}


def test_only_what_the_settings_name_is_held(kit: Kit) -> None:
    configure(kit)
    sanity = msgspec.structs.replace(kit.settings.sanity, hold=("bestand_veel_meer_regels",))
    lenient = replace(kit, settings=msgspec.structs.replace(kit.settings, sanity=sanity))
    done = process(lenient, a_csv(rows()))
    assert states(kit, done) == {"in_wachtrij": 60}
    assert decode_summary(done.summary or "").file_findings[0].code == "bestand_geboortedatum_standaard"


def test_the_few_rows_that_pass_among_many_refused_for_one_reason_wait(kit: Kit) -> None:
    configure(kit)
    held = process(kit, a_csv([*rows(5, birth=None), *rows(95, birth=None, start=100, bedrag="veel")]))
    assert states(kit, held) == {"regel_afgekeurd": 95, "wacht_op_bevestiging": 5}
    assert report.report(kit, PARTNER, upload_id=held.id).wat_nu[1] == (
        "Bijna alle regels zijn om dezelfde reden geweigerd: 95 van de 100, om bedrag_ongeldig."
    )


def test_a_repaired_file_is_never_called_small_and_makes_nothing_usual(kit: Kit, clock: FakeClock) -> None:
    configure(kit)
    for month in (9, 10):
        clock.now = dt.datetime(2026, month, 21, 9, tzinfo=dt.UTC)
        due = f"01-{month - 3:02}-2026"
        whole = process(kit, a_csv(rows(300, birth=None, start=month * 1000, oudste_vervaldatum=due)))
    column = {link_header(whole.id): "bedrag_ongeldig"}
    clock.now = START
    some = process(kit, a_csv(rows(55, birth=None, start=50_000)))
    mended = process(kit, a_csv([row | column for row in rows(55, birth=None, start=60_000)]))

    def about_the_file(upload: Upload) -> list[str]:
        found = (finding.code for finding in decode_summary(upload.summary or "").file_findings)
        return [code for code in found if code.startswith("bestand_")]

    assert about_the_file(some) == ["bestand_veel_minder_regels"]
    assert about_the_file(mended) == []
    with kit.db.read() as conn:
        past = usual.of_partner(conn, partner="woonstad", since=LONG_AGO_MOMENT)
    assert [one.rows for one in past] == [300, 300, 55]


def test_a_file_of_which_nothing_would_go_on_waits_for_nobody(kit: Kit) -> None:
    configure(kit)
    refused = process(kit, a_csv(rows(birth=None, bedrag="veel")))
    assert states(kit, refused) == {"regel_afgekeurd": 60}
    assert decode_summary(refused.summary or "").file_findings[0].code == "bestand_meeste_geweigerd"
    assert shown(kit, refused).bevestiging is None


def test_a_file_whose_columns_are_shifted_is_found(kit: Kit) -> None:
    """As when a cell too many stands in every row: amounts under dates, dates under telephone numbers."""
    configure(kit)
    good = rows(birth=None)
    names = ["bedrag", "oudste_vervaldatum", "telefoon", "email"]
    header = [name for name in good[0] if name not in names] + names
    shifted = [{**row, "oudste_vervaldatum": row["bedrag"], "telefoon": row["oudste_vervaldatum"]} for row in good]
    done = process(kit, a_csv([{name: row.get(name, "") for name in header} for row in shifted]))
    (found,) = [f for f in decode_summary(done.summary or "").file_findings if f.code == "bestand_kolom_verschoven"]
    assert found.vorm == "in oudste_vervaldatum staat een bedrag, in telefoon staat een datum"


def test_amounts_in_cents_and_far_more_rows_are_seen_against_what_is_usual(kit: Kit, clock: FakeClock) -> None:
    configure(kit)
    for month in (9, 10):
        clock.now = dt.datetime(2026, month, 21, 9, tzinfo=dt.UTC)
        due = f"01-{month - 3:02}-2026"
        usual_file = rows(birth=None, start=month * 1000, oudste_vervaldatum=due)
        assert states(kit, process(kit, a_csv(usual_file))) == {"in_wachtrij": 60}
    clock.now = START
    cents = process(kit, a_csv(rows(birth=None, start=50_000, bedrag="25075,50")))
    assert shown(kit, cents).bevestiging.redenen == ("bestand_bedragen_maal_honderd",)
    more = process(kit, a_csv(rows(301, birth=None, start=60_000)))
    assert shown(kit, more).bevestiging.redenen == ("bestand_veel_meer_regels",)
    fewer = process(kit, a_csv(rows(8, birth=None, start=70_000, bedrag="30000")))
    assert shown(kit, fewer).bevestiging is None


def test_only_counts_and_medians_are_kept_and_a_held_file_counts_once_confirmed(
    kit: Kit, held: Upload, clock: FakeClock
) -> None:
    def past() -> list[tuple[str, int, int | None]]:
        with kit.db.read() as conn:
            found = usual.of_partner(conn, partner="woonstad", since=START - dt.timedelta(days=1))
        return [(one.soort, one.rows, one.median_cents) for one in found]

    assert past() == []
    decide(kit, held, Besluit.DOORGEVEN)
    assert past() == [("energie", 1, None), ("huur", 60, 25_075)]
    with kit.db.read() as conn:
        assert usual.of_partner(conn, partner="stroomnet", since=LONG_AGO_MOMENT) == []
    clock.advance(days=kit.settings.retention.statistic_days)
    erase_due(kit)
    with kit.db.read() as conn:
        assert conn.execute(sa.select(upload_statistic)).first() is None
        assert conn.execute(sa.select(confirmation)).first() is None


LONG_AGO_MOMENT = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)


def keys_left(kit: Kit, upload: Upload) -> Counter[bool]:
    """Whether the rows of its parcels can still be opened → how many parcels."""
    of_upload = delivery.c.upload_no == upload.no
    query = sa.select(parcel_content.c.rows_key).join(delivery, delivery.c.id == parcel_content.c.delivery_id)
    with kit.db.read() as conn:
        return Counter(key is not None for key in conn.scalars(query.where(of_upload)))


def test_dropped_rows_are_forgotten_as_other_refused_rows_are(kit: Kit, held: Upload, clock: FakeClock) -> None:
    deliver(kit)
    decide(kit, held, Besluit.INTREKKEN)
    clock.advance(days=kit.settings.retention.refused_rows_days - 1)
    erase_due(kit)
    assert keys_left(kit, held) == {True: 2}
    clock.advance(days=1)
    erase_due(kit)
    assert keys_left(kit, held) == {True: 1, False: 1}


def test_what_waits_is_not_forgotten(kit: Kit, held: Upload, clock: FakeClock) -> None:
    clock.advance(days=100)
    erase_due(kit)
    assert keys_left(kit, held) == {True: 2}
    decide(kit, held, Besluit.DOORGEVEN)
    assert deliver(kit) == 2


class KilledError(BaseException):
    """The process ends here: nothing catches it."""


def killed(*_: object, **__: object) -> None:
    raise KilledError


def test_a_kill_after_publish_loses_no_question(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    configure(kit)
    received = receive(kit, a_csv(rows()))
    with monkeypatch.context() as dying:
        dying.setattr(confirm, "tell_held", killed)  # no other way to stand between a commit and what follows it
        with pytest.raises(KilledError):
            process_next(kit)
    assert states(kit, received) == {"wacht_op_bevestiging": 60}
    with caplog.at_level(logging.WARNING, logger="signaalpoort"):
        look_after_held(kit)
        look_after_held(kit)
    (told,) = [record for record in caplog.records if record.getMessage() == "upload_held"]
    assert told.fields == {  # type: ignore[attr-defined]  # our `extra`
        "upload_id": received.id,
        "partner": "woonstad",
        "reasons": "bestand_geboortedatum_standaard",
        "until": "2026-11-24T23:00:00+00:00",
    }
    assert sweep(kit) == 1
    assert reload(kit, received).blob is None


def test_a_kill_after_a_decision_leaves_it_whole_and_retention_goes_on(
    kit: Kit, held: Upload, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(kit)
    with monkeypatch.context() as dying:
        dying.setattr(confirm, "rewrap_settled", killed)
        with pytest.raises(KilledError):
            decide(kit, held, Besluit.INTREKKEN)
    assert states(kit, held) == {"afgeleverd": 1, "niet_bevestigd": 60}
    erase_due(kit)
    clock.advance(days=kit.settings.retention.refused_rows_days)
    erase_due(kit)
    assert keys_left(kit, held) == {True: 1, False: 1}


def test_a_kill_within_a_decision_leaves_nothing_decided(
    kit: Kit, held: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    for besluit, step in ((Besluit.DOORGEVEN, "let_go"), (Besluit.INTREKKEN, "drop")):
        with monkeypatch.context() as dying:
            dying.setattr(confirm.confirmations, step, killed)
            with pytest.raises(KilledError):
                decide(kit, held, besluit)
    assert shown(kit, held).bevestiging.status is BevestigingStatus.OPEN
    assert states(kit, held) == {"in_wachtrij": 1, "wacht_op_bevestiging": 60}


class HeldLaws(RuleBasedStateMachine):
    """A partner who sends sense and nonsense and decides late, early, twice or never; a clock; a system; an operator.

    At every step each upload reconciles, nothing that waits for a word was ever claimed, and a decision stays.
    """

    opened: Any

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.context = self.opened()
        db: Database = self.context.__enter__()
        self.clock = FakeClock()
        self.kit = make_kit(db, Path(self.folder.name), self.clock)
        self.wheel = Wheel(worker="w")
        self.uploads: list[Upload] = []
        self.decided: dict[int, BevestigingStatus] = {}

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        self.folder.cleanup()

    @initialize()
    def configured(self) -> None:
        configure(self.kit, a_directory(systemen=[a_systeem(max_rijen=25)]), [CRISIS])

    @rule(odd=st.booleans(), again=st.booleans(), threatening=st.booleans(), bad=st.integers(0, 3))
    def send(self, odd: bool, again: bool, threatening: bool, bad: int) -> None:
        self.clock.advance(minutes=1)
        sent = rows(52, birth=ODD if odd else None, start=0 if again else len(self.uploads) * 100)
        wrong = [a_row(kenmerk=f"fout-{len(self.uploads)}-{n}", bedrag="veel") for n in range(bad)]
        self.uploads.append(process(self.kit, a_csv([*sent, *wrong, *([crisis()] if threatening else [])])))

    @rule(n=st.integers(0, 99), besluit=st.sampled_from(Besluit), beheer=st.booleans())
    def decide(self, n: int, besluit: Besluit, beheer: bool) -> None:
        if not self.uploads:
            return
        upload = self.uploads[n % len(self.uploads)]
        before = shown(self.kit, upload).bevestiging
        told = BevestigingStatus.DOORGEGEVEN if besluit is Besluit.DOORGEVEN else BevestigingStatus.INGETROKKEN
        try:
            if beheer:
                confirm.decide_for_partner(self.kit, upload_id=upload.id, besluit=besluit)
            else:
                decide(self.kit, upload, besluit)
        except ConflictError:
            assert before is None or before.status not in {BevestigingStatus.OPEN, told}
        else:
            assert before.status in {BevestigingStatus.OPEN, told}

    @rule(hours=st.sampled_from([1, 30, 80]))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        look_after_held(self.kit)

    @rule(slots=st.integers(1, 6))
    def deliver(self, slots: int) -> None:
        deliver(self.kit, self.wheel, slots=slots)

    @rule()
    def hold_and_release(self) -> None:
        with self.kit.db.write() as conn:
            ids = list(conn.scalars(sa.select(delivery.c.id)))
            deliveries.hold(conn, ids)
            deliveries.release(conn, ids, now=self.clock())

    @invariant()
    def every_upload_reconciles(self) -> None:
        for upload in self.uploads:
            counted(self.kit, upload)
            told: AantallenNaarStatus = report.report(self.kit, PARTNER, upload_id=upload.id).aantallen
            assert told.regels == told.geweigerd + told.afgeleverd + told.wachtend

    @invariant()
    def what_waits_for_a_word_never_left(self) -> None:
        apart = [int(DeliveryState.AWAITING), int(DeliveryState.DECLINED)]
        with self.kit.db.read() as conn:
            t = delivery.c
            left = sa.select(t.id).where(t.state.in_(apart) & (t.first_sent_at.is_not(None) | t.threatening))
            assert conn.execute(left).first() is None

    @invariant()
    def a_decision_stays_and_nothing_waits_after_it(self) -> None:
        for upload in self.uploads:
            asked = shown(self.kit, upload).bevestiging
            if asked is None or asked.status is BevestigingStatus.OPEN:
                continue
            assert self.decided.setdefault(upload.no, asked.status) is asked.status
            assert "wacht_op_bevestiging" not in states(self.kit, upload)


def hold_the_laws(machine: type[RuleBasedStateMachine], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_laws_hold_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("laws")
    template = folder / "template.db"
    with open_database(f"sqlite:///{template}") as db:
        migrate.upgrade(db)

    @contextmanager
    def opened() -> Iterator[Database]:
        file = Path(tempfile.mkdtemp(dir=folder)) / "signaalpoort.db"
        shutil.copyfile(template, file)
        with open_database(f"sqlite:///{file}") as db:
            yield db

    hold_the_laws(type("HeldLawsSqlite", (HeldLaws,), {"opened": staticmethod(opened)}), 15)


def test_the_laws_hold_on_postgresql(postgres_server: Any) -> None:
    template = postgres_server.create()
    with open_database(postgres_server.url(template)) as db:
        migrate.upgrade(db)

    @contextmanager
    def opened() -> Iterator[Database]:
        name = postgres_server.create(template=template)
        with open_database(postgres_server.url(name)) as db:
            yield db
        postgres_server.drop(name)

    hold_the_laws(type("HeldLawsPostgresql", (HeldLaws,), {"opened": staticmethod(opened)}), 5)
