"""What a partner gets back of refused rows, on both engines: its repair file, and proofs that rows were offered."""

import base64
import csv
import hashlib
import io
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from contracts.aanbieding import AangebodenRegel, BewijsVanAanbieding
from contracts.profiel import Profiel, Tekenset
from gateway.crypto.signing import verify
from gateway.errors import ConflictError, KeyDestroyedError, NotFoundError
from gateway.flow import offer_proof, report
from gateway.flow.erase import erase_due
from gateway.flow.kit import Kit
from gateway.flow.repair import repair_file
from gateway.store.uploads import Upload
from tests.builders import AMSTERDAM, UTRECHT, a_csv, a_directory, a_gemeente, a_partner, a_row, an_overeenkomst
from tests.conftest import FakeClock
from tests.world import configure, process, receive

PARTNER = a_partner()
ROTTERDAM = "0599"


def world(kit: Kit) -> None:
    """Woonstad may deliver to Amsterdam, above € 50; Utrecht has no agreement, Rotterdam is not connected."""
    gemeenten = [
        a_gemeente(AMSTERDAM, drempelbedrag=5000),
        a_gemeente(UTRECHT),
        a_gemeente(ROTTERDAM, verwerkersovereenkomst=None),
    ]
    configure(kit, a_directory(gemeenten=gemeenten), [an_overeenkomst(gemeenten=(AMSTERDAM, ROTTERDAM))])


def every_kind() -> list[dict[str, str]]:
    """Good, two to mend, no agreement, not connected, below the threshold, objection, BSN, the same again."""
    return [
        a_row(kenmerk="goed", bsn="", bezwaar=""),
        a_row(kenmerk="bedrag", bedrag="veel"),
        a_row(kenmerk="postcode", postcode="1012", telefoon="+31612345678", woonplaats='=A1&"x;y"'),
        a_row(kenmerk="geen", gemeentecode=UTRECHT, postcode="3511AB"),
        a_row(kenmerk="later", gemeentecode=ROTTERDAM, postcode="3011AB"),
        a_row(kenmerk="weinig", bedrag="12,50"),
        a_row(kenmerk="bezwaar", bezwaar="Ja"),
        a_row(kenmerk="bsn", bsn="123456782"),
        a_row(kenmerk="goed"),
    ]


def repaired(kit: Kit, upload: Upload) -> bytes:
    return b"".join(repair_file(kit, PARTNER, upload_id=upload.id).chunks)


def read(data: bytes, delimiter: str = ";") -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def proofs(kit: Kit, upload: Upload, **query: int) -> list[AangebodenRegel]:
    return list(offer_proof.offers(kit, PARTNER, upload_id=upload.id, **query).lines)


def payload(kit: Kit, line: AangebodenRegel) -> BewijsVanAanbieding:
    return msgspec.json.decode(verify(line.bewijs, kit.signer.jwks()), type=BewijsVanAanbieding)


def test_the_repair_file_has_what_may_be_kept_as_it_was_sent_and_why_it_was_refused(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_csv(every_kind()))

    data = repaired(kit, upload)

    rows = read(data)
    link = f"bevindingen (herstel van {upload.id})"
    assert list(rows[0]) == [*every_kind()[0], link]
    assert [row["kenmerk"] for row in rows] == ["bedrag", "postcode", "weinig", "goed"]
    sent = every_kind()[2]
    assert {name: rows[1][name] for name in sent} == sent | {"woonplaats": "'" + sent["woonplaats"]}
    assert rows[0][link].startswith("regel 2: bedrag_ongeldig: In bedrag staat geen bedrag. ")
    assert "€ 12,50 is lager dan € 50,00" in rows[2][link]
    assert all(row[link].startswith("regel ") for row in rows)
    assert data.endswith(b"\r\n")
    assert b"123456782" not in data


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8"), (",", "cp1252"), ("\t", "utf-16"), ("|", "utf-8-sig"), (";", "cp1252")]
)
def test_it_has_the_delimiter_of_the_file_and_is_utf_8_whatever_that_was(
    kit: Kit, delimiter: str, encoding: str
) -> None:
    world(kit)
    row = a_row(bedrag="veel", achternaam="Müller", straat=f'Het "{delimiter}" plein')
    data = repaired(kit, process(kit, a_csv([row], delimiter=delimiter, encoding=encoding)))

    [found] = read(data, delimiter)
    assert {name: found[name] for name in row} == row


