"""Pages of findings about a row, its arrears and its gemeente; what repeats per column is in `rule_pages_family`."""

from typing import Final

from gateway.stages.rule_page import AS_TEXT, ENERGIE, ZORG, RulePage, filtered, page

_CHECK_SOURCE: Final = "Kijk de waarde na in uw eigen administratie en verbeter haar daar ook."
_GEMEENTECODES: Final = "Zoek de code op in de lijst van gemeenten van het CBS: vier cijfers, ook de nul vooraan."

ROW: Final[dict[str, RulePage]] = {
    "veldaantal": page(
        "De regel heeft meer of minder waarden dan er kolomnamen zijn. Vanaf een zeker punt staat dan alles onder de"
        " verkeerde kolom, en daarom is de hele regel geweigerd.",
        "Dorpsstraat;bis;12 (waar ‘Dorpsstraat;bis’ één waarde is)",
        '"Dorpsstraat;bis";12',
        "Ga naar de rij en zoek van links naar rechts de eerste waarde onder een verkeerde kolom.",
        "Zet daar samen wat bij elkaar hoort en schuif de rest terug, zodat elke waarde onder haar eigen naam staat.",
        "Excel zet de aanhalingstekens bij het opslaan zelf om een tekst waarin een scheidingsteken staat.",
    ),
    "kenmerk_lijkt_bsn": page(
        "Het kenmerk heeft negen cijfers en voldoet aan de rekenregel van het burgerservicenummer. Uw kenmerk staat in"
        " elke terugkoppeling; een BSN mag daar nooit in staan.",
        "123456782",
        "S-2026-001",
        "Ga na of dit uw eigen nummer is. Zo ja, dan is het toeval (een op de elf nummers) en hoeft u niets te doen.",
        "Is het een BSN, vervang het dan door een nummer uit uw eigen administratie en haal het BSN uit uw export.",
    ),
    "bsn_niet_toegestaan": page(
        "Alleen zorgverzekeraars mogen het BSN doorgeven. De regel is geweigerd en niet bewaard; hij staat daarom ook"
        " niet in het herstelbestand.",
        "123456782",
        "",
        "Open uw eigen bestand, klik op de letter boven de kolom bsn en kies Start > Verwijderen.",
        "Controleer of het BSN niet ook in een andere kolom staat, zoals klantnummer of kenmerk.",
        "Lever alleen de geweigerde regels opnieuw aan, en haal het BSN uit uw export.",
        bij={"soort": "huur"},
    ),
    "bsn_ongeldig": page(
        "Een BSN heeft negen cijfers en voldoet aan de elfproef. Dit nummer doet dat niet, dus zou het signaal bij de"
        " verkeerde persoon terecht kunnen komen.",
        "123456789",
        "123456782",
        AS_TEXT.format(veld="bsn"),
        "Verbeter het nummer. Zijn het er acht, dan heeft Excel waarschijnlijk de nul vooraan weggelaten: typ die"
        " ervoor.",
        _CHECK_SOURCE,
        bij=ZORG,
    ),
    "bezwaar": page(
        "Een inwoner mag bezwaar maken tegen het doorgeven. Dan gaat het signaal niet door en bewaren wij de regel"
        " niet."
        " Voor zorgverzekeraars geldt dit niet.",
        "Ja",
        "",
        "U hoeft niets te herstellen. Neem deze inwoner de volgende keer niet op in het bestand.",
        bij={"soort": "huur"},
    ),
    "soort_niet_toegestaan": page(
        "U bent niet aangemeld voor deze soort achterstand. Een energiebedrijf meldt bijvoorbeeld geen huur.",
        "energie (door een verhuurder)",
        "huur",
        filtered("soort", "de genoemde soort"),
        "Verbeter de soort als die verkeerd is. Meldt u deze soort wel, vraag beheer dan uw aanmelding aan te vullen.",
    ),
    "soort_zonder_grondslag": page(
        "Alleen huur, energie, water en zorg vallen onder het convenant. Andere soorten mogen alleen binnen een"
        " experiment, en dat loopt voor u niet.",
        "hypotheek",
        "huur",
        filtered("soort", "de genoemde soort"),
        "Staat er de verkeerde soort, verbeter die dan. Anders haalt u deze rijen uit het bestand.",
    ),
    "signaaltype_niet_bij_soort": page(
        "Een eindeleveringssignaal bestaat alleen voor energie, een afsluitsignaal alleen voor water en een opzegging"
        " alleen voor zorg.",
        "afsluitsignaal",
        "eindeleveringssignaal",
        filtered("signaaltype", "het genoemde type"),
        "Kies het type dat bij de soort hoort, of maak de cel leeg: leeg betekent vroegsignaal.",
        bij={**ENERGIE, "einde_levering": "31-12-2026"},
    ),
    "einde_levering_ontbreekt": page(
        "Bij een eindeleveringssignaal moet de gemeente weten wanneer de levering stopt.",
        "",
        "31-12-2026",
        filtered("einde_levering", "(Lege cellen)"),
        "Typ de dag waarop de levering stopt, als dd-mm-jjjj. Is het geen eindeleveringssignaal, maak dan de kolom"
        " signaaltype leeg.",
        bij={"soort": "energie", "signaaltype": "eindeleveringssignaal"},
    ),
    "einde_levering_te_vroeg": page(
        "De gemeente moet ten minste 20 werkdagen hebben voordat de levering stopt. Dat zijn er vanaf vandaag minder.",
        "25-11-2026",
        "31-12-2026",
        "Stel het einde van de levering uit en vul de nieuwe dag in.",
        "Kan dat niet, bel dan de gemeente: dit signaal komt te laat om langs deze weg te gaan.",
        bij={"soort": "energie", "signaaltype": "eindeleveringssignaal"},
    ),
    "einde_levering_overbodig": page(
        "Een datum waarop de levering stopt hoort alleen bij een signaal over het einde van de levering. Bij dit"
        " signaaltype is hij weggelaten.",
        "31-12-2026",
        "",
        "Maak de cel leeg, of kies in signaaltype het type dat erbij hoort.",
        bij={"signaaltype": "vroegsignaal"},
    ),
    "bedrag_nul": page(
        "Bij een bedrag van nul is er geen achterstand om te melden.",
        "0,00",
        "250,75",
        filtered("bedrag", "0 en 0,00"),
        "Is er een achterstand, vul dan het bedrag in. Is er geen, verwijder de rij.",
    ),
    "bedrag_mogelijk_centen": page(
        "Het bedrag is € 10.000 of meer en heeft geen decimalen. Misschien staat het in centen.",
        "25075",
        "250,75",
        "Vergelijk het bedrag met uw administratie.",
        "Staat het in centen, deel het dan door honderd. Klopt het, schrijf er dan voortaan ,00 achter.",
    ),
    "bedrag_delen_ongelijk": page(
        "Premie, eigen risico en eigen bijdrage zijn opgeteld niet gelijk aan het bedrag.",
        "bedrag 250,75 met premie 180,00 en eigen risico 60,00",
        "bedrag 250,75 met premie 180,00 en eigen risico 70,75",
        "Tel de delen na en verbeter het deel of het bedrag dat niet klopt. Een deel dat er niet is, laat u leeg.",
    ),
    "oudste_vervaldatum_in_toekomst": page(
        "De oudste rekening zou pas na vandaag betaald moeten zijn; dan is er nog geen achterstand. Vaak zijn dag en"
        " maand verwisseld.",
        "10-01-2027",
        "01-10-2026",
        "Kijk of dag en maand zijn verwisseld, of dat er een andere datum (zoals de factuurdatum van een volgende"
        " rekening) is gebruikt.",
        "Vul de vervaldatum in van de oudste rekening die nog openstaat.",
    ),
    "oudste_vervaldatum_te_recent": page(
        "Een achterstand mag pas gemeld worden als de oudste rekening 30 dagen of langer geleden betaald had moeten"
        " zijn."
        " Het gaat om de dag waarop wij uw bestand ontvingen.",
        "10-11-2026 (aangeleverd op 20 november)",
        "01-10-2026 (aangeleverd op 20 november)",
        "Controleer of dit de vervaldatum is en niet de factuurdatum, en van de oudste openstaande rekening.",
        "Klopt hij, bewaar de regel dan en lever hem na 30 dagen aan.",
    ),
    "oudste_vervaldatum_te_lang_geleden": page(
        "Zorgpremie meldt u tussen 30 en 100 dagen na de vervaldatum. Deze achterstand is ouder.",
        "01-03-2026",
        "01-10-2026",
        "Controleer of de datum klopt. Klopt hij, dan kan dit signaal niet meer langs deze weg; verwijder de rij.",
        bij=ZORG,
    ),
    "oudste_vervaldatum_onwaarschijnlijk": page(
        "De vervaldatum ligt meer dan twintig jaar terug. Waarschijnlijk is het jaartal verkeerd getypt.",
        "01-10-2002",
        "01-10-2026",
        "Controleer het jaartal. Klopt het toch, dan hoeft u niets te doen.",
    ),
    "postcode_onbekend": page(
        "De postcode komt in de landelijke tabel niet voor, dus weten wij niet in welke gemeente het adres ligt.",
        "9999 ZZ",
        "1012 AB",
        "Zoek het adres op en verbeter de postcode.",
        f"Is de postcode nieuw en zeker goed, vul dan de kolom gemeentecode. {_GEMEENTECODES}",
    ),
    "postcode_meer_gemeenten": page(
        "Deze postcode ligt in meer dan één gemeente en het huisnummer geeft geen uitsluitsel. Wij kiezen nooit zomaar"
        " de"
        " eerste: dan zou een verkeerde gemeente de gegevens krijgen.",
        "gemeentecode leeg",
        "gemeentecode 0363",
        "Zoek op in welke gemeente het adres ligt.",
        f"Vul de kolom gemeentecode. {_GEMEENTECODES}",
    ),
    "gemeentecode_strijdig": page(
        "De postcode en de gemeentecode van de regel wijzen naar verschillende gemeenten.",
        "postcode 1012 AB met gemeentecode 0344",
        "postcode 1012 AB met gemeentecode 0363",
        "Zoek het adres op en verbeter wat niet klopt.",
        "Weet u het niet zeker, maak gemeentecode dan leeg: de postcode bepaalt dan de gemeente.",
    ),
    "gemeentecode_onbekend": page(
        "Een gemeente met deze code bestaat niet.",
        "9999",
        "0363",
        AS_TEXT.format(veld="gemeentecode"),
        f"{_GEMEENTECODES} Of maak de cel leeg: de postcode bepaalt dan de gemeente.",
    ),
    "geen_gemeente": page(
        "Met postcode en gemeentecode van deze regel is niet te bepalen naar welke gemeente het signaal moet.",
        "postcode 1012 AB en gemeentecode leeg, terwijl er geen postcodetabel is",
        "gemeentecode 0363",
        AS_TEXT.format(veld="gemeentecode"),
        f"Vul de gemeentecode. {_GEMEENTECODES}",
    ),
    "postcode_niet_in_tabel": page(
        "De postcode staat niet in de landelijke tabel. De gemeentecode van de regel is gevolgd en het signaal is"
        " doorgegaan.",
        "9999 ZZ",
        "1012 AB",
        "Controleer de postcode. Is hij nieuw, dan hoeft u niets te doen.",
    ),
    "gemeente_opgeheven": page(
        "Deze gemeente is samengegaan met een andere. Het signaal is naar de opvolger gegaan, die de afspraken heeft"
        " overgenomen.",
        "de code van de oude gemeente",
        "de code van de nieuwe gemeente",
        "Vervang in uw systeem de oude code door de nieuwe, of laat de kolom gemeentecode leeg.",
    ),
    "onder_drempel": page(
        "De gemeente heeft met u een drempelbedrag afgesproken. Achterstanden daaronder worden niet doorgegeven. Beide"
        " bedragen staan bij de regel in het CSV-verslag.",
        "45,00 bij een drempel van € 50,00",
        "50,00 of hoger",
        "U hoeft niets te herstellen. Loopt de achterstand op tot de drempel, neem de regel dan op in een volgend"
        " bestand.",
        "Is het bedrag verkeerd, verbeter het dan in het herstelbestand.",
    ),
    "dubbel_in_bestand": page(
        "Hetzelfde signaal staat twee keer in dit bestand: dezelfde soort, hetzelfde kenmerk, dezelfde naam, hetzelfde"
        " adres. Het eerste is doorgegaan, dit niet.",
        "kenmerk S-2026-001 in regel 4 en in regel 9",
        "kenmerk S-2026-001 in regel 4",
        "Was het een vergissing, dan hoeft u niets te doen en verwijdert u de rij.",
        "Zijn het twee achterstanden, geef dan elk een eigen kenmerk.",
    ),
    "al_aangeleverd": page(
        "Precies dit signaal hebt u al eerder aangeleverd en is toen doorgegaan. Daarom gaat het niet nog eens: de"
        " gemeente heeft het al.",
        "dezelfde regel als in het bestand van vorige week",
        "alleen nieuwe en gewijzigde regels",
        "U hoeft niets te herstellen.",
    ),
    "gewijzigd_aangeleverd": page(
        "U meldde deze achterstand eerder met andere gegevens, zoals een ander bedrag. De nieuwe gegevens zijn"
        " doorgegaan.",
        "eerder 250,75 en nu 310,20, als vroegsignaal",
        "310,20 als geactualiseerd_signaal",
        "U hoeft niets te herstellen. Zet bij een vervolg voortaan geactualiseerd_signaal in de kolom signaaltype.",
    ),
    "actualisatie_gekoppeld": page(
        "Dit geactualiseerde signaal hoort bij een signaal dat u eerder aanleverde. Het is doorgegaan en de gemeente"
        " ziet"
        " dat het een vervolg is.",
        "een geactualiseerd_signaal met hetzelfde kenmerk, dezelfde naam en hetzelfde adres als eerder",
        "hetzelfde: er is niets mis",
        "U hoeft niets te herstellen. Het id van het eerdere signaal staat bij de regel in het CSV-verslag.",
    ),
    "geen_eerder_vroegsignaal": page(
        "Er komt een geactualiseerd signaal of een eindeleveringssignaal, terwijl van deze inwoner de afgelopen maanden"
        " geen vroegsignaal van u bekend is. Het signaal is doorgegaan.",
        "alleen een eindeleveringssignaal",
        "eerst een vroegsignaal, later een geactualiseerd signaal of een eindeleveringssignaal",
        "Meld een volgende keer de beginnende achterstand, zodat de gemeente eerder kan helpen.",
    ),
    "systeem_geweigerd": page(
        "Het systeem van de gemeente nam dit signaal niet aan, om een reden die alleen dat systeem kent. De code ervan"
        " staat bij de regel. Deze regels staan niet in het herstelbestand.",
        "een signaal dat het systeem met code E-17 weigert",
        "hetzelfde signaal nadat de oorzaak is verholpen",
        "Zoek in het verslag bij ‘Na aanname alsnog geweigerd’ de code van het systeem op en vraag de gemeente of"
        " beheer"
        " wat zij betekent.",
        "Verbeter de regel in uw eigen bestand en lever hem opnieuw aan.",
    ),
}
"""About the row as a whole, the arrears, the address."""
