"""The page that lists the synonyms of column names, for partners, in Dutch. Pure: the list in, Markdown out."""

from collections.abc import Iterator, Sequence

from contracts.layout import KOLOM, SAMENGESTELD
from contracts.synoniemen import ADRESSEN, PERSONEN, namen_van


def synonyms_page() -> Iterator[str]:
    """Lines of the page."""
    yield "# Kolomnamen die wij herkennen\n"
    yield "Een kolom van uw bestand mag heten zoals in de [CSV-indeling](csv-layout.md), of zoals hieronder."
    yield "Hoofdletters, accenten, spaties, leestekens en eenheden (`Bedrag (EUR)`, `Vervaldatum dd-mm-jjjj`) maken"
    yield "niet uit. Staat een kolom in het bestand onder de naam van de indeling en onder een andere naam, dan geldt"
    yield "de naam van de indeling. Staan er twee andere namen voor dezelfde kolom in, dan vragen wij welke u bedoelt."
    yield "Heten uw kolommen anders, dan legt beheer dat voor u vast in een profiel.\n"
    yield f"Bij naam en persoon mag erbij staan van wie: {_or(PERSONEN)} (`Naam huurder`). Bij het adres mag erbij"
    yield f"staan van welk adres: {_or(ADRESSEN)} (`Postcode bezorgadres`). Een postadres,"
    yield "correspondentieadres of factuuradres lezen wij niet: het signaal gaat over het leveringsadres.\n"
    yield "| kolom | ook herkend als |"
    yield "|---|---|"
    for kolom in (*KOLOM, *SAMENGESTELD):
        parts = f" (wordt gesplitst in {', '.join(SAMENGESTELD[kolom])})" if kolom in SAMENGESTELD else ""
        yield f"| `{kolom}`{parts} | {'; '.join(namen_van(kolom))} |"


def _or(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " of " + words[-1]