def test_a_repaired_file_is_read_as_sent_and_linked_both_ways(kit: Kit) -> None:
    world(kit)
    first = process(kit, a_csv(every_kind()))
    text = repaired(kit, first).decode()

    second = process(kit, text.replace("veel", "250,75").encode())

    again = report.report(kit, PARTNER, upload_id=second.id)
    assert again.herstel_van == first.id
    assert report.report(kit, PARTNER, upload_id=first.id).hersteld_door == (second.id,)
    assert report.show(kit, PARTNER, upload_id=second.id).herstel_van == first.id
    listed = report.page(kit, PARTNER, after=None, limit=9).aanleveringen
    assert {one.aanlevering_id: (one.herstel_van, one.hersteld_door) for one in listed} == {
        first.id: (None, (second.id,)),
        second.id: (first.id, ()),
    }
    assert again.aantallen.regels == 4
    assert again.aantallen.wachtend == 1
    assert again.aantallen.per_status["al_aangeleverd"] == 1, "the row that went the first time does not go twice"
    left = read(repaired(kit, second))
    assert [row["kenmerk"] for row in left] == ["postcode", "weinig"]
    assert left[0]["woonplaats"] == "'" + every_kind()[2]["woonplaats"], "marked once, not once a time"
    assert not [name for name in left[0] if "herstel van" in name and second.id not in name]


NAMES = list(a_row())
BY_PLACE = Profiel(naam="zonder", kopregel=0, kolommen={str(n): name for n, name in enumerate(NAMES, start=1)})
BELOW_TITLES = Profiel(naam="onder", kopregel=4, tekenset=Tekenset.WINDOWS_1252)


@pytest.mark.parametrize("profiel", [BY_PLACE, BELOW_TITLES], ids=["no header", "below titles"])
def test_a_repaired_file_is_read_whatever_its_profile_says_of_the_header(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, profiel: Profiel
) -> None:
    world(kit)
    plain = a_csv([a_row(bedrag="veel", achternaam="Müller")], encoding="cp1252")
    data = plain.split(b"\r\n", 1)[1] if profiel is BY_PLACE else b"Achterstanden\r\n\r\nnovember\r\n" + plain
    # Which profile reads a file is decided elsewhere; here it is what it says.
    monkeypatch.setattr("gateway.flow.reading.profile_for", lambda *_, **__: profiel)
    first = process(kit, data)

    mend = repaired(kit, first)
    assert list(read(mend)[0])[:-1] == NAMES
    second = process(kit, mend.replace(b"veel", b"250,75"))

    told = report.report(kit, PARTNER, upload_id=second.id)
    assert (told.aantallen.regels, told.aantallen.wachtend, told.herstel_van) == (1, 1, first.id)


def test_a_row_of_which_only_the_findings_are_left_is_no_row(kit: Kit) -> None:
    world(kit)
    first = process(kit, a_csv([a_row(kenmerk="A", bedrag="veel"), a_row(kenmerk="B", bedrag="veel")]))
    header, one, two, _ = repaired(kit, first).decode().split("\r\n")
    emptied = ";" * one.count(";", 0, one.index("regel 1")) + one[one.index("regel 1") :]
    second = process(kit, "\r\n".join([header, emptied, two.replace("veel", "10"), ""]).encode())

    assert second.rows == 1


def test_a_link_to_an_upload_of_somebody_else_or_of_nobody_is_no_link(kit: Kit) -> None:
    other = a_partner("buurman", oin="00000099000000002000")
    directory = a_directory(partners=[PARTNER, other])
    configure(kit, directory, [an_overeenkomst()])
    theirs = process(kit, a_csv([a_row(bedrag="veel")]), partner=other)
    for of in (theirs.id, "01a1f84a-95c0-7d95-8d48-471400000000"):
        row = a_row(kenmerk=of[:8]) | {f"bevindingen (herstel van {of})": "regel 1: iets"}
        mine = process(kit, a_csv([row]))
        assert report.show(kit, PARTNER, upload_id=mine.id).herstel_van is None
    assert report.show(kit, other, upload_id=theirs.id).hersteld_door == ()


def test_a_file_of_many_blocks_keeps_its_order_and_its_findings(kit: Kit) -> None:
    world(kit)
    rows = [
        a_row(kenmerk=f"K{n}", bedrag="veel" if n % 3 == 0 else "250,75", huisnummer=str(n)) for n in range(1, 30_000)
    ]
    small = msgspec.structs.replace(kit.settings.intake, block_mib=1)
    kit = replace(kit, settings=msgspec.structs.replace(kit.settings, intake=small))
    data = repaired(kit, process(kit, a_csv(rows)))

    found = read(data)
    assert [row["kenmerk"] for row in found] == [f"K{n}" for n in range(3, 30_000, 3)]
    assert [list(row.values())[-1].split(":")[0] for row in found] == [f"regel {n}" for n in range(3, 30_000, 3)]


