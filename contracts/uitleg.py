"""Uitleg: what a code of a finding means, and how to repair what it is about."""

from msgspec import Struct

from contracts.aanlevering import Ernst
from contracts.signaal import Soort


class Voorbeeld(Struct, frozen=True, kw_only=True):
    """A made-up example: what is wrong, and what is right instead. `bij`: other columns of that row."""

    fout: str
    goed: str
    bij: dict[str, str] = {}


class Uitleg(Struct, frozen=True, kw_only=True, rename="camel"):
    """`GET /v1/bevindingen/{code}`. `melding` can hold `{vorm}`, which the report fills in."""

    code: str
    ernst: Ernst
    veld: str | None
    melding: str
    wat_te_doen: str
    betekenis: str
    voorbeeld: Voorbeeld
    stappen: tuple[str, ...]
    """How to repair it in Excel, in order."""
    grondslag: str
    soorten: tuple[Soort, ...]
    """The kinds of arrears for which it can be found."""
    status: str | None = None
    """The state in which the row ends; null when it goes on."""
    uri: str


class UitlegKort(Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of the list."""

    code: str
    ernst: Ernst
    veld: str | None
    melding: str
    uri: str


class UitlegLijst(Struct, frozen=True, kw_only=True):
    """`GET /v1/bevindingen`: every code that there is."""

    bevindingen: tuple[UitlegKort, ...]
