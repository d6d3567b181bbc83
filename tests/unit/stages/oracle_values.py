"""Reading one text, slowly and plainly: what the columns of a block must hold, written a second time.

Text by text, Python's own parsing and the libraries themselves.
"""

import datetime as dt
import html
import re
import unicodedata
from itertools import pairwise

import email_validator
import phonenumbers
from stdnum.exceptions import ValidationError
from stdnum.nl import bsn as stdnum_bsn
from stdnum.nl import postcode as stdnum_postcode

from contracts.layout import KOLOM, Vorm
from contracts.signaal import Soort

WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(chr(n) for n in range(0x2000, 0x200B))
INVISIBLE = (
    {chr(n) for n in (*range(32), *range(127, 160))}
    | {chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    | {"\u061c", "\u200e", "\u200f"}
)
DECODED_TAILS = set("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ") | {chr(n) for n in range(0x80, 0xC0)}
LETTERS = {chr(n) for n in range(0xC0, 0x180) if chr(n).isalpha()}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januari january", "feb febr februari february", "mrt maart mar march", "apr april", "mei may",
            "jun juni june", "jul juli july", "aug augustus august", "sep sept september", "okt oct oktober october",
            "nov november", "dec december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


def squeeze(text: str, also: str = "") -> str:
    return "".join(c for c in text if c not in WHITE + also)


def is_bsn(number: str) -> bool:
    """By the library."""
    return stdnum_bsn.is_valid(number)


def digits(text: str, length: int) -> str | None:
    return text if len(text) == length and all(c in "0123456789" for c in text) else None


def bare_digits(name: str, text: str) -> str:
    if whole := re.fullmatch(r"([0-9]+)[.,]0+", text):
        text = whole[1]
    text = squeeze(text, ".'’-")
    return re.sub("^gm", "", text, flags=re.IGNORECASE) if name == "gemeentecode" else text


def read_digits(name: str, text: str, length: int) -> tuple[str | None, bool]:
    """The number, and whether zeros were put back."""
    bare = bare_digits(name, text)
    if digits(bare, length):
        return bare, False
    lost = {"gemeentecode": (2, 3)}.get(name, (length - 1,))
    if bare.isascii() and bare.isdigit() and len(bare) in lost:
        padded = bare.zfill(length)
        if name != "bsn" or is_bsn(padded):
            return padded, True
    return None, False


def day_of(text: str) -> str:
    time = r"[ T]+\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( ?[ap]\.?m\.?)?( ?(Z|[+-]\d\d:?\d\d))?( ?uur)?$"
    return squeeze(re.sub(time, "", text, flags=re.ASCII | re.IGNORECASE), "+")


def short_year(day: int, month: int, year: int, today: dt.date, *, birth: bool) -> int:
    if birth:
        century = today.year // 100 * 100
        in_time = (century + year, month, day) <= (today.year, today.month, today.day)
        return century + year if in_time else century - 100 + year
    years = (y for y in range(today.year - 79, today.year + 21) if y % 100 == year)
    return next(years)


def read_date(text: str, today: dt.date, *, birth: bool) -> tuple[dt.date | None, str | None]:  # form by form
    """The date, and `excelgetal` or `jaar_kort` for how it was written; dates are written day first."""
    text = day_of(text)
    how = None
    parts = None
    if match := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", text, re.ASCII):
        parts = int(match[3]), int(match[2]), int(match[1])
    elif match := re.fullmatch(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2}))", text, re.ASCII) or re.fullmatch(
        r"(\d{4})(0\d|1[0-2])(\d\d)", text, re.ASCII
    ):
        parts = int(match[1]), int(match[2]), int(match[3])
    elif match := re.fullmatch(r"(\d\d)(\d\d)((?:19|20)\d\d)", text, re.ASCII):
        parts = int(match[3]), int(match[2]), int(match[1])
    elif match := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})", text, re.ASCII):
        how = "jaar_kort"
        day, month = int(match[1]), int(match[2])
        parts = short_year(day, month, int(match[3]), today, birth=birth), month, day
    elif match := re.fullmatch(
        r"(?:(?:ma|di|wo|do|vr|za|zo)[a-z]{0,7}\.?,?)?(\d{1,2})[-/.]*([a-z]+)[-/.,']*(\d{4}|\d\d)",
        text,
        re.ASCII | re.IGNORECASE,
    ):
        month = MONTHS.get(match[2].lower(), 0)
        day, year = int(match[1]), int(match[3])
        if len(match[3]) == 2 and month:
            how = "jaar_kort"
            year = short_year(day, month, year, today, birth=birth)
        parts = year, month, day
    elif match := re.fullmatch(r"(\d{5})([.,]\d+)?", text, re.ASCII):
        return dt.date(1899, 12, 30) + dt.timedelta(days=int(match[1])), "excelgetal"
    try:
        return (dt.date(*parts), how) if parts else (None, None)
    except ValueError:
        return None, None


