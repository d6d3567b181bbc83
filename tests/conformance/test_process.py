"""Processing on both engines: every row accounted for, nothing visible before publish, nothing lost or doubled."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from contracts.overeenkomst import Period
from contracts.signaal import Signaaltype
from gateway.errors import KeyDestroyedError
from gateway.flow.findings import read_findings
from gateway.flow.kit import Kit
from gateway.flow.parcels import read_rows
from gateway.flow.process import process_next, sweep, take_over_dead
from gateway.flow.raw_upload import read_raw_upload
from gateway.flow.receive import Claims, announce
from gateway.flow.summary import IntakeSummary, decode_summary
from gateway.lifecycle import DeliveryState, UploadState
from gateway.stages.validate import Checker
from gateway.store import parcels, processing, uploads
from gateway.store.schema import delivery, signaal_row, upload
from gateway.store.uploads import Upload
from tests.builders import LONG_AGO, TEST_BSN, TODAY, a_csv, a_directory, a_gemeente, a_partner, a_row, an_overeenkomst
from tests.conftest import FakeClock
from tests.world import configure, counted, process, receive, reload


def summary(upload: Upload) -> IntakeSummary:
    assert upload.summary is not None
    return decode_summary(upload.summary)


def codes(kit: Kit, upload: Upload) -> Counter[str]:
    frames = read_findings(
        kit,
        upload_id=upload.id,
        blob=upload.findings_blob,
        wrapped_key=upload.findings_key,
        key_name=upload.findings_key_name,
    )
    return Counter(code for frame in frames for code in frame["code"])


def delivered_kenmerken(kit: Kit) -> list[str]:
    """The references in all sealed parcels, as an adapter would get them."""
    with kit.db.read() as conn:
        found = conn.execute(delivery.select().order_by(delivery.c.id)).mappings().all()
        contents = [parcels.get_content(conn, row["id"]) for row in found]
    return [
        signaal.kenmerk
        for row, content in zip(found, contents, strict=True)
        if content is not None
        for signaal in read_rows(
            kit,
            content,
            attempt_no=row["attempt_no"],
            parcel_no=row["parcel_no"],
            position_from=0,
            position_to=row["row_count"],
        )
    ]


def test_a_good_row_becomes_a_waiting_parcel(kit: Kit) -> None:
    configure(kit)
    done = process(kit, a_csv([a_row(kenmerk="A"), a_row(kenmerk="B", huisnummer="14")]))
    assert done.state is UploadState.PROCESSED
    assert (counted(kit, done).waiting, counted(kit, done).refused) == (2, 0)
    assert delivered_kenmerken(kit) == ["A", "B"]


def test_no_row_passes_without_an_agreement_in_force(kit: Kit) -> None:
    ended = an_overeenkomst(van_kracht=Period(from_=LONG_AGO, until=TODAY - dt.timedelta(days=30)))
    configure(kit, overeenkomsten=[ended])
    done = process(kit, a_csv([a_row()]))
    assert counted(kit, done).states["geen_overeenkomst"] == 1
    assert delivered_kenmerken(kit) == []


def test_each_row_is_refused_for_its_own_reason(kit: Kit) -> None:
    configure(kit, a_directory(gemeenten=[a_gemeente(drempelbedrag=5_000)]))
    rows = [
        a_row(kenmerk="goed"),
        a_row(kenmerk="laag", huisnummer="2", bedrag="49,99"),
        a_row(kenmerk="elders", huisnummer="3", gemeentecode="0344"),
        a_row(kenmerk="bsn", huisnummer="4", bsn=TEST_BSN),
        a_row(kenmerk="bezwaar", huisnummer="5", bezwaar="Ja"),
        a_row(kenmerk="fout", huisnummer="", postcode="onzin"),
    ]
    done = process(kit, a_csv(rows))
    states = {name: number for name, number in counted(kit, done).states.items() if number}
    assert states == {
        "in_wachtrij": 1,
        "onder_drempel": 1,
        "geen_overeenkomst": 1,
        "bsn_niet_toegestaan": 1,
        "bezwaar": 1,
        "regel_afgekeurd": 1,
    }
    assert delivered_kenmerken(kit) == ["goed"]
    assert codes(kit, done)["onder_drempel"] == 1


def test_the_message_of_the_threshold_names_both_values(kit: Kit) -> None:
    configure(kit, a_directory(gemeenten=[a_gemeente(drempelbedrag=5_000)]))
    done = process(kit, a_csv([a_row(bedrag="9,05")]))
    (frame,) = read_findings(
        kit,
        upload_id=done.id,
        blob=done.findings_blob,
        wrapped_key=done.findings_key,
        key_name=done.findings_key_name,
    )
    assert frame.filter(pl.col("code") == "onder_drempel")["vorm"].item() == "€ 9,05 is lager dan € 50,00"


def test_the_same_row_twice_in_a_file_goes_once(kit: Kit) -> None:
    configure(kit)
    done = process(kit, a_csv([a_row(), a_row()]))
    assert counted(kit, done).waiting == 1
    assert codes(kit, done)["dubbel_in_bestand"] == 1


def test_a_truncated_upload_and_then_the_whole_one_never_doubles(kit: Kit) -> None:
    configure(kit)
    rows = [a_row(kenmerk=f"K{number}", huisnummer=str(number)) for number in range(1, 7)]
    process(kit, a_csv(rows[:3]))
    whole = process(kit, a_csv(rows))
    assert counted(kit, whole).states["al_aangeleverd"] == 3
    assert sorted(delivered_kenmerken(kit)) == [f"K{number}" for number in range(1, 7)]


def test_a_changed_row_goes_on_with_a_warning(kit: Kit) -> None:
    configure(kit)
    process(kit, a_csv([a_row(bedrag="100,00")]))
    changed = process(kit, a_csv([a_row(bedrag="180,00")]))
    assert counted(kit, changed).waiting == 1
    assert codes(kit, changed)["gewijzigd_aangeleverd"] == 1


def eindelevering(**columns: str) -> dict[str, str]:
    return a_row("energie", signaaltype="eindeleveringssignaal", einde_levering="15-01-2027", **columns)


def test_an_eindeleveringssignaal_without_an_earlier_vroegsignaal_is_remarked(kit: Kit) -> None:
    crisis = an_overeenkomst(signaaltypen=(Signaaltype.EINDELEVERING,))
    configure(kit, overeenkomsten=[crisis])
    process(kit, a_csv([a_row("energie", kenmerk="A")]))
    done = process(kit, a_csv([eindelevering(kenmerk="A"), eindelevering(kenmerk="B", huisnummer="14")]))
    assert counted(kit, done).waiting == 2
    found = codes(kit, done)
    assert (found["geen_eerder_vroegsignaal"], found["gewijzigd_aangeleverd"]) == (1, 0)


def test_a_vroegsignaal_and_what_follows_it_may_stand_in_one_file(kit: Kit) -> None:
    configure(kit, overeenkomsten=[an_overeenkomst(signaaltypen=(Signaaltype.EINDELEVERING,))])
    done = process(kit, a_csv([a_row("energie", kenmerk="A"), eindelevering(kenmerk="A")]))
    assert counted(kit, done).waiting == 2


def test_a_row_that_was_stopped_may_come_again(kit: Kit) -> None:
    configure(kit)
    process(kit, a_csv([a_row()]))
    with kit.db.write() as conn:
        conn.execute(delivery.update().values(state=int(DeliveryState.STOPPED)))
    again = process(kit, a_csv([a_row(), a_row(kenmerk="ander", huisnummer="99")]))
    assert counted(kit, again).waiting == 2


def test_rows_are_compared_across_half_years(kit: Kit, clock: FakeClock) -> None:
    clock.now = dt.datetime(2026, 6, 22, 10, tzinfo=dt.UTC)
    configure(kit)
    process(kit, a_csv([a_row(oudste_vervaldatum="01-04-2026")]))
    clock.now = dt.datetime(2026, 7, 20, 10, tzinfo=dt.UTC)
    later = process(kit, a_csv([a_row(oudste_vervaldatum="01-04-2026"), a_row(huisnummer="7", kenmerk="nieuw")]))
    assert counted(kit, later).states["al_aangeleverd"] == 1


def test_a_fatal_file_passes_no_row_and_says_why(kit: Kit) -> None:
    configure(kit)
    done = process(kit, a_csv([a_row()]).replace(b"kenmerk", b"onzin"))
    assert done.state is UploadState.REJECTED
    assert summary(done).fatal == "bestand_kolom_ontbreekt"
    assert counted(kit, done).rows == 0


def test_a_file_that_turns_fatal_halfway_passes_no_row(kit: Kit) -> None:
    configure(kit)
    done = process(kit, a_csv([a_row()]) + b'"nooit gesloten;\r\n')
    assert done.state is UploadState.REJECTED
    assert delivered_kenmerken(kit) == []
    with kit.db.read() as conn:
        assert conn.execute(signaal_row.select()).first() is None


def test_outside_the_usual_days_there_is_one_warning_for_the_file(kit: Kit, clock: FakeClock) -> None:
    clock.now = dt.datetime(2026, 12, 3, 10, tzinfo=dt.UTC)
    configure(kit)
    done = process(kit, a_csv([a_row(), a_row(huisnummer="14", kenmerk="B")]))
    assert [finding.code for finding in summary(done).file_findings].count("buiten_leverperiode") == 1


def test_the_uploaded_bytes_are_destroyed_once_processed(kit: Kit) -> None:
    configure(kit)
    received = receive(kit, a_csv())
    assert received.blob is not None
    assert process_next(kit)
    assert received.blob not in list(kit.blobs.names())
    with pytest.raises(KeyDestroyedError):
        list(read_raw_upload(kit, upload_id=received.id, blob=received.blob))


def test_a_dead_process_leaves_nothing_visible_and_the_next_one_starts_anew(kit: Kit) -> None:
    configure(kit)
    received = receive(kit, a_csv())
    with kit.db.write() as conn:
        claimed = processing.claim_next(conn, claim_id="dead", lease_ms=60_000)
        assert claimed is not None
        attempt = processing.start_attempt(conn, upload_no=claimed.no, started_at=kit.clock(), token="t")
        conn.execute(signaal_row.insert().values(attempt_no=attempt.no, row_no=1, state=0, parcel_no=1, position=0))
    assert reload(kit, received).rows is None
    assert not process_next(kit)
    with kit.db.write() as conn:
        conn.execute(upload.update().values(lease_until_ms=0))
    assert take_over_dead(kit) == 1
    assert process_next(kit)
    assert counted(kit, received).waiting == 1
    assert len(delivered_kenmerken(kit)) == 1


def test_who_begins_alone_takes_over_at_once(kit: Kit) -> None:
    configure(kit)
    received = receive(kit, a_csv())
    with kit.db.write() as conn:
        assert processing.claim_next(conn, claim_id="dead", lease_ms=60_000) is not None
    assert take_over_dead(kit) == 0
    assert take_over_dead(kit, alone=True) == 1
    assert process_next(kit)
    assert counted(kit, received).waiting == 1


def test_a_claim_that_was_renewed_since_it_was_found_is_not_taken_over(kit: Kit) -> None:
    configure(kit)
    receive(kit, a_csv())
    with kit.db.write() as conn:
        assert processing.claim_next(conn, claim_id="slow", lease_ms=-1) is not None
    with kit.db.read() as conn:
        (found,) = processing.expired(conn, longest_ms=600_000)
    with kit.db.write() as conn:
        assert processing.renew(conn, no=found.no, claim_id="slow", lease_ms=60_000)
        assert not processing.take_over(conn, found, claim_id="quick", lease_ms=60_000)
        assert processing.renew(conn, no=found.no, claim_id="slow", lease_ms=60_000)


def test_a_lease_of_a_clock_that_was_set_back_since_has_run_out(kit: Kit) -> None:
    configure(kit)
    received = receive(kit, a_csv())
    with kit.db.write() as conn:
        assert processing.claim_next(conn, claim_id="dead", lease_ms=3_600_000) is not None
    assert take_over_dead(kit) == 1
    assert process_next(kit)
    assert counted(kit, received).waiting == 1


def test_one_who_lost_the_claim_writes_nothing(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(kit)
    received = receive(kit, a_csv())
    # the claim is taken over while the block is being judged: no other way to stand between two statements
    monkeypatch.setattr(processing, "renew", lambda *_, **__: False)
    assert process_next(kit)
    assert reload(kit, received).state is UploadState.PROCESSING
    assert delivered_kenmerken(kit) == []


def test_while_a_lost_answer_is_asked_for_the_rows_stay_unknown(kit: Kit) -> None:
    configure(kit)
    done = process(kit, a_csv())
    with kit.db.write() as conn:
        claimed = {"state": int(DeliveryState.CLAIMED), "unknown_since": kit.clock()}
        conn.execute(delivery.update().values(**claimed))
    assert counted(kit, done).states["antwoord_onbekend"] == 1
    with kit.db.write() as conn:
        conn.execute(delivery.update().values(unknown_since=None))
    assert counted(kit, done).states["onderweg"] == 1


def test_sweeping_removes_what_killed_processes_left(kit: Kit) -> None:
    configure(kit)
    done = process(kit, a_csv())
    with kit.db.write() as conn:
        conn.execute(upload.update().where(upload.c.no == done.no).values(blob="upload/left"))
        processing.start_attempt(conn, upload_no=done.no, started_at=kit.clock(), token="stale")
    assert sweep(kit) == 2
    assert sweep(kit) == 0
    with kit.db.read() as conn:
        assert uploads.settled_with_blob(conn, limit=10) == []
    assert counted(kit, done).waiting == 1


PANICS: list[Callable[[str], BaseException]] = [ValueError, pl.exceptions.PanicException]


def poison(monkeypatch: pytest.MonkeyPatch, error: Callable[[str], BaseException]) -> None:
    """Checking fails in the reading thread for a file that holds VERGIF: no file is known that does so by itself."""

    check = Checker.check

    def poisoned(self: Checker, piece: pl.DataFrame) -> Any:
        if "VERGIF" in str(piece.to_dicts()):
            raise error("VERGIF of a resident")
        return check(self, piece)

    monkeypatch.setattr(Checker, "check", poisoned)


@pytest.mark.parametrize("error", PANICS)
def test_an_upload_that_fails_lets_the_partners_other_uploads_pass(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Callable[[str], BaseException]
) -> None:
    configure(kit)
    poison(monkeypatch, error)
    bad, good = receive(kit, a_csv([a_row(kenmerk="VERGIF")])), receive(kit, a_csv([a_row(kenmerk="goed")]))
    with caplog.at_level(logging.WARNING, logger="signaalpoort"):
        assert process_next(kit)
    assert process_next(kit)
    assert not process_next(kit)
    assert counted(kit, good).waiting == 1
    assert reload(kit, bad).state is UploadState.RECEIVED
    assert delivered_kenmerken(kit) == ["goed"]
    (told,) = caplog.records
    assert told.getMessage() == "upload_failed"
    assert told.fields["error_type"] == error("").__class__.__name__  # type: ignore[attr-defined]  # our `extra`
    assert "VERGIF" not in str(told.__dict__)


def test_the_wait_of_an_upload_that_fails_grows_to_a_quarter_and_operations_are_told(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    configure(kit)
    bad = receive(kit, a_csv([a_row(kenmerk="VERGIF")]))
    with monkeypatch.context() as poisoned, caplog.at_level(logging.WARNING, logger="signaalpoort"):
        poison(poisoned, ValueError)
        for _ in range(8):
            assert process_next(kit)
            assert not process_next(kit)
            with kit.db.write() as conn:
                conn.execute(upload.update().values(lease_until_ms=1))
    failed = [r.fields for r in caplog.records if r.getMessage() == "upload_failed"]  # type: ignore[attr-defined]  # ours
    assert [fields["seconds"] for fields in failed] == [15, 30, 60, 120, 240, 480, 900, 900]
    stuck = [r for r in caplog.records if r.getMessage() == "upload_stuck"]
    assert [(r.levelno, r.fields["attempt"]) for r in stuck] == [  # type: ignore[attr-defined]  # ours
        (logging.ERROR, attempt) for attempt in (5, 6, 7, 8)
    ]
    with kit.db.read() as conn:
        assert processing.attempts_of(conn, bad.no) == []
    assert process_next(kit)
    assert counted(kit, bad).waiting == 1


def test_an_upload_that_may_end_processes_lets_all_others_go_first(kit: Kit) -> None:
    configure(kit)
    deadly, other = receive(kit, a_csv([a_row(kenmerk="A")])), receive(kit, a_csv([a_row(kenmerk="B")]))
    with kit.db.write() as conn:
        conn.execute(upload.update().where(upload.c.no == deadly.no).values(attempts=processing.STUCK_ATTEMPTS))
    assert process_next(kit)
    assert reload(kit, other).state is UploadState.PROCESSED
    assert process_next(kit)
    assert reload(kit, deadly).state is UploadState.PROCESSED


def test_an_announcement_without_bytes_is_forgotten_after_a_week(kit: Kit, clock: FakeClock) -> None:
    configure(kit)
    announced = announce(kit, a_partner(), channel="https", claims=Claims(size=10, file_name="a.csv"))
    kit.keys.new_upload_key(announced.id)
    clock.advance(days=7)
    assert sweep(kit) == 0
    clock.advance(seconds=1)
    assert sweep(kit) == 1
    with kit.db.read() as conn:
        assert uploads.find_by_id(conn, id=announced.id) is None
    assert f"upload/{announced.id}" not in list(kit.keys.names())
