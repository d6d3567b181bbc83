"""Rules that other steps apply: to the file as a whole, at route, gate and threshold, to what came before."""

from typing import Final

from contracts.row_states import RowState
from gateway.stages.rule import Rule, error, fatal, warning

_LAYOUT: Final = "CSV-indeling v1"
_LCV: Final = "LCV art. 2"
_WGS: Final = "Wgs art. 3"
_POSTCODE: Final = "Wgs art. 3 lid 1 (de gemeente waar de inwoner woont)"
_SAVE_UTF8: Final = "Kies in Excel Bestand > Opslaan als > CSV UTF-8 (door lijstscheidingsteken gescheiden) (*.csv)"

FILE_RULES: Final[tuple[Rule, ...]] = (
    fatal(
        "bestand_leeg",
        None,
        "Het bestand is leeg.",
        "Controleer de export uit uw systeem en lever het bestand opnieuw aan.",
        _LAYOUT,
    ),
    fatal(
        "bestand_schadelijk",
        None,
        "In het bestand is schadelijke software (een virus) gevonden. Het is vernietigd; er is niets van gelezen.",
        "Laat de computer waarop het bestand is gemaakt controleren door uw beheerder. Maak het bestand daarna opnieuw"
        " uit uw systeem, het liefst als CSV, en lever het opnieuw aan.",
        "AVG art. 32",
    ),
    fatal(
        "bestand_geen_csv",
        None,
        "Dit bestand lezen wij niet: het is {vorm}.",
        "Sla de gegevens op als Excel-werkmap (.xlsx) of als CSV en lever dat bestand aan. Alleen een andere"
        " bestandsnaam geven is niet genoeg.",
        _LAYOUT,
    ),
    fatal(
        "bestand_tekenset_onbekend",
        None,
        "De tekenset {vorm} kunnen wij niet lezen.",
        f"{_SAVE_UTF8}. Windows-1252 mag ook.",
        _LAYOUT,
    ),
    fatal(
        "bestand_tekenset_wisselt",
        None,
        "Het bestand begint in de ene tekenset, maar verderop staan tekens in een andere.",
        f"Voeg geen bestanden samen die verschillend zijn opgeslagen. {_SAVE_UTF8}.",
        _LAYOUT,
    ),
    fatal(
        "bestand_nul_tekens",
        None,
        "In het bestand staan NUL-tekens; het is beschadigd of geen gewone tekst.",
        "Maak het bestand opnieuw aan in uw systeem en lever het opnieuw aan.",
        _LAYOUT,
    ),
    fatal(
        "bestand_geen_kopregel",
        None,
        "Wij vinden geen regel met kolomnamen die wij kennen.",
        "Zet boven de gegevens een regel met kolomnamen, zoals in de beschrijving van de CSV-indeling of in de lijst"
        " van namen die wij herkennen. Kan uw systeem dat niet, vraag beheer dan om een profiel dat zegt welke kolom op"
        " welke plaats staat.",
        _LAYOUT,
    ),
    fatal(
        "bestand_kolom_ontbreekt",
        None,
        "Verplichte kolommen ontbreken: {vorm}.",
        "Voeg de kolommen toe aan de kopregel en vul ze. Geldt voor al uw regels dezelfde waarde, vraag dan beheer om"
        " die vast in te stellen.",
        _LAYOUT,
    ),
    fatal(
        "bestand_profiel_onbekend",
        None,
        "Het profiel dat u bij het aanleveren noemde, is er niet meer.",
        "Lever het bestand opnieuw aan met de naam van een profiel dat er is, of zonder naam; beheer kent uw namen.",
        _LAYOUT,
    ),
    fatal(
        "bestand_kolom_dubbel",
        None,
        "In de kopregel staat meer dan één naam voor dezelfde kolom: {vorm}.",
        "Welke bedoelt u? Laat van elke kolom er één staan, geef de andere een andere naam, of vraag beheer om in een"
        " profiel vast te leggen welke wij lezen.",
        _LAYOUT,
    ),
    fatal(
        "bestand_datumvolgorde",
        None,
        "Bij {vorm} datums waaraan de volgorde te zien is, staat de maand voor de dag (zoals 02-25-2026). Staan de dag"
        " en de maand in uw hele bestand zo?",
        "Schrijf alle datums als dd-mm-jjjj of jjjj-mm-dd en lever het bestand opnieuw aan. Schrijft uw systeem altijd"
        " de maand eerst, vraag beheer dan om dat in een profiel vast te leggen.",
        _LAYOUT,
    ),
    fatal(
        "bestand_bedragvorm",
        None,
        "De bedragen kunnen verschillend worden gelezen: {vorm}. Hoe zijn ze bedoeld?",
        "Schrijf alle bedragen in euro met een komma voor de centen en zonder teken tussen de duizendtallen (1250,75),"
        " of vraag beheer om in een profiel vast te leggen hoe uw systeem ze schrijft.",
        _LAYOUT,
    ),
    fatal(
        "bestand_aanhalingsteken_open",
        None,
        "Een dubbel aanhalingsteken gaat open en nergens meer dicht; vanaf daar is het bestand niet te lezen.",
        'Zoek vanaf de genoemde regel naar een los ". Verwijder het, of schrijf het binnen een tekst tussen'
        ' aanhalingstekens als "".',
        "RFC 4180",
    ),
    fatal(
        "bestand_regel_te_lang",
        None,
        "Een regel is langer dan wij aannemen; waarschijnlijk ontbreekt een regeleinde of staat er een los"
        " aanhalingsteken.",
        'Zoek vanaf de genoemde regel naar een los " en controleer de regeleinden.',
        _LAYOUT,
    ),
    fatal(
        "bestand_te_veel_regels",
        None,
        "Het bestand heeft meer dan {vorm} regels.",
        "Verdeel het over meer bestanden.",
        _LAYOUT,
    ),
    warning(
        "bestand_zonder_regels",
        None,
        "Het bestand heeft een kopregel, maar geen gegevens.",
        "Had u niets te melden, dan hoeft u niets te doen.",
        _LAYOUT,
    ),
    warning(
        "kopregel_herhaald",
        None,
        "De kopregel staat {vorm} keer tussen de gegevens; die regels zijn geen signaal en zijn overgeslagen.",
        "U hoeft niets te doen. Uw systeem kan de kopregel vaak ook één keer schrijven.",
        _LAYOUT,
    ),
    warning(
        "totaalregel_overgeslagen",
        None,
        "Er staat een totaal tussen of onder de gegevens (aantal: {vorm}). Dat is geen signaal en is overgeslagen.",
        "U hoeft niets te doen, als er inderdaad geen gegevens van een inwoner op die regel staan.",
        _LAYOUT,
    ),
    warning(
        "regel_zonder_einde",
        None,
        "De laatste regel heeft geen regeleinde: misschien is het bestand afgebroken.",
        "Controleer of de laatste regel volledig is. Zo niet, lever het hele bestand opnieuw aan; wat al doorgegeven"
        " is, gaat niet nog eens.",
        _LAYOUT,
    ),
    warning(
        "buiten_leverperiode",
        None,
        "Het bestand is buiten de gebruikelijke dagen van de maand aangeleverd ({vorm}).",
        "Lever de volgende keer binnen de periode aan, of spreek een andere af in een addendum.",
        "LCV art. 2 (levermoment)",
    ),
    warning(
        "zonder_postcodetabel",
        None,
        "Er is geen postcodetabel geladen; de gemeentecode in de regels bepaalt de gemeente.",
        "U hoeft niets te doen; vul in elke regel de gemeentecode.",
        _POSTCODE,
    ),
)

