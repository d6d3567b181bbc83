"""The table of rules and the CSV layout as pages for partners, in Dutch. Pure: the table in, Markdown out."""

from collections.abc import Iterator, Mapping
from typing import Final

from contracts.aanlevering import Ernst
from contracts.layout import KOLOMMEN, LAYOUT_VERSIE, Kolom, Vorm
from contracts.row_states import ROW_STATES
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.rule import Rule
from gateway.stages.rule_pages_text import explained
from gateway.stages.rules import JUDGED, MISFIT, RULES
from gateway.stages.rules_field import ONLY_FOR
from gateway.stages.rules_file import GATE_RULES, OTHER_RULES, ROUTE_RULES
from gateway.stages.rules_words import FREE_TEXT

_ERNST: Final = {Ernst.FATAL: "Fatal", Ernst.ERROR: "Error", Ernst.WARNING: "Warning"}
_ABOUT_ROWS: Final[tuple[tuple[str, tuple[Rule, ...]], ...]] = (
    ("De regel", (MISFIT, *JUDGED)),
    ("De gemeente", ROUTE_RULES),
    ("De overeenkomst", GATE_RULES),
    ("Drempel, dubbel en eerder aangeleverd", OTHER_RULES),
)
_OF_ROWS: Final = frozenset(rule.code for _, rules in _ABOUT_ROWS for rule in rules)
_SECTIONS: Final = (("Het bestand", tuple(rule for rule in RULES if rule.code not in _OF_ROWS)), *_ABOUT_ROWS)
_VORM: Final = {
    Vorm.TEKST: "tekst",
    Vorm.BEDRAG: "bedrag in euro",
    Vorm.DATUM: "datum",
    Vorm.JA_NEE: "Ja of Nee",
    Vorm.GETAL: "getal",
    Vorm.LIJST: "lijst",
}


def _table(*columns: str) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def rules_page() -> Iterator[str]:
    """Lines of the page that lists every rule."""
    yield "# Controles\n"
    yield "Alles wat in een bestand gevonden kan worden. De code is vast: u kunt er in uw eigen systeem op bouwen. Van"
    yield "een regel hoort u alle bevindingen tegelijk. In het verslag staat nooit een waarde, alleen de vorm ervan"
    yield "(`9999 AA`).\n"
    yield "* **Fatal**: het hele bestand is afgekeurd."
    yield "* **Error**: de regel is niet doorgegeven. De status van de regel staat erbij."
    yield "* **Warning**: de regel gaat door, zo nodig zonder dit veld."
    for title, rules in _SECTIONS:
        yield f"\n## {title}\n"
        yield from _table("code", "ernst", "veld", "wat er is", "wat te doen", "status van de regel", "bron")
        yield from map(_rule, rules)
    yield from explained(rule for _, rules in _SECTIONS for rule in rules)


def _rule(rule: Rule) -> str:
    state = "veld weggelaten" if rule.drops else ""
    if rule.state is not None:
        state = f"`{ROW_STATES[rule.state].name}`"
    veld = "" if rule.veld is None else f"`{rule.veld}`"
    melding = rule.melding.replace("{vorm}", "…")
    return _line(
        f"[`{rule.code}`](#{rule.code})", _ERNST[rule.ernst], veld, melding, rule.wat_te_doen, state, rule.bron
    )


