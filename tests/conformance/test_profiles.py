"""An upload is read by the profile that it names, or that its partner's configuration and its headers decide."""

from pathlib import Path

import openpyxl
import pytest

from contracts.overeenkomst import Signaalpartner
from contracts.profiel import Datumvolgorde, Partnerprofiel, Profiel
from gateway.errors import ConflictError, UnknownProfileError
from gateway.flow.kit import Kit
from gateway.flow.process import process_next
from gateway.flow.receive import Claims, Reception, announce
from gateway.flow.summary import IntakeSummary, ReadBy, decode_summary
from gateway.lifecycle import UploadState
from gateway.store import directory
from gateway.store.uploads import Upload
from tests.builders import a_csv, a_partner, a_row
from tests.world import configure, counted, receive, reload

ERP = {
    "soort": "Soort schuld",
    "kenmerk": "Ref.",
    "oudste_vervaldatum": "Eerste",
    "bedrag": "Tegoed",
}
"""Layout column → what the partner's export calls it."""
COLUMNS = {text: column for column, text in ERP.items()}
SAP = Profiel(
    naam="SAP",
    versie=3,
    kolommen=COLUMNS,
    datumvolgorde=Datumvolgorde.MDJ,
    waarden={"soort": {"HUURSCHULD": "huur"}},
)
OTHER = Profiel(naam="Excel", kolommen={"Dossier": "kenmerk"})


def erp_file(kenmerk: str = "A") -> bytes:
    """A row with the month first, that no reading without a profile can take."""
    row = a_row(kenmerk=kenmerk, soort="Huurschuld", oudste_vervaldatum="09-13-2026")
    return a_csv([{ERP.get(column, column): text for column, text in row.items()}])


def keep(kit: Kit, *profielen: Profiel, standaard: str | None = None) -> None:
    with kit.db.write() as conn:
        at = directory.next_generation(conn)
        for profiel in profielen:
            one = Partnerprofiel(signaalpartner="woonstad", standaard=profiel.naam == standaard, profiel=profiel)
            directory.put_object(conn, one, owner="file", at_generation=at)


def take_in(
    kit: Kit, data: bytes, *, profiel: str | None = None, key: str | None = None, partner: Signaalpartner | None = None
) -> Upload:
    claims = Claims(profiel=profiel, idempotency_key=key)
    with Reception(kit, partner or a_partner(), channel="https", claims=claims) as reception:
        reception.write(data)
        return reception.finish().upload


def processed(kit: Kit, upload: Upload) -> tuple[Upload, IntakeSummary]:
    while process_next(kit):
        pass
    done = reload(kit, upload)
    assert done.summary is not None
    return done, decode_summary(done.summary)


def test_an_upload_is_read_by_the_profile_that_it_names(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, OTHER)
    done, summary = processed(kit, take_in(kit, erp_file(), profiel="SAP"))
    assert done.profiel == "SAP"
    assert summary.profiel == ReadBy(naam="SAP", versie=3)
    assert summary.read_as.endswith("met profiel 'SAP' versie 3")
    assert counted(kit, done).waiting == 1


def test_the_highest_version_reads(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, Profiel(naam="SAP", versie=2), Profiel(naam="SAP", versie=1))
    _, summary = processed(kit, take_in(kit, erp_file()))
    assert summary.profiel == ReadBy(naam="SAP", versie=3)


def test_without_a_name_the_only_one_reads(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP)
    done, _ = processed(kit, receive(kit, erp_file()))
    assert counted(kit, done).waiting == 1


def test_without_a_name_the_standard_reads(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, OTHER, standaard="Excel")
    done, summary = processed(kit, receive(kit, erp_file()))
    assert summary.profiel == ReadBy(naam="Excel", versie=1)
    assert done.state is UploadState.REJECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_without_a_name_the_one_whose_headers_are_there_reads(kit: Kit, encoding: str) -> None:
    configure(kit)
    keep(kit, SAP, OTHER)
    done, summary = processed(kit, receive(kit, erp_file().decode().encode(encoding)))
    assert summary.profiel == ReadBy(naam="SAP", versie=3)
    assert counted(kit, done).waiting == 1