ROUTE_RULES: Final[tuple[Rule, ...]] = (
    error(
        "postcode_onbekend",
        "postcode",
        "Deze postcode komt in de postcodetabel niet voor.",
        "Controleer de postcode, of vul de gemeentecode.",
        _POSTCODE,
    ),
    error(
        "postcode_meer_gemeenten",
        "postcode",
        "Deze postcode ligt in meer dan één gemeente, en het huisnummer zegt niet in welke.",
        "Controleer het huisnummer. Klopt het, vul dan in deze regel de gemeentecode (vier cijfers).",
        _POSTCODE,
    ),
    error(
        "gemeentecode_strijdig",
        "gemeentecode",
        "De postcode ligt niet in de gemeente van de gemeentecode.",
        "Verbeter de postcode of de gemeentecode; bij twijfel laat u de gemeentecode leeg.",
        _POSTCODE,
    ),
    error(
        "gemeentecode_onbekend",
        "gemeentecode",
        "Deze gemeentecode bestaat niet.",
        "Neem de code over uit de lijst van het CBS: vier cijfers, met voorloopnul.",
        _POSTCODE,
    ),
    error(
        "geen_gemeente",
        "gemeentecode",
        "De gemeente van dit adres is niet te bepalen.",
        "Vul de gemeentecode (vier cijfers).",
        _POSTCODE,
    ),
    warning(
        "postcode_niet_in_tabel",
        "postcode",
        "De postcode staat niet in de postcodetabel; de gemeentecode van de regel is gevolgd.",
        "Controleer de postcode.",
        _POSTCODE,
    ),
    warning(
        "gemeente_opgeheven",
        "gemeentecode",
        "Deze gemeente is opgegaan in een andere; het signaal gaat naar de opvolger.",
        "Vervang de oude gemeentecode in uw systeem.",
        "Wet arhi art. 44",
    ),
)

