"""What the checks of one upload depend on besides its rows: the day, the partner, its experiments, the calendar."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.overeenkomst import Experiment, Signaalpartner
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.workdays import add_workdays, public_holidays

EINDE_LEVERING_WORKDAYS: Final = 20
"""An eindeleveringssignaal comes at least this many working days before the end of supply (domain rule 4)."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Facts of one upload. `received_on`: date of receipt in Europe/Amsterdam; days past due count to it.

    `experiments`: kinds outside the LCV that this partner may send, each with its gemeenten (Wgs art. 10).
    `einde_levering_cutoff`: the first day on which supply may end.
    """

    received_on: dt.date
    partner: Signaalpartner
    einde_levering_cutoff: dt.date
    experiments: Mapping[Soort, frozenset[str]] = field(default_factory=dict)

    @property
    def soorten(self) -> frozenset[Soort]:
        """The kinds that this partner may send: its own, of the LCV or of a running experiment."""
        return frozenset(self.partner.soorten) & (LCV_SOORTEN | self.experiments.keys())


def policy_for(partner: Signaalpartner, experimenten: Iterable[Experiment], *, received_on: dt.date) -> Policy:
    """The policy of an upload of `partner`; experiments of others and ended ones are left out."""
    experiments: dict[Soort, frozenset[str]] = {}
    for experiment in experimenten:
        if experiment.signaalpartner == partner.key and received_on <= experiment.tot_en_met:
            gemeenten = experiments.get(experiment.soort, frozenset())
            experiments[experiment.soort] = gemeenten | frozenset(experiment.gemeenten)
    holidays = public_holidays(received_on.year) | public_holidays(received_on.year + 1)
    return Policy(
        received_on=received_on,
        partner=partner,
        experiments=experiments,
        einde_levering_cutoff=add_workdays(received_on, EINDE_LEVERING_WORKDAYS, holidays=holidays),
    )
