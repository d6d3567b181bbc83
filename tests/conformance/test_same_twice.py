"""The same signaal twice on both engines: within a file, across the files of one partner, never across partners."""

import uuid

import polars as pl
import pytest
import sqlalchemy as sa

from contracts.signaal import Signaaltype
from gateway import ids
from gateway.flow.findings import read_findings
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.store.schema import delivery
from gateway.store.uploads import Upload
from tests.builders import a_csv, a_directory, a_partner, a_row, an_overeenkomst
from tests.world import configure, counted, process

GEACTUALISEERD = "geactualiseerd_signaal"
HISTORY = {
    "dubbel_in_bestand",
    "al_aangeleverd",
    "gewijzigd_aangeleverd",
    "actualisatie_gekoppeld",
    "geen_eerder_vroegsignaal",
}


def history(kit: Kit, upload: Upload) -> list[tuple[int, str, str | None]]:
    """(row, code, vorm) of what was said of rows that came before."""
    frames = read_findings(
        kit,
        upload_id=upload.id,
        blob=upload.findings_blob,
        wrapped_key=upload.findings_key,
        key_name=upload.findings_key_name,
    )
    found = pl.concat([*frames, pl.DataFrame(schema={"row_no": pl.UInt32, "code": pl.String, "vorm": pl.String})])
    return sorted(found.filter(pl.col("code").is_in(HISTORY)).iter_rows())


def signaal_id(upload: Upload, row_no: int) -> str:
    return str(ids.signaal_id(uuid.UUID(upload.id), row_no))


@pytest.mark.parametrize("bedrag", ["250,75", "300,00"], ids=["the same", "changed"])
def test_within_a_file_the_second_is_an_error_also_when_it_differs(kit: Kit, bedrag: str) -> None:
    configure(kit)
    done = process(kit, a_csv([a_row(), a_row(bedrag=bedrag)]))
    assert history(kit, done) == [(2, "dubbel_in_bestand", None)]
    assert counted(kit, done).waiting == 1


def test_what_came_before_is_named_by_the_id_of_the_last_time(kit: Kit) -> None:
    configure(kit)
    process(kit, a_csv([a_row(bedrag="100,00")]))
    second = process(kit, a_csv([a_row(kenmerk="ander", huisnummer="3"), a_row(bedrag="120,00")]))
    third = process(kit, a_csv([a_row(bedrag="140,00"), a_row(kenmerk="ander", huisnummer="3")]))
    assert history(kit, third) == [
        (1, "gewijzigd_aangeleverd", signaal_id(second, 2)),
        (2, "al_aangeleverd", signaal_id(second, 1)),
    ]
    assert counted(kit, third).waiting == 1


def test_a_row_that_is_the_same_as_an_older_one_is_that_one_again(kit: Kit) -> None:
    """A to B and back to A: the gemeente has B, but A was offered, and nothing is offered twice."""
    configure(kit)
    first = process(kit, a_csv([a_row(bedrag="100,00")]))
    process(kit, a_csv([a_row(bedrag="120,00")]))
    third = process(kit, a_csv([a_row(bedrag="100,00"), a_row(kenmerk="B", huisnummer="3")]))
    assert history(kit, third) == [(1, "al_aangeleverd", signaal_id(first, 1))]


def test_a_geactualiseerd_signaal_is_linked_to_what_it_follows_without_being_called_changed(kit: Kit) -> None:
    configure(kit)
    first = process(kit, a_csv([a_row(kenmerk="A")]))
    rows = [
        a_row(kenmerk="A", bedrag="300,00", signaaltype=GEACTUALISEERD),
        a_row(kenmerk="B", huisnummer="14", signaaltype=GEACTUALISEERD),
    ]
    done = process(kit, a_csv(rows))
    assert history(kit, done) == [
        (1, "actualisatie_gekoppeld", signaal_id(first, 1)),
        (2, "geen_eerder_vroegsignaal", None),
    ]
    assert counted(kit, done).waiting == 2


@pytest.mark.parametrize("earlier_first", [True, False])
def test_what_follows_a_vroegsignaal_of_the_same_file_has_had_one(kit: Kit, *, earlier_first: bool) -> None:
    configure(kit)
    rows = [a_row(), a_row(signaaltype=GEACTUALISEERD, bedrag="300,00"), a_row(kenmerk="B", huisnummer="3")]
    done = process(kit, a_csv(rows if earlier_first else rows[1::-1]))
    assert history(kit, done) == []


def test_an_announced_end_says_for_itself_that_it_is_another_step(kit: Kit) -> None:
    configure(kit, overeenkomsten=[an_overeenkomst(signaaltypen=(Signaaltype.EINDELEVERING,))])
    process(kit, a_csv([a_row("energie")]))
    end = a_row("energie", signaaltype="eindeleveringssignaal", einde_levering="15-01-2027")
    assert history(kit, process(kit, a_csv([end]))) == []


def test_what_was_never_passed_on_counts_as_never_offered(kit: Kit) -> None:
    configure(kit)
    process(kit, a_csv([a_row(), a_row(kenmerk="B", huisnummer="3")]))
    with kit.db.write() as conn:
        conn.execute(sa.update(delivery).values(state=int(DeliveryState.STOPPED)))
    again = process(kit, a_csv([a_row(), a_row(kenmerk="B", huisnummer="3", bedrag="90,00")]))
    assert history(kit, again) == []
    assert counted(kit, again).waiting == 2


def test_partners_are_never_compared(kit: Kit) -> None:
    woonstad, stroomnet = a_partner(), a_partner("stroomnet", number=2)
    agreed = [an_overeenkomst(), an_overeenkomst(key="stroomnet-0363", signaalpartner="stroomnet")]
    configure(kit, a_directory(partners=[woonstad, stroomnet]), agreed)
    process(kit, a_csv([a_row(), a_row(kenmerk="B", huisnummer="3")]), partner=woonstad)
    other = process(kit, a_csv([a_row(), a_row(kenmerk="B", huisnummer="3", bedrag="90,00")]), partner=stroomnet)
    assert history(kit, other) == []
    assert counted(kit, other).waiting == 2
