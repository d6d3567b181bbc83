"""Feedback: what a partner may know of what a gemeente reports. One allow-list; everything else is withheld.

`decide` looks at the reported value, the gemeente's settings and what the partner has *seen* of this signaal, never at
what was withheld before: so a partner's view is a function of visible events alone (AVG; AP guidance; domain rule 6).
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from contracts.codelists.ddas import LIJSTEN, Ddas, read_code
from contracts.overeenkomst import Gemeente
from contracts.terugkoppeling import Gebeurtenis, NietOpgepaktReden, Resultaat, TerugkoppelingSoort

Value = Gebeurtenis | Ddas
"""What was reported: an event of our own, or a value of the DDAS lists."""


class When(enum.Enum):
    """Under which condition a value reaches a partner."""

    ALWAYS = enum.auto()
    OPT_IN = enum.auto()
    """Only where the gemeente chose this value, and only with the date on which help was accepted."""
    AL_BEKEND = enum.auto()
    """Only where the gemeente's setting says so (sources differ: NVVK FAQ 37, module 2025)."""
    CORRECTION = enum.auto()
    """Only if the partner saw something that this takes back."""
    NEVER = enum.auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the allow-list: when, and what the partner then hears."""

    when: When
    soort: TerugkoppelingSoort | None = None
    reden: NietOpgepaktReden | None = None


_NEVER: Final = Rule(When.NEVER)
_HULP: Final = TerugkoppelingSoort.HULP_GEACCEPTEERD
_NIET_OPGEPAKT: Final = TerugkoppelingSoort.NIET_OPGEPAKT
_OPT_IN: Final = Rule(When.OPT_IN, _HULP)

ALLOW_LIST: Final[dict[Value, Rule]] = {
    Gebeurtenis.HULP_GEACCEPTEERD: Rule(When.ALWAYS, _HULP),
    Gebeurtenis.KWALITEIT_ONVOLDOENDE: Rule(When.ALWAYS, _NIET_OPGEPAKT, NietOpgepaktReden.KWALITEIT_ONVOLDOENDE),
    Gebeurtenis.VERKEERD_GEKOPPELD: Rule(When.CORRECTION, TerugkoppelingSoort.VERVALLEN),
    Ddas.BUDGETADVIES: _OPT_IN,
    Ddas.VERVOLGHULP: _OPT_IN,
    Ddas.VERVOLGHULP_FINANCIEEL: _OPT_IN,
    Ddas.VERVOLGHULP_NIET_FINANCIEEL: _OPT_IN,
    Ddas.HERHAALDE_MELDING: Rule(When.ALWAYS, _NIET_OPGEPAKT, NietOpgepaktReden.HERHAALDE_MELDING),
    Ddas.ONTERECHT_SIGNAAL: Rule(When.ALWAYS, _NIET_OPGEPAKT, NietOpgepaktReden.ONTERECHT_SIGNAAL),
    Ddas.ANDERE_REDEN: Rule(When.ALWAYS, _NIET_OPGEPAKT),
    Ddas.GEEN_INWONER: Rule(When.ALWAYS, TerugkoppelingSoort.GEEN_INWONER),
    Ddas.OVERLEDEN: Rule(When.ALWAYS, TerugkoppelingSoort.OVERLEDEN),
    Ddas.AL_BEKEND: Rule(When.AL_BEKEND, _NIET_OPGEPAKT),
    Ddas.GEEN_CONTACT: _NEVER,
    Ddas.GEEN_REACTIE: _NEVER,
    Ddas.REGELT_HET_ZELF: _NEVER,
    Ddas.ZELF_BETAALD: _NEVER,
    Ddas.ANDER_TRAJECT: _NEVER,
    Ddas.VERWIJZING_ZONDER_INWONER: _NEVER,
    Ddas.NOG_NIET_OPGEPAKT: _NEVER,
    Ddas.OPGEPAKT: _NEVER,
}
"""Complete: a value that is not here cannot be read. No state is terminal: after `overleden` the household may still
accept help. Sources: LCV art. 3-4, Bgs art. 17, DDAS definitions, NVVK FAQ 21 and 37, Awb 2:3."""


OPT_IN: Final = tuple(value.value for value, rule in ALLOW_LIST.items() if rule.when is When.OPT_IN)
"""The codes that a gemeente may choose to count as hulp geaccepteerd."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A Resultaat that was read: the value, and the day it happened if it was given."""

    value: Value
    on: dt.date | None


