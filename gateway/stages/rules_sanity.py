"""Rules about a file that reads well and yet makes no sense as a whole, and about files that wait for a partner's word.

The first six are warnings; the settings say for which of them a file is held until its partner confirms it.
"""

from typing import Final

from gateway.stages.rule import Rule, fatal, warning

_CORRECT: Final = "AVG art. 5 lid 1 sub d"
_MINIMAL: Final = "AVG art. 5 lid 1 sub c"

SANITY_RULES: Final[tuple[Rule, ...]] = (
    warning(
        "bestand_meeste_geweigerd",
        None,
        "Bijna alle regels zijn om dezelfde reden geweigerd: {vorm}.",
        "Lees bij die bevinding wat er mis is. Meestal staat een kolom verkeerd of is een instelling van de export"
        " veranderd: herstel het bestand en lever het opnieuw aan.",
        _CORRECT,
    ),
    warning(
        "bestand_kolom_verschoven",
        None,
        "De waarden lijken een kolom naast hun kolomnaam te staan: {vorm}.",
        "Leg de kopregel naast de eerste regels: ontbreekt er een kolom, of staat er een te veel? Herstel dat en lever"
        " het bestand opnieuw aan.",
        _CORRECT,
    ),
    warning(
        "bestand_bedragen_maal_honderd",
        None,
        "De bedragen lijken in centen te staan in plaats van in euro: {vorm}.",
        "Bedragen zijn in euro, bijvoorbeeld 250,75. Staan ze in centen, deel ze dan door honderd en lever het bestand"
        " opnieuw aan.",
        _CORRECT,
    ),
    warning(
        "bestand_geboortedatum_standaard",
        None,
        "Vrijwel alle geboortedatums zijn gelijk ({vorm}); dat lijkt een standaardwaarde van uw systeem.",
        "Herstel de export, of laat de kolom leeg als u de geboortedatums niet hebt.",
        _CORRECT,
    ),
    warning(
        "bestand_veel_meer_regels",
        None,
        "Het bestand heeft veel meer regels dan u gewoonlijk aanlevert: {vorm}.",
        "Controleer of de selectie in uw systeem klopt, zoals de periode en de stap in de incasso.",
        _MINIMAL,
    ),
    warning(
        "bestand_veel_minder_regels",
        None,
        "Het bestand heeft veel minder regels dan u gewoonlijk aanlevert: {vorm}.",
        "Controleer of het bestand compleet is. Zo niet, lever dan het hele bestand aan; wat al is doorgegeven, gaat"
        " niet nog eens. Is het compleet, dan hoeft u niets te doen.",
        _CORRECT,
    ),
    fatal(
        "bestand_niet_bevestigd",
        None,
        "Het bestand is niet op tijd bevestigd. De regels die daarop wachtten, zijn niet doorgegeven.",
        "Controleer het bestand, lever het opnieuw aan en bevestig het op tijd als wij daarom vragen.",
        _CORRECT,
    ),
    fatal(
        "bestand_ingetrokken",
        None,
        "Het bestand is ingetrokken. De regels die op uw bevestiging wachtten, zijn niet doorgegeven.",
        "Herstel het bestand en lever het opnieuw aan.",
        _CORRECT,
    ),
)
