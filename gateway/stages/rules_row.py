"""Rules about what a row says of the arrears: kind and type, numbers, dates and amounts together."""

import datetime as dt
from typing import Final

import polars as pl

from contracts.row_states import RowState
from contracts.signaal import Signaaltype, Soort
from gateway.stages.columns import IS_ZORG, bare, one_of, text, value
from gateway.stages.dialect import Dialect
from gateway.stages.identifiers import elfproef
from gateway.stages.policy import Policy
from gateway.stages.rule import When, error, warning
from gateway.stages.rules_values import PARTS
from gateway.stages.workdays import years_before

MIN_DAYS: Final = 30
"""Days past due from which a signal may come (Bgs art. 2)."""
MAX_DAYS_ZORG: Final = 100
"""Zorg: not later than this many days past due."""
MAX_YEARS: Final = 20
"""An older claim has mostly lapsed (BW boek 3 art. 306), so the date is likely a slip: remarked, never refused."""
MANY_CENTS: Final = 1_000_000
"""€ 10.000 without decimals is likelier an amount in cents than an early arrears."""
_CORRECT: Final = "AVG art. 5 lid 1 sub d"
_BGS: Final = "Bgs art. 2"
_ZORG: Final = "Regeling zorgverzekering art. 7b.1"
_WGS4: Final = "Wgs art. 4 lid 2"

ONLY_BY: Final = {
    Signaaltype.EINDELEVERING: Soort.ENERGIE,
    Signaaltype.AFSLUIT: Soort.WATER,
    Signaaltype.OPZEGGING_ZORG: Soort.ZORG,
}
"""Types that exist for one kind only."""


def _not_for_partner(policy: Policy, _: Dialect) -> pl.Expr:
    return ~one_of(value("soort"), policy.partner.soorten)


def _no_experiment(policy: Policy, _: Dialect) -> pl.Expr:
    return one_of(value("soort"), frozenset(policy.partner.soorten) - policy.soorten)


def _wrong_type() -> pl.Expr:
    wrong = pl.lit(value=False)
    for signaaltype, soort in ONLY_BY.items():
        wrong = wrong | ((value("signaaltype") == signaaltype.value) & (value("soort") != soort.value))
    return wrong


_IS_EINDE: Final = value("signaaltype") == Signaaltype.EINDELEVERING.value
_MAY_END: Final = one_of(value("signaaltype"), (Signaaltype.EINDELEVERING, Signaaltype.AFSLUIT))

KIND_RULES: Final = (
    error(
        "soort_niet_toegestaan",
        "soort",
        "Voor deze soort achterstand bent u niet aangemeld.",
        "Controleer de kolom soort. Meldt u deze soort wel, laat beheer uw aanmelding dan aanvullen.",
        "Wgs art. 3 lid 1 sub b",
        when=When.FILLED,
        holds=_not_for_partner,
    ),
    error(
        "soort_zonder_grondslag",
        "soort",
        "Deze soort valt buiten het convenant en er loopt voor u geen experiment voor.",
        "Lever alleen huur, energie, water of zorg aan.",
        "Wgs art. 10",
        when=When.FILLED,
        holds=_no_experiment,
    ),
    error(
        "signaaltype_niet_bij_soort",
        "signaaltype",
        "Dit signaaltype bestaat niet voor deze soort: een eindeleveringssignaal is er voor energie, een afsluitsignaal"
        " voor water, een opzegging voor zorg.",
        "Kies het signaaltype dat bij de soort hoort.",
        _WGS4,
        when=When.FILLED,
        holds=_wrong_type(),
    ),
    error(
        "einde_levering_ontbreekt",
        "einde_levering",
        "Bij een eindeleveringssignaal moet de dag staan waarop de levering stopt.",
        "Vul de kolom einde_levering.",
        _WGS4,
        when=When.EMPTY,
        holds=_IS_EINDE & text("einde_levering").is_null(),
    ),
    error(
        "einde_levering_te_vroeg",
        "einde_levering",
        "Tussen de ontvangst en het einde van de levering liggen minder dan 20 werkdagen.",
        "Meld eerder, of stel het einde van de levering uit.",
        "Afsluitregeling energie; LCV",
        when=When.FILLED,
        holds=lambda policy, _: _IS_EINDE & (value("einde_levering") < policy.einde_levering_cutoff),
    ),
    warning(
        "einde_levering_overbodig",
        "einde_levering",
        "Een einddatum van levering hoort niet bij dit signaaltype en is weggelaten.",
        "Laat de kolom leeg, of kies het signaaltype dat erbij hoort.",
        "AVG art. 5 lid 1 sub c",
        when=When.FILLED,
        holds=text("einde_levering").is_not_null() & ~_MAY_END.fill_null(value=False),
        drops=True,
    ),
)

