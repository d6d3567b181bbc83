"""Bodies and queries that only the interface knows; everything else it says is in `contracts`."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from contracts.aanlevering import Aanlevering, Besluit
from contracts.terugkoppeling import Resultaat, ResultaatAntwoord, Terugkoppeling

MAX_RESULTATEN: Final = 1000


class Aankondiging(Struct, frozen=True, kw_only=True, rename="camel"):
    """The announcement of the file-transfer module: what will be PUT to `contentUri`. Field names are the module's.

    `profiel` is ours: the name of the profile that the file is to be read by.
    """

    file_name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    content_type: Annotated[str, Meta(max_length=255)] | None = None
    size: Annotated[int, Meta(ge=0)]
    profiel: Annotated[str, Meta(max_length=63)] | None = None


class BevestigingBesluit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a file that waits for its partner's word."""

    besluit: Besluit


class PageQuery(Struct, frozen=True, kw_only=True):
    """`na`: the aanleveringId of the last one seen; `aantal`: how many at most."""

    na: str | None = None
    aantal: Annotated[int, Meta(ge=1, le=1000)] = 100


class Aanleveringen(Struct, frozen=True, kw_only=True, rename="camel"):
    """One page, newest first; `volgende` is the path of the next one, null at the end."""

    aanleveringen: tuple[Aanlevering, ...]
    volgende: str | None = None


class BewijzenQuery(Struct, frozen=True, kw_only=True):
    """`na`: the last row number that was seen; `aantal`: how many at most, all of them without it."""

    na: Annotated[int, Meta(ge=0)] = 0
    aantal: Annotated[int, Meta(ge=1)] | None = None


class Resultaten(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a system of a gemeente reports at once."""

    resultaten: Annotated[tuple[Resultaat, ...], Meta(min_length=1, max_length=MAX_RESULTATEN)]


class ResultaatAntwoorden(Struct, frozen=True, kw_only=True):
    """One answer per result, in the order in which they were sent."""

    resultaten: tuple[ResultaatAntwoord, ...]


class TerugkoppelingenQuery(Struct, frozen=True, kw_only=True):
    """`na`: the volgnummer of the last one taken in; `aantal`: how many at most."""

    na: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] = 0
    aantal: Annotated[int, Meta(ge=1, le=1000)] = 100


class Terugkoppelingen(Struct, frozen=True, kw_only=True):
    """One page, oldest first. Ask again with this `na`, also when the page is empty."""

    terugkoppelingen: tuple[Terugkoppeling, ...]
    na: int


class GatewayStatus(Struct, frozen=True, kw_only=True):
    """`ok`: this process answers and its database does too."""

    status: str
