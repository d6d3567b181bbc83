"""Pages of findings about the file as a whole."""

from typing import Final

from gateway.stages.rule_page import SAVE_AS_CSV, RulePage, page

_HEADER: Final = "soort;kenmerk;achternaam;straat;huisnummer;postcode;woonplaats;bedrag;oudste_vervaldatum;…"

UNREADABLE: Final[dict[str, RulePage]] = {
    "bestand_leeg": page(
        "Er is een bestand aangekomen zonder één teken erin. Meestal is de export mislukt of is het verkeerde bestand"
        " gekozen.",
        "een bestand van 0 bytes",
        f"een bestand met een kopregel ({_HEADER}) en daaronder de regels",
        "Open het bestand in Excel: is het leeg, maak de export in uw systeem dan opnieuw.",
        "Kijk in de Verkenner of het nieuwe bestand groter is dan 0 kB voordat u het aanlevert.",
    ),
    "bestand_schadelijk": page(
        "Elk bestand wordt voor het lezen op schadelijke software gecontroleerd. In dit bestand is die gevonden. Het is"
        " meteen vernietigd: er is geen regel van gelezen en er is niets van bewaard.",
        "een werkmap met een macro die een virus bevat",
        "een nieuwe export uit uw systeem, als CSV, van een computer die is gecontroleerd",
        "Open het bestand niet meer. Meld het aan uw systeembeheerder, met de naam van het bestand en het tijdstip.",
        "Laat de computer controleren en maak de export daarna opnieuw. Kies CSV: dat is alleen tekst en kan geen macro"
        " bevatten.",
    ),
    "bestand_geen_csv": page(
        "De inhoud van het bestand is iets anders dan de vormen die wij lezen. De naam van het bestand telt niet mee:"
        " een PDF die .csv heet, blijft een PDF.",
        "achterstanden.pdf, hernoemd tot achterstanden.csv",
        "achterstanden.xlsx uit Excel, of achterstanden.csv",
        "Open het origineel in het programma waarmee het is gemaakt en kopieer de tabel naar een lege werkmap in"
        " Excel, met de kolomnamen op de eerste rij.",
        "Is het een oude werkmap (.xls), kies dan Bestand > Opslaan als > Excel-werkmap (*.xlsx).",
    ),
    "bestand_tekenset_onbekend": page(
        "De letters in het bestand zijn opgeslagen op een manier die wij niet kunnen lezen, zodat namen verminkt"
        " zouden doorgaan.",
        "een export in een tekenset van een oud systeem",
        "hetzelfde bestand als CSV UTF-8",
        "Open het bestand in Excel en kijk of letters met een accent goed staan.",
        SAVE_AS_CSV,
    ),
    "bestand_tekenset_wisselt": page(
        "Het begin van het bestand is in UTF-8, maar verderop staan tekens die in een andere tekenset zijn opgeslagen."
        " Dat gebeurt als twee bestanden achter elkaar zijn geplakt zonder ze te openen.",
        "een UTF-8-bestand met daaronder regels uit een Windows-1252-bestand",
        "één bestand dat in één keer als CSV UTF-8 is opgeslagen",
        "Open beide bronbestanden apart in Excel, kijk of de letters met een accent goed staan en kopieer de rijen van"
        " het ene onder die van het andere.",
        SAVE_AS_CSV,
    ),
    "bestand_nul_tekens": page(
        "In het bestand staan NUL-tekens. Die komen in tekst niet voor: het bestand is beschadigd, of het is geen"
        " tekst.",
        "een bestand dat halverwege een storing is weggeschreven",
        "een nieuwe export van dezelfde gegevens",
        "Maak de export in uw systeem opnieuw; een beschadigd bestand herstelt u niet in Excel.",
        "Open het nieuwe bestand in Excel en kijk of de laatste rij volledig is.",
    ),
    "bestand_ingepakt_meer": page(
        "In het ZIP-bestand zit meer dan één bestand. Wij kiezen niet voor u welk bestand het is.",
        "signalen.zip met achterstanden.csv en achterstanden-oud.csv",
        "signalen.zip met alleen achterstanden.csv",
        "Dubbelklik op het ZIP-bestand en sleep het bestand dat u wilt aanleveren naar een lege map.",
        "Lever dat ene bestand aan, ingepakt (rechtermuisknop > Comprimeren naar ZIP-bestand) of gewoon zoals het is.",
    ),
    "bestand_ingepakt_versleuteld": page(
        "Het bestand is ingepakt met een wachtwoord. Wij kennen dat niet en mogen het niet kennen: de verbinding"
        " waarover u aanlevert is al versleuteld.",
        "signalen.zip met wachtwoord",
        "signalen.zip zonder wachtwoord, of achterstanden.csv",
        "Pak het bestand uit met uw wachtwoord. Is het een werkmap met een wachtwoord, open die dan in Excel en haal"
        " het weg bij Bestand > Info > Werkmap beveiligen.",
        "Lever het uitgepakte bestand aan.",
    ),
    "bestand_ingepakt_te_groot": page(
        "Uitgepakt is het bestand groter dan wij aannemen, of veel groter dan bij zijn ingepakte grootte past.",
        "een ZIP-bestand van 2 MB dat uitpakt tot 5 GB",
        "twee bestanden met elk de helft van de regels",
        "Open het bestand in Excel en druk op Ctrl+End. Springt Excel ver onder uw laatste rij, verwijder dan de lege"
        " rijen daartussen en sla op.",
        "Zijn het echt zoveel regels, verdeel ze dan over meer bestanden, elk met de kopregel.",
    ),
    "bestand_ingepakt_beschadigd": page(
        "Het ingepakte bestand is niet uit te pakken: er ontbreekt een deel, of de controle klopt niet.",
        "een ZIP-bestand waarvan het versturen is afgebroken",
        "een ZIP-bestand dat u zelf kunt openen",
        "Dubbelklik op het bestand. Gaat het bij u ook niet open, maak het dan opnieuw in uw systeem.",
        "Gaat het wel open, lever dan het uitgepakte bestand aan.",
    ),
    "bestand_werkblad_ontbreekt": page(
        "Het werkblad dat voor u is ingesteld, staat niet in de werkmap, of de werkmap heeft geen werkblad met"
        " gegevens.",
        "een werkmap met alleen het blad Draaitabel",
        "een werkmap met het blad Signalen",
        "Open de werkmap in Excel en kijk onderaan naar de namen van de tabbladen.",
        "Geef het blad met de signalen de afgesproken naam (dubbelklik op de naam), of zet het vooraan als er geen naam"
        " is afgesproken.",
    ),
    "bestand_werkblad_te_groot": page(
        "Het werkblad is te groot om te openen. Vaak heeft een blad met weinig gegevens opmaak tot de allerlaatste"
        " rij.",
        "een blad met 200 signalen en opmaak tot rij 1.048.576",
        "hetzelfde blad met opmaak tot rij 201",
        "Druk op Ctrl+End. Staat u ver onder of rechts van uw gegevens, selecteer dan de lege rijen en kolommen en"
        " kies Start > Verwijderen.",
        f"Helpt dat niet, lever de gegevens dan aan als CSV: die mogen veel groter zijn. {SAVE_AS_CSV}",
    ),
    "bestand_json_ongeldig": page(
        "De JSON in het bestand is niet volgens de regels geschreven, of is geen lijst van objecten met een waarde per"
        " kolom.",
        '[{"soort": "huur", "bedrag": 250,75}]',
        '[{"soort": "huur", "bedrag": "250,75"}]',
        "Laat wie de export bouwt het bestand controleren vanaf de plaats die in het verslag staat: één lijst van"
        " objecten, of één object per regel (RFC 8259).",
        "Lukt dat niet snel, lever de gegevens dan als CSV of Excel aan.",
    ),
}
"""The file cannot be read at all."""

