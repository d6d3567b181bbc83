"""The page of every finding: what it means, an example, how to mend it in Excel, for which kinds of arrears.

The rule says what and on which ground; this adds the rest from tables keyed by code or by family of codes. Pure.
"""

from dataclasses import replace
from functools import cache
from typing import Final

from contracts.aanlevering import Ernst
from contracts.layout import KOLOM
from contracts.row_states import ROW_STATES
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.rule import Rule
from gateway.stages.rule_page import SAVE_AS_CSV, RulePage
from gateway.stages.rule_pages_family import family_page
from gateway.stages.rule_pages_file import REMARKS, SANITY, STRUCTURE, UNREADABLE
from gateway.stages.rule_pages_gate import GATE
from gateway.stages.rule_pages_person import PERSON
from gateway.stages.rule_pages_row import ROW
from gateway.stages.rules_field import ONLY_FOR

_PAGES: Final = {**UNREADABLE, **STRUCTURE, **REMARKS, **SANITY, **GATE, **ROW, **PERSON}
_ALL_BUT_ZORG: Final = LCV_SOORTEN - {Soort.ZORG}
_KINDS: Final[dict[str, frozenset[Soort]]] = {
    **dict.fromkeys(("bsn_niet_toegestaan", "bezwaar", "geboortedatum_onleesbaar"), _ALL_BUT_ZORG),
    **dict.fromkeys(
        (
            *("bsn_ongeldig", "bsn_voorloopnul", "bedrag_delen_ongelijk", "geboortedatum_ongeldig"),
            "oudste_vervaldatum_te_lang_geleden",
        ),
        frozenset({Soort.ZORG}),
    ),
    **dict.fromkeys(
        ("einde_levering_ontbreekt", "einde_levering_te_vroeg", "geen_eerder_vroegsignaal"), frozenset({Soort.ENERGIE})
    ),
    "persoonlijk_contact_gezocht_nee": _ALL_BUT_ZORG,
    "persoonlijk_contact_gezocht_geen_ja_nee": _ALL_BUT_ZORG,
}

_OPEN_REPAIR: Final = (
    "Haal het herstelbestand op: de link staat in het verwerkingsverslag. In de laatste kolom staat wat er mis is.",
    "Open het in Excel. Vraagt Excel of het gegevens mag omzetten, kies dan ‘Niet converteren’.",
)
_SEND_REPAIR: Final = (
    f"{SAVE_AS_CSV} Laat de laatste kolom staan: daaraan herkennen wij waar het herstel bij hoort.",
    "Lever het herstelbestand aan zoals elk ander bestand. Een regel die al is doorgegeven, gaat niet nog eens.",
)
_OPEN_FILE: Final = ("Open het bestand dat u hebt aangeleverd.",)
_SEND_FILE: Final = ("Sla het bestand op en lever het hele bestand opnieuw aan: er is nog niets van doorgegeven.",)
_NEXT_TIME: Final = (
    "U hoeft nu niets opnieuw aan te leveren. Doe dit in uw bron, zodat het de volgende keer in één keer goed gaat.",
)


class NoPageError(LookupError):
    """A rule without a page: a defect of ours, that a test finds."""


@cache
def page_of(rule: Rule) -> RulePage:
    """The page of a rule; raises NoPageError."""
    found = _PAGES.get(rule.code) or family_page(rule.code, rule.veld)
    if found is None:
        raise NoPageError(rule.code)
    return replace(found, soorten=_kinds(rule))


def steps(rule: Rule) -> tuple[str, ...]:
    """What to do from beginning to end: getting the rows, what is wrong with them, and sending them again."""
    own = page_of(rule).stappen
    if rule.ernst is Ernst.FATAL:
        return (*_OPEN_FILE, *own, *_SEND_FILE)
    if rule.ernst is Ernst.WARNING:
        return (*own, *_NEXT_TIME)
    repairable = rule.state is not None and ROW_STATES[rule.state].repairable
    return (*_OPEN_REPAIR, *own, *_SEND_REPAIR) if repairable else own


def _kinds(rule: Rule) -> frozenset[Soort]:
    if rule.code in _KINDS:
        return _KINDS[rule.code]
    veld = rule.veld
    if veld is None:
        return LCV_SOORTEN
    if rule.code == f"{veld}_ontbreekt":
        return KOLOM[veld].verplicht & LCV_SOORTEN
    only = ONLY_FOR.get(veld, frozenset(Soort)) & LCV_SOORTEN
    return LCV_SOORTEN - only if veld in ONLY_FOR and rule.code == f"{veld}_niet_bij_soort" else only