def bare_amount(text: str) -> str:
    text = text.replace("−", "-").replace("–", "-").replace("€", "")
    text = squeeze(re.sub("euros?|eur", "", text, flags=re.IGNORECASE), "'’")
    text = re.sub(r"[,.][-=]{1,2}$", "", text)
    if text.startswith("(") and text.endswith(")") and len(text) > 1:
        text = "-" + text[1:-1]
    if re.fullmatch(r"[0-9.,]+-", text):
        text = "-" + text[:-1]
    return re.sub(r"([.,][0-9]{2})0{2,}$", r"\1", text)


def read_amount(text: str, decimal: str) -> int | str:
    """Cents, or the code's ending: `decimalen` or `ongeldig`."""
    other = "." if decimal == "," else ","
    amount = bare_amount(text)
    sign = -1 if amount.startswith("-") else 1
    amount = amount[1:] if amount[:1] in ("+", "-") else amount
    if not re.fullmatch(r"[0-9.,]+", amount):
        return "ongeldig"
    marks = [c for c in amount if c in ".,"]
    groups = re.split(r"[.,]", amount)
    whole, rest = groups[0], groups[1:]

    def cents(euros: str, fraction: str) -> int | str:
        return sign * int(euros + fraction.ljust(2, "0")) if len(euros) <= 9 else "ongeldig"

    if not marks:
        return cents(whole, "")
    thousands = 1 <= len(whole) <= 3
    if len(marks) == 1:
        if 1 <= len(rest[0]) <= 2:
            return cents(whole, rest[0])
        if marks[0] == other and len(rest[0]) == 3 and thousands:
            return cents(whole + rest[0], "")
        return "decimalen" if len(rest[0]) >= 3 else "ongeldig"
    if not thousands or len(marks) > 3:
        return "ongeldig"
    if len(set(marks)) == 1:
        fine = len(rest) == 2 and all(len(part) == 3 for part in rest)
        return cents(whole + "".join(rest), "") if fine else "ongeldig"
    *middle, last = rest
    fine = all(len(part) == 3 for part in middle) and 1 <= len(last) <= 2 and len(set(marks[:-1])) == 1
    return cents(whole + "".join(middle), last) if fine and marks[0] != marks[-1] else "ongeldig"


def phone_compact(text: str) -> str:
    words = (
        r"\([^0-9)]*\)|(?:^|[\s,;/|:-])(?:telefoonnummer|telefoon|tel|mobielnummer|mobiel|mobile|mob|gsm|werk|thuis|privé"
        r"|prive|vast|nummer|nr|t|m)(?:[\s.:]+|$)"
    )
    text = re.sub(words, "", text.lower()).replace("(0)", "", 1)
    text = squeeze(text, "().'-–" + "".join(chr(n) for n in range(0x2010, 0x2016)))
    return re.sub(r"^(0[1-9][0-9]{1,2})/([0-9]{6,8})$", r"\1\2", text)