def test_proofs_are_of_rows_that_gate_or_threshold_refused_and_of_no_others(kit: Kit) -> None:
    world(kit)
    data = a_csv(every_kind())
    upload = process(kit, data)

    told = [payload(kit, line) for line in proofs(kit, upload)]

    assert [(one.regel, one.gemeentecode, one.reden) for one in told] == [
        (4, UTRECHT, "geen_overeenkomst"),
        (5, ROTTERDAM, "gemeente_niet_aangesloten"),
        (6, AMSTERDAM, "onder_drempel"),
    ]
    for one in told:
        assert one.aanlevering_id == upload.id
        assert one.signaalpartner_oin == PARTNER.oin
        assert one.ontvangen_op == upload.received_at
        assert one.aanlevering_sha256 == hashlib.sha256(data).hexdigest()
        assert one.reden_tekst.endswith(".")


def test_who_has_the_row_and_its_salt_shows_that_the_proof_is_about_it_and_nobody_else_does(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_csv(every_kind()))

    lines = proofs(kit, upload)

    assert len({line.zout for line in lines}) == 3
    for line in lines:
        row = every_kind()[line.regel - 1]
        sent = "\x1f".join(row.get(name, "") for name in every_kind()[0] | row).encode()
        assert payload(kit, line).regel_sha256 == hashlib.sha256(bytes.fromhex(line.zout) + sent).hexdigest()
        signed = base64.urlsafe_b64decode(line.bewijs.split(".")[1] + "==")
        for secret in (line.zout.encode(), b"Voorbeeld", b"Dorpsstraat", b"12,50"):
            assert secret not in signed


def test_proofs_can_be_asked_from_a_row_on_and_are_the_same_each_time(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_csv(every_kind()))

    assert [line.regel for line in proofs(kit, upload, after=4)] == [5, 6]
    assert [line.regel for line in proofs(kit, upload, after=4, limit=1)] == [5]
    assert proofs(kit, upload) == proofs(kit, upload)


Ask = Callable[[Kit, Any, str], object]
ASKS: list[Ask] = [
    lambda kit, partner, id_: repair_file(kit, partner, upload_id=id_),
    lambda kit, partner, id_: offer_proof.offers(kit, partner, upload_id=id_),
]


@pytest.mark.parametrize("ask", ASKS, ids=["repair", "proof"])
def test_others_see_nothing_and_what_is_not_there_is_said(kit: Kit, clock: FakeClock, ask: Ask) -> None:
    world(kit)
    refused, good = process(kit, a_csv(every_kind())), process(kit, a_csv([a_row(kenmerk="nog een")]))
    waiting = receive(kit, a_csv([a_row(kenmerk="wacht")]))
    with pytest.raises(NotFoundError):
        ask(kit, a_partner("buurman"), refused.id)
    for upload in (good, waiting):
        with pytest.raises(ConflictError):
            ask(kit, PARTNER, upload.id)

    clock.advance(days=14)
    for _ in range(2):
        with pytest.raises(KeyDestroyedError):
            ask(kit, PARTNER, refused.id)
        erase_due(kit)
    with pytest.raises(ConflictError):
        ask(kit, PARTNER, good.id)


def test_the_report_says_what_can_be_fetched_and_until_when(kit: Kit, clock: FakeClock) -> None:
    world(kit)
    upload = process(kit, a_csv(every_kind()))

    told = report.report(kit, PARTNER, upload_id=upload.id)

    assert told.herstelbestand is not None
    assert told.bewijzen_van_aanbieding is not None
    assert (told.herstelbestand.regels, told.bewijzen_van_aanbieding.regels) == (4, 3)
    assert "haal daarvoor het herstelbestand op" in told.wat_nu[0]
    assert told.gelezen
    assert told.kopregel == 1
    until = told.herstelbestand.beschikbaar_tot
    clock.now = until
    later = report.report(kit, PARTNER, upload_id=upload.id)
    assert (later.herstelbestand, later.bewijzen_van_aanbieding) == (None, None)
    assert "herstelbestand" not in later.wat_nu[0]


def test_a_file_refused_as_a_whole_keeps_nothing(kit: Kit) -> None:
    world(kit)
    upload = process(kit, a_csv(every_kind()) + b'"open')
    with pytest.raises(ConflictError):
        repair_file(kit, PARTNER, upload_id=upload.id)
    assert not [name for name in kit.blobs.names() if name.startswith(("herstel/", "aanbieding/"))]


def test_keys_and_blobs_of_refused_rows_are_their_own(kit: Kit) -> None:
    world(kit)
    process(kit, a_csv(every_kind()))
    kinds = [name.partition("/")[0] for name in kit.blobs.names()]
    assert sorted(set(kinds)) == ["aanbieding", "attempt", "findings", "hashes", "herstel"]
    assert [name for name in kit.keys.names() if name.startswith("herstel/")] == ["herstel/2026-12"]
    assert all(len(list(group)) == 1 for _, group in itertools.groupby(sorted(kinds)))
