"""What partners build on, as files: a change shows in the review. GOLDEN=write makes them anew."""

import datetime as dt
import os
from pathlib import Path

import msgspec
import pytest

from contracts.aanlevering import (
    AanleveringStatus,
    AantallenNaarStatus,
    Bevinding,
    BevindingGroep,
    Bijlage,
    Ernst,
    RegelStatus,
    Verwerkingsverslag,
)
from contracts.row_states import Counts, RowState, count
from gateway.settings import Installation
from gateway.web.headers import page_policy
from gateway.web.openapi import document
from gateway.web.report_page import render_report
from gateway.web.templating import stylesheet

FOLDER = Path(__file__).parents[2] / "golden"


def told(numbers: Counts) -> AantallenNaarStatus:
    return AantallenNaarStatus(
        regels=numbers.rows,
        geweigerd=numbers.refused,
        afgeleverd=numbers.delivered,
        wachtend=numbers.waiting,
        per_status=numbers.states,
    )


UNTIL = dt.datetime(2026, 12, 4, 9, 30, tzinfo=dt.UTC)
NUMBERS = told(
    count(
        1234,
        {RowState.AFGELEVERD: 1200, RowState.REGEL_AFGEKEURD: 30, RowState.SYSTEEM_GEWEIGERD: 1, RowState.ONDERWEG: 3},
    )
)
REPORT = Verwerkingsverslag(
    aanlevering_id="01a1f84a-95c0-7d95-8d48-471400000000",
    status=AanleveringStatus.VERWERKT,
    gelezen_als="gelezen als: UTF-8, puntkomma",
    wat_nu=("Herstel 30 regels en lever alleen die opnieuw aan.",),
    aantallen=NUMBERS,
    bevindingen=(
        BevindingGroep(
            code="bedrag_onleesbaar",
            ernst=Ernst.ERROR,
            veld="bedrag",
            melding="Het bedrag is <niet> te lezen.",
            wat_te_doen="Schrijf het als 1.234,56.",
            aantal=30,
            eerste_regels=(1, 2),
            uitleg_uri="/v1/bevindingen/bedrag_ongeldig",
        ),
    ),
    regels=(Bevinding(regel=1, code="bedrag_onleesbaar", ernst=Ernst.ERROR, veld="bedrag", vorm="<aaaa>"),),
    regels_afgekapt=True,
    per_gemeente={"0363": NUMBERS},
    systeemweigeringen=(
        RegelStatus(
            regel=7,
            status="systeem_geweigerd",
            signaal_id="01a1f84a-95c0-7d95-8d48-471400000007",
            systeemcode="<E-17>",
        ),
        RegelStatus(
            regel=9,
            status="gestopt",
            signaal_id="01a1f84a-95c0-7d95-8d48-471400000009",
            reden="overeenkomst_niet_van_kracht",
        ),
    ),
    systeemweigeringen_afgekapt=True,
    weigeringen_na_aanname=(
        BevindingGroep(
            code="overeenkomst_niet_van_kracht",
            ernst=Ernst.ERROR,
            veld="gemeentecode",
            melding="Gestopt voor aflevering.",
            wat_te_doen="Controleer de looptijd van de overeenkomst.",
            aantal=2000,
            eerste_regels=(9,),
        ),
    ),
    gelezen=("Scheidingsteken: puntkomma, want die staat in de kopregel.", "Kolom <x> is niet gelezen."),
    kopregel=3,
    herstelbestand=Bijlage(
        uri="/v1/aanleveringen/01a1f84a-95c0-7d95-8d48-471400000000/herstelbestand", regels=30, beschikbaar_tot=UNTIL
    ),
    bewijzen_van_aanbieding=Bijlage(
        uri="/v1/aanleveringen/01a1f84a-95c0-7d95-8d48-471400000000/bewijzen-van-aanbieding",
        regels=1,
        beschikbaar_tot=UNTIL,
    ),
    herstel_van="01a1f84a-95c0-7d95-8d48-470000000000",
    hersteld_door=("01a1f84a-95c0-7d95-8d48-472000000000",),
)
BASE = "https://localhost:8443"


@pytest.mark.parametrize("name", ["openapi.json", "verwerkingsverslag.html", "verwerkingsverslag.json"])
def test_golden(name: str) -> None:
    made = {
        "openapi.json": document(Installation()),
        "verwerkingsverslag.html": render_report(REPORT, base_url=BASE)[0].encode(),
        "verwerkingsverslag.json": msgspec.json.format(msgspec.json.encode(REPORT), indent=2),
    }[name]
    file = FOLDER / name
    if os.environ.get("GOLDEN") == "write":
        file.write_bytes(made + b"\n")
    assert file.read_bytes() == made + b"\n", f"{name} changed: look at it, then run this test with GOLDEN=write"


def test_a_page_escapes_what_others_wrote_and_allows_its_own_style_alone() -> None:
    page, policy = render_report(REPORT, base_url=BASE)
    for text in ("<niet>", "<aaaa>", "<E-17>", "<x>"):
        assert text not in page
    inline = page.partition("<style>")[2].partition("</style>")[0]
    assert inline == stylesheet()
    assert policy == page_policy(inline)
