"""The demo's country: which gemeente uses which system, who signed, who is connected, which postcodes it has.

The 342 gemeenten are real; everything said about them here is invented, their postcodes too.
"""

from dataclasses import dataclass
from typing import Final

from contracts.codelists.gemeenten import GEMEENTEN

VPS: Final = "vps"
RIS: Final = "ris"
PER_HUNDRED_VPS: Final = 17
"""Of each hundred gemeenten, 17 use VPS and the rest RIS Matching."""
PC4_STEP: Final = 26
"""Invented postcodes: gemeente i has 1000 + 26 i and the next two."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One gemeente of the demo. Thresholds are euro cents, None: no threshold."""

    code: str
    name: str
    systeem: str
    signed: bool
    connected: bool
    threshold: int | None
    takes_threatening: bool
    pc4: tuple[int, ...]


def places() -> tuple[Place, ...]:
    """All 342, in order of code; the same at every call."""
    return tuple(_place(number, code, GEMEENTEN[code]) for number, code in enumerate(sorted(GEMEENTEN)))


def _place(number: int, code: str, name: str) -> Place:
    # 37 and 100 have no common factor: the systems mix over the list and over the country.
    return Place(
        code=code,
        name=name,
        systeem=VPS if number * 37 % 100 < PER_HUNDRED_VPS else RIS,
        signed=number % 29 != 7,
        connected=number % 37 != 11,
        threshold=(5_000, 6_000, 7_500)[number % 3] if number % 20 < 13 else None,
        takes_threatening=number % 2 == 0,
        pc4=tuple(1000 + PC4_STEP * number + k for k in range(3)),
    )


def postcode_table(country: tuple[Place, ...]) -> str:
    """The invented postcodes in the layout of GeoNames: tab-separated; PC4 second, gemeente and code 6th and 7th."""
    lines = (
        ("NL", str(pc4), place.name, "", "", place.name, place.code, "", "", "52.0", "5.0", "4")
        for place in country
        for pc4 in place.pc4
    )
    return "".join("\t".join(line) + "\n" for line in lines)
