"""Directory: the facts about partners, gemeenten, systems and credentials at one moment, read as one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.codelists.indeling import MEEGELEVERD, Indeling
from contracts.overeenkomst import Experiment, Gemeente, Signaalpartner, Systeem, Toegang
from contracts.profiel import Partnerprofiel


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Everything the stages need to know, except the overeenkomsten. `generation` tells when to load it anew.

    `profielen`: signaalpartner → the version in force of each of its profiles. `gemeenten`: those that are configured;
    which there are at all is for `indeling` to say.
    """

    generation: int
    partners: Mapping[str, Signaalpartner]
    gemeenten: Mapping[str, Gemeente]
    systemen: Mapping[str, Systeem]
    toegangen: Mapping[str, Toegang]
    experimenten: tuple[Experiment, ...] = ()
    profielen: Mapping[str, tuple[Partnerprofiel, ...]] = field(default_factory=dict)
    indeling: Indeling = MEEGELEVERD

    def partner_by_oin(self, oin: str) -> Signaalpartner | None:
        """The partner whose OIN this is, or None."""
        return next((partner for partner in self.partners.values() if partner.oin == oin), None)

    def toegangen_by_oin(self, oin: str) -> tuple[Toegang, ...]:
        """Every credential of a receiving system that this OIN may use; one connection can serve several."""
        return tuple(toegang for toegang in self.toegangen.values() if toegang.oin == oin)
