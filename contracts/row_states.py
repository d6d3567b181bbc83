"""The one disjoint table of row states. Every count anywhere in the gateway comes from it.

A row of a file is, at any moment after its file was processed, in exactly one of these states, and
every state belongs to exactly one group, so that always

    rows = refused + delivered + waiting

The numbers are stored; they are never reused.
"""

import enum
from typing import Final

from msgspec import Struct


class Group(enum.StrEnum):
    """The three terms of the equation."""

    REFUSED = "refused"
    DELIVERED = "delivered"
    WAITING = "waiting"


class RowState(enum.IntEnum):
    """Where a row is. Wire names and groups stand in `ROW_STATES`."""

    BESTAND_AFGEKEURD = 10
    REGEL_AFGEKEURD = 11
    BEZWAAR = 12
    BSN_NIET_TOEGESTAAN = 13
    GEEN_OVEREENKOMST = 14
    NIET_AANGESLOTEN = 15
    ONDER_DREMPEL = 16
    AL_AANGELEVERD = 17
    GESTOPT = 18
    SYSTEEM_GEWEIGERD = 19
    NIET_BEVESTIGD = 20
    AFGELEVERD = 30
    IN_WACHTRIJ = 50
    ONDERWEG = 51
    NIEUWE_POGING = 52
    ANTWOORD_ONBEKEND = 53
    AANGEHOUDEN = 54
    VASTGELOPEN = 55
    WACHT_OP_BEVESTIGING = 56


class RowStateInfo(Struct, frozen=True):
    """One line of the table: wire name, group, may a refused row be kept for repair, Dutch meaning."""

    name: str
    group: Group
    repairable: bool
    meaning: str


def _line(name: str, group: Group, meaning: str, *, repairable: bool = False) -> RowStateInfo:
    return RowStateInfo(name=name, group=group, repairable=repairable, meaning=meaning)


ROW_STATES: Final[dict[RowState, RowStateInfo]] = {
    RowState.BESTAND_AFGEKEURD: _line(
        "bestand_afgekeurd", Group.REFUSED, "Het hele bestand is afgekeurd; geen enkele regel is doorgegeven."
    ),
    RowState.REGEL_AFGEKEURD: _line(
        "regel_afgekeurd",
        Group.REFUSED,
        "De regel bevat een of meer fouten. Herstel de regel en lever hem opnieuw aan.",
        repairable=True,
    ),
    RowState.BEZWAAR: _line(
        "bezwaar", Group.REFUSED, "De inwoner heeft bezwaar gemaakt; dit signaal mag niet worden doorgegeven."
    ),
    RowState.BSN_NIET_TOEGESTAAN: _line(
        "bsn_niet_toegestaan", Group.REFUSED, "De regel bevat een BSN; dat mag alleen bij zorgverzekeraars."
    ),
    RowState.GEEN_OVEREENKOMST: _line(
        "geen_overeenkomst",
        Group.REFUSED,
        "Er is met deze gemeente geen volledig ondertekende overeenkomst van kracht.",
    ),
    RowState.NIET_AANGESLOTEN: _line(
        "niet_aangesloten",
        Group.REFUSED,
        "De gemeente is nog niet aangesloten, of de eerste leverdatum is nog niet bereikt.",
    ),
    RowState.ONDER_DREMPEL: _line(
        "onder_drempel",
        Group.REFUSED,
        "Het bedrag is lager dan het drempelbedrag van de gemeente.",
        repairable=True,
    ),
    RowState.AL_AANGELEVERD: _line(
        "al_aangeleverd",
        Group.REFUSED,
        "Precies dit signaal is al eerder aangeleverd en wordt niet nog eens doorgegeven.",
    ),
    RowState.GESTOPT: _line(
        "gestopt",
        Group.REFUSED,
        "Gestopt voor aflevering: de overeenkomst of de aansluiting gold niet meer.",
    ),
    RowState.SYSTEEM_GEWEIGERD: _line(
        "systeem_geweigerd", Group.REFUSED, "Het systeem van de gemeente heeft dit signaal geweigerd."
    ),
    RowState.NIET_BEVESTIGD: _line(
        "niet_bevestigd",
        Group.REFUSED,
        "Het bestand wachtte op uw bevestiging en is niet doorgegeven; de regel mag opnieuw worden aangeleverd.",
    ),
    RowState.AFGELEVERD: _line(
        "afgeleverd", Group.DELIVERED, "Het systeem van de gemeente heeft het signaal aangenomen."
    ),
    RowState.IN_WACHTRIJ: _line("in_wachtrij", Group.WAITING, "Het signaal staat klaar om afgeleverd te worden."),
    RowState.ONDERWEG: _line("onderweg", Group.WAITING, "Het signaal wordt op dit moment afgeleverd."),
    RowState.NIEUWE_POGING: _line(
        "nieuwe_poging", Group.WAITING, "Afleveren lukte nog niet; wij proberen het vanzelf opnieuw."
    ),
    RowState.ANTWOORD_ONBEKEND: _line(
        "antwoord_onbekend",
        Group.WAITING,
        "Het antwoord van het systeem van de gemeente ging verloren; wij zoeken het uit.",
    ),
    RowState.AANGEHOUDEN: _line("aangehouden", Group.WAITING, "Het afleveren is door beheer tijdelijk stilgezet."),
    RowState.VASTGELOPEN: _line(
        "vastgelopen", Group.WAITING, "Afleveren kan pas na ingrijpen van beheer; beheer is gewaarschuwd."
    ),
    RowState.WACHT_OP_BEVESTIGING: _line(
        "wacht_op_bevestiging",
        Group.WAITING,
        "Het bestand is opvallend; de regel gaat pas door als u het bestand bevestigt.",
    ),
}


class Counts(Struct, frozen=True, kw_only=True):
    """Row counts by state name, and the three sums. Made by `count`; `reconciles` is the equation."""

    rows: int
    refused: int
    delivered: int
    waiting: int
    states: dict[str, int]

    @property
    def reconciles(self) -> bool:
        """Whether rows = refused + delivered + waiting."""
        return self.rows == self.refused + self.delivered + self.waiting


def count(rows: int, by_state: dict[RowState, int]) -> Counts:
    """Sum `by_state` (state → number of rows) per group; `rows` is the number counted at intake."""
    sums = dict.fromkeys(Group, 0)
    for state, number in by_state.items():
        sums[ROW_STATES[state].group] += number
    return Counts(
        rows=rows,
        refused=sums[Group.REFUSED],
        delivered=sums[Group.DELIVERED],
        waiting=sums[Group.WAITING],
        states={info.name: by_state.get(state, 0) for state, info in ROW_STATES.items()},
    )
