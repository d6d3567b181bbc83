"""What the page of one finding says beyond its rule: why, a made-up example, how to mend it in Excel step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.signaal import LCV_SOORTEN, Soort


@dataclass(frozen=True, kw_only=True)
class RulePage:
    """One page. `fout` and `goed`: the cell (or, about a file, what stands there) before and after, "" for empty.

    `bij`: what else stands in that row of the example. `stappen`: what to do in Excel or before it, in order; opening
    and sending again are added by `rule_pages.steps`. `soorten`: the kinds for which the finding can occur.
    """

    betekenis: str
    fout: str
    goed: str
    stappen: tuple[str, ...]
    bij: Mapping[str, str] = field(default_factory=dict)
    soorten: frozenset[Soort] = LCV_SOORTEN


def page(betekenis: str, fout: str, goed: str, *stappen: str, bij: Mapping[str, str] | None = None) -> RulePage:
    """A page for all kinds; `rule_pages` narrows the kinds."""
    return RulePage(betekenis=betekenis, fout=fout, goed=goed, stappen=stappen, bij=bij or {})


ZORG: Mapping[str, str] = {"soort": "zorg"}
ENERGIE: Mapping[str, str] = {"soort": "energie"}

SAVE_AS_CSV = (
    "Kies Bestand > Opslaan als, bij Opslaan als type ‘CSV UTF-8 (door lijstscheidingsteken gescheiden) (*.csv)’."
)
"""Which of the many kinds of CSV of a Dutch Excel."""
AS_TEXT = "Klik op de letter boven de kolom {veld} en kies Start > Getal > Tekst."
"""From then on Excel keeps leading zeros."""


def filtered(veld: str, what: str) -> str:
    """How to see the rows at fault alone."""
    return f"Zet het filter aan (Gegevens > Filter), klik op het pijltje bij {veld} en laat alleen {what} staan."
