"""`wat_nu`: the sentences that open a report. What asks for action comes first; most urgent before all."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from contracts.aanlevering import Bevestiging, BevestigingStatus
from contracts.row_states import ROW_STATES, Counts, RowState
from gateway.flow.kit import AMSTERDAM
from gateway.flow.summary import IntakeSummary
from gateway.lifecycle import UploadState
from gateway.stages.rule import Rule
from gateway.stages.rules import rule as rule_of

SYSTEEM_GEWEIGERD: Final = "systeem_geweigerd"
"""The rule with the text for rows that a gemeente's system refused."""

_REFUSED_FOR_GOOD = {
    RowState.GEEN_OVEREENKOMST: "Sluit eerst een overeenkomst met de gemeente als u daar wilt aanleveren.",
    RowState.NIET_AANGESLOTEN: "Lever opnieuw aan zodra de gemeente is aangesloten en de eerste leverdatum is bereikt.",
    RowState.BEZWAAR: "U hoeft niets te doen.",
    RowState.BSN_NIET_TOEGESTAAN: "Haal het BSN uit deze regels en lever ze opnieuw aan.",
    RowState.AL_AANGELEVERD: "U hoeft niets te doen.",
    RowState.GESTOPT: "Kijk of de overeenkomst met de gemeente nog geldt.",
    RowState.NIET_BEVESTIGD: "Controleer het bestand en lever het opnieuw aan.",
    RowState.SYSTEEM_GEWEIGERD: (
        "Het verslag noemt per regel de code van het systeem van de gemeente. In het herstelbestand staan ze niet."
    ),
}
"""What to do about rows in a state that repairing the row does not mend."""


def advice(
    state: UploadState,
    numbers: Counts,
    summary: IntakeSummary,
    *,
    late_threatening: int = 0,
    asked: Bevestiging | None = None,
    repair_file: bool = False,
) -> tuple[str, ...]:
    """At least one sentence, Dutch, without anything of a row in it.

    `asked`: of a file that was held; `repair_file`: there is one to fetch.
    """
    if state in {UploadState.ANNOUNCED, UploadState.RECEIVED, UploadState.PROCESSING}:
        return ("Uw bestand wordt verwerkt. Vraag dit verslag over enkele minuten opnieuw op.",)
    if summary.fatal is not None:
        rule = rule_of(summary.fatal)
        about = next((found.vorm for found in summary.file_findings if found.code == summary.fatal), None)
        return (
            f"Het hele bestand is afgekeurd; er is niets doorgegeven. {worded(rule, about)}",
            f"{rule.wat_te_doen} Lever daarna het hele bestand opnieuw aan.",
        )
    sentences = (
        *_urgent(late_threatening),
        *_asked(numbers, summary, asked),
        *_sentences(numbers, repair_file=repair_file),
    )
    return sentences or ("Alle regels zijn afgeleverd. U hoeft niets te doen.",)


ONE_SECOND: Final = dt.timedelta(seconds=1)


def of_ended(state: RowState, reason: str | None) -> tuple[str, str]:
    """(what happened, what to do) for rows refused after they went on; `reason`: the rule that stopped them."""
    if state is RowState.SYSTEEM_GEWEIGERD:
        rule = rule_of(SYSTEEM_GEWEIGERD)
        return rule.melding, rule.wat_te_doen
    meaning, stopped_by = ROW_STATES[state].meaning, known_rule(reason)
    if stopped_by is None:
        return meaning, _REFUSED_FOR_GOOD[state]
    return f"{meaning} {stopped_by.melding}", stopped_by.wat_te_doen


def known_rule(code: str | None) -> Rule | None:
    """The rule that partners know by this code; None for a code of another kind."""
    try:
        return None if code is None else rule_of(code)
    except KeyError:
        return None


def worded(rule: Rule, about: str | None) -> str:
    """The message of a rule, with what a finding about the file was about filled in."""
    return rule.melding.replace("{vorm}", about or "onbekend")


def _urgent(late_threatening: int) -> Iterator[str]:
    if late_threatening:
        yield (
            f"Bel de gemeente: {_rows(late_threatening)} met een mogelijk bedreigende situatie "
            f"{_verb(late_threatening, 'kon', 'konden')} nog niet worden afgeleverd."
        )


def _asked(numbers: Counts, summary: IntakeSummary, asked: Bevestiging | None) -> Iterator[str]:
    """Why a file is held, and what its partner can do about it."""
    waiting = numbers.states[ROW_STATES[RowState.WACHT_OP_BEVESTIGING].name]
    if not waiting:
        return
    yield f"Controleer uw bestand: {_rows(waiting)} {_verb(waiting, 'wacht', 'wachten')} op uw bevestiging."
    if asked is None or asked.status is not BevestigingStatus.OPEN:
        return
    for found in summary.file_findings:
        if found.code in asked.redenen:
            yield worded(rule_of(found.code), found.vorm)
    last = (asked.tot - ONE_SECOND).astimezone(AMSTERDAM)
    yield (
        f"Klopt het bestand, bevestig het dan uiterlijk {last:%d-%m-%Y}. Klopt het niet, trek het dan in en lever het"
        " verbeterde bestand aan. Zonder bevestiging worden deze regels daarna geweigerd."
    )


def _sentences(numbers: Counts, *, repair_file: bool) -> Iterator[str]:
    repairable = sum(numbers.states[info.name] for info in ROW_STATES.values() if info.repairable)
    if repairable:
        where = (
            "haal daarvoor het herstelbestand op: daarin staan ze zoals u ze stuurde, met per regel wat er mis is."
            if repair_file
            else "hieronder staat per oorzaak wat er mis is en wat u kunt doen."
        )
        yield f"Herstel {_rows(repairable)} en lever alleen die opnieuw aan; {where}"
    for state, what_to_do in _REFUSED_FOR_GOOD.items():
        number = numbers.states[ROW_STATES[state].name]
        if number:
            yield f"{_rows(number)} niet doorgegeven. {ROW_STATES[state].meaning} {what_to_do}"
    waiting = numbers.waiting - numbers.states[ROW_STATES[RowState.WACHT_OP_BEVESTIGING].name]
    if waiting:
        verb = _verb(waiting, "wacht", "wachten")
        yield f"{_rows(waiting)} {verb} nog op aflevering; u hoeft daarvoor niets te doen."


def _rows(number: int) -> str:
    return f"{number:,} {_verb(number, 'regel', 'regels')}".replace(",", ".")


def _verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
