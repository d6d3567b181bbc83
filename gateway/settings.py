"""Settings: read once, typed, frozen, strict. An unknown key refuses to start and is named.

One TOML file; `SIGNAALPOORT_<SECTION>_<KEY>` in the environment overrides one value of it. Secrets are never in it:
a setting that needs one names a file.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.errors import SettingsError

ENV_PREFIX: Final = "SIGNAALPOORT_"
Seconds = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections; msgspec does not inherit kw_only, so each restates it."""


class Installation(Section, frozen=True, kw_only=True):
    """Who runs this gateway."""

    oin: Annotated[str, Meta(pattern=r"^000000(0[1-9]|10|99)\d{12}$")] = "00000099000000010000"
    """The OIN of whoever runs this installation; the default is fictitious."""
    name: str = "signaalpoort"
    """The name of this system in CloudEvents sources."""
    base_url: str = "https://localhost:8443"
    """How the outside reaches the listener for machines; the OpenAPI document and security.txt name it."""
    contact_email: str = "beheer@example.org"
    """Where users of the interface and finders of a vulnerability can write (RFC 9116); the default is fictitious."""
    processor_of: Literal["gemeente", "signaalpartner"] = "gemeente"
    """Decides which moment starts the legal clocks (domain rule 5)."""


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """SQLite for one serving process; PostgreSQL as soon as there is a second process or host."""

    url: str = "sqlite:///var/signaalpoort.db"
    """`sqlite:///path` or `postgresql://user@host/name`; a password belongs in the environment or in ~/.pgpass."""


class Storage(Section, frozen=True, kw_only=True):
    """Sealed bytes and keys. `key_dir` must lie outside database and backups."""

    blobs: Literal["files", "database"] = "files"
    """Where sealed bytes lie. With more than one host: `database`, or `files` on a volume that all hosts share."""
    blob_dir: Path = Path("var/blobs")
    """The folder of sealed bytes when `blobs` is `files`."""
    key_dir: Path = Path("var/keys")
    """The folder of keys, shared by all hosts."""
    secret_dir: Path = Path("var/secrets")
    """The folder of the secret files that the configuration names, one secret a file: webhook secrets."""
    watermark_mib: int = 512
    """Below this much free room on the blob volume nothing is taken in (507)."""


class Https(Section, frozen=True, kw_only=True):
    """The listener for machines: client certificate optional, or bearer."""

    host: str = "127.0.0.1"
    """The address to listen on; 0.0.0.0 for all."""
    port: Port = 8443
    """0: the system chooses a free one."""
    certificate: Path | None = None
    """PEM of the server certificate and its chain; nothing is served without it."""
    key: Path | None = None
    """PEM of its private key."""
    client_ca: tuple[Path, ...] = ()
    """PEM files of the authorities that sign client certificates; several, since trust anchors overlap."""
    crl: tuple[Path, ...] = ()
    """Their revocation lists, read again when the files change."""
    crl_max_age_hours: Annotated[int, Meta(ge=1)] = 48
    """A CRL older than its own nextUpdate plus this refuses certificates it covers; before that it only alerts."""


class Pages(Section, frozen=True, kw_only=True):
    """The listener for people."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Port = 8444
    """0: the system chooses a free one."""


class Work(Section, frozen=True, kw_only=True):
    """The wheel."""

    concurrency: Annotated[int, Meta(ge=1, le=256)] = 16
    """Deliveries on the wire at once in one process, over all destinations."""
    poll_seconds: Seconds = 1.0
    """How often a worker looks for work when nothing woke it."""
    lease_seconds: Seconds = 8.0
    """After this long without a sign of life another worker takes over; renewed each third of it while work runs."""
    attempt_timeout_seconds: Seconds = 20.0
    """After this long an attempt without an answer ends as unknown; it may be longer than the lease."""
    breaker_failures: Annotated[int, Meta(ge=1)] = 5
    """Failures in a row after which a destination is left alone."""
    breaker_open_seconds: Seconds = 30.0
    """How long it is left alone at first."""
    result_poll_seconds: Seconds = 60.0
    """How often a system that is polled is asked for results."""
    threatening_alert_hours: Seconds = 4.0
    """Operations are alerted when a possibly threatening signaal is undelivered for this long."""


class Feedback(Section, frozen=True, kw_only=True):
    """Relays leave on fixed ticks, so that timing tells nothing."""

    tick_seconds: Seconds = 900.0
    """Time between two ticks."""


class Retention(Section, frozen=True, kw_only=True):
    """Days kept (domain rule 7); destroyed on schedule, keys first."""

    delivered_rows_days: Annotated[int, Meta(ge=1)] = 30
    """Sealed rows of a delivery, counted from acceptance by the system."""
    refused_rows_days: Annotated[int, Meta(ge=1)] = 14
    """Sealed rows that the partner may repair."""
    link_days: Annotated[int, Meta(ge=1)] = 183
    """Link from a signaal to the partner's reference and invoices."""
    report_days: Annotated[int, Meta(ge=1)] = 183
    """Findings of a report."""
    statistic_days: Annotated[int, Meta(ge=1)] = 1096
    """Counts and medians of a partner's uploads, and who confirmed one that was held; no personal data."""
    hash_days: Annotated[int, Meta(ge=1)] = 183
    """Keyed hashes by which a row sent twice is recognised."""


