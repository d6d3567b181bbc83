"""Aanlevering: the upload as the partner sees it: receipt, status, report (verwerkingsverslag)."""

import datetime as dt
import enum

from msgspec import Struct


class Ernst(enum.StrEnum):
    """Severity, in the words of VPS: the file, the row, or a remark."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"


class AanleveringStatus(enum.StrEnum):
    """The life of an upload as the partner sees it."""

    AANGEKONDIGD = "aangekondigd"
    ONTVANGEN = "ontvangen"
    IN_VERWERKING = "in_verwerking"
    VERWERKT = "verwerkt"
    AFGEKEURD = "afgekeurd"


class Ontvangstbewijs(Struct, frozen=True, kw_only=True, rename="camel"):
    """The payload of the signed receipt (compact JWS, RFC 7515). Proves which bytes arrived when."""

    versie: int = 1
    aanlevering_id: str
    ontvangen_op: dt.datetime
    grootte: int
    sha256: str
    bestandsnaam_sha256: str | None
    """SHA-256 of the file name in UTF-8: a name can be personal data."""


class AantallenNaarStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """Counts of rows: the equation's terms, and every row state by name."""

    regels: int
    geweigerd: int
    afgeleverd: int
    wachtend: int
    per_status: dict[str, int]


class BevestigingStatus(enum.StrEnum):
    """What became of the question whether a file is as its partner meant it."""

    OPEN = "open"
    DOORGEGEVEN = "doorgegeven"
    INGETROKKEN = "ingetrokken"
    VERLOPEN = "verlopen"


class Besluit(enum.StrEnum):
    """What a partner can say of a file that waits for its word."""

    DOORGEVEN = "doorgeven"
    INTREKKEN = "intrekken"


class Bevestiging(Struct, frozen=True, kw_only=True, rename="camel"):
    """A file that makes no sense as a whole waits for the partner's word, until `tot`; then it is refused.

    `redenen`: codes of findings about the file. What may tell of a threatening situation did not wait.
    """

    status: BevestigingStatus
    sinds: dt.datetime
    tot: dt.datetime
    redenen: tuple[str, ...]
    besloten_op: dt.datetime | None = None


class Aanlevering(Struct, frozen=True, kw_only=True, rename="camel"):
    """`GET /v1/aanleveringen/{id}`. `bestandsnaam` is echoed to its own partner only."""

    aanlevering_id: str
    status: AanleveringStatus
    ontvangen_op: dt.datetime | None
    grootte: int | None
    sha256: str | None
    bestandsnaam: str | None = None
    verwerkt_op: dt.datetime | None = None
    aantallen: AantallenNaarStatus | None = None
    content_uri: str | None = None
    ontvangstbewijs: str | None = None
    verwerkingsverslag_uri: str | None = None
    bevestiging: Bevestiging | None = None
    """Only of a file that was held."""
    bevestiging_uri: str | None = None
    """Where the decision is POSTed, while it is open."""
    herstel_van: str | None = None
    """The aanleveringId of which this one repairs refused rows."""
    hersteld_door: tuple[str, ...] = ()
    """The aanleveringIds that repair refused rows of this one, oldest first."""


class BevindingGroep(Struct, frozen=True, kw_only=True, rename="camel"):
    """All findings of one code: what is wrong, what to do, how often, and where first."""

    code: str
    ernst: Ernst
    veld: str | None
    melding: str
    wat_te_doen: str
    aantal: int
    eerste_regels: tuple[int, ...]
    uitleg_uri: str | None = None
    """The page that explains the code; null for what has none, such as a state."""


class Bevinding(Struct, frozen=True, kw_only=True, rename="camel"):
    """One finding at one row (1 = the first row after the header). `vorm` is the value's shape, never the value."""

    regel: int
    code: str
    ernst: Ernst
    veld: str | None
    vorm: str | None = None


class RegelStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """A row that was not plainly delivered, with its state and its id if it got one.

    `reden`: for a row that was stopped, the code of the rule that stopped it; `weigeringen_na_aanname` has its text.
    """

    regel: int
    status: str
    signaal_id: str | None = None
    systeemcode: str | None = None
    reden: str | None = None


class Bijlage(Struct, frozen=True, kw_only=True, rename="camel"):
    """A file about refused rows that the partner can fetch, for some days."""

    uri: str = ""
    regels: int
    beschikbaar_tot: dt.datetime


class Verwerkingsverslag(Struct, frozen=True, kw_only=True, rename="camel"):
    """The report: what to do first, the counts, the findings by cause, the first rows. No personal data."""

    versie: int = 1
    aanlevering_id: str
    status: AanleveringStatus
    gelezen_als: str
    wat_nu: tuple[str, ...]
    aantallen: AantallenNaarStatus
    bevindingen: tuple[BevindingGroep, ...]
    regels: tuple[Bevinding, ...]
    regels_afgekapt: bool
    per_gemeente: dict[str, AantallenNaarStatus] = {}
    systeemweigeringen: tuple[RegelStatus, ...] = ()
    """The first rows that were refused after they went on: by a system, or stopped before delivery."""
    systeemweigeringen_afgekapt: bool = False
    """There are more of them; the CSV form has all."""
    weigeringen_na_aanname: tuple[BevindingGroep, ...] = ()
    """All of them by cause; `eerste_regels` are of those in `systeemweigeringen`."""
    bevestiging: Bevestiging | None = None
    """Only of a file that was held."""
    gelezen: tuple[str, ...] = ()
    """How the file was read and why, a sentence each."""
    kopregel: int = 1
    """The line of the file with the column names; 0: there is none. Regel 1 stands below it."""
    herstelbestand: Bijlage | None = None
    """The refused rows that can be repaired, as they were sent, with their findings; null when there are none (any
    more)."""
    bewijzen_van_aanbieding: Bijlage | None = None
    """Signed proofs that rows were offered which an overeenkomst, a connection or a threshold did not let pass."""
    herstel_van: str | None = None
    hersteld_door: tuple[str, ...] = ()