def read_phone(compact: str) -> str | None:
    if re.fullmatch(r"[1-9][0-9]{8}", compact):
        return "0" + compact
    one = r"0[1-9][0-9]{8}|(?:\+|00)?310?[1-9][0-9]{8}|\+[1-9][0-9]{7,14}|00[1-9][0-9]{7,14}"
    match = re.fullmatch(rf"({one})((?:[/,;|&]|of|en)\+?[0-9]{{6,15}}|0[1-9][0-9]{{8}})?", compact)
    if match:
        if dutch := re.fullmatch(r"(?:\+|00)?310?([1-9][0-9]{8})", match[1]):
            return "0" + dutch[1]
        number = "+" + match[1][2:] if match[1].startswith("00") else match[1]
        if not number.startswith("+31"):
            return number
    return _by_library(compact)


def _by_library(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "NL")
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        return None
    if number.country_code == 31:
        return "0" + written[3:] if len(written) == 12 else None
    return written


def is_likely_phone(number: str) -> bool:
    """By the library: somebody can have it, and may be called without paying extra."""
    paid = {phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.TOLL_FREE}
    try:
        parsed = phonenumbers.parse(number, "NL")
    except phonenumbers.NumberParseException:
        return False
    dutch = not number.startswith("+")
    return phonenumbers.is_valid_number(parsed) and not (dutch and phonenumbers.number_type(parsed) in paid)


def two_phones(compact: str) -> bool:
    joined = re.fullmatch(r"\+?[0-9]{8,15}(?:[/,;|&]|of|en)\+?[0-9]{6,15}", compact)
    return bool(joined or re.fullmatch(r"0[1-9][0-9]{8}0[1-9][0-9]{8}", compact))


def email_compact(text: str) -> str:
    text = re.sub(rf"^mailto:[{WHITE}]*", "", text, flags=re.IGNORECASE)
    if match := re.fullmatch(rf"[^<>]*<([^<>]*)>[{WHITE};,]*", text):
        text = match[1]
    return re.sub(rf"[{WHITE}]*@[{WHITE}]*", "@", text.strip(" \u00a0;,"))


def email_parts(compact: str) -> list[str]:
    """The address, or the two addresses, that stand in the field."""
    seam = rf"(?:[{WHITE}]*[;,|/][{WHITE}]*|[{WHITE}]+(?:(?:of|en)[{WHITE}]+)?)"
    two = rf"([^@{WHITE};,|]+@[^@{WHITE};,|/]+){seam}([^@{WHITE};,|]+@[^@{WHITE}]+)"
    match = re.fullmatch(two, compact, re.IGNORECASE)
    return [match[1], match[2]] if match else [compact]


def read_email(text: str) -> str | None:
    """By the library."""
    address = email_parts(email_compact(text))[0]
    if len(address) > 254:
        return None
    if any(c in WHITE + ',;:<>()"[]\\' or c in INVISIBLE for c in address):
        return None
    try:
        return email_validator.validate_email(address, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        return None


def mended(text: str) -> str:
    """Entities that stand for a letter, and UTF-8 read as Windows-1252, undone where that is certain; in NFC."""

    def letter(match: re.Match[str]) -> str:
        meant = html.unescape(match[0])
        known = meant in LETTERS or match[0] in {"&amp;", "&apos;", "&#39;", "&#039;"}
        plain = re.fullmatch("&(#[1-9][0-9]*|[A-Za-z]+);", match[0]) or match[0] == "&#039;"
        return meant if known and plain else match[0]

    text = re.sub("&(?:[A-Za-z]{2,8}|#[0-9]{2,5});", letter, text)
    if has_mojibake(text) and "?" not in text and "\ufffd" not in text:
        try:
            again = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            again = text
        if all(c in LETTERS or c.isascii() for c in again):
            text = again
    return unicodedata.normalize("NFC", text)


def has_mojibake(text: str) -> bool:
    return "â€" in text or any(a in "ÂÃÄÅ" and b in DECODED_TAILS for a, b in pairwise(text))


def initials(text: str) -> str:
    vowels = set("aeiouyAEIOUY")
    letters = [c for c in text if c not in ". -"]
    apart = re.fullmatch(r"[^\W\d_](?:[. -]{1,3}[^\W\d_])*\.?", text)
    apart = apart if all(c.isalpha() and "A" <= c <= "ž" and len(c.upper()) == 1 for c in letters) else None
    run = text.isascii() and text.isalpha() and 2 <= len(text) <= 5 and not vowels & set(text)
    if apart or (run and (text.isupper() or text.islower())):
        return "".join(f"{c.upper()}." for c in letters)
    return text


def read_products(text: str) -> list[str] | None:
    words = [w for w in re.split(r"[,;/+&|\s]+", text.lower()) if w and w != "en"]
    if not words or any(w not in {"elektriciteit", "gas", "warmte"} for w in words):
        return None
    return sorted(set(words))


def _yes_no(word: str) -> bool | None:
    if word in {"ja", "j", "waar", "true", "1"}:
        return True
    return False if word in {"nee", "n", "onwaar", "false", "0"} else None


def incomplete(text: str) -> bool:
    if re.fullmatch(r"[0-9]{4}", text):
        return True
    parts = re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.][0-9]{4}", text) or re.fullmatch(
        r"[0-9]{4}-([0-9]{2})-([0-9]{2})", text
    )
    parts = parts or re.fullmatch(r"[0-9]{4}([0-9]{2})([0-9]{2})", text)
    return bool(parts) and (int(parts[1]) == 0 or int(parts[2]) == 0)


