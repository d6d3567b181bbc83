"""Checking one row, slowly and plainly: what `validate_block` must say of it, written a second time.

Row by row, branch by branch, Python's own parsing; shares the code list of the layout and nothing else.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from contracts.layout import KOLOM, KOLOMMEN, Vorm
from contracts.overeenkomst import Veldbeleid
from contracts.row_states import RowState
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.policy import Policy
from gateway.stages.rules import rule

WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(chr(n) for n in range(0x2000, 0x200B))
INVISIBLE = (
    {chr(n) for n in (*range(32), *range(127, 160))}
    | {chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    | {"\u061c", "\u200e", "\u200f"}
)
DECODED_TAILS = set("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ") | {chr(n) for n in range(0x80, 0xC0)}
INFIXES = (
    "'s", "'t", "aan", "bij", "de", "den", "der", "d'", "het", "in", "la", "le", "onder", "op", "over", "te", "ten",
    "ter", "tot", "uit", "uijt", "van", "v.d.", "v/d", "vd", "ver", "von", "voor",
)  # fmt: skip
LEGAL = {"b.v.", "b.v", "bv", "n.v", "n.v.", "nv", "stichting", "vve", "v.v.e", "v.v.e.", "vereniging"}
LEGAL |= {"coöperatie", "cooperatie"}
FREE = {
    "kenmerk", "klantnummer", "polisnummer", "voorletters", "voorvoegsel", "achternaam", "straat",
    "huisnummertoevoeging", "woonplaats", "facturen",
}  # fmt: skip
PARTS = ("bedrag_premie", "bedrag_eigen_risico", "bedrag_eigen_bijdrage")
EFFORT = ("herinnering_verstuurd", "persoonlijk_contact_gezocht", "gewezen_op_schuldhulp", "doorgifte_aangekondigd")


@dataclass
class Verdict:
    """The codes found, the row's state (0: goes on) and every value by layout column (None: nothing goes on)."""

    codes: set[str] = field(default_factory=set)
    state: int = 0
    values: dict[str, object] = field(default_factory=dict)


def squeeze(text: str, also: str = "") -> str:
    return "".join(c for c in text if c not in WHITE + also)


