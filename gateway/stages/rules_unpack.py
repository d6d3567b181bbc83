"""Rules about what a file is packed in: ZIP, gzip, workbooks and JSON."""

from typing import Final

from gateway.stages.rule import Rule, fatal, warning

_LAYOUT: Final = "CSV-indeling v1"
_OR_CSV: Final = "of lever de gegevens als CSV aan"

UNPACK_RULES: Final[tuple[Rule, ...]] = (
    fatal(
        "bestand_ingepakt_meer",
        None,
        "In het ingepakte bestand zit niet één bestand met signalen, maar {vorm}.",
        "Pak één bestand in, zonder mappen en zonder andere ingepakte bestanden, en lever elk bestand apart aan.",
        _LAYOUT,
    ),
    fatal(
        "bestand_ingepakt_versleuteld",
        None,
        "Het bestand is met een wachtwoord beveiligd: {vorm}.",
        "Haal het wachtwoord eraf en lever het bestand opnieuw aan. Excel: Bestand > Info > Werkmap beveiligen >"
        " Versleutelen met wachtwoord, maak het vak leeg en sla op. LibreOffice: Opslaan als, zonder vinkje bij Opslaan"
        " met wachtwoord. ZIP: pak het bestand opnieuw in zonder wachtwoord. Wij versleutelen elk bestand zelf zodra"
        " het binnenkomt.",
        _LAYOUT,
    ),
    fatal(
        "bestand_ingepakt_te_groot",
        None,
        "Uitgepakt is het bestand groter dan wij aannemen ({vorm}).",
        "Verdeel de gegevens over meer bestanden en lever die apart aan.",
        _LAYOUT,
    ),
    fatal(
        "bestand_ingepakt_beschadigd",
        None,
        "Het bestand is niet te openen: {vorm}.",
        "Controleer of het bestand op uw eigen computer opent. Sla het opnieuw op of pak het opnieuw in, en lever het"
        " nog eens aan.",
        _LAYOUT,
    ),
    fatal(
        "bestand_werkblad_ontbreekt",
        None,
        "In de werkmap is geen werkblad {vorm}.",
        "Geef het werkblad met de signalen de naam die in uw profiel staat, of laat het profiel aanpassen.",
        _LAYOUT,
    ),
    fatal(
        "bestand_werkblad_te_groot",
        None,
        "De werkmap is te groot om te openen: {vorm}.",
        "Verwijder alles wat onder en naast de gegevens staat (selecteer die rijen en kolommen en kies Verwijderen) en"
        f" sla de werkmap op. Helpt dat niet, verdeel de gegevens dan over meer bestanden, {_OR_CSV}.",
        _LAYOUT,
    ),
    fatal(
        "bestand_json_ongeldig",
        None,
        "De JSON is niet te lezen: {vorm}.",
        "Lever een lijst van objecten aan, of één object per regel, in UTF-8; elk object is één signaal met de"
        f" kolomnamen als veldnamen. Controleer de export uit uw systeem, {_OR_CSV}.",
        "RFC 8259",
    ),
    warning(
        "bestand_ingepakt_rest",
        None,
        "Achter het ingepakte bestand staan nog {vorm} bytes die er niet bij horen; die zijn niet gelezen.",
        "Controleer of alle regels zijn aangekomen. Zo niet, pak het bestand opnieuw in en lever het opnieuw aan.",
        "RFC 1952",
    ),
    warning(
        "werkblad_formule_zonder_uitkomst",
        None,
        "In {vorm} cellen staat een formule zonder uitkomst; die cellen zijn als leeg gelezen.",
        "Open de werkmap in Excel of LibreOffice, laat haar herberekenen, sla haar op en lever haar opnieuw aan.",
        _LAYOUT,
    ),
)
