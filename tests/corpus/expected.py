"""What is expected of one file: written down before the code that reads it, in a TOML file beside it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.overeenkomst import Veldbeleid
from contracts.profiel import Profiel
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.profiles import profile_of

HERE: Final = Path(__file__).parent
_OURS: Final = frozenset({".py", ".toml", ".md", ".pyc"})


class Gelezen(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """How the file is read; what is not named is not compared. `herkend`, `genegeerd`: numbers of columns."""

    vorm: str | None = None
    verpakt: str | None = None
    tekenset: str | None = None
    scheidingsteken: str | None = None
    decimaal: str | None = None
    datums: str | None = None
    kopregel: int | None = None
    herkend: int | None = None
    genegeerd: int | None = None


class Bestandsbevinding(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A finding about the file; without `regel` its row is not compared."""

    code: str
    regel: int | None = None


class Regel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One row: whether it goes on, all its codes, some of its values by field of a signaal, fields without a value."""

    nr: int
    gaat_door: bool
    codes: frozenset[str]
    velden: dict[str, Any] = {}
    leeg: tuple[str, ...] = ()


class Expected(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file. `rijen` is None for a file that is refused as a whole.

    `wat`: what it is and who makes it so; `bron`: what made this one. `soorten`, `constanten`, `veldbeleid`: of its
    partner.
    """

    wat: str
    bron: str
    soorten: tuple[Soort, ...] = tuple(sorted(LCV_SOORTEN))
    constanten: dict[str, str] = {}
    veldbeleid: dict[Soort, Veldbeleid] = {}
    profiel: dict[str, Any] | None = None
    rijen: int | None = None
    gelezen: Gelezen = Gelezen()
    bestand: tuple[Bestandsbevinding, ...] = ()
    regel: tuple[Regel, ...] = ()

    def profile(self) -> Profiel | None:
        """The profile that reads the file, if any."""
        return None if self.profiel is None else profile_of(self.profiel)


def files() -> Iterator[Path]:
    """Every file of the corpus, in order."""
    folders = sorted(path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")
    for folder in folders:
        yield from sorted(path for path in folder.iterdir() if path.suffix not in _OURS)


def expected_of(file: Path) -> Expected:
    """What stands in the TOML beside `file`; raises FileNotFoundError or msgspec.ValidationError."""
    document = tomllib.loads(file.with_suffix(".toml").read_text(encoding="utf-8"))
    return msgspec.convert(document, Expected)
