"""Pages of findings that repeat per column: one page per family, with an example for each column."""

from collections.abc import Callable, Mapping
from typing import Final

from contracts.layout import KOLOM, Vorm
from contracts.signaal import LCV_SOORTEN
from gateway.stages.rule_page import AS_TEXT, ENERGIE, ZORG, RulePage, filtered, page

_GOOD: Final[dict[str, str]] = {
    "producten": "elektriciteit,gas",
    "uzovi": "0101",
    "bsn": "123456782",
    "oudste_vervaldatum": "01-10-2026",
    "einde_levering": "31-12-2026",
    "geboortedatum": "31-12-1980",
    "bedrag_eigen_bijdrage": "25,00",
    "signaaltype": "geactualiseerd_signaal",
    "geslacht": "V",
    "bedreigend": "Nee",
    "warme_overdracht": "Nee",
    "bezwaar": "Nee",
}


def _good(veld: str) -> str:
    return _GOOD.get(veld, KOLOM[veld].voorbeeld)


def _where(veld: str) -> Mapping[str, str]:
    """What makes the row one in which this column is looked at."""
    verplicht = KOLOM[veld].verplicht & LCV_SOORTEN
    if veld in {"uzovi", "polisnummer", "bsn", "geboortedatum"} or veld.startswith("bedrag_"):
        return ZORG
    return ENERGIE if verplicht and verplicht < LCV_SOORTEN and veld in {"producten", "klantnummer"} else {}


def _missing(veld: str) -> RulePage:
    kolom = KOLOM[veld]
    steps = [
        filtered(veld, "(Lege cellen)"),
        f"Vul in elke rij {veld} in, uit uw eigen administratie. {kolom.uitleg}",
    ]
    if kolom.vorm is Vorm.JA_NEE or veld == "soort":
        steps.append("Geldt voor al uw regels hetzelfde, vraag beheer dan die waarde voor u vast te leggen.")
    return page(
        f"Zonder {veld} kan of mag de gemeente het signaal niet behandelen. In deze regel is de cel leeg.",
        "",
        _good(veld),
        *steps,
        bij=_where(veld),
    )


_FORM: Final[dict[str, RulePage]] = {
    "soort_onbekend": page(
        "De soort achterstand staat er in woorden die wij niet kennen.",
        "huurachterstand woning",
        "huur",
        "Kies Start > Zoeken en selecteren > Vervangen en vervang uw woord in de kolom soort door huur, energie, water"
        " of zorg.",
        "Levert uw systeem altijd eigen woorden, vraag beheer dan om ze in een profiel te vertalen.",
    ),
    "signaaltype_onbekend": page(
        "Dit type signaal kennen wij niet.",
        "eerste melding",
        "",
        "Maak de cel leeg voor een gewoon vroegsignaal, of gebruik geactualiseerd_signaal, eindeleveringssignaal,"
        " afsluitsignaal of opzegging_zorgverzekering.",
    ),
    "producten_onbekend": page(
        "Voor elektriciteit, gas en warmte gelden aparte regels in de wet. In de cel staat iets anders.",
        "stroom",
        "elektriciteit",
        "Gebruik alleen de woorden elektriciteit, gas en warmte, met een komma ertussen als het er meer zijn.",
        bij=ENERGIE,
    ),
    "opdrachtgever_kvk_ongeldig": page(
        "Een KvK-nummer heeft acht cijfers. Het vestigingsnummer (twaalf cijfers) is iets anders.",
        "123456",
        "12345678",
        AS_TEXT.format(veld="opdrachtgever_kvk"),
        "Typ het hele nummer opnieuw; de nul vooraan telt mee.",
    ),
    "uzovi_ongeldig": page(
        "De UZOVI-code is het nummer van de zorgverzekeraar en heeft vier cijfers.",
        "10100",
        "0101",
        AS_TEXT.format(veld="uzovi"),
        "Typ de code opnieuw; de nul vooraan telt mee.",
        bij=ZORG,
    ),
    "huisnummer_ongeldig": page(
        "Het huisnummer is een getal van 1 tot en met 99999. Een datum ontstaat als Excel 12-2 als 12 februari leest.",
        "geen",
        "12",
        AS_TEXT.format(veld="huisnummer"),
        "Zet alleen het getal in huisnummer, één letter in huisletter en de rest in huisnummertoevoeging.",
    ),
    "huisletter_ongeldig": page(
        "In huisletter hoort precies één letter.",
        "bis",
        "A",
        "Zet één letter in huisletter. Alles wat langer is, zoals bis of 3-hoog, hoort in huisnummertoevoeging.",
    ),
    "postcode_ongeldig": page(
        "Een postcode heeft vier cijfers en twee letters. Zonder goede postcode weten wij niet welke gemeente het is.",
        "1012",
        "1012 AB",
        "Zoek het adres op en typ vier cijfers en twee letters, van het leveringsadres.",
        "Gaat het om een adres buiten Nederland, verwijder dan de rij.",
    ),
    "gemeentecode_ongeldig": page(
        "Een gemeentecode heeft vier cijfers, ook de nul vooraan.",
        "Amsterdam",
        "0363",
        AS_TEXT.format(veld="gemeentecode"),
        "Typ de code van het CBS opnieuw, of maak de cel leeg: de postcode bepaalt dan de gemeente.",
    ),
}