STRUCTURE: Final[dict[str, RulePage]] = {
    "bestand_geen_kopregel": page(
        "Wij vinden geen regel met kolomnamen, en zonder kolomnamen weten wij niet welke waarde waar staat.",
        "huur;S-2026-001;Voorbeeld;Dorpsstraat;12",
        _HEADER,
        "Voeg boven de eerste rij een lege rij in (rechtermuisknop op rijnummer 1 > Invoegen).",
        "Typ boven elke kolom de naam ervan, zoals in de beschrijving van de indeling (csv-layout). Gebruikt uw systeem"
        " vaste eigen namen of geen kopregel, vraag beheer dan om een profiel.",
    ),
    "bestand_kolom_ontbreekt": page(
        "Kolommen die in elke regel verplicht zijn, staan niet in het bestand. Zonder die gegevens mag geen enkel"
        " signaal door.",
        "soort;kenmerk;achternaam;straat;… zonder de kolom postcode",
        "soort;kenmerk;achternaam;straat;postcode;…",
        "Kijk of de kolom er wel is onder een naam die wij niet kennen; geef hem dan de naam uit het verslag.",
        "Ontbreekt hij echt, voeg dan een kolom toe, zet de naam in de kopregel en vul elke rij.",
        "Is de waarde in al uw regels gelijk, vraag beheer dan die voor u vast te stellen.",
    ),
    "bestand_profiel_onbekend": page(
        "U noemde bij het aanleveren een profiel. Toen het bestand aan de beurt was, had beheer dat profiel weggehaald."
        " Zonder dat profiel kunnen wij kolommen, datums of bedragen anders lezen dan u bedoelt; daarom lezen wij het"
        " bestand niet.",
        "profiel=SAP-oud, dat intussen is vervangen door SAP",
        "profiel=SAP",
        "Vraag beheer welke profielen u hebt. Een naam die er niet is, weigeren wij al bij het aanleveren, met de"
        " namen die er wel zijn.",
        "Stel de naam in uw systeem in, of laat hem weg als u maar een profiel hebt, en lever het bestand opnieuw aan."
        " In Excel hoeft u niets te wijzigen.",
    ),
    "bestand_kolom_dubbel": page(
        "Twee kolommen betekenen hetzelfde. Wij kunnen niet weten welke van de twee goed is.",
        "soort;kenmerk;bedrag;straat;bedrag",
        "soort;kenmerk;bedrag;straat",
        "Zoek in de kopregel de kolommen die in het verslag genoemd zijn.",
        "Laat de goede staan en verwijder de andere (rechtermuisknop op de kolomletter > Verwijderen), of geef hem een"
        " andere naam.",
    ),
    "bestand_aanhalingsteken_open": page(
        "Een aanhalingsteken opent een tekst die nergens eindigt. Alles wat erna komt lijkt dan één lange waarde.",
        'Dorpsstraat; "t Hoekje;12',
        "Dorpsstraat; t Hoekje;12",
        'Open het bestand in Kladblok, ga naar de regel uit het verslag (Ctrl+G) en zoek vanaf daar naar een los ".',
        "Verwijder het teken. Hoort het bij de tekst, verdubbel het dan en zet de hele waarde tussen aanhalingstekens:"
        ' "het ""Hoekje""".',
    ),
    "bestand_regel_te_lang": page(
        "Een regel heeft meer kolommen of is langer dan een signaal ooit kan zijn. Meestal ontbreken regeleinden, of"
        " opent een aanhalingsteken een tekst die veel verder pas eindigt.",
        "twee signalen achter elkaar op één regel",
        "elk signaal op een eigen regel",
        "Open het bestand in Excel en ga naar de genoemde rij: staan daar meer signalen in één rij of cel, dan"
        " ontbreekt"
        " ervoor een regeleinde of staat er een aanhalingsteken te veel.",
        "Maak de export opnieuw, of verbeter die plaats in Kladblok.",
    ),
    "bestand_te_veel_regels": page(
        "Het bestand heeft meer regels dan wij in één keer aannemen.",
        "één bestand met alle regels van het jaar",
        "een bestand per maand",
        "Verdeel de rijen over meer werkmappen: selecteer een deel, knip het en plak het in een nieuwe werkmap onder"
        " een kopie van de kopregel.",
        "Lever de bestanden na elkaar aan; een regel die in twee bestanden staat, gaat maar één keer door.",
    ),
    "bestand_datumvolgorde": page(
        "De datums in het bestand passen niet in één volgorde. Bij 02-25-2026 kan alleen de maand voorop staan, bij"
        " 25-02-2026 alleen de dag. Raden zou verkeerde vervaldatums doorgeven.",
        "02-25-2026",
        "25-02-2026",
        "Klik op een datum en kijk in de formulebalk wat er echt staat. Selecteer daarna de hele kolom en kies Start >"
        " Getal > Meer getalnotaties > Datum, notatie 14-03-2012.",
        "Staan de datums links in de cel, dan zijn ze tekst: kies Gegevens > Tekst naar kolommen > Volgende > Volgende"
        " >"
        " Datum en kies de volgorde waarin ze er nu staan (DMJ of MDJ).",
        "Komt uw systeem altijd met de maand voorop, vraag beheer dan om dat in een profiel vast te leggen.",
    ),
    "bestand_bedragvorm": page(
        "De bedragen in het bestand spreken elkaar tegen: punt en komma wisselen als decimaalteken, of ze passen alleen"
        " in de andere schrijfwijze.",
        "1,250.75 naast 98,10",
        "1250,75 naast 98,10",
        "Selecteer de bedragkolom en kies Start > Zoeken en selecteren > Vervangen: vervang eerst het duizendtalteken"
        " door niets, daarna de punt door een komma.",
        "Kies Start > Getal > Getal met 2 decimalen en kijk of elk bedrag rechts in de cel staat.",
        "Komt uw systeem altijd met een decimale punt of met centen, vraag beheer dan om een profiel.",
    ),
    "bestand_niet_bevestigd": page(
        "Het bestand week sterk af van wat wij van u kennen. Wij hebben u om een bevestiging gevraagd en die niet"
        " binnen"
        " twee werkdagen gekregen. Daarom is het hele bestand afgekeurd en niets doorgegeven; mogelijk bedreigende"
        " situaties zijn niet opgehouden.",
        "een bestand waarvan alle bedragen honderd keer zo hoog waren",
        "het verbeterde bestand, of hetzelfde bestand met uw bevestiging",
        "Lees in het verslag wat er afweek en kijk daarop de kolommen na.",
        "Klopt het bestand toch, lever het dan opnieuw aan en bevestig het binnen twee werkdagen.",
    ),
    "bestand_ingetrokken": page(
        "Het bestand week sterk af van wat wij van u kennen. Wij hielden het tegen en u hebt het ingetrokken. Er is"
        " niets van doorgegeven, behalve mogelijk bedreigende situaties: die zijn niet opgehouden.",
        "een bestand waarvan alle bedragen honderd keer zo hoog waren, dat u introk",
        "het verbeterde bestand",
        "Verbeter wat het verslag noemt en lever het hele bestand opnieuw aan: van wat is ingetrokken, geldt geen regel"
        " als al aangeleverd.",
    ),
}
"""The file can be read, but not as rows of signals."""