def read_house_number(text: str) -> tuple[int | None, str | None, str | None]:
    """Number, letter and addition as they stand together in one field; nothing where that is not certain."""
    bare = re.sub(r"^(?:nr|no)[.: ]*", "", text, flags=re.IGNORECASE)
    if whole := re.fullmatch(r"([0-9]+)[.,]0+", bare):
        bare = whole[1]
    if re.fullmatch(r"[+-]?[0-9]+", bare):
        number = int(bare)
        return (number if 1 <= number <= 99_999 else None), None, None
    return None, None, None


def read(name: str, text: str, decimal: str, today: dt.date) -> object:  # noqa: C901  # one branch per column
    match KOLOM[name].vorm:
        case Vorm.DATUM:
            return read_date(text, today, birth=name == "geboortedatum")[0]
        case Vorm.JA_NEE:
            return _yes_no(text.lower())
        case Vorm.BEDRAG:
            amount = read_amount(text, decimal)
            return amount if isinstance(amount, int) else None
    folded = re.sub(rf"[{WHITE}\-]+", "_", text.lower())
    match name:
        case "soort":
            return folded if folded in set(Soort) else None
        case "signaaltype":
            folded = "geactualiseerd_signaal" if folded == "geactualiseerd" else folded
            known = {"vroegsignaal", "geactualiseerd_signaal", "eindeleveringssignaal", "afsluitsignaal"}
            return folded if folded in known | {"opzegging_zorgverzekering"} else None
        case "producten":
            return read_products(text)
        case "facturen":
            return [part for part in re.split(rf"[{WHITE},;|]+", text) if part] or None
        case "opdrachtgever_kvk" | "uzovi" | "bsn" | "gemeentecode":
            return read_digits(name, text, {"opdrachtgever_kvk": 8, "bsn": 9}.get(name, 4))[0]
        case "geslacht":
            return {"m": "M", "man": "M", "v": "V", "vrouw": "V", "x": "X"}.get(text.lower())
        case "telefoon":
            return read_phone(phone_compact(text))
        case "email":
            return read_email(text)
        case "huisletter":
            return text if re.fullmatch("[A-Za-z]", text) else None
        case "postcode":
            return read_postcode(text)
        case "huisnummer":
            return read_house_number(text)[0]
        case "voorletters":
            return initials(mended(text))
        case "voorvoegsel" | "achternaam" | "straat" | "woonplaats":
            return mended(text)
    return text


def read_postcode(text: str) -> str | None:
    """By the library."""
    bare = squeeze(text.upper(), ".-").removeprefix("NL")
    try:
        return stdnum_postcode.validate(bare).replace(" ", "") if bare.isascii() and bare.isalnum() else None
    except ValidationError:
        return None