def is_bsn(digits: str) -> bool:
    total = sum(int(c) * w for c, w in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return int(digits) > 0 and total % 11 == 0


def digits(text: str, length: int) -> str | None:
    return text if len(text) == length and all(c in "0123456789" for c in text) else None


def read_date(text: str) -> dt.date | None:
    text = re.sub(r"[ T]\d{1,2}:\d\d(:\d\d([.,]\d+)?)?Z?$", "", text, flags=re.ASCII)
    text = squeeze(text, "+")
    for pattern, order in (
        (r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", (3, 2, 1)),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})", (1, 2, 3)),
        (r"(\d{4})(\d\d)(\d\d)", (1, 2, 3)),
    ):
        if match := re.fullmatch(pattern, text, re.ASCII):
            try:
                return dt.date(*(int(match[n]) for n in order))
            except ValueError:
                return None
    return None


def bare_amount(text: str) -> str:
    text = squeeze(re.sub("euro?", "", text.replace("€", ""), flags=re.IGNORECASE), "'")
    return re.sub(r"[,.][-=]{1,2}$", "", text)


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
    return squeeze(text.replace("(0)", "", 1), "().-").lower()


def read_phone(compact: str) -> str | None:
    if re.fullmatch(r"[1-9][0-9]{8}", compact):
        return "0" + compact
    one = r"0[1-9][0-9]{8}|\+[1-9][0-9]{7,14}|00[1-9][0-9]{7,14}"
    match = re.fullmatch(rf"({one})((?:[/,;|&]|of|en)\+?[0-9]{{6,15}}|0[1-9][0-9]{{8}})?", compact)
    if not match:
        return None
    if dutch := re.fullmatch(r"(?:\+|00)31([0-9]{9})", match[1]):
        return "0" + dutch[1]
    return "+" + match[1][2:] if match[1].startswith("00") else match[1]


def two_phones(compact: str) -> bool:
    joined = re.fullmatch(r"\+?[0-9]{8,15}(?:[/,;|&]|of|en)\+?[0-9]{6,15}", compact)
    return bool(joined or re.fullmatch(r"0[1-9][0-9]{8}0[1-9][0-9]{8}", compact))


def read_email(text: str) -> str | None:
    if len(text) > 254 or text.count("@") != 1 or any(c in WHITE + ',;:<>()"[]\\' or c in INVISIBLE for c in text):
        return None
    local, domain = text.split("@")
    labels = domain.split(".")
    return text if local and len(labels) > 1 and all(labels) else None


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


def read(name: str, text: str, decimal: str) -> object:  # noqa: C901  # one branch per column
    match KOLOM[name].vorm:
        case Vorm.DATUM:
            return read_date(text)
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
        case "opdrachtgever_kvk":
            return digits(squeeze(text, "."), 8)
        case "uzovi":
            return digits(squeeze(text, "."), 4)
        case "bsn":
            return digits(squeeze(text, "."), 9)
        case "gemeentecode":
            bare = squeeze(text, ".")
            return digits(bare[2:] if bare.lower().startswith("gm") else bare, 4)
        case "geslacht":
            return {"m": "M", "man": "M", "v": "V", "vrouw": "V", "x": "X"}.get(text.lower())
        case "telefoon":
            return read_phone(phone_compact(text))
        case "email":
            return read_email(text)
        case "huisletter":
            return text if re.fullmatch("[A-Za-z]", text) else None
        case "postcode":
            bare = squeeze(text).upper()
            return bare if re.fullmatch("[1-9][0-9]{3}[A-Z]{2}", bare) else None
        case "huisnummer":
            number = int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else 0
            return number if 1 <= number <= 99_999 else None
    return text


def words_trouble(name: str, text: str) -> set[str]:
    found = set()
    if "?" in text or "\ufffd" in text:
        found.add(f"{name}_verloren_teken")
    if "â€" in text or any(a in "ÂÃÄÅ" and b in DECODED_TAILS for a, b in pairwise(text)):
        found.add(f"{name}_tekenset")
    return found


def surname_trouble(text: str) -> set[str]:
    found = set()
    lower = text.lower()
    for infix in INFIXES:
        rest = lower.removeprefix(infix)
        if rest != lower and rest[:1] in (" ", ".") and rest.lstrip(" .")[:1] not in ("", *WHITE):
            found.add("achternaam_met_voorvoegsel")
    behind = lower.rsplit(",", 1)
    if len(behind) == 2 and behind[1].strip(" ") in {
        "van", "de", "den", "der", "te", "ten", "ter", "van de", "van den", "van der"
    } and not behind[1].endswith(" "):  # fmt: skip
        found.add("achternaam_met_voorvoegsel")
    tokens = re.split(rf"[{WHITE}(),]", lower)
    if LEGAL & set(tokens):
        found.add("achternaam_rechtspersoon")
    if "ß" in text or "ẞ" in text:
        found.add("achternaam_eszett")
    marks = ("e/v", "e.v.", "echtg", "gehuwd", "geb.", "weduwe", "wed.")
    if re.search(rf"[{WHITE}][-–][{WHITE}]", text) or any(
        t.startswith(marks) for t in re.split(rf"[{WHITE}(,]", lower)
    ):
        found.add("achternaam_dubbele_naam")
    return found


def years_back(day: dt.date, years: int) -> dt.date:
    if (day.month, day.day) == (2, 29) and (day.year - years) % 4:
        return dt.date(day.year - years, 3, 1)
    return day.replace(year=day.year - years)


def check(  # noqa: C901  # branch by branch on purpose
    row: Mapping[str, str | None], policy: Policy, *, decimal: str = ","
) -> Verdict:
    """Everything that is to be said of one row with as many fields as the header."""
    text: dict[str, str] = {}
    for name in KOLOM:
        stripped = (row.get(name) or "").strip(WHITE)
        filled = stripped or policy.partner.constanten.get(name, "")
        if filled:
            text[name] = filled
    value = {name: read(name, t, decimal) for name, t in text.items()}
    verdict = Verdict(values=dict(value))
    codes = verdict.codes
    soort = value.get("soort")
    zorg = soort == "zorg"
    today = policy.received_on
    beleid = policy.partner.veldbeleid.get(Soort(str(soort)), Veldbeleid()) if soort is not None else None

    def drop(name: str, code: str) -> None:
        codes.add(code)
        verdict.values[name] = None

    # What the columns must hold
    for kolom in KOLOMMEN:
        everywhere = kolom.verplicht == set(Soort)
        if kolom.naam not in text and (everywhere or soort in kolom.verplicht):
            codes.add(f"{kolom.naam}_ontbreekt")
    for name, t in text.items():
        readable = value[name] is not None
        if KOLOM[name].vorm is Vorm.JA_NEE:
            exempt = zorg and name in {"bezwaar", "persoonlijk_contact_gezocht"}
            if not readable and not exempt:
                codes.add(f"{name}_geen_ja_nee")
            if name in EFFORT and value[name] is False and not exempt:
                codes.add(f"{name}_nee")
        elif KOLOM[name].vorm is Vorm.BEDRAG:
            if name == "bedrag" or zorg:
                amount = read_amount(t, decimal)
                if isinstance(amount, str):
                    codes.add(f"{name}_{amount}")
                elif amount < 0:
                    codes.add(f"{name}_negatief")
        elif not readable and name in {"soort", "signaaltype"}:
            codes.add(f"{name}_onbekend")
        elif not readable and name == "producten":
            if soort == "energie":
                codes.add("producten_onbekend")
        elif not readable and name == "uzovi":
            if zorg:
                codes.add("uzovi_ongeldig")
        elif not readable and name in {
            "opdrachtgever_kvk", "huisnummer", "huisletter", "postcode", "gemeentecode", "oudste_vervaldatum",
            "einde_levering",
        }:  # fmt: skip
            codes.add(f"{name}_ongeldig")
        if name in FREE:
            if len(t) > KOLOM[name].max_lengte:
                codes.add(f"{name}_te_lang")
            if any(c in INVISIBLE for c in t):
                codes.add(f"{name}_stuurteken")
        if name in {"voorletters", "voorvoegsel", "achternaam", "straat", "woonplaats"}:
            codes |= words_trouble(name, t)

    # Kind and type
    if soort is not None and soort not in policy.partner.soorten:
        codes.add("soort_niet_toegestaan")
    elif soort is not None and soort not in LCV_SOORTEN and soort not in policy.experiments:
        codes.add("soort_zonder_grondslag")
    soort_of = {"eindeleveringssignaal": "energie", "afsluitsignaal": "water", "opzegging_zorgverzekering": "zorg"}
    kind = value.get("signaaltype")
    if kind in soort_of and soort is not None and soort != soort_of[str(kind)]:
        codes.add("signaaltype_niet_bij_soort")
    end = value.get("einde_levering")
    if kind == "eindeleveringssignaal":
        if "einde_levering" not in text:
            codes.add("einde_levering_ontbreekt")
        elif isinstance(end, dt.date) and end < policy.einde_levering_cutoff:
            codes.add("einde_levering_te_vroeg")
    elif kind != "afsluitsignaal" and "einde_levering" in text:
        drop("einde_levering", "einde_levering_overbodig")

    # Numbers
    if re.fullmatch(r"[0-9]{9}", text.get("kenmerk", "")) and is_bsn(text["kenmerk"]):
        codes.add("kenmerk_lijkt_bsn")
    if "bsn" in text:
        if not zorg:
            drop("bsn", "bsn_niet_toegestaan")
        elif value["bsn"] is None or not is_bsn(str(value["bsn"])):
            codes.add("bsn_ongeldig")
    if value.get("bezwaar") is True and not zorg:
        codes.add("bezwaar")

    # The person
    if "achternaam" in text:
        codes |= surname_trouble(text["achternaam"])
    if "geslacht" in text:
        if value["geslacht"] is None:
            codes.add("geslacht_onbekend")
        if beleid is not None and not beleid.geslacht:
            drop("geslacht", "geslacht_niet_toegestaan")
    if "geboortedatum" in text:
        birth = value["geboortedatum"]
        if birth is None and incomplete(text["geboortedatum"]):
            drop("geboortedatum", "geboortedatum_onvolledig")
        elif birth == dt.date(1900, 1, 1):
            drop("geboortedatum", "geboortedatum_standaardwaarde")
        elif not isinstance(birth, dt.date) or birth > today or birth < years_back(today, 125):
            if zorg:
                codes.add("geboortedatum_ongeldig")
            else:
                drop("geboortedatum", "geboortedatum_onleesbaar")
        elif birth > years_back(today, 18):
            codes.add("geboortedatum_minderjarig")
    if beleid is not None and not zorg:
        for name, allowed in (
            ("telefoon", beleid.telefoon),
            ("email", beleid.email),
            ("geboortedatum", beleid.geboortedatum),
        ):
            if name in text and not allowed:
                drop(name, f"{name}_niet_toegestaan")
    may_contact = beleid is not None and (beleid.telefoon or beleid.email or zorg)
    if may_contact and "telefoon" not in text and "email" not in text:
        codes.add("contact_ontbreekt")
    if "telefoon" in text:
        compact = phone_compact(text["telefoon"])
        if two_phones(compact):
            codes.add("telefoon_twee_nummers")
        if re.fullmatch(r"[1-9][0-9]{8}", compact):
            codes.add("telefoon_zonder_nul")
        if value["telefoon"] is None:
            codes.add("telefoon_ongeldig")
    if "email" in text and value["email"] is None:
        codes.add("email_ongeldig")
    if re.match(rf"(postbus|antwoordnummer)($|[{WHITE}0-9.:])", text.get("straat", ""), re.IGNORECASE):
        codes.add("straat_postbus")

    # The arrears
    cents = value.get("bedrag")
    if cents == 0:
        codes.add("bedrag_nul")
    if isinstance(cents, int) and cents >= 1_000_000 and not set(".,") & set(bare_amount(text["bedrag"])):
        codes.add("bedrag_mogelijk_centen")
    parts = [value.get(part) for part in PARTS]
    total = sum(part for part in parts if isinstance(part, int))
    if zorg and isinstance(cents, int) and any(part is not None for part in parts) and total != cents:
        codes.add("bedrag_delen_ongelijk")
    due = value.get("oudste_vervaldatum")
    if isinstance(due, dt.date):
        days = (today - due).days
        if days < 0:
            codes.add("oudste_vervaldatum_in_toekomst")
        elif days < 30:
            codes.add("oudste_vervaldatum_te_recent")
        if due < years_back(today, 20):
            codes.add("oudste_vervaldatum_onwaarschijnlijk")
        if zorg and days > 100:
            codes.add("oudste_vervaldatum_te_lang_geleden")

    # Fields of other kinds
    only = {
        "producten": {"energie"}, "klantnummer": set(Soort) - {"huur", "zorg"}, "polisnummer": {"zorg"},
        "uzovi": {"zorg"}, **{part: {"zorg"} for part in PARTS},
    }  # fmt: skip
    for name, kinds in only.items():
        if name in text and soort is not None and soort not in kinds:
            drop(name, f"{name}_niet_bij_soort")
    if not zorg:
        verdict.values["bsn"] = None
    verdict.state = state_of(codes)
    return verdict


def state_of(codes: set[str]) -> int:
    if "bsn_niet_toegestaan" in codes:
        return RowState.BSN_NIET_TOEGESTAAN
    if "bezwaar" in codes:
        return RowState.BEZWAAR
    return RowState.REGEL_AFGEKEURD if any(rule(code).ernst == "error" for code in codes) else 0