GATE_RULES: Final[tuple[Rule, ...]] = tuple(
    error(code, "gemeentecode", melding, wat, bron, state=state)
    for state, code, melding, wat, bron in (
        (
            RowState.GEEN_OVEREENKOMST,
            "geen_overeenkomst",
            "Met deze gemeente hebt u geen overeenkomst die dit signaal toestaat.",
            "Sluit eerst een overeenkomst met de gemeente; lever de regel daarna opnieuw aan.",
            _LCV,
        ),
        (
            RowState.GEEN_OVEREENKOMST,
            "overeenkomst_niet_ondertekend",
            "De overeenkomst met deze gemeente is nog niet door iedereen ondertekend.",
            "Wacht tot alle tekenbevoegden hebben getekend; lever de regel daarna opnieuw aan.",
            _LCV,
        ),
        (
            RowState.GEEN_OVEREENKOMST,
            "overeenkomst_niet_van_kracht",
            "De overeenkomst met deze gemeente is nog niet, of niet meer van kracht.",
            "Controleer de looptijd van de overeenkomst.",
            _LCV,
        ),
        (
            RowState.GEEN_OVEREENKOMST,
            "soort_niet_gedekt",
            "De overeenkomst met deze gemeente dekt deze soort achterstand niet.",
            "Spreek een aanvulling af met de gemeente.",
            _LCV,
        ),
        (
            RowState.GEEN_OVEREENKOMST,
            "signaaltype_niet_gedekt",
            "Met deze gemeente is niet afgesproken dat dit signaaltype langs deze weg gaat.",
            "Meld langs de weg die u met de gemeente hebt afgesproken, of spreek een addendum af.",
            "LCV-addendum crisissignalen",
        ),
        (
            RowState.GEEN_OVEREENKOMST,
            "geen_mandaat",
            "U hebt geen mandaat om bij deze gemeente voor deze opdrachtgever te melden.",
            "Laat de opdrachtgever het mandaat vastleggen, of controleer het KvK-nummer.",
            "LCV art. 2; BW boek 3 art. 60",
        ),
        (
            RowState.GEEN_OVEREENKOMST,
            "geen_experiment",
            "Voor deze soort achterstand loopt bij deze gemeente geen experiment waaraan u meedoet.",
            "Lever deze soort alleen aan voor de gemeenten van het experiment.",
            "Wgs art. 10",
        ),
        (
            RowState.NIET_AANGESLOTEN,
            "gemeente_niet_aangesloten",
            "De gemeente is nog niet aangesloten.",
            "Lever de regel opnieuw aan zodra de gemeente is aangesloten; een bekende datum staat bij de regel.",
            "AVG art. 28",
        ),
        (
            RowState.NIET_AANGESLOTEN,
            "gemeente_zonder_systeem",
            "De gemeente heeft op dit moment geen systeem dat signalen ontvangt.",
            "Vraag de gemeente wanneer zij weer signalen ontvangt.",
            _LCV,
        ),
        (
            RowState.NIET_AANGESLOTEN,
            "voor_eerste_leverdatum",
            "De eerste leverdatum die met deze gemeente is afgesproken, is nog niet bereikt.",
            "Lever de regel opnieuw aan op of na de datum die bij de regel staat.",
            "LCV-addendum levermoment",
        ),
    )
)