class Intake(Section, frozen=True, kw_only=True):
    """The same thing twice, the usual window, bounds of reading."""

    replay_hours: Annotated[int, Meta(ge=0)] = 24
    """Identical bytes within this time answer the first receipt, if all went through."""
    window_from_day: Annotated[int, Meta(ge=1, le=31)] = 20
    """First day of the month of the usual delivery window."""
    window_until_day: Annotated[int, Meta(ge=1, le=31)] = 25
    """Last day of it; outside it the file gets one warning."""
    block_mib: Annotated[int, Meta(ge=1, le=64)] = 5
    """Size of the blocks in which a file is read; memory grows with it."""
    max_rows: Annotated[int, Meta(ge=1, le=16_777_215)] = 10_000_000
    """Rows of one file; more are refused whole."""
    report_rows: Annotated[int, Meta(ge=1)] = 1000
    """Rows with findings that a report shows one by one."""
    unpacked_mib: Annotated[int, Meta(ge=1, le=1 << 20)] = 4096
    """What a ZIP, gzip or workbook may hold when unpacked; more is refused whole."""
    workbook_cells: Annotated[int, Meta(ge=1, le=1 << 30)] = 10_000_000
    """Cells of a sheet of Excel or LibreOffice, from the first to the last that holds something."""
    workbook_mib: Annotated[int, Meta(ge=256, le=1 << 20)] = 2048
    """Memory of the process that opens one workbook; it takes some 100 bytes a cell, more for long texts."""
    workbook_seconds: Annotated[int, Meta(ge=1, le=3600)] = 120
    """Computing time of that process."""


class Sanity(Section, frozen=True, kw_only=True):
    """When a file makes no sense as a whole, and what then waits for its partner's word."""

    min_rows: Annotated[int, Meta(ge=1)] = 50
    """Files of fewer rows are never judged as a whole, and count for nothing in what is usual."""
    share: Annotated[float, Meta(gt=0.5, le=1)] = 0.9
    """From this share of the rows on, one thing is a thing of the file: one cause, one birth date, one wrong column."""
    amount_factor: Annotated[float, Meta(gt=1)] = 50.0
    """So many times the partner's usual median amount of a kind: the amounts are in cents."""
    rows_factor: Annotated[float, Meta(gt=1)] = 5.0
    """So many times more, or fewer, rows than usual is far more or fewer."""
    usual_months: Annotated[int, Meta(ge=1, le=36)] = 6
    """What is usual is the median of so many months, each counting by the partner's largest file of that month."""
    usual_months_min: Annotated[int, Meta(ge=1)] = 2
    """With fewer months than this behind it nothing is usual yet."""
    hold: tuple[
        Literal[
            "bestand_meeste_geweigerd",
            "bestand_kolom_verschoven",
            "bestand_bedragen_maal_honderd",
            "bestand_geboortedatum_standaard",
            "bestand_veel_meer_regels",
            "bestand_veel_minder_regels",
        ],
        ...,
    ] = (
        "bestand_meeste_geweigerd",
        "bestand_kolom_verschoven",
        "bestand_bedragen_maal_honderd",
        "bestand_geboortedatum_standaard",
        "bestand_veel_meer_regels",
    )
    """The findings for which a file is held until its partner confirms it; possibly threatening rows never are."""
    confirm_workdays: Annotated[int, Meta(ge=1, le=20)] = 2
    """A held file is refused when it is not confirmed by the end of this working day after the day it was held."""


class Scan(Section, frozen=True, kw_only=True):
    """Scanning every upload for malware by clamd before it is read. Without a clean verdict an upload waits."""

    clamd: str | None = None
    """Where clamd listens: `unix:/run/clamav/clamd.ctl` or `tcp:host:3310`; not given, nothing is scanned."""
    timeout_seconds: Seconds = 60.0
    """Time for connecting, for taking each block, and for the verdict after the last."""
    stream_limit_mib: Annotated[int, Meta(ge=1, le=4095)] = 100
    """A larger upload is not sent, and waits; StreamMaxLength, MaxFileSize and MaxScanSize of clamd are as large."""
    signature_days: Annotated[int, Meta(ge=1)] = 3
    """`check` complains of official signatures that are older."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of one process."""

    installation: Installation = Installation()
    database: DatabaseSettings = DatabaseSettings()
    storage: Storage = Storage()
    https: Https = Https()
    pages: Pages = Pages()
    work: Work = Work()
    feedback: Feedback = Feedback()
    retention: Retention = Retention()
    intake: Intake = Intake()
    sanity: Sanity = Sanity()
    scan: Scan = Scan()


def load_settings(file: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read `file` (None: defaults only), apply the environment; raises SettingsError naming key and mend."""
    document: dict[str, Any] = {}
    if file is not None:
        document = _read_toml(file)
    _apply_environment(document, environ)
    try:
        return msgspec.convert(document, Settings, strict=False, dec_hook=_convert_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings: {error}") from None


def _convert_path(wanted: type, value: Any) -> Any:
    """Paths are the one kind of value here that msgspec does not know."""
    if wanted is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError(f"Expected {wanted.__name__}, written as text")  # msgspec adds where


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"settings: cannot read {file}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"settings: {file} is not TOML: {error}") from None


def _apply_environment(document: dict[str, Any], environ: Mapping[str, str]) -> None:
    for name, value in environ.items():
        if not name.startswith(ENV_PREFIX) or name == ENV_PREFIX + "CONFIG":
            continue
        section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("_")
        if section not in Settings.__struct_fields__:
            raise SettingsError(f"settings: {name} names no section; sections: {', '.join(Settings.__struct_fields__)}")
        document.setdefault(section, {})[key] = value
