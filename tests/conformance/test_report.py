"""The report on both engines: it tells every row that did not plainly pass, once, and the equation holds in it."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from contracts.aanlevering import AanleveringStatus, AantallenNaarStatus, Ernst
from gateway.errors import ConflictError, NotFoundError
from gateway.flow import report
from gateway.flow.kit import Kit
from gateway.flow.receive import Claims, announce
from gateway.lifecycle import DeliveryState
from gateway.stages.rules import rule as rule_of
from gateway.store.schema import delivery, row_refusal
from gateway.store.uploads import Upload
from tests.builders import AMSTERDAM, UTRECHT, a_csv, a_directory, a_gemeente, a_partner, a_row, an_overeenkomst
from tests.conftest import FakeClock
from tests.world import configure, process, receive

PARTNER = a_partner()


def world(kit: Kit) -> None:
    """Woonstad has agreements with Amsterdam and Utrecht."""
    directory = a_directory(gemeenten=[a_gemeente(AMSTERDAM), a_gemeente(UTRECHT)])
    configure(kit, directory, [an_overeenkomst(gemeenten=(AMSTERDAM, UTRECHT))])


def a_file(good: int = 4, bad: int = 2) -> bytes:
    """`good` rows for Amsterdam, then one for Utrecht, then `bad` ones."""
    rows = [a_row(kenmerk=f"A{n}", huisnummer=str(n + 1)) for n in range(good)]
    rows.append(a_row(kenmerk="U", gemeentecode=UTRECHT, postcode="3511AB", woonplaats="Utrecht"))
    rows += [a_row(kenmerk=f"B{n}", bedrag="veel") for n in range(bad)]
    return a_csv(rows)


def deliver(kit: Kit, upload: Upload, gemeente: str, state: DeliveryState, **values: Any) -> int:
    """Give the parcel of this gemeente a state; its delivery's id."""
    this = (delivery.c.upload_no == upload.no) & (delivery.c.gemeentecode == gemeente)
    with kit.db.write() as conn:
        conn.execute(sa.update(delivery).where(this).values(state=int(state), **values))
        return int(conn.execute(sa.select(delivery.c.id).where(this)).scalar_one())


def reported(kit: Kit, upload: Upload) -> Any:
    found = report.report(kit, PARTNER, upload_id=upload.id)
    assert_equation(found.aantallen)
    for numbers in found.per_gemeente.values():
        assert_equation(numbers)
    return found


def assert_equation(numbers: AantallenNaarStatus) -> None:
    assert numbers.regels == numbers.geweigerd + numbers.afgeleverd + numbers.wachtend
    assert numbers.regels == sum(numbers.per_status.values())


def test_what_intake_found_is_told_by_cause_and_by_row(kit: Kit) -> None:
    world(kit)
    found = reported(kit, process(kit, a_file()))
    assert found.status is AanleveringStatus.VERWERKT
    assert (found.aantallen.regels, found.aantallen.geweigerd, found.aantallen.wachtend) == (7, 2, 5)
    [cause] = [group for group in found.bevindingen if group.ernst is Ernst.ERROR]
    assert (cause.veld, cause.aantal, cause.eerste_regels) == ("bedrag", 2, (6, 7))
    assert cause.melding
    assert cause.wat_te_doen
    assert {(line.regel, line.code) for line in found.regels if line.ernst is Ernst.ERROR} == {
        (6, cause.code),
        (7, cause.code),
    }
    assert found.wat_nu[0].startswith("Herstel 2 regels")
    assert not found.regels_afgekapt
    assert "puntkomma" in found.gelezen_als


