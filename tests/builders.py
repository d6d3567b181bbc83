"""Valid things with defaults; a test names only what it is about: `a_signaal(bedrag=0)`.

Everyone in here is fictitious. OINs start with 00000099; the BSNs are official test numbers of the RvIG.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from contracts.overeenkomst import (
    Addendum,
    Experiment,
    Gemeente,
    Ondertekening,
    Overeenkomst,
    Period,
    Rol,
    Signaalpartner,
    Systeem,
    Systeemkeuze,
    Terugkoppelgrond,
    Toegang,
)
from contracts.signaal import LCV_SOORTEN, Signaal, Soort
from contracts.terugkoppeling import Gebeurtenis, Resultaat
from gateway.stages.agreement import VersionedOvereenkomst
from gateway.stages.directory import Directory

NOW: Final = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
"""A Friday inside the usual window (20th-25th), where the `clock` fixture begins; 10:30 in Amsterdam."""
TODAY: Final = NOW.date()
LONG_AGO: Final = dt.date(2021, 1, 1)
TEST_BSN: Final = "000009830"
TEST_BSN_OTHER: Final = "000009842"
AMSTERDAM: Final = "0363"
UTRECHT: Final = "0344"
UPLOAD_ID: Final = "019aab00-0000-7000-8000-000000000000"

_ALL_LCV: Final = tuple(sorted(LCV_SOORTEN))


def an_oin(number: int = 1) -> str:
    """A fictitious OIN: 20 positions, in the range that is free for tests."""
    return f"00000099{number:09d}000"


def a_signaal(**kw: Any) -> Signaal:
    """A huursignaal in Amsterdam that passes every rule at NOW."""
    return Signaal(
        **{
            "signaal_id": UPLOAD_ID[:-1] + "1",
            "soort": Soort.HUUR,
            "kenmerk": "S-2026-001",
            "achternaam": "Voorbeeld",
            "straat": "Dorpsstraat",
            "huisnummer": 12,
            "postcode": "1012AB",
            "woonplaats": "Amsterdam",
            "gemeentecode": AMSTERDAM,
            "bedrag": 25_075,
            "oudste_vervaldatum": dt.date(2026, 10, 1),
        }
        | kw
    )


def signatures(*roles: Rol, on: dt.date = LONG_AGO) -> tuple[Ondertekening, ...]:
    """One signature per role; no role: gemeente and signaalpartner."""
    return tuple(Ondertekening(rol=rol, getekend_op=on) for rol in roles or (Rol.GEMEENTE, Rol.SIGNAALPARTNER))


def an_overeenkomst(**kw: Any) -> Overeenkomst:
    """A fully signed LCV agreement of partner `woonstad` with Amsterdam, in force, for the four LCV kinds."""
    gemeenten = kw.pop("gemeenten", (AMSTERDAM,))
    if not isinstance(gemeenten, Mapping):
        gemeenten = {code: Period(from_=LONG_AGO) for code in gemeenten}
    return Overeenkomst(
        **{
            "key": "woonstad-0363",
            "signaalpartner": "woonstad",
            "gemeenten": gemeenten,
            "soorten": _ALL_LCV,
            "ondertekeningen": signatures(),
            "van_kracht": Period(from_=LONG_AGO),
        }
        | kw
    )


def a_versioned(overeenkomst: Overeenkomst | None = None, *, version: int = 1, **kw: Any) -> VersionedOvereenkomst:
    """`overeenkomst`, or one built from `kw`, with its version."""
    return VersionedOvereenkomst(version=version, overeenkomst=overeenkomst or an_overeenkomst(**kw))


def a_grond(**kw: Any) -> Terugkoppelgrond:
    """The ground of feedback, recorded and told to residents long ago."""
    texts = {"doel": "hulp niet doorkruisen", "grondslag": "Bgs art. 17", "noodzaak": "de partner pauzeert de incasso"}
    return Terugkoppelgrond(**{"inwoners_geinformeerd_op": LONG_AGO, "vastgelegd_op": LONG_AGO} | texts | kw)


def an_addendum(*roles: Rol, on: dt.date = LONG_AGO, **kw: Any) -> Addendum:
    """An addendum signed on that day, by these roles; no role: gemeente and signaalpartner."""
    return Addendum(**{"ondertekeningen": signatures(*roles, on=on)} | kw)


def a_gemeente(code: str = AMSTERDAM, *, systeem: str = "vps", **kw: Any) -> Gemeente:
    """A connected gemeente that takes feedback, served by `systeem` since long ago."""
    return Gemeente(
        **{
            "code": code,
            "verwerkersovereenkomst": LONG_AGO,
            "systemen": (Systeemkeuze(systeem=systeem, van=LONG_AGO),),
            "terugkoppeling": a_grond(),
        }
        | kw
    )


def a_systeem(key: str = "vps", **kw: Any) -> Systeem:
    """A receiving system behind the adapter `rest`."""
    return Systeem(**{"key": key, "naam": key.upper(), "adapter": "rest"} | kw)


def a_partner(key: str = "woonstad", *, number: int = 1, **kw: Any) -> Signaalpartner:
    """A signaalpartner for the four LCV kinds; `number` makes its OIN and KvK number its own."""
    return Signaalpartner(
        **{
            "key": key,
            "naam": f"Voorbeeld {key}",
            "oin": an_oin(number),
            "kvk": f"{90_000_000 + number:08d}",
            "soorten": _ALL_LCV,
        }
        | kw
    )


def a_toegang(key: str = "vps-toegang", **kw: Any) -> Toegang:
    """The credential of system `vps` for Amsterdam."""
    return Toegang(
        **{"key": key, "systeem": "vps", "gemeenten": (AMSTERDAM,), "van": LONG_AGO, "oin": an_oin(900)} | kw
    )


def a_directory(
    *,
    generation: int = 1,
    partners: Iterable[Signaalpartner] | None = None,
    gemeenten: Iterable[Gemeente] | None = None,
    systemen: Iterable[Systeem] | None = None,
    toegangen: Iterable[Toegang] | None = None,
    experimenten: Sequence[Experiment] = (),
) -> Directory:
    """One partner, one connected gemeente, one system, one credential, unless told otherwise."""
    return Directory(
        generation=generation,
        partners={p.key: p for p in ((a_partner(),) if partners is None else partners)},
        gemeenten={g.code: g for g in ((a_gemeente(),) if gemeenten is None else gemeenten)},
        systemen={s.key: s for s in ((a_systeem(),) if systemen is None else systemen)},
        toegangen={t.key: t for t in ((a_toegang(),) if toegangen is None else toegangen)},
        experimenten=tuple(experimenten),
    )


def a_resultaat(signaal_id: str = UPLOAD_ID[:-1] + "1", **kw: Any) -> Resultaat:
    """`hulp_geaccepteerd` for one signaal, unless `gebeurtenis` or `code` says otherwise."""
    if "code" not in kw and "gebeurtenis" not in kw:
        kw = {"gebeurtenis": Gebeurtenis.HULP_GEACCEPTEERD, "datum": TODAY} | kw
    return Resultaat(**{"resultaat_id": "R-1", "signaal_id": signaal_id} | kw)


_EFFORT: Final = {
    "herinnering_verstuurd": "Ja",
    "persoonlijk_contact_gezocht": "Ja",
    "gewezen_op_schuldhulp": "Ja",
    "doorgifte_aangekondigd": "Ja",
}
_OF_SOORT: Final[dict[str, dict[str, str]]] = {
    "huur": {},
    "energie": {"producten": "elektriciteit,gas", "klantnummer": "K100234"},
    "water": {"klantnummer": "K100234"},
    "zorg": {"polisnummer": "P-7788", "uzovi": "0101", "geboortedatum": "31-12-1980"},
}


def a_row(soort: str = "huur", **columns: str) -> dict[str, str]:
    """One row of CSV layout v1, column → text, without a finding at NOW; an empty text leaves a column blank."""
    return (
        {
            "soort": soort,
            "kenmerk": "S-2026-001",
            "voorletters": "J.P.",
            "voorvoegsel": "van der",
            "achternaam": "Voorbeeld",
            "telefoon": "0612345678",
            "straat": "Dorpsstraat",
            "huisnummer": "12",
            "postcode": "1012 AB",
            "woonplaats": "Amsterdam",
            "gemeentecode": AMSTERDAM,
            "bedrag": "250,75",
            "oudste_vervaldatum": "01-10-2026",
        }
        | _EFFORT
        | _OF_SOORT.get(soort, {})
        | columns
    )


def a_csv(
    rows: Sequence[Mapping[str, str]] | None = None,
    *,
    delimiter: str = ";",
    encoding: str = "utf-8",
    line_end: str = "\r\n",
) -> bytes:
    """A file of layout v1 with a header of every column that occurs; `encoding` may be utf-8-sig or cp1252."""
    rows = [a_row()] if rows is None else rows
    header = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)