def _form(veld: str) -> RulePage:
    """Dates and amounts; everything else of a form has a page of its own."""
    if KOLOM[veld].vorm is Vorm.DATUM:
        return page(
            f"In {veld} staat geen datum die bestaat, of een schrijfwijze die wij niet kunnen lezen.",
            "31-02-2026",
            _good(veld),
            f"Selecteer de kolom {veld} en kies Start > Getal > Meer getalnotaties > Datum, notatie 14-03-2012.",
            "Een datum die links in de cel blijft staan, is tekst: typ hem opnieuw als dd-mm-jjjj.",
            bij=_where(veld),
        )
    return page(
        f"In {veld} staat tekst of een getal dat geen bedrag kan zijn.",
        "n.v.t.",
        _good(veld) or "250,75",
        "Typ het bedrag in euro met een komma en twee cijfers, zonder tekst erbij. Weet u het niet, laat de cel dan"
        " niet"
        " leeg maar zoek het bedrag op.",
        bij=_where(veld),
    )


def _decimals(veld: str) -> RulePage:
    return page(
        f"{veld} heeft meer dan twee cijfers achter de komma. Misschien is het een duizendtal: 1,250 kan twaalfhonderd"
        " vijftig zijn.",
        "250,7512",
        "250,75",
        f"Selecteer de kolom {veld}, kies Start > Getal > Getal en zet het aantal decimalen op 2.",
        "Rekent uw systeem met meer cijfers, rond dan af: typ in een lege kolom =AFRONDEN(A2;2), kopieer het resultaat"
        " en"
        " plak het als waarden terug.",
        bij=_where(veld),
    )


def _negative(veld: str) -> RulePage:
    return page(
        f"{veld} is negatief. Een achterstand is wat de inwoner nog moet betalen; een tegoed meldt u niet.",
        "-250,75",
        "250,75",
        filtered(veld, "de bedragen met een minteken"),
        "Is het een achterstand die uw systeem negatief boekt, haal dan het minteken weg. Is het een tegoed, verwijder"
        " de rij of maak het deelbedrag leeg.",
        bij=_where(veld),
    )


def _no_yes_no(veld: str) -> RulePage:
    return page(
        f"In {veld} hoort Ja of Nee. {KOLOM[veld].uitleg}",
        "misschien",
        _good(veld),
        filtered(veld, "alles behalve Ja en Nee"),
        "Typ in elke rij die overblijft Ja of Nee.",
    )