def test_rows_refused_after_they_went_on_are_told_with_the_systems_code(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_file(bad=0))
    accepted = deliver(kit, upload, AMSTERDAM, DeliveryState.ACCEPTED, refused_count=1)
    deliver(kit, upload, UTRECHT, DeliveryState.REFUSED, last_reason="E-17")
    with kit.db.write() as conn:
        conn.execute(sa.insert(row_refusal).values(root_id=accepted, position=2, delivery_id=accepted, code="E-99"))
    found = reported(kit, upload)
    assert [(line.regel, line.status, line.systeemcode) for line in found.systeemweigeringen] == [
        (3, "systeem_geweigerd", "E-99"),
        (5, "systeem_geweigerd", "E-17"),
    ]
    assert found.systeemweigeringen[0].signaal_id.endswith("000003")
    assert (found.aantallen.afgeleverd, found.aantallen.geweigerd) == (3, 2)
    assert found.per_gemeente[AMSTERDAM].afgeleverd == 3
    assert found.per_gemeente[UTRECHT].geweigerd == 1
    lines = list(report.report_lines(kit, PARTNER, upload_id=upload.id))
    assert [(line.regel, line.status) for line in lines if line.status] == [
        (3, "systeem_geweigerd"),
        (5, "systeem_geweigerd"),
    ]
    assert all("Herstel" in line.wat_te_doen for line in lines if line.status)
    [cause] = found.weigeringen_na_aanname
    assert (cause.code, cause.aantal, cause.eerste_regels) == ("systeem_geweigerd", 2, (3, 5))


def test_stopped_rows_are_told_with_the_rule_that_stopped_them(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_file(bad=0))
    deliver(kit, upload, AMSTERDAM, DeliveryState.STOPPED, last_reason="overeenkomst_niet_van_kracht")
    deliver(kit, upload, UTRECHT, DeliveryState.STOPPED)
    found = reported(kit, upload)
    assert [(line.status, line.reden, line.systeemcode) for line in found.systeemweigeringen] == [
        *[("gestopt", "overeenkomst_niet_van_kracht", None)] * 4,
        ("gestopt", None, None),
    ]
    by_rule, unnamed = found.weigeringen_na_aanname
    rule = rule_of("overeenkomst_niet_van_kracht")
    assert (by_rule.code, by_rule.aantal, by_rule.eerste_regels) == (rule.code, 4, (1, 2, 3, 4))
    assert rule.melding in by_rule.melding
    assert by_rule.wat_te_doen == rule.wat_te_doen
    assert (unnamed.code, unnamed.aantal) == ("gestopt", 1)
    assert unnamed.wat_te_doen
    lines = [line for line in report.report_lines(kit, PARTNER, upload_id=upload.id) if line.status]
    assert [line.wat_te_doen for line in lines] == [*[rule.wat_te_doen] * 4, unnamed.wat_te_doen]


