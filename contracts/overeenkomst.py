"""What the gate needs to know: overeenkomsten, gemeenten with their dated systems, signaalpartners.

Sources: LCV model agreement; Wgs art. 3; Wet arhi art. 44; AVG art. 28 (verwerkersovereenkomst).
These structures are also what `signaalpoort apply` reads (snake_case keys, TOML).
"""

import datetime as dt
import enum
from typing import Annotated

from msgspec import Meta, Struct, field

from contracts.signaal import Gemeentecode, KvkNummer, Signaaltype, Soort

Oin = Annotated[str, Meta(pattern=r"^000000(0[1-9]|10|99)\d{12}$", description="Logius OIN, 20 positions")]
Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="the operator's own short name")]
Tekst = Annotated[str, Meta(pattern=r"\S", description="not empty")]


class Period(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`from_` up to and including `until` (None: open)."""

    from_: dt.date = field(name="van")
    until: dt.date | None = field(name="tot_en_met", default=None)

    def holds(self, day: dt.date) -> bool:
        """Whether `day` lies in the period, both ends included."""
        return self.from_ <= day and (self.until is None or day <= self.until)


class Basis(enum.StrEnum):
    """The ground of an overeenkomst."""

    LCV = "lcv"
    EIGEN_CONVENANT = "eigen_convenant"
    MAATWERK = "maatwerk"


class Rol(enum.StrEnum):
    """For whom a tekenbevoegde signs."""

    GEMEENTE = "gemeente"
    SIGNAALPARTNER = "signaalpartner"
    UITVOERDER = "uitvoerder"


class Ondertekening(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signature: for whom and when. Who signed is evidence kept elsewhere, not needed by the gate."""

    rol: Rol
    getekend_op: dt.date


class Addendum(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Deviations beside an overeenkomst, signed by those who sign it; before that it has no effect.

    None means: as the overeenkomst says.
    """

    ondertekeningen: tuple[Ondertekening, ...] = ()
    eerste_leverdatum: dt.date | None = None
    drempelbedragen: dict[Soort, int] = {}
    """Euro cents per kind; precedes the thresholds of the gemeente."""
    hele_maand: bool = False
    """True: delivery outside the 20th-25th is agreed, so no warning."""
    signaaltypen: tuple[Signaaltype, ...] = ()
    """Possibly threatening types that may go by this route."""


class Mandaat(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A principal (KvK) lets an agent report for it, dated."""

    opdrachtgever: KvkNummer
    agent: Key
    van: dt.date
    tot_en_met: dt.date | None = None


class Overeenkomst(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One agreement between a gemeente (or gemeenschappelijke regeling) and a signaalpartner.

    `gemeenten`: the code, or for a GR each code it covers with its period. `opdrachtgevers`: KvK numbers
    of principals that an agent's own agreement lists. `mandaten`: agents that may report for this partner.
    """

    key: Key
    basis: Basis = Basis.LCV
    signaalpartner: Key
    gemeenten: dict[Gemeentecode, Period]
    regeling: str | None = None
    uitvoerder: str | None = None
    uitvoerder_tekent: bool = False
    soorten: tuple[Soort, ...]
    ondertekeningen: tuple[Ondertekening, ...] = ()
    van_kracht: Period
    eerste_leverdatum: dt.date | None = None
    signaaltypen: tuple[Signaaltype, ...] = ()
    opdrachtgevers: tuple[KvkNummer, ...] = ()
    mandaten: tuple[Mandaat, ...] = ()
    addenda: tuple[Addendum, ...] = ()
    pauze_dagen: Annotated[int, Meta(ge=0, le=366)] = 30
    """Collection pause after hulp geaccepteerd, calendar days (LCV art. 4); 0: no pause rule."""


class Systeemkeuze(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The gemeente's system during a period; `systeem` names a `Systeem`."""

    systeem: Key
    van: dt.date
    tot_en_met: dt.date | None = None


class Terugkoppelgrond(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a gemeente recorded before partners may hear of single residents (AVG art. 5 and 6; AP guidance).

    `inwoners_geinformeerd_op`: since when it confirms that it informs its residents.
    """

    doel: Tekst
    grondslag: Tekst
    noodzaak: Tekst
    inwoners_geinformeerd_op: dt.date
    vastgelegd_op: dt.date

    def holds(self, day: dt.date) -> bool:
        """Whether on `day` it is recorded and residents are informed."""
        return max(self.vastgelegd_op, self.inwoners_geinformeerd_op) <= day


class Gemeente(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one gemeente is connected. `verwerkersovereenkomst` is its date (AVG art. 28); None: not connected."""

    code: Gemeentecode
    verwerkersovereenkomst: dt.date | None = None
    systemen: tuple[Systeemkeuze, ...] = ()
    drempelbedrag: int | None = None
    drempelbedragen: dict[Soort, int] = {}
    terugkoppeling: Terugkoppelgrond | None = None
    """The ground of person-level feedback; None: partners hear nothing."""
    terugkoppeling_opt_in: tuple[str, ...] = ()
    """Codes of DDAS end results that count as hulp geaccepteerd when they carry the acceptance date: budgetadvies,
    vervolghulp, vervolghulp_financieel, vervolghulp_niet_financieel."""
    al_bekend_terugkoppelen: bool = False


class Onderhoud(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A weekly maintenance window in Europe/Amsterdam time; `weken`: alle, even or oneven ISO weeks.

    `tot` before `van`: it lasts over midnight, until the next day, and belongs to the week it starts in.
    """

    dag: Annotated[int, Meta(ge=1, le=7, description="ISO weekday, Monday = 1")]
    van: dt.time
    tot: dt.time
    weken: str = "alle"


class Systeem(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A receiving system as a destination: which adapter, its configuration, its limits."""

    key: Key
    naam: str
    adapter: str
    config: dict[str, str | int | bool] = {}
    """Validated against the config type that the adapter's catalogue entry names."""
    max_rijen: Annotated[int, Meta(ge=1, le=100_000)] = 500
    gelijktijdig: Annotated[int, Meta(ge=1, le=64)] = 4
    onderhoud: tuple[Onderhoud, ...] = ()
    gepauzeerd: bool = False


class Veldbeleid(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fields that no law names but practice sends, for one kind of arrears: what is false is dropped.

    What the law names for a kind passes whatever stands here (zorg: telefoon, email and geboortedatum; Regeling
    zorgverzekering art. 7b.1).
    """

    telefoon: bool = True
    email: bool = True
    geboortedatum: bool = True
    geslacht: bool = False


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where feedback is pushed. `geheimen`: names of secret files, newest first; two during rotation."""

    url: str
    geheimen: tuple[str, ...]
    prive_adres_toegestaan: bool = False
    ca_bestand: str | None = None


class Signaalpartner(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may send, what by default, within which limits."""

    key: Key
    naam: str
    oin: Oin
    kvk: KvkNummer | None = None
    soorten: tuple[Soort, ...]
    veldbeleid: dict[Soort, Veldbeleid] = {}
    """Per kind; for a kind that is not named the defaults of `Veldbeleid` hold."""
    constanten: dict[str, str] = {}
    """The four effort fields (Ja or Nee) and soort (one of `soorten`), for every row that leaves them blank."""
    webhook: Webhook | None = None
    max_bytes: int = 256 * 1024 * 1024
    max_gelijktijdig: int = 4
    max_per_minuut: int = 60
    gepauzeerd: bool = False


class Experiment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tijdelijke regeling (Wgs art. 10) that lets another kind of the national list pass."""

    key: Key
    soort: Soort
    signaalpartner: Key
    gemeenten: tuple[Gemeentecode, ...]
    tot_en_met: dt.date


class Toegang(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A credential of a receiving system stands for (system, set of gemeenten, dates).

    `oin`: the client certificate's Subject.serialNumber; bearer tokens are issued by the CLI for the key.
    """

    key: Key
    systeem: Key
    gemeenten: tuple[Gemeentecode, ...]
    van: dt.date
    tot_en_met: dt.date | None = None
    oin: Oin | None = None