def _not_done(veld: str) -> RulePage:
    return page(
        f"In {veld} staat Nee. Een signaal mag pas worden doorgegeven als u eerst zelf contact hebt gezocht en hulp"
        " hebt"
        f" aangeboden. {KOLOM[veld].uitleg}",
        "Nee",
        "Ja",
        "Doe eerst wat ontbreekt. Bewaar de regel tot dat gebeurd is.",
        "Is het wel gebeurd, typ dan Ja en zorg dat uw systeem dit vastlegt: het kan later worden nagevraagd.",
    )


def _too_long(veld: str) -> RulePage:
    longest = KOLOM[veld].max_lengte
    return page(
        f"{veld} mag hoogstens {longest} tekens hebben. Een veel langere tekst is vaak een samengevoegde regel.",
        "x" * (longest + 1) if longest <= 30 else f"een tekst van {longest + 1} tekens",
        _good(veld) or "bis",
        f"Zoek de lange teksten: typ in een lege kolom =LENGTE(A2) met de cel van {veld} en sorteer aflopend.",
        "Kort de tekst in. Staan er gegevens van andere kolommen in, zet die dan op hun plaats.",
        bij=_where(veld),
    )


def _control(veld: str) -> RulePage:
    good = _good(veld) or "bis"
    return page(
        f"In {veld} staat een teken dat u niet ziet, zoals een tab, een regeleinde of een teken dat de leesrichting"
        " omkeert. Zulke tekens kunnen in een ander systeem schade doen.",
        f"{good[:1]}\t{good[1:]}",
        good,
        f"Typ in een lege kolom =SPATIES.WISSEN(WISSEN.CONTROL(A2)) met de cel van {veld} en trek de formule door.",
        f"Kopieer het resultaat en plak het als waarden over {veld}. Blijft de melding komen, typ de tekst dan"
        " opnieuw.",
        bij=_where(veld),
    )


_ACCENTED: Final = {
    "voorletters": ("É.", "?.", "Ã‰."),
    "voorvoegsel": ("à", "?", "Ã¡"),
    "achternaam": ("Müller", "M?ller", "MÃ¼ller"),
    "straat": ("Curaçaostraat", "Cura?aostraat", "CuraÃ§aostraat"),
    "woonplaats": ("Súdwest", "S?dwest", "SÃºdwest"),
}
"""Column → with its accent, with the accent lost, read in the wrong character set."""


def _lost(veld: str) -> RulePage:
    good, lost, _ = _ACCENTED.get(veld, _ACCENTED["achternaam"])
    return page(
        f"In {veld} staat een ? of � op de plaats van een letter. Een eerdere export kon die letter niet bewaren, en"
        " daaruit is hij niet terug te halen.",
        lost,
        good,
        "Zoek in uw systeem hoe het hoort en typ de letter in het bestand.",
        "Laat uw export voortaan als UTF-8 opslaan; dan blijven alle letters staan.",
    )


def _mojibake(veld: str) -> RulePage:
    good, _, wrong = _ACCENTED.get(veld, _ACCENTED["achternaam"])
    return page(
        f"{veld} is ooit in een verkeerde tekenset gelezen: één letter met een accent is twee vreemde tekens geworden."
        " Waar dat zeker was, hebben wij het hersteld.",
        wrong,
        good,
        "Open het bronbestand met Gegevens > Van tekst/CSV en kies bij Bestandsoorsprong 65001: Unicode (UTF-8).",
        "Kijk of de letters nu goed staan en sla op als CSV UTF-8.",
    )


def _not_for_kind(veld: str) -> RulePage:
    return page(
        f"De wet noemt {veld} niet bij deze soort achterstand. Wij geven niet meer door dan nodig: de waarde is"
        " weggelaten en de regel is doorgegaan.",
        _good(veld),
        "",
        f"Maak {veld} leeg in de rijen van deze soort, of laat de kolom uit uw export.",
        bij={"soort": "huur"},
    )


def _not_allowed(veld: str) -> RulePage:
    return page(
        f"Volgens de instelling voor uw sector gaat {veld} bij deze soort niet door. De waarde is weggelaten en de"
        " regel"
        " is doorgegaan.",
        _good(veld),
        "",
        f"Laat {veld} bij deze soort voortaan uit uw export. Is de instelling onjuist, vraag beheer er dan naar.",
    )