def test_where_none_fits_the_file_is_read_as_it_shows_itself(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, OTHER)
    done, summary = processed(kit, receive(kit, a_csv([a_row()])))
    assert summary.profiel is None
    assert "profiel" not in summary.read_as
    assert counted(kit, done).waiting == 1


def test_a_profile_fills_in_what_the_file_leaves_out(kit: Kit) -> None:
    configure(kit)
    keep(kit, Profiel(naam="Kaal", constanten={"soort": "huur", "herinnering_verstuurd": "Ja"}))
    row = {column: text for column, text in a_row().items() if column not in {"soort", "herinnering_verstuurd"}}
    done, _ = processed(kit, receive(kit, a_csv([row])))
    assert counted(kit, done).waiting == 1


def test_a_file_without_a_header_is_read_by_place(kit: Kit) -> None:
    configure(kit)
    row = a_row()
    keep(kit, Profiel(naam="Kaal", kopregel=0, kolommen={str(n): column for n, column in enumerate(row, 1)}))
    done, summary = processed(kit, receive(kit, (";".join(row.values()) + "\n").encode()))
    assert "zonder kopregel" in summary.read_as
    assert counted(kit, done).waiting == 1


def test_a_workbook_is_read_from_the_sheet_that_the_profile_names(kit: Kit, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Toelichting"])
    sheet = book.create_sheet("Signalen")
    row = a_row()
    sheet.append(["Ref." if column == "kenmerk" else column for column in row])
    sheet.append(list(row.values()))
    file = tmp_path / "boek.xlsx"
    book.save(file)
    configure(kit)
    named = {"Ref.": "kenmerk"}
    keep(
        kit,
        Profiel(naam="Boek", blad="Signalen", kolommen=named),
        Profiel(naam="Weg", blad="Nergens", kolommen=named),
        Profiel(naam="Blad 1", kolommen=named),
    )
    done, summary = processed(kit, receive(kit, file.read_bytes()))
    assert "Signalen" in summary.read_as
    assert counted(kit, done).waiting == 1


def test_a_name_that_is_not_there_is_refused_with_the_names_that_are(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, OTHER)
    for attempt in (
        lambda: take_in(kit, erp_file(), profiel="sap"),
        lambda: announce(kit, a_partner(), channel="https", claims=Claims(size=3, profiel="sap")),
    ):
        with pytest.raises(UnknownProfileError) as caught:
            attempt()
        (problem,) = caught.value.problems
        assert problem.detail == "U hebt Excel, SAP."
    with pytest.raises(UnknownProfileError) as caught:
        take_in(kit, erp_file(), profiel="SAP", partner=a_partner("ander", number=2))
    assert "nog geen profielen" in caught.value.problems[0].detail


def test_a_profile_that_is_gone_since_refuses_the_file(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP)
    upload = take_in(kit, erp_file(), profiel="SAP")
    with kit.db.write() as conn:
        directory.next_generation(conn)
        directory.delete_object(conn, kind="profiel", key="woonstad/SAP/3")
    done, summary = processed(kit, upload)
    assert done.state is UploadState.REJECTED
    assert summary.fatal == "bestand_profiel_onbekend"


def test_the_same_bytes_by_another_profile_are_another_upload(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, OTHER)
    first = take_in(kit, erp_file(), profiel="SAP")
    assert take_in(kit, erp_file(), profiel="SAP").id == first.id
    assert take_in(kit, erp_file(), profiel="Excel").id != first.id


def test_one_key_announces_one_profile(kit: Kit) -> None:
    configure(kit)
    keep(kit, SAP, OTHER)
    key = "0d3c1c0e-7d3e-4bb2-9d3e-7d2f0d9f7a10"
    claims = Claims(size=3, profiel="SAP", idempotency_key=key)
    announced = announce(kit, a_partner(), channel="https", claims=claims)
    assert announced.profiel == "SAP"
    assert announce(kit, a_partner(), channel="https", claims=claims).id == announced.id
    with pytest.raises(ConflictError):
        announce(kit, a_partner(), channel="https", claims=Claims(size=3, profiel="Excel", idempotency_key=key))
