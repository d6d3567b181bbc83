"""What a gemeente can report of a signaal: the DDAS lists of end results and statuses, per version, as data.

Source: VNG-Realisatie/ddas-vroegsignalering, `v<versie>/json_schema_Uitwisselmodel.json`, EnumEindresultaat and
EnumSignaalstatus. Spellings differ per version; `Ddas` is our one code for what they mean.
"""

import enum
from typing import Final

from msgspec import Struct


class Ddas(enum.StrEnum):
    """One meaning, whatever its spelling. Ours, stable: configuration and the store use these."""

    BUDGETADVIES = "budgetadvies"
    VERVOLGHULP = "vervolghulp"
    VERVOLGHULP_FINANCIEEL = "vervolghulp_financieel"
    VERVOLGHULP_NIET_FINANCIEEL = "vervolghulp_niet_financieel"
    HERHAALDE_MELDING = "herhaalde_melding"
    ONTERECHT_SIGNAAL = "onterecht_signaal"
    ANDERE_REDEN = "andere_reden"
    GEEN_INWONER = "geen_inwoner"
    OVERLEDEN = "overleden"
    AL_BEKEND = "al_bekend"
    GEEN_CONTACT = "geen_contact"
    GEEN_REACTIE = "geen_reactie"
    REGELT_HET_ZELF = "regelt_het_zelf"
    ZELF_BETAALD = "zelf_betaald"
    ANDER_TRAJECT = "ander_traject"
    VERWIJZING_ZONDER_INWONER = "verwijzing_zonder_inwoner"
    NOG_NIET_OPGEPAKT = "nog_niet_opgepakt"
    OPGEPAKT = "opgepakt"


class Lijst(enum.StrEnum):
    """The two lists; some values stand in both."""

    EINDRESULTAAT = "eindresultaat"
    STATUS = "status"


class Waarde(Struct, frozen=True, kw_only=True):
    """One value of one version: its exact spelling. `verified`: read in the published schema of that version."""

    tekst: str
    code: Ddas
    lijsten: frozenset[Lijst]
    verified: bool = True


_EIND: Final = frozenset({Lijst.EINDRESULTAAT})
_STATUS: Final = frozenset({Lijst.STATUS})
_BEIDE: Final = _EIND | _STATUS


def _w(tekst: str, code: Ddas, lijsten: frozenset[Lijst] = _EIND) -> Waarde:
    return Waarde(tekst=tekst, code=code, lijsten=lijsten)


_SAME_IN_ALL: Final = (
    _w("(Budget)advies en/of quick fix", Ddas.BUDGETADVIES),
    _w("Vervolghulp en/of verwijzing financieel", Ddas.VERVOLGHULP_FINANCIEEL),
    _w("Vervolghulp en/of verwijzing niet financieel", Ddas.VERVOLGHULP_NIET_FINANCIEEL),
    _w("Niet opgepakt: herhaalde melding", Ddas.HERHAALDE_MELDING, _BEIDE),
    _w("Niet opgepakt: onterecht signaal", Ddas.ONTERECHT_SIGNAAL, _BEIDE),
    _w("Niet opgepakt: andere reden", Ddas.ANDERE_REDEN, _BEIDE),
    _w("Persoon is geen inwoner (meer) in de gemeente", Ddas.GEEN_INWONER, _BEIDE),
    _w("Inwoner is overleden", Ddas.OVERLEDEN, _BEIDE),
    _w("Definitief geen contact kunnen krijgen", Ddas.GEEN_CONTACT),
    _w("Geen reactie na eerder contact", Ddas.GEEN_REACTIE),
    _w("Inwoner heeft zelf al betaald/betalingsregeling getroffen", Ddas.ZELF_BETAALD),
    _w("Inwoner heeft al een ander lopend traject", Ddas.ANDER_TRAJECT),
    _w("Nog niet opgepakt", Ddas.NOG_NIET_OPGEPAKT, _STATUS),
)

LIJSTEN: Final[dict[str, tuple[Waarde, ...]]] = {
    "0.9": (
        *_SAME_IN_ALL,
        _w("Inwoner al bekend bij schuldhulpverlening", Ddas.AL_BEKEND),
        _w("Inwoner hoeft geen hulp vanuit vroegsignalering", Ddas.REGELT_HET_ZELF),
        _w("Verwijzing zonder contact", Ddas.VERWIJZING_ZONDER_INWONER),
    ),
    "1.0": (
        *_SAME_IN_ALL,
        _w("Inwoner al bekend bij schuldhulpverlening", Ddas.AL_BEKEND),
        _w("Inwoner regelt het zelf/hoeft geen hulp vanuit vroegsignalering", Ddas.REGELT_HET_ZELF),
        _w("Verwijzing zonder toestemming", Ddas.VERWIJZING_ZONDER_INWONER),
    ),
    "1.2": (
        *_SAME_IN_ALL,
        _w("Inwoner al bekend bij schuldhulpverlening", Ddas.AL_BEKEND, _BEIDE),
        _w("Inwoner regelt het zelf/hoeft geen hulp vanuit vroegsignalering", Ddas.REGELT_HET_ZELF),
        _w("Verwijzing zonder tussenkomst inwoner", Ddas.VERWIJZING_ZONDER_INWONER),
        _w("Vervolghulp en/of verwijzing", Ddas.VERVOLGHULP),
        _w("Opgepakt", Ddas.OPGEPAKT, _STATUS),
    ),
}
"""Version → its values. `Resultaat.codelijst_versie` names the version."""

_BY_SPELLING: Final = {versie: {waarde.tekst: waarde.code for waarde in waarden} for versie, waarden in LIJSTEN.items()}


def read_code(versie: str, tekst: str) -> Ddas | None:
    """The meaning of a spelling in that version; None when the version or the spelling is not in it."""
    return _BY_SPELLING.get(versie, {}).get(tekst)