NUMBER_RULES: Final = (
    warning(
        "kenmerk_lijkt_bsn",
        "kenmerk",
        "Het kenmerk is negen cijfers die ook een BSN kunnen zijn; bij één op de elf nummers is dat toeval.",
        "Gebruik nooit een BSN als kenmerk: is het er een, neem dan een eigen nummer. Is het al een eigen nummer, dan"
        " hoeft u niets te doen.",
        "Wabb art. 10; UAVG art. 46",
        when=When.DOUBT,
        holds=text("kenmerk").str.contains(r"^[0-9]{9}$") & elfproef(text("kenmerk")),
    ),
    error(
        "bsn_niet_toegestaan",
        "bsn",
        "De regel bevat een BSN. Alleen zorgverzekeraars mogen het BSN doorgeven.",
        "Verwijder de kolom bsn uit uw bestand en lever de regel opnieuw aan. Wij bewaren de regel niet.",
        "UAVG art. 46; Bgs art. 2",
        state=RowState.BSN_NIET_TOEGESTAAN,
        when=When.FILLED,
        holds=text("bsn").is_not_null() & ~IS_ZORG,
        final=True,
    ),
    error(
        "bsn_ongeldig",
        "bsn",
        "Het BSN heeft niet negen cijfers of voldoet niet aan de elfproef.",
        "Controleer het BSN. Excel laat voorloopnullen weg: maak de kolom op als Tekst. Staat er iets als 1,23457E+08,"
        " haal het BSN dan opnieuw uit uw systeem: Excel heeft cijfers weggegooid.",
        _ZORG,
        when=When.FILLED,
        holds=IS_ZORG & text("bsn").is_not_null() & ~elfproef(value("bsn")).fill_null(value=False),
    ),
    error(
        "bezwaar",
        "bezwaar",
        "De inwoner heeft bezwaar gemaakt; dit signaal mag niet worden doorgegeven.",
        "U hoeft niets te doen. Wij bewaren de regel niet.",
        "Bgs art. 2 lid 4; AVG art. 21",
        state=RowState.BEZWAAR,
        when=When.FILLED,
        holds=value("bezwaar") & ~IS_ZORG,
        final=True,
    ),
)


def _days_ago(policy: Policy, days: int) -> dt.date:
    return policy.received_on - dt.timedelta(days=days)


_DUE: Final = value("oudste_vervaldatum")
_CENTS: Final = value("bedrag")


def _implausible(policy: Policy, _: Dialect) -> pl.Expr:
    return years_before(policy.received_on, MAX_YEARS) > _DUE


def _maybe_cents(_: Policy, dialect: Dialect) -> pl.Expr:
    return (_CENTS >= MANY_CENTS) & ~bare("bedrag").str.contains(r"[.,]") & pl.lit(not dialect.cents)


def _parts_differ() -> pl.Expr:
    total = pl.sum_horizontal(*(value(part) for part in PARTS))
    any_part = pl.any_horizontal(*(value(part).is_not_null() for part in PARTS))
    return IS_ZORG & any_part & (total != _CENTS)


ARREARS_RULES: Final = (
    error(
        "bedrag_nul",
        "bedrag",
        "Het bedrag is nul; er is dan geen achterstand.",
        "Meld alleen achterstanden boven nul.",
        _BGS,
        when=When.FILLED,
        holds=_CENTS == 0,
    ),
    warning(
        "bedrag_mogelijk_centen",
        "bedrag",
        "Het bedrag heeft geen decimalen en is € 10.000 of meer: staat het in centen?",
        "Bedragen zijn in euro. Deel bedragen in centen door honderd, of schrijf de decimalen erbij.",
        _CORRECT,
        when=When.DOUBT,
        holds=_maybe_cents,
    ),
    warning(
        "bedrag_delen_ongelijk",
        "bedrag",
        "Premie, eigen risico en eigen bijdrage zijn samen niet het bedrag.",
        "Controleer de delen en het totaal.",
        _ZORG,
        when=When.FILLED,
        holds=_parts_differ(),
    ),
    error(
        "oudste_vervaldatum_in_toekomst",
        "oudste_vervaldatum",
        "De vervaldatum ligt na de dag van ontvangst.",
        "Geef de vervaldatum van de oudste rekening die nog openstaat. Controleer de volgorde van dag en maand.",
        _BGS,
        when=When.FILLED,
        holds=lambda policy, _: policy.received_on < _DUE,
    ),
    error(
        "oudste_vervaldatum_te_recent",
        "oudste_vervaldatum",
        "De achterstand is nog geen 30 dagen oud op de dag van ontvangst.",
        "Meld pas vanaf 30 dagen na de vervaldatum van de oudste rekening.",
        "Bgs art. 2; Regeling zorgverzekering art. 7b.1",
        when=When.FILLED,
        holds=lambda policy, _: (_days_ago(policy, MIN_DAYS) < _DUE) & (policy.received_on >= _DUE),
    ),
    error(
        "oudste_vervaldatum_te_lang_geleden",
        "oudste_vervaldatum",
        "De achterstand is op de dag van ontvangst meer dan 100 dagen oud; bij zorg is dat te laat.",
        "Meld zorgpremie tussen 30 en 100 dagen na de vervaldatum.",
        _ZORG,
        when=When.FILLED,
        holds=lambda policy, _: IS_ZORG & (_days_ago(policy, MAX_DAYS_ZORG) > _DUE),
    ),
    warning(
        "oudste_vervaldatum_onwaarschijnlijk",
        "oudste_vervaldatum",
        "De vervaldatum ligt meer dan twintig jaar terug: klopt het jaartal?",
        "Controleer het jaartal. Klopt het, dan hoeft u niets te doen.",
        "BW boek 3 art. 306",
        when=When.FILLED,
        holds=_implausible,
    ),
)
