"""Pages of findings about the person: name, birth date, how to be reached, and where."""

from typing import Final

from gateway.stages.rule_page import AS_TEXT, ZORG, RulePage, filtered, page

PERSON: Final[dict[str, RulePage]] = {
    "achternaam_met_voorvoegsel": page(
        "Het voorvoegsel hoort in een eigen kolom; anders herkent het systeem van de gemeente de inwoner soms niet.",
        "van der Voorbeeld",
        "Voorbeeld",
        "Zet het voorvoegsel in de kolom voorvoegsel en de rest in achternaam.",
    ),
    "achternaam_rechtspersoon": page(
        "Een signaal gaat over een mens. De naam lijkt die van een B.V., N.V., stichting of vereniging.",
        "Bakkerij Voorbeeld B.V.",
        "Voorbeeld",
        "Verwijder de rij als het een rechtspersoon is. Is het een eenmanszaak, geef dan de naam van de eigenaar.",
    ),
    "achternaam_eszett": page(
        "In de naam staat een ß. In de basisregistratie kan de naam met ss staan; dan vindt de gemeente hem niet.",
        "Voßbeeld",
        "Vossbeeld",
        "Controleer de spelling bij de inwoner of op een document. Is de ß goed, dan hoeft u niets te doen.",
    ),
    "achternaam_dubbele_naam": page(
        "In de achternaam staan waarschijnlijk de naam bij geboorte en die van de partner samen.",
        "Voorbeeld - Proefpersoon",
        "Proefpersoon",
        "Laat alleen de naam bij geboorte staan. Is het één naam met een streepje, schrijf hem dan zonder spaties.",
    ),
    "naam_onzeker": page(
        "Uw bestand heeft één kolom voor de hele naam. Die hebben wij gesplitst in voorletters, voorvoegsel en"
        " achternaam, maar bij deze regel is dat niet zeker.",
        "Jan Peter Voorbeeld",
        "J.P. Voorbeeld",
        "Lever voorletters, voorvoegsel en achternaam in drie kolommen aan, of schrijf de naam als ‘Voorbeeld, van der,"
        " J.P.’.",
    ),
    "adres_onzeker": page(
        "Uw bestand heeft één kolom voor het hele adres. Die hebben wij gesplitst in straat, huisnummer en toevoeging,"
        " maar bij deze regel is dat niet zeker.",
        "Plein 1944",
        "Plein 1944 12",
        "Controleer dit adres en lever straat, huisnummer en toevoeging voortaan in eigen kolommen aan.",
    ),
    "huisnummer_gesplitst": page(
        "In huisnummer stonden ook een letter of toevoeging. Wij hebben die naar hun eigen kolom gebracht.",
        "12A-2",
        "huisnummer 12, huisletter A, huisnummertoevoeging 2",
        "Zet het getal in huisnummer, één letter in huisletter en de rest in huisnummertoevoeging.",
    ),
    "geslacht_onbekend": page(
        "In geslacht staat iets anders dan M, V of X. De waarde is weggelaten; de regel is doorgegaan.",
        "onb",
        "",
        "Gebruik M, V of X, of maak de kolom leeg: geslacht wordt bij de meeste soorten toch niet doorgegeven.",
    ),
    "geboortedatum_ongeldig": page(
        "Bij zorg is de geboortedatum verplicht. Deze bestaat niet, ligt in de toekomst of is onwaarschijnlijk lang"
        " geleden.",
        "31-02-1980",
        "28-02-1980",
        "Kijk de datum na en schrijf hem als dd-mm-jjjj, met vier cijfers voor het jaar.",
        bij=ZORG,
    ),
    "geboortedatum_onleesbaar": page(
        "De geboortedatum bestaat niet, ligt in de toekomst of is onwaarschijnlijk lang geleden. Hij is weggelaten; de"
        " regel is doorgegaan.",
        "31-02-1980",
        "28-02-1980",
        "Kijk de datum na en schrijf hem als dd-mm-jjjj, met vier cijfers voor het jaar, of laat de cel leeg.",
    ),
    "geboortedatum_onvolledig": page(
        "Van de geboortedatum ontbreekt de dag of de maand. Hij is weggelaten; de regel is doorgegaan.",
        "00-00-1980",
        "",
        "Vul de hele datum in als u hem weet, en laat de cel anders leeg.",
    ),
    "geboortedatum_standaardwaarde": page(
        "1 januari 1900 vullen systemen in als zij de datum niet weten. Hij is weggelaten; de regel is doorgegaan.",
        "01-01-1900",
        "",
        filtered("geboortedatum", "01-01-1900"),
        "Selecteer de zichtbare cellen en druk op Delete.",
    ),
    "geboortedatum_minderjarig": page(
        "Volgens de geboortedatum is deze inwoner jonger dan 18 jaar. Misschien is een gezinslid gemeld in plaats van"
        " de contractant.",
        "01-02-2015",
        "01-02-1975",
        "Controleer wie het contract heeft en geef diens naam en geboortedatum.",
    ),
    "contact_ontbreekt": page(
        "Zonder telefoonnummer en zonder e-mailadres kan de gemeente alleen een brief sturen of aanbellen. Met een van"
        " beide accepteren meer inwoners hulp.",
        "",
        "0612345678",
        "Neem telefoon of email in uw export op als u die hebt. De regel is doorgegaan.",
        bij={"email": ""},
    ),
    "telefoon_twee_nummers": page(
        "In één cel staan twee telefoonnummers. Alleen het eerste is doorgegaan.",
        "0612345678 / 0201234567",
        "0612345678",
        "Laat het nummer staan waarop de inwoner het best bereikbaar is.",
    ),
    "email_twee_adressen": page(
        "In één cel staan twee e-mailadressen. Alleen het eerste is doorgegaan.",
        "naam@voorbeeld.nl; ander@voorbeeld.nl",
        "naam@voorbeeld.nl",
        "Laat het adres staan waarop de inwoner het best bereikbaar is.",
    ),
    "telefoon_zonder_nul": page(
        "Excel laat de nul aan het begin van een getal weg. Wij hebben hem aangevuld; de regel is doorgegaan.",
        "612345678",
        "0612345678",
        AS_TEXT.format(veld="telefoon"),
        "Typ de nummers opnieuw met de nul, of haal ze opnieuw uit uw systeem nadat de kolom Tekst is.",
    ),
    "telefoon_ongeldig": page(
        "Dit is geen bestaande vorm van een telefoonnummer. Het is weggelaten; de regel is doorgegaan.",
        "06-1234",
        "0612345678",
        "Schrijf het nummer met tien cijfers, of met een + en het landnummer, zonder tekst erbij.",
    ),
    "telefoon_onwaarschijnlijk": page(
        "Het nummer heeft de goede vorm, maar is aan niemand uitgegeven of kost extra om te bellen. Het is doorgegaan.",
        "0900123456",
        "0612345678",
        "Controleer het nummer en geef het nummer waarop de inwoner zelf bereikbaar is.",
    ),
    "email_ongeldig": page(
        "Dit is geen e-mailadres. Het is weggelaten; de regel is doorgegaan.",
        "naam(at)voorbeeld.nl",
        "naam@voorbeeld.nl",
        "Schrijf één adres, met een @ en zonder naam, haakjes of spaties.",
    ),
    "straat_postbus": page(
        "Het signaal gaat over het adres waar gewoond of geleverd wordt. Op een postbus kan de gemeente niemand"
        " bezoeken.",
        "Postbus 123",
        "Dorpsstraat",
        "Geef straat, huisnummer en postcode van het leveringsadres, niet van het postadres.",
    ),
}
"""About the person and how to be reached."""
