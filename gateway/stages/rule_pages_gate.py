"""Pages of findings about how partner and gemeente stand to each other: the row itself is in order."""

from typing import Final

from gateway.stages.rule_page import RulePage, page

GATE: Final[dict[str, RulePage]] = {
    "geen_overeenkomst": page(
        "Een signaal mag alleen door als gemeente en signaalpartner een ondertekende overeenkomst hebben die dit"
        " signaal toestaat. Die is er niet. Wij bewaren de regel daarom niet.",
        "een regel voor een gemeente waarmee u niets hebt getekend",
        "dezelfde regel nadat beide kanten hebben getekend",
        "Kijk bij uw overeenkomsten of u met deze gemeente wilt of moet samenwerken, en neem contact op met haar"
        " contactpersoon.",
        "Lever de regel na ondertekening opnieuw aan, vanuit uw eigen bestand. Hebt u een bewijs nodig dat u hem nu al"
        " hebt aangeboden, haal dan het bewijs van aanbieding op.",
    ),
    "overeenkomst_niet_ondertekend": page(
        "Er is een overeenkomst met deze gemeente, maar nog niet iedereen heeft getekend. Tot die tijd mag er niets"
        " door; wij bewaren de regel niet.",
        "getekend door u, nog niet door de gemeente",
        "getekend door alle tekenbevoegden",
        "Vraag de contactpersoon van de gemeente wanneer haar tekenbevoegde tekent; kijk ook of die van u al heeft"
        " getekend.",
        "Lever de regel daarna opnieuw aan, vanuit uw eigen bestand.",
    ),
    "overeenkomst_niet_van_kracht": page(
        "De overeenkomst met deze gemeente geldt nog niet, of niet meer. Buiten de looptijd mag er niets door; wij"
        " bewaren de regel niet.",
        "aangeleverd op 20 november, overeenkomst van kracht vanaf 1 december",
        "aangeleverd op of na 1 december",
        "Kijk op de overeenkomst van welke tot welke dag zij geldt.",
        "Is zij afgelopen, sluit dan een nieuwe. Begint zij nog, lever de regel dan na die dag opnieuw aan.",
    ),
    "soort_niet_gedekt": page(
        "U hebt een overeenkomst met deze gemeente, maar daarin staat deze soort achterstand niet.",
        "water, terwijl de overeenkomst over energie gaat",
        "energie, of een overeenkomst die ook water noemt",
        "Controleer in uw eigen bestand of de soort van deze regels klopt.",
        "Klopt zij, vraag de gemeente dan om een aanvulling op de overeenkomst.",
    ),
    "signaaltype_niet_gedekt": page(
        "Signalen over een mogelijk bedreigende situatie (einde levering, afsluiting, opzegging) gaan alleen langs deze"
        " weg als dat is afgesproken. Met deze gemeente is dat niet zo.",
        "eindeleveringssignaal zonder afspraak in overeenkomst of addendum",
        "eindeleveringssignaal langs de weg die u met de gemeente hebt afgesproken",
        "Meld deze inwoner vandaag nog langs de afgesproken weg, zo nodig telefonisch: de gemeente heeft er maar enkele"
        " werkdagen voor.",
        "Wilt u ze voortaan hier aanleveren, spreek dan een addendum af.",
    ),
    "geen_mandaat": page(
        "U meldt namens een andere organisatie (opdrachtgever), maar bij deze gemeente is niet vastgelegd dat u dat"
        " mag.",
        "opdrachtgever_kvk 12345678 zonder mandaat",
        "opdrachtgever_kvk van een opdrachtgever die u mandaat gaf",
        "Controleer in uw eigen bestand het KvK-nummer van de opdrachtgever: acht cijfers, ook de nul vooraan.",
        "Klopt het, laat de opdrachtgever het mandaat dan vastleggen en lever de regel daarna opnieuw aan.",
    ),
    "geen_experiment": page(
        "Deze soort achterstand mag alleen worden gemeld binnen een experiment (tijdelijke regeling) waaraan u en de"
        " gemeente allebei meedoen.",
        "een regel voor een gemeente buiten het experiment",
        "een regel voor een gemeente van het experiment",
        "Kijk in de regeling welke gemeenten meedoen en tot wanneer.",
        "Haal in uw eigen bestand de regels van andere gemeenten weg voordat u deze soort aanlevert.",
    ),
    "gemeente_niet_aangesloten": page(
        "De gemeente is nog niet op dit afleverpunt aangesloten: er is nog geen verwerkersovereenkomst van kracht. Wij"
        " bewaren de regel niet.",
        "een regel voor een gemeente die over een maand aansluit",
        "dezelfde regel, aangeleverd na de aansluiting",
        "Kijk of bij de regel een datum staat; zet die in uw agenda.",
        "Lever de regel na die dag opnieuw aan, of vraag de gemeente langs welke weg u tot dan kunt melden.",
    ),
    "gemeente_zonder_systeem": page(
        "De gemeente heeft op dit moment geen systeem dat signalen ontvangt, bijvoorbeeld tijdens een overstap.",
        "een regel voor een gemeente tussen twee systemen",
        "dezelfde regel als het nieuwe systeem werkt",
        "Vraag de contactpersoon van de gemeente vanaf welke dag zij weer signalen ontvangt.",
        "Lever de regel vanaf die dag opnieuw aan, vanuit uw eigen bestand.",
    ),
    "voor_eerste_leverdatum": page(
        "Met deze gemeente is een eerste leverdatum afgesproken en die is nog niet bereikt.",
        "aangeleverd op 20 november, eerste leverdatum 1 januari",
        "aangeleverd op of na 1 januari",
        "Kijk welke datum bij de regel staat.",
        "Lever de regel op of na die dag opnieuw aan, vanuit uw eigen bestand.",
    ),
}
"""The gate: nothing in the row is wrong, and no row that it refused is kept."""