@dataclass(frozen=True, slots=True)
class Invalid:
    """A Resultaat that its sender must mend; `detail` says how, in Dutch."""

    detail: str


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that the partner can see or will see at the next tick, oldest first in a history."""

    soort: TerugkoppelingSoort
    reden: NietOpgepaktReden | None = None
    pauze_tot_en_met: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Relay:
    """The partner hears this. `starts_pause`: count the pause from the day it is first available.

    Otherwise `pauze_tot_en_met` repeats the end of the one pause that this signaal ever starts (None: no pause).
    """

    soort: TerugkoppelingSoort
    reden: NietOpgepaktReden | None = None
    starts_pause: bool = False
    pauze_tot_en_met: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Withhold:
    """The partner hears nothing, not even that."""


def read_resultaat(resultaat: Resultaat, *, today: dt.date) -> Reported | Invalid:
    """The value of a Resultaat, or what its sender must mend: an unknown value is an error, never a guess."""
    if (resultaat.gebeurtenis is None) == (resultaat.code is None):
        return Invalid("Vul precies één van gebeurtenis en code in.")
    if resultaat.datum is not None and resultaat.datum > today:
        return Invalid("De datum ligt in de toekomst.")
    if resultaat.gebeurtenis is not None:
        if resultaat.gebeurtenis is Gebeurtenis.HULP_GEACCEPTEERD and resultaat.datum is None:
            return Invalid("Bij hulp_geaccepteerd hoort de datum waarop de hulp is geaccepteerd.")
        return Reported(resultaat.gebeurtenis, resultaat.datum)
    if resultaat.codelijst_versie not in LIJSTEN:
        return Invalid(f"Onbekende codelijstVersie; bekend zijn {', '.join(LIJSTEN)}.")
    code = read_code(resultaat.codelijst_versie, resultaat.code or "")
    if code is None:
        return Invalid("De code staat niet in die versie van de DDAS-lijsten; let op de schrijfwijze.")
    return Reported(code, resultaat.datum)


def decide(reported: Reported, gemeente: Gemeente, seen: Sequence[Seen], *, today: dt.date) -> Relay | Withhold:
    """What the partner hears. Fails closed: without a ground of the gemeente that holds `today`, nothing.

    `seen` is this signaal's visible history. The event that the partner saw last, again, relays nothing; so does
    a value that is withheld, whatever was seen before: a pause simply runs out.
    """
    rule = ALLOW_LIST.get(reported.value, _NEVER)
    grond = gemeente.terugkoppeling
    if grond is None or not grond.holds(today):
        return Withhold()
    if rule.soort is None or not _may_be_told(rule, reported, gemeente, seen):
        return Withhold()
    if seen and (seen[-1].soort, seen[-1].reden) == (rule.soort, rule.reden):
        return Withhold()
    if rule.soort is not _HULP:
        return Relay(rule.soort, rule.reden)
    earlier = [event for event in seen if event.soort is _HULP]
    if earlier:
        return Relay(_HULP, pauze_tot_en_met=earlier[0].pauze_tot_en_met)
    return Relay(_HULP, starts_pause=True)


def _may_be_told(rule: Rule, reported: Reported, gemeente: Gemeente, seen: Sequence[Seen]) -> bool:
    match rule.when:
        case When.ALWAYS:
            return True
        case When.OPT_IN:
            return reported.on is not None and reported.value.value in gemeente.terugkoppeling_opt_in
        case When.AL_BEKEND:
            return gemeente.al_bekend_terugkoppelen
        case When.CORRECTION:
            return bool(seen)
        case When.NEVER:
            return False
        case other:
            assert_never(other)


def pause_until(first_available: dt.date, *, days: int) -> dt.date | None:
    """The last day of the pause: `days` calendar days after the day on which the relay is first available.

    That day itself does not count (Algemene termijnenwet), so nobody gets less than the agreement's days. 0: no pause.
    """
    return first_available + dt.timedelta(days=days) if days else None
