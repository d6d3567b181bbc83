"""What the checks of one upload depend on besides its rows: the day, the partner, its experiments, the calendar."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from contracts.overeenkomst import Experiment, Signaalpartner, Veldbeleid
from contracts.profiel import Profiel
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.workdays import add_workdays, public_holidays

EINDE_LEVERING_WORKDAYS: Final = 20
"""An eindeleveringssignaal comes at least this many working days before the end of supply (domain rule 4)."""

NAMED_BY_LAW: Final = {Soort.ZORG: frozenset({"telefoon", "email", "geboortedatum"})}
"""Fields of the field policy that a law does name for a kind (Regeling zorgverzekering art. 7b.1): they always pass."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Facts of one upload. `received_on`: date of receipt in Europe/Amsterdam; days past due count to it.

    `experiments`: kinds of its running experiments (Wgs art. 10); in which gemeenten is for the gate to say.
    `einde_levering_cutoff`: the first day on which supply may end.
    """

    received_on: dt.date
    partner: Signaalpartner
    einde_levering_cutoff: dt.date
    experiments: frozenset[Soort] = frozenset()

    @property
    def soorten(self) -> frozenset[Soort]:
        """The kinds that this partner may send: its own, of the LCV or of a running experiment."""
        return frozenset(self.partner.soorten) & (LCV_SOORTEN | self.experiments)

    def may_carry(self, veld: str) -> frozenset[Soort]:
        """The kinds of which `veld` (a field of Veldbeleid) goes on: by the partner's field policy, or by law."""
        return frozenset(
            soort
            for soort in Soort
            if veld in NAMED_BY_LAW.get(soort, ()) or getattr(self.partner.veldbeleid.get(soort, Veldbeleid()), veld)
        )


def policy_for(
    partner: Signaalpartner,
    experimenten: Iterable[Experiment],
    *,
    received_on: dt.date,
    profiel: Profiel | None = None,
) -> Policy:
    """The policy of an upload of `partner`; experiments of others and ended ones are left out.

    `profiel`: reads the file; its constants go before those of the partner.
    """
    if profiel is not None and profiel.constanten:
        partner = replace(partner, constanten=partner.constanten | profiel.constanten)
    running = (e for e in experimenten if e.signaalpartner == partner.key and received_on <= e.tot_en_met)
    holidays = public_holidays(received_on.year) | public_holidays(received_on.year + 1)
    return Policy(
        received_on=received_on,
        partner=partner,
        experiments=frozenset(e.soort for e in running),
        einde_levering_cutoff=add_workdays(received_on, EINDE_LEVERING_WORKDAYS, holidays=holidays),
    )
