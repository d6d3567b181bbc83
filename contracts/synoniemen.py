"""Synoniemen: the names that partners' systems give to columns of the layout. `deploy/synoniemen.md` is generated.

Two header texts are the same name when `genormaliseerd` makes the same of them. A name stands for one column only, and
only for what it can hardly fail to mean: `nummer`, `nr` and `klant` are left out on purpose, and so is every postal,
correspondence or invoice address, since a signaal is about the delivery address (Bgs art. 2).
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from contracts.layout import KOLOM, SAMENGESTELD

PERSONEN: Final = (
    "huurder", "hoofdhuurder", "klant", "debiteur", "bewoner", "contractant", "verzekerde", "verzekeringnemer",
    "polishouder", "relatie", "inwoner",
)  # fmt: skip
"""Whom a system says the data are of: `naam huurder`, `huurder naam`."""
ADRESSEN: Final = (
    "leveringsadres", "leveradres", "levering", "bezorgadres", "verbruiksadres", "aansluitadres", "woonadres", "woning",
    "object", "objectadres", "vhe", "verhuureenheid", "eenheid", "huurder", "hoofdhuurder", "klant", "bewoner",
    "verzekerde", "verzekeringnemer", "delivery",
)  # fmt: skip
"""Of which address a system says a part is: `postcode leveringsadres`, `leveringsadres postcode`."""

_PERSOON: Final[dict[str, tuple[str, ...]]] = {
    "voorletters": ("voorletters", "voorletter", "voorl", "initialen", "initials"),
    "voorvoegsel": (
        "voorvoegsel", "voorvoegsels", "tussenvoegsel", "tussenvoegsels", "tussenv", "tussenvgsl", "voorv", "tv",
        "naamvoorvoegsel", "voorvoegsel achternaam", "infix", "surname prefix",
    ),
    "achternaam": (
        "achternaam", "familienaam", "geslachtsnaam", "surname", "last name", "family name",
    ),
    "geslacht": ("geslacht", "geslachtsaanduiding", "sekse", "sexe", "gender", "sex", "m v"),
    "geboortedatum": (
        "geboortedatum", "geboorte datum", "geb datum", "gebdat", "gebdtm", "geboortedat", "geboren op",
        "date of birth", "birth date", "birthdate", "dob",
    ),
    "email": (
        "email", "e mail", "mail", "emailadres", "e mailadres", "mailadres", "email address", "e mail address",
    ),
    "naam": (
        "naam", "volledige naam", "naam volledig", "naam en voorletters", "naam voorletters",
        "achternaam en voorletters",
        "achternaam voorletters", "achternaam voorletters tussenvoegsel", "naw naam", "full name", "name",
    ),
}  # fmt: skip
_ADRES: Final[dict[str, tuple[str, ...]]] = {
    "straat": ("straat", "straatnaam", "adres straat", "adres straatnaam", "street", "street name"),
    "huisnummer": (
        "huisnummer", "huisnr", "hsnr", "hnr", "huisnum", "huis nummer", "adres huisnummer", "house number", "house no",
        "house nr", "street number",
    ),
    "huisletter": ("huisletter", "huislet", "huisnummer letter", "huisnr letter", "hsltr", "house letter"),
    "huisnummertoevoeging": (
        "huisnummertoevoeging", "toevoeging", "toev", "huisnummer toevoeging", "huisnummer toev", "huisnr toevoeging",
        "huisnr toev", "hsnr toevoeging", "hsnr toev", "hnr toevoeging", "hnr toev", "nr toevoeging",
        "house number addition", "house number suffix", "addition",
    ),
    "postcode": ("postcode", "pc", "pc6", "post code", "postc", "postkode", "zip", "zip code", "postal code"),
    "woonplaats": ("woonplaats", "plaats", "plaatsnaam", "woonplaatsnaam", "stad", "city", "town"),
    "adres": (
        "adres", "adresregel", "adresregel 1", "adres 1", "straat en huisnummer", "straat huisnummer", "straat en nr",
        "straat en huisnr", "straat huisnr", "straat nr", "straatnaam en huisnummer", "straatnaam huisnummer",
        "address", "address line 1", "street and number",
    ),
    "huisnummer_volledig": (
        "huisnummer volledig", "volledig huisnummer", "huisnummer compleet", "huisnummer en toevoeging",
        "huisnr en toevoeging", "huisnummer met toevoeging", "huisnr met toevoeging", "huisnummer incl toevoeging",
        "huisnummer plus toevoeging", "huisnr incl toev", "full house number",
    ),
    "postcode_woonplaats": (
        "postcode woonplaats", "postcode en woonplaats", "postcode plaats", "postcode en plaats", "pc plaats",
        "pc en plaats", "pc woonplaats", "pc en woonplaats", "postcode plaatsnaam", "zip and city", "zip city",
    ),
}  # fmt: skip
_OVERIG: Final[dict[str, tuple[str, ...]]] = {
    "soort": (
        "soort achterstand", "achterstand soort", "achterstandsoort", "type achterstand", "achterstandtype",
        "soort schuld", "schuldsoort", "soort vordering", "vorderingsoort", "sector",
    ),
    "signaaltype": ("type signaal", "signaal type", "signal type"),
    "producten": (
        "product", "producten energie", "energieproduct", "energieproducten", "productsoort", "soort product",
        "energiesoort", "products",
    ),
    "kenmerk": (
        "ons kenmerk", "uw kenmerk", "eigen kenmerk", "kenmerk partner", "kenmerk klant", "kenmerk signaal",
        "signaalkenmerk", "kenmerk melding", "referentie", "ref", "referentienummer", "referentienr", "refnr",
        "ref nummer", "eigen referentie", "onze referentie", "uw referentie", "externe referentie", "partnerreferentie",
        "signaalnummer", "signaalnr", "meldingsnummer", "meldingnummer", "meldnummer", "dossiernummer", "dossiernr",
        "incassodossier", "incassodossiernummer", "zaaknummer", "zaaknr", "contractnummer", "contractnr",
        "huurcontractnummer", "huurcontractnr", "huurcontract", "huurovereenkomst", "overeenkomstnummer",
        "overeenkomstnr", "reference", "reference number", "external reference", "our reference", "your reference",
        "case number", "contract number", "contract no",
    ),
    "opdrachtgever_kvk": (
        "kvk", "kvk nummer", "kvk nr", "kvk opdrachtgever", "kvk nummer opdrachtgever", "kvk nr opdrachtgever",
        "opdrachtgever kvk nummer", "kvk verhuurder", "kvk nummer verhuurder", "handelsregisternummer", "coc number",
    ),
    "klantnummer": (
        "klantnr", "klant nummer", "klantnum", "klantid", "klantcode", "nummer klant", "debiteurnummer", "debiteurnr",
        "debiteurennummer", "debiteurennr", "debiteurcode", "debiteurid", "debnr", "deb nummer", "nummer debiteur",
        "huurdernummer", "huurdersnummer", "huurdernr", "huurdersnr", "huurdercode", "relatienummer", "relatienr",
        "relatiecode", "relatieid", "zakenpartner", "zakenpartnernummer", "zakenpartnernr", "businesspartner",
        "business partner number", "bp nummer", "bp nr", "contractrekening", "contractrekeningnummer",
        "contract account", "verbruikersnummer", "customer number", "customer no", "customer nr", "customer id",
        "client number", "debtor number", "debtor no",
    ),
    "polisnummer": (
        "polisnr", "polis nummer", "polis", "nummer polis", "verzekerdennummer", "verzekerdenummer", "verzekerdenr",
        "verzekeringsnummer", "policy number", "policy no",
    ),
    "uzovi": ("uzovi code", "uzovi nummer", "uzovi nr", "uzovi verzekeraar", "uzovicode verzekeraar"),
    "bsn": (
        "burgerservicenummer", "burger service nummer", "bsn nummer", "bsn nr", "sofinummer", "sofinr",
        "sofi nummer", "bsn klant", "bsn verzekerde", "bsn verzekeringnemer", "citizen service number",
    ),
    "telefoon": (
        "telefoonnummer", "telefoon nr", "telefoonnr", "tel", "tel nr", "tel nummer", "telnr", "telnummer",
        "telefoon klant", "telefoon huurder", "telefoonnummer klant", "telefoonnummer huurder", "phone",
        "phone number", "telephone", "telephone number",
    ),
    "gemeentecode": (
        "gemeente code", "cbs code", "cbs gemeentecode", "gemeentecode cbs", "gem code", "gemeentenummer",
        "gemeentenr", "gemeente nr", "municipality code",
    ),
    "bedrag": (
        "achterstand", "achterstandsbedrag", "achterstandbedrag", "bedrag achterstand", "hoogte achterstand",
        "achterstand hoogte", "totale achterstand", "huurachterstand", "betalingsachterstand", "saldo",
        "saldo achterstand", "saldo openstaand", "openstaand", "openstaand bedrag", "openstaande bedrag",
        "bedrag openstaand",
        "openstaand saldo", "open saldo", "open bedrag", "open staand", "totaal openstaand", "totaal achterstand",
        "openstaande schuld", "openstaande vordering", "schuld", "schuldbedrag", "bedrag schuld", "hoogte schuld",
        "huurschuld", "vordering", "vorderingsbedrag", "bedrag vordering", "totaalbedrag", "totaal bedrag", "amount",
        "amount due", "open amount", "outstanding", "outstanding amount", "outstanding balance", "balance", "arrears",
    ),
    "bedrag_premie": (
        "premie", "premiebedrag", "premieachterstand", "achterstand premie", "openstaande premie", "premie openstaand",
    ),
    "bedrag_eigen_risico": (
        "eigen risico", "eigen risico bedrag", "achterstand eigen risico", "openstaand eigen risico",
        "eigen risico openstaand",
    ),
    "bedrag_eigen_bijdrage": (
        "eigen bijdrage", "eigen bijdrage bedrag", "achterstand eigen bijdrage", "openstaande eigen bijdrage",
        "eigen bijdrage openstaand",
    ),
    "oudste_vervaldatum": (
        "vervaldatum", "verval datum", "vervaldag", "oudste vervaldag", "vervaldatum oudste",
        "vervaldatum oudste factuur",
        "vervaldatum oudste rekening", "vervaldatum oudste nota", "vervaldatum oudste post", "oudste verv datum",
        "oudste factuur vervaldatum", "vervaldatum oudste openstaande factuur", "vervaldatum oudste vordering",
        "oudste openstaande vervaldatum", "due date", "oldest due date",
    ),
    "facturen": (
        "factuur", "factuurnummer", "factuurnummers", "factuurnr", "factuurnrs", "openstaande facturen", "nota",
        "notanummer", "notanummers", "nota nummers", "invoice", "invoices", "invoice number", "invoice numbers",
    ),
    "einde_levering": (
        "einde levering per", "datum einde levering", "einddatum levering", "leveringseinde", "einde leverdatum",
        "end of supply",
    ),
    "bedreigend": (
        "bedreigende situatie", "mogelijk bedreigend", "mogelijk bedreigende situatie", "crisis", "crisissignaal",
    ),
    "warme_overdracht": ("warm overdragen", "warme overdracht gewenst", "warm transfer"),
    "herinnering_verstuurd": (
        "herinnering verzonden", "herinnering gestuurd", "schriftelijke herinnering",
        "schriftelijke herinnering verstuurd",
        "schriftelijke herinnering verzonden", "betalingsherinnering verstuurd", "betalingsherinnering verzonden",
        "aanmaning verstuurd", "aanmaning verzonden", "reminder sent",
    ),
    "persoonlijk_contact_gezocht": (
        "persoonlijk contact", "contact gezocht", "persoonlijk contact geprobeerd", "persoonlijk contact opgenomen",
        "poging persoonlijk contact", "inspanning persoonlijk contact", "personal contact sought",
    ),
    "gewezen_op_schuldhulp": (
        "gewezen op schuldhulpverlening", "schuldhulp gewezen", "gewezen op hulp", "verwezen naar schuldhulp",
        "verwezen naar schuldhulpverlening", "geinformeerd over schuldhulp", "geinformeerd over schuldhulpverlening",
        "pointed to debt help",
    ),
    "doorgifte_aangekondigd": (
        "doorgifte aangeboden", "doorgifte aangeboden of aangekondigd", "doorgifte gemeld", "doorgeven aangekondigd",
        "melding aangekondigd", "signaal aangekondigd", "aanmelding aangekondigd", "gegevensdeling aangekondigd",
        "doorgifte gegevens aangekondigd", "transfer announced",
    ),
    "bezwaar": (
        "bezwaar gemaakt", "bezwaar ingediend", "heeft bezwaar", "bezwaar klant", "bezwaar huurder",
        "bezwaar tegen doorgifte", "bezwaar doorgifte", "objection",
    ),
}  # fmt: skip
_ADRES_ALLEEN: Final = ("leveringsadres", "leveradres", "bezorgadres", "verbruiksadres", "aansluitadres", "woonadres",
                        "objectadres", "delivery address", "street address")  # fmt: skip
_NAAM_ALLEEN: Final = ("huurder", "hoofdhuurder", "bewoner", "contractant", "verzekerde", "verzekeringnemer",
                       "tenaamstelling", "tnv", "customer name", "debtor name")  # fmt: skip

TWEEDE_KEUS: Final[dict[str, tuple[str, ...]]] = {
    "telefoon": (
        "mobiel", "mobiele telefoon", "mobiel nummer", "mobiel nr", "mobielnr", "mobielnummer", "telefoon mobiel",
        "telefoonnummer mobiel", "mobiele nummer", "tel mobiel", "gsm", "gsm nummer", "06 nummer", "mobile",
        "mobile phone", "mobile number", "mobile phone number",
    ),
}  # fmt: skip
"""Names that count only where no other column of the file has that meaning, so that two are no doubt."""


def _combinaties(delen: dict[str, tuple[str, ...]], van: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for kolom, namen in delen.items():
        for naam in namen:
            yield naam, kolom
            for wie in van:
                yield f"{naam} {wie}", kolom
                yield f"{wie} {naam}", kolom
                yield f"{naam} van {wie}", kolom


def _alle() -> Iterator[tuple[str, str]]:
    """(name, column) of every synonym."""
    for kolom in (*KOLOM, *SAMENGESTELD):
        yield kolom, kolom
    yield from _combinaties(_PERSOON, PERSONEN)
    yield from _combinaties(_ADRES, ADRESSEN)
    yield from ((naam, "adres") for naam in _ADRES_ALLEEN)
    yield from ((naam, "naam") for naam in _NAAM_ALLEEN)
    for lijst in (_OVERIG, TWEEDE_KEUS):
        yield from ((naam, kolom) for kolom, namen in lijst.items() for naam in namen)


_ACHTER: Final = frozenset(
    {
        *("eur", "euro", "euros", "in", "ja", "nee", "j", "n"),
        *("dd", "mm", "jj", "jjjj", "yy", "yyyy", "ddmmjjjj", "ddmmjj", "jjjjmmdd", "ddmmyyyy", "yyyymmdd"),
    }
)
"""Words behind a name that say how it is written, not what it is."""
_CENTEN: Final = frozenset({"cent", "cents", "centen", "eurocent", "eurocents", "eurocenten"})
_HINTS: Final = frozenset(
    {
        *("datum", "tekst", "getal", "numeriek", "alfanumeriek", "cijfers", "tekens", "posities", "karakters"),
        *("letters", "verplicht", "optioneel", "max", "maximaal", "min", "minimaal", "hoogstens", "inclusief", "incl"),
        *("btw", "nl", "of", "en"),
    }
)
"""What a name may carry in brackets besides. With another word in them the name is another one."""
_HAAKJES: Final = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_WOORD: Final = re.compile(r"[a-z0-9]+")
_TEKENS: Final = str.maketrans({"'": "", "’": "", "+": " en ", "&": " en "})
"""`Euro's` is one word; `Huisnummer + toevoeging` is not the name `huisnummertoevoeging`."""
MAX_KOP: Final = 200
"""A header text longer than this is no name."""


def _woorden(tekst: str) -> list[str]:
    ontleed = unicodedata.normalize("NFKD", tekst.casefold().translate(_TEKENS))
    return _WOORD.findall("".join(teken for teken in ontleed if not unicodedata.combining(teken)))


def _zonder_hint(haakjes: re.Match[str]) -> str:
    woorden = _woorden(haakjes[1] or haakjes[2] or "")
    return " " if all(woord.isdecimal() or woord in _ACHTER | _CENTEN | _HINTS for woord in woorden) else haakjes[0]


def genormaliseerd(kop: str) -> str:
    """A header text without case, accents, marks, units and hints; "" when nothing is left or it is too long."""
    if len(kop) > MAX_KOP:
        return ""
    woorden = _woorden(_HAAKJES.sub(_zonder_hint, kop))
    while len(woorden) > 1 and (woorden[-1] in _ACHTER or woorden[-1] in _CENTEN):
        woorden.pop()
    return "".join(woorden)


def in_centen(kop: str) -> bool:
    """The header text says that amounts are in cents."""
    return len(kop) <= MAX_KOP and not _CENTEN.isdisjoint(_woorden(kop))


def _kort(naam: str) -> str:
    # What `genormaliseerd` makes of a plain name of the lists, ten times as quickly; a test holds them together.
    return naam.replace(" ", "").replace("_", "")


SYNONIEMEN: Final[dict[str, str]] = {_kort(naam): kolom for naam, kolom in _alle()}
"""Normalised name → column of the layout, or composed column."""
TWEEDE: Final = frozenset(_kort(naam) for namen in TWEEDE_KEUS.values() for naam in namen)
"""Normalised names of second choice."""


def namen_van(kolom: str) -> list[str]:
    """The other names of a column, each once, without those that say of whom or of which address."""
    lijsten = (_PERSOON, _ADRES, {"adres": _ADRES_ALLEEN, "naam": _NAAM_ALLEEN}, _OVERIG, TWEEDE_KEUS)
    namen = {_kort(kolom): kolom}
    for lijst in lijsten:
        for naam in lijst.get(kolom, ()):
            namen.setdefault(_kort(naam), naam)
    return list(namen.values())[1:]