REMARKS: Final[dict[str, RulePage]] = {
    "bestand_zonder_regels": page(
        "Het bestand heeft een kopregel, maar daaronder staat niets.",
        _HEADER,
        f"{_HEADER} en daaronder ten minste één regel",
        "Had u deze maand niets te melden, dan is dit goed. Anders: kijk of in uw systeem het juiste tijdvak is"
        " gekozen.",
    ),
    "regel_zonder_einde": page(
        "Na de laatste regel staat geen regeleinde. Dat is vaak onschuldig, maar ook het enige spoor van een bestand"
        " dat"
        " halverwege is afgebroken.",
        "…;250,75;01-10-2026 (en dan houdt het bestand op)",
        "…;250,75;01-10-2026 en een regeleinde",
        "Open het bestand, ga naar de laatste rij (Ctrl+Pijl-omlaag) en kijk of alle kolommen gevuld zijn en of het uw"
        " laatste signaal is.",
        "Ontbreken er regels, lever dan het hele bestand opnieuw aan: wat al is doorgegeven, gaat niet nog eens.",
    ),
    "buiten_leverperiode": page(
        "Gemeenten verwachten signalen tussen vaste dagen van de maand, zodat zij hun hulpverleners kunnen inplannen."
        " Het bestand is wel verwerkt.",
        "aangeleverd op de 3e van de maand",
        "aangeleverd op de 21e van de maand",
        "Plan de aanlevering in uw agenda of systeem tussen de dagen die in het verslag staan.",
        "Kan dat niet, spreek dan met de gemeente een andere periode af in een addendum.",
    ),
    "zonder_postcodetabel": page(
        "Deze installatie heeft op dit moment geen tabel van postcodes. De gemeentecode in de regel bepaalt dan naar"
        " welke gemeente het signaal gaat.",
        "gemeentecode leeg",
        "gemeentecode 0363",
        "Vul in elke rij de kolom gemeentecode; regels zonder code konden niet worden doorgegeven.",
    ),
    "bestand_ingepakt_rest": page(
        "Achter het ingepakte bestand staan nog bytes die er niet bij horen. Die zijn niet gelezen. Meestal is het"
        " bestand aan elkaar geplakt of onderweg beschadigd.",
        "een gzip-bestand met daarachter een stuk van een ander bestand",
        "een nieuw ingepakt bestand",
        "Vergelijk het aantal regels in het verslag met uw eigen bestand.",
        "Ontbreken er regels, pak het bestand dan opnieuw in, of lever het aan zonder het in te pakken.",
    ),
    "werkblad_formule_zonder_uitkomst": page(
        "In de werkmap staan formules waarvan de uitkomst niet is opgeslagen. Die cellen zijn als leeg gelezen.",
        "=A2&B2, opgeslagen door een programma dat niet rekent",
        "de uitkomst van de formule",
        "Open de werkmap in Excel en druk op Ctrl+Alt+F9: alle formules worden dan berekend.",
        "Selecteer de kolommen met formules, kopieer ze en kies Start > Plakken > Waarden plakken. Sla de werkmap op en"
        " lever haar opnieuw aan.",
    ),
    "totaalregel_overgeslagen": page(
        "Onder de signalen staat een regel met een totaal. Dat is geen signaal; hij is overgeslagen en telt niet mee.",
        "Totaal;;;;;;;12.345,67",
        "geen regel na het laatste signaal",
        "Kijk of de genoemde rij inderdaad een totaal is. Is het een signaal, vul dan de lege kolommen.",
        "Zet in uw export de optie voor een totaalregel uit, of verwijder die rij voordat u aanlevert.",
    ),
    "kopregel_herhaald": page(
        "De kopregel staat nog eens tussen de gegevens, zoals na het samenvoegen van bestanden of bij een export per"
        " bladzijde. Die regels zijn overgeslagen en tellen niet mee.",
        f"{_HEADER} op rij 1 en nog eens op rij 51",
        f"{_HEADER} alleen op rij 1",
        "Filter de eerste kolom op de kolomnaam zelf en verwijder die rijen; alleen de bovenste blijft staan.",
    ),
}
"""Worth knowing; nothing was refused for it."""