def layout_page() -> Iterator[str]:
    """Lines of the page that describes the CSV layout, with an example file per sector."""
    yield f"# CSV-indeling v{LAYOUT_VERSIE}\n"
    yield "Een bestand heeft één kopregel met kolomnamen; daaronder staat op elke regel één signaal. De volgorde van de"
    yield "kolommen is vrij, hoofdletters maken niet uit en kolommen die wij niet kennen, worden genegeerd. Hoe wij het"
    yield "bestand hebben gelezen, staat bovenaan het verslag.\n"
    yield "* **Kolomnamen**: zoals hieronder, of een [andere naam die wij herkennen](synoniemen.md). Boven de kopregel"
    yield "  mogen titels staan. Staat hij er nog eens tussen, of staat er een totaal onder, dan slaan wij dat over."
    yield "* **Tekenset**: UTF-8 (met of zonder BOM), Windows-1252, ISO-8859-15 of UTF-16. Wij herkennen welke."
    yield "* **Scheidingsteken**: puntkomma, komma, tab of verticale streep. Een tekst waarin dat teken voorkomt, staat"
    yield '  tussen dubbele aanhalingstekens; een aanhalingsteken daarbinnen schrijft u dubbel (`""`).'
    yield "* **Regeleinden**: van Windows, Unix of oude Macintosh, ook door elkaar."
    yield "* **Bedragen**: euro met hoogstens twee decimalen, `1234,56` of `1234.56`; duizendtaltekens (punt, komma,"
    yield "  spatie, apostrof) en € mogen. Negatief is een min ervoor of erachter, of haakjes eromheen."
    yield "  Kunnen de bedragen in een bestand twee dingen betekenen, dan vragen wij hoe ze bedoeld zijn."
    yield "* **Datums**: `31-12-2026` of `2026-12-31`. Staat in een bestand de maand voorop, dan vragen wij dat na. Ook"
    yield "  `31-12-26`, `31 dec 2026` en het dagnummer van Excel lezen wij. Een jaar van twee cijfers ligt van 79 jaar"
    yield "  voor tot 20 jaar na het jaar van ontvangst; een geboortedatum nooit in de toekomst. Wij melden dat erbij."
    yield "* **Naam of adres in één kolom** (`Berg, J.P. van den`, `Dorpsstraat 12 A`): wij splitsen dat en melden het"
    yield "  als het ook anders kan. Eigen kolommen zijn zekerder."
    yield "* **Ja of Nee**: in hoofdletters of kleine letters."
    yield "* Lege regels tellen niet mee. Regel 1 is de eerste regel onder de kopregel.\n"
    yield "Kolommen met voorloopnullen (postcode, gemeentecode, telefoon, KvK, UZOVI, BSN) maakt u in Excel op als"
    yield "Tekst, en u slaat op als *CSV UTF-8 (door lijstscheidingsteken gescheiden)*.\n"
    yield "## Kolommen\n"
    yield from _table("kolom", "vorm", "verplicht bij", "alleen bij", "hoogstens", "uitleg", "voorbeeld")
    yield from map(_column, KOLOMMEN)
    for soort in sorted(LCV_SOORTEN, key=list(Soort).index):
        yield f"\n## Voorbeeld: {soort.value}\n"
        yield "```csv"
        yield from example_file(soort).splitlines()
        yield "```"


def _column(kolom: Kolom) -> str:
    length = f"{kolom.max_lengte} tekens" if kolom.naam in (*FREE_TEXT, "email") else ""
    voorbeeld = f"`{kolom.voorbeeld}`" if kolom.voorbeeld else ""
    only = _kinds(ONLY_FOR.get(kolom.naam, frozenset(Soort)), everywhere="")
    must = _kinds(kolom.verplicht, everywhere="alle")
    return _line(f"`{kolom.naam}`", _VORM[kolom.vorm], must, only, length, kolom.uitleg, voorbeeld)


def _kinds(soorten: frozenset[Soort], *, everywhere: str) -> str:
    if soorten == frozenset(Soort):
        return everywhere
    return ", ".join(soort.value for soort in Soort if soort in soorten & LCV_SOORTEN)


_EXAMPLE_PERSONS: Final[tuple[Mapping[str, str], ...]] = (
    {"kenmerk": "S-2026-001"},
    {
        "kenmerk": "S-2026-002",
        "klantnummer": "K100235",
        "polisnummer": "P-7789",
        "geboortedatum": "01-02-1975",
        "facturen": "F1003",
        "voorletters": "A.",
        "voorvoegsel": "",
        "achternaam": "Proefpersoon",
        "telefoon": "",
        "email": "a.proefpersoon@voorbeeld.nl",
        "huisnummer": "7",
        "huisletter": "",
        "huisnummertoevoeging": "",
        "bedrag": "98,10",
    },
)
_EXAMPLE_DAY: Final = "01-10-2026"
_EXAMPLE_GEMEENTE: Final = {"postcode": "1012 AB", "woonplaats": "Amsterdam", "gemeentecode": "0363"}


def example_file(soort: Soort) -> str:
    """A file of two fictitious rows for `soort`; without a finding when received in November or December 2026."""
    columns = [kolom for kolom in KOLOMMEN if _in_example(kolom, soort)]
    lines = [";".join(kolom.naam for kolom in columns)]
    for person in _EXAMPLE_PERSONS:
        fixed = {"soort": soort.value, "oudste_vervaldatum": _EXAMPLE_DAY} | _EXAMPLE_GEMEENTE | dict(person)
        lines.append(";".join(fixed.get(kolom.naam, kolom.voorbeeld) for kolom in columns))
    return "".join(f"{line}\r\n" for line in lines)


_OPTIONAL_IN_EXAMPLE: Final = frozenset(
    {
        *("voorletters", "voorvoegsel", "telefoon", "email", "huisletter", "huisnummertoevoeging", "gemeentecode"),
        *("facturen", "bezwaar"),
    }
)


def _in_example(kolom: Kolom, soort: Soort) -> bool:
    return soort in kolom.verplicht or kolom.naam in _OPTIONAL_IN_EXAMPLE