_WORD = (
    r"(?:bis|hs|huis|hoog|boven|bov|bo|beneden|ben|be|bg|bel|links|rechts|li|re|rd|rood|zw|zwart|wit|achter|voor|vh|ah"
    r"|app?|unit|kamer|et|etage|sous|i{1,3}|iv|vi{0,3}|ix|x|[0-9]{1,4}|[a-z])"
)
_WORDS = rf"{_WORD}(?:[ ./-]{{0,2}}{_WORD}){{0,3}}"


def split_house(text: str) -> tuple[int, str | None, str | None] | None:  # form by form
    """Number, letter and addition that stand in one field, where that is certain."""
    plain = re.sub("[ \xa0]+", " ", text).strip(WHITE)
    match = re.fullmatch("(?:nr|no|nummer)?[.: ]*([0-9]{1,5})((?:[^0-9\n].*)?)", plain, re.IGNORECASE)
    if not match or not 1 <= int(match[1]) <= 99_999:
        return None
    number, behind = int(match[1]), match[2]
    core = behind.lstrip(" ./-")
    if re.match("jan|feb|mrt|apr|mei|jun|jul|aug|sep|okt|oct|nov|dec", core, re.IGNORECASE):
        return None
    if re.match(r"t/m|tm |en |t/o|t\.o\.|tegenover|naast", core, re.IGNORECASE):
        return None
    if re.fullmatch("[0-9]{1,2}[/-][0-9]{2,4}", core) or re.fullmatch(" +[0-9]+", behind):
        return None
    if re.fullmatch("[ ,./-]*", behind):
        return number, None, None
    if one := re.fullmatch("([A-Za-z])[ ,./-]*", core):
        return number, one[1], None
    if two := re.fullmatch(rf"([A-Za-z])(?:[ ./-]+((?i:{_WORDS}))[ ,.]*|([0-9]{{1,4}}))", core):
        addition = two[2] or two[3]
        return (number, two[1], addition) if len(addition) <= 10 else None
    if words := re.fullmatch(rf"((?i:{_WORDS}))[ ,.]*", core):
        return (number, None, words[1]) if len(words[1]) <= 10 else None
    return (number, None, core) if re.fullmatch("[0-9A-Za-z]{1,4}", core) else None


VOORVOEGSELS = {
    "van", "v.d.", "v.d", "v/d", "vd", "de", "den", "der", "des", "d'", "het", "'t", "'s", "aan", "bij", "in", "op",
    "over", "onder", "te", "ten", "ter", "tot", "uit", "uijt", "ver", "voor", "von", "vom", "zu", "zum", "zur", "da",
    "dal", "das", "del", "della", "degli", "di", "do", "dos", "du", "el", "la", "las", "le", "les", "lo", "voor in 't",
}  # fmt: skip
_SECOND = {
    "van": "der den de het 't ter la", "de": "la las le los", "aan": "de den der het 't", "bij": "de den het 't",
    "in": "de den der het 't", "op": "de den der het 't ten", "over": "de den het 't", "onder": "de den het 't",
    "uit": "de den het 't ten", "uijt": "de den ten", "voor": "de den 't", "von": "der den dem 't",
}  # fmt: skip
VOORVOEGSELS |= {f"{first} {second}" for first, seconds in _SECOND.items() for second in seconds.split()}


def voorvoegsel_and_name(surname: str) -> tuple[str, str] | None:
    """(voorvoegsel, the rest) of a surname that has it before or behind it in lower case; the longest that fits."""
    like = surname.replace("’", "'").replace("‘", "'").replace("`", "'")
    for voorvoegsel in sorted(VOORVOEGSELS, key=len, reverse=True):
        rest = surname[len(voorvoegsel) :]
        if like.startswith(voorvoegsel + " ") and rest.strip(" ")[:1] not in ("", *WHITE) and "\n" not in rest:
            return surname[: len(voorvoegsel)], rest.lstrip(" ")
    name, comma, behind = surname.partition(",")
    core = like[len(name) + 1 :].lstrip(" ")
    if comma and core in VOORVOEGSELS and name.rstrip(" "):
        return behind.lstrip(" "), name.rstrip(" ")
    return None