OTHER_RULES: Final[tuple[Rule, ...]] = (
    error(
        "onder_drempel",
        "bedrag",
        "Het bedrag is lager dan het drempelbedrag van de gemeente; beide staan bij de regel.",
        "U hoeft niets te doen. Loopt de achterstand op tot het drempelbedrag, dan kunt u opnieuw melden.",
        "LCV-addendum drempelbedrag",
        state=RowState.ONDER_DREMPEL,
    ),
    error(
        "dubbel_in_bestand",
        "kenmerk",
        "Dit signaal staat al eerder in hetzelfde bestand.",
        "Laat elk signaal één keer in het bestand staan.",
        "AVG art. 5 lid 1 sub c",
    ),
    error(
        "al_aangeleverd",
        "kenmerk",
        "Precies dit signaal hebt u al eerder aangeleverd; het wordt niet nog eens doorgegeven.",
        "U hoeft niets te doen.",
        "AVG art. 5 lid 1 sub c",
        state=RowState.AL_AANGELEVERD,
    ),
    warning(
        "gewijzigd_aangeleverd",
        "kenmerk",
        "Dit signaal hebt u eerder aangeleverd met andere gegevens; dit lijkt een geactualiseerd signaal. De nieuwe"
        " gegevens gaan door. Het id van het eerdere signaal staat bij de regel.",
        "U hoeft nu niets te doen; de gemeente ontvangt de nieuwe gegevens. Gaat het om dezelfde achterstand, vul dan"
        " voortaan geactualiseerd_signaal in de kolom signaaltype in.",
        "AVG art. 5 lid 1 sub d",
    ),
    warning(
        "actualisatie_gekoppeld",
        "kenmerk",
        "Dit geactualiseerde signaal hoort bij een signaal dat u eerder hebt aangeleverd; het id daarvan staat bij de"
        " regel.",
        "U hoeft niets te doen.",
        "AVG art. 5 lid 1 sub d",
    ),
    warning(
        "geen_eerder_vroegsignaal",
        "signaaltype",
        "Van deze inwoner is de afgelopen maanden geen vroegsignaal aangeleverd dat hieraan voorafgaat.",
        "Meld beginnende achterstanden eerst als vroegsignaal. Was er wel een met een ander kenmerk of adres, dan hoeft"
        " u niets te doen.",
        _WGS,
    ),
    error(
        "systeem_geweigerd",
        None,
        "Het systeem van de gemeente heeft dit signaal geweigerd; de code staat bij de regel.",
        "Herstel wat de code zegt en lever de regel opnieuw aan, of vraag beheer om hulp.",
        "LCV art. 2",
        state=RowState.SYSTEEM_GEWEIGERD,
    ),
)