def _zero(veld: str) -> RulePage:
    good = "0612345678" if veld == "telefoon" else {"bsn": "012345672", "opdrachtgever_kvk": "01234567"}.get(veld)
    good = good or _good(veld)
    return page(
        f"Excel laat een nul aan het begin van een getal weg. Van {veld} hebben wij de nul aangevuld; de regel is"
        " doorgegaan.",
        good.lstrip("0"),
        good,
        AS_TEXT.format(veld=veld),
        "Typ de waarden opnieuw met de nul, of haal ze opnieuw uit uw systeem nadat de kolom Tekst is.",
        bij=_where(veld),
    )


def _serial(veld: str) -> RulePage:
    return page(
        f"In {veld} stond een getal van vijf cijfers: zo bewaart Excel een datum. Wij hebben er de datum van gemaakt;"
        " de"
        " regel is doorgegaan.",
        "46296",
        "01-10-2026",
        f"Selecteer de kolom {veld} en kies Start > Getal > Meer getalnotaties > Datum, notatie 14-03-2012.",
        bij=_where(veld),
    )


def _short_year(veld: str) -> RulePage:
    return page(
        f"Het jaar in {veld} heeft twee cijfers. Wij hebben er vier van gemaakt en de regel is doorgegaan; kijk of de"
        " eeuw klopt.",
        "01-10-26",
        "01-10-2026",
        f"Selecteer de kolom {veld} en kies Start > Getal > Meer getalnotaties > Datum, notatie 14-03-2012.",
        bij=_where(veld),
    )


def _formula(veld: str) -> RulePage:
    return page(
        f"{veld} begint met = of @. In een rekenblad is dat een formule; wij nemen het over als gewone tekst en de"
        " regel is"
        " doorgegaan. Vaak is in uw systeem of werkmap een formule blijven staan waar de uitkomst had moeten staan.",
        "=B2&C2",
        _good(veld) or "bis",
        f"Selecteer de kolom {veld}, kopieer haar en kies Start > Plakken > Waarden plakken op dezelfde plaats.",
        "Kijk of er nu staat wat u bedoelt.",
        bij=_where(veld),
    )


def _cut_off(veld: str) -> RulePage:
    return page(
        f"Excel toont een lang getal als 6,12346E+08 en gooit daarbij de laatste cijfers weg. Uit wat er nu in {veld}"
        " staat"
        " is het echte nummer niet terug te halen.",
        "6,12346E+08",
        "612345678" if veld != "kenmerk" else "S-612345678",
        AS_TEXT.format(veld=veld),
        "Haal de waarden daarna opnieuw uit uw systeem en plak ze in de kolom. De getalnotatie alleen veranderen"
        " brengt de"
        " cijfers niet terug.",
        bij=_where(veld),
    )


_FAMILIES: Final[dict[str, Callable[[str], RulePage]]] = {
    "ontbreekt": _missing,
    "ongeldig": _form,
    "decimalen": _decimals,
    "negatief": _negative,
    "geen_ja_nee": _no_yes_no,
    "nee": _not_done,
    "te_lang": _too_long,
    "stuurteken": _control,
    "verloren_teken": _lost,
    "tekenset": _mojibake,
    "niet_bij_soort": _not_for_kind,
    "niet_toegestaan": _not_allowed,
    "voorloopnul": _zero,
    "excelgetal": _serial,
    "jaar_kort": _short_year,
    "formule": _formula,
    "afgekapt": _cut_off,
}


def family_page(code: str, veld: str | None) -> RulePage | None:
    """The page of `<column>_<family>`; None for a code that belongs to no family."""
    if code in _FORM:
        return _FORM[code]
    if veld is None or not code.startswith(f"{veld}_"):
        return None
    family = _FAMILIES.get(code.removeprefix(f"{veld}_"))
    return None if family is None else family(veld)