SANITY: Final[dict[str, RulePage]] = {
    "bestand_meeste_geweigerd": page(
        "Bijna alle regels zijn om dezelfde reden geweigerd. Dan is er zelden iets mis met de regels, en meestal met"
        " één kolom of met de hele export.",
        "in 950 van 1.000 regels staat het bedrag in de kolom kenmerk",
        "in alle regels staan kenmerk en bedrag onder hun eigen naam",
        "Zoek in het verslag de bovenste oorzaak en open de uitleg daarvan.",
        "Verbeter de hele kolom in één keer, niet regel voor regel.",
    ),
    "bestand_kolom_verschoven": page(
        "De waarden lijken een kolom te zijn opgeschoven: in meer kolommen staat wat in de kolom ernaast hoort.",
        "onder postcode staat Amsterdam, onder woonplaats 0363",
        "onder postcode staat 1012 AB, onder woonplaats Amsterdam",
        "Ga naar de eerste rij en zoek van links naar rechts de eerste kolom waarin iets anders staat dan de naam"
        " zegt.",
        "Is daar een kop of een waarde te veel of te weinig, voeg dan een cel in of verwijder er een (rechtermuisknop >"
        " Invoegen of Verwijderen > Cellen naar rechts of naar links verplaatsen).",
    ),
    "bestand_bedragen_maal_honderd": page(
        "De bedragen zijn ongeveer honderd keer zo hoog als u gewend bent. Vaak staan ze in centen, of is de decimale"
        " komma weggevallen.",
        "25075",
        "250,75",
        "Vergelijk drie bedragen met uw administratie.",
        "Staan ze in centen: typ in een lege cel 100, kopieer die cel, selecteer de kolom en kies Start > Plakken >"
        " Plakken speciaal > Delen. Of vraag beheer in een profiel vast te leggen dat u centen stuurt.",
    ),
    "bestand_geboortedatum_standaard": page(
        "Bijna alle geboortedatums zijn gelijk, zoals 01-01-1900. Dat is een waarde die systemen invullen als zij het"
        " niet weten.",
        "01-01-1900 in elke regel",
        "leeg, of de echte geboortedatum",
        "Selecteer de kolom geboortedatum. Zijn de datums niet bekend, maak de kolom dan leeg (Delete).",
        "Zijn ze wel bekend, controleer dan welk veld uw export voor de geboortedatum gebruikt.",
    ),
    "bestand_veel_meer_regels": page(
        "Het bestand heeft veel meer regels dan u gewoonlijk aanlevert. Soms is dan het tijdvak te ruim gekozen, of"
        " zijn"
        " ook oude achterstanden meegekomen.",
        "2.400 regels, waar u er gewoonlijk 300 stuurt",
        "de 300 regels van deze maand",
        "Sorteer op oudste_vervaldatum en kijk of er regels bij zijn die u al eerder hebt gemeld of niet wilt melden.",
        "Klopt het aantal, dan hoeft u alleen te bevestigen als het verslag daarom vraagt.",
    ),
    "bestand_veel_minder_regels": page(
        "Het bestand heeft veel minder regels dan u gewoonlijk aanlevert. Soms is een export afgebroken of is een"
        " filter"
        " blijven staan.",
        "12 regels, waar u er gewoonlijk 300 stuurt",
        "alle 300 regels",
        "Kijk of in uw export of in Excel nog een filter aanstaat (Gegevens > Filter).",
        "Ontbreken er regels, lever dan het volledige bestand aan: wat al is doorgegeven, gaat niet nog eens.",
    ),
}
"""The file as a whole makes no sense, or hardly."""