def test_rows_refused_later_are_cut_with_a_flag_and_read_some_at_a_time(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(kit)
    upload = process(kit, a_file(good=30, bad=0))
    deliver(kit, upload, AMSTERDAM, DeliveryState.STOPPED, last_reason="overeenkomst_niet_van_kracht")
    asked: list[int] = []
    real = report.ended_rows

    def counting(*arguments: Any, after: int, **more: Any) -> Any:
        asked.append(after)
        return real(*arguments, after=after, **more)

    monkeypatch.setattr(report, "ended_rows", counting)
    monkeypatch.setattr(report, "_ROWS_AT_ONCE", 7)
    lines = report.report_lines(kit, PARTNER, upload_id=upload.id)
    assert asked == []
    assert [line.regel for line in lines if line.status] == list(range(1, 31))
    assert asked == [0, 7, 14, 21, 28]
    intake = msgspec.structs.replace(kit.settings.intake, report_rows=8)
    few = replace(kit, settings=msgspec.structs.replace(kit.settings, intake=intake))
    cut = reported(few, upload)
    assert [line.regel for line in cut.systeemweigeringen] == list(range(1, 9))
    assert cut.systeemweigeringen_afgekapt
    assert cut.weigeringen_na_aanname[0].aantal == 30
    assert not reported(kit, upload).systeemweigeringen_afgekapt


def test_split_parcels_count_at_their_children(kit: Kit) -> None:
    """Half of it was accepted, half stopped by the gate: nobody is counted twice."""
    world(kit)
    upload = process(kit, a_file(bad=0))
    root = deliver(kit, upload, AMSTERDAM, DeliveryState.SPLIT)
    with kit.db.write() as conn:
        parent = dict(conn.execute(sa.select(delivery).where(delivery.c.id == root)).mappings().one())
        for start, end, state in ((0, 2, DeliveryState.ACCEPTED), (2, 4, DeliveryState.STOPPED)):
            child = parent | {
                "idempotency_key": f"{root}-{start}",
                "state": int(state),
                "root_id": root,
                "parent_id": root,
                "position_from": start,
                "position_to": end,
                "row_count": end - start,
            }
            del child["id"]
            conn.execute(sa.insert(delivery).values(child))
    found = reported(kit, upload)
    assert found.aantallen.per_status["gestopt"] == 2
    assert [(line.regel, line.status) for line in found.systeemweigeringen] == [(3, "gestopt"), (4, "gestopt")]


def test_all_delivered_asks_for_nothing(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_file(bad=0))
    deliver(kit, upload, AMSTERDAM, DeliveryState.ACCEPTED)
    deliver(kit, upload, UTRECHT, DeliveryState.ACCEPTED)
    assert reported(kit, upload).wat_nu == ("Alle regels zijn afgeleverd. U hoeft niets te doen.",)


def test_a_possibly_threatening_signaal_that_waits_four_hours_comes_first(kit: Kit, clock: FakeClock) -> None:
    world(kit)
    upload = process(kit, a_file())
    deliver(kit, upload, UTRECHT, DeliveryState.RETRYING, threatening=True)
    assert not reported(kit, upload).wat_nu[0].startswith("Bel de gemeente")
    clock.advance(hours=4, seconds=1)
    assert reported(kit, upload).wat_nu[0].startswith("Bel de gemeente: 1 regel")


def test_a_refused_file_says_why_and_that_nothing_passed(kit: Kit) -> None:
    world(kit)
    found = reported(kit, process(kit, b"geen;kolom;van;ons\r\n1;2;3;4\r\n"))
    assert found.status is AanleveringStatus.AFGEKEURD
    assert "er is niets doorgegeven" in found.wat_nu[0]
    assert found.aantallen.wachtend == 0
    assert found.aantallen.afgeleverd == 0


def test_before_it_is_processed_the_report_says_so(kit: Kit) -> None:
    world(kit)
    found = reported(kit, receive(kit, a_file()))
    assert found.status is AanleveringStatus.ONTVANGEN
    assert "wordt verwerkt" in found.wat_nu[0]


def test_an_announcement_has_no_report_yet(kit: Kit) -> None:
    upload = announce(kit, PARTNER, channel="https", claims=Claims(size=3))
    with pytest.raises(ConflictError):
        report.report(kit, PARTNER, upload_id=upload.id)


def test_lines_beyond_the_bound_are_in_the_whole_list_alone(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    world(kit)
    upload = process(kit, a_file(good=1, bad=1500))
    found = reported(kit, upload)
    assert len(found.regels) == kit.settings.intake.report_rows == 1000
    assert found.regels_afgekapt
    errors = [line for line in report.report_lines(kit, PARTNER, upload_id=upload.id) if line.ernst is Ernst.ERROR]
    assert len(errors) == 1500


def test_after_its_term_the_counts_stay_and_the_findings_are_gone(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_file())
    assert upload.findings_key_name is not None
    kit.keys.destroy(upload.findings_key_name)
    found = reported(kit, upload)
    assert found.aantallen.geweigerd == 2
    assert found.regels == ()


def test_others_are_not_there(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_file())
    stranger = a_partner("stroomnet", number=2)
    for ask in (report.show, report.receipt, report.report, report.report_lines):
        with pytest.raises(NotFoundError):
            ask(kit, stranger, upload_id=upload.id)


def test_pages_follow_each_other_newest_first_without_a_gap(kit: Kit, clock: FakeClock) -> None:
    world(kit)
    sent = []
    for number in range(7):
        sent.append(receive(kit, b"%d" % number).id)
        clock.advance(seconds=number % 2)  # some in the same moment
    got: list[str] = []
    after = None
    while True:
        page = report.page(kit, PARTNER, after=after, limit=3)
        got += [one.aanlevering_id for one in page.aanleveringen]
        after = page.next_after
        if after is None:
            break
    assert got == sent[::-1]
