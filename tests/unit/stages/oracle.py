"""Checking one row, slowly and plainly: what `validate_block` must say of it, written a second time.

Row by row, branch by branch, Python's own parsing; shares the code list of the layout and nothing else.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.layout import KOLOM, KOLOMMEN, Vorm
from contracts.overeenkomst import Veldbeleid
from contracts.row_states import RowState
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.stages.policy import Policy
from gateway.stages.rules import rule
from tests.unit.stages.oracle_values import (
    INVISIBLE,
    WHITE,
    bare_amount,
    email_compact,
    email_parts,
    has_mojibake,
    incomplete,
    is_bsn,
    is_likely_phone,
    phone_compact,
    read,
    read_amount,
    read_date,
    read_digits,
    split_house,
    two_phones,
    voorvoegsel_and_name,
)

INFIXES = (
    "'s", "'t", "aan", "bij", "de", "den", "der", "d'", "het", "in", "la", "le", "onder", "op", "over", "te", "ten",
    "ter", "tot", "uit", "uijt", "van", "v.d.", "v/d", "vd", "ver", "von", "voor",
)  # fmt: skip
ABROAD = (
    "da", "dal", "das", "del", "della", "degli", "des", "di", "do", "dos", "du", "el", "las", "les", "lo", "vom", "zu",
    "zum", "zur",
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


def words_trouble(name: str, text: str) -> set[str]:
    found = set()
    if "?" in text or "\ufffd" in text:
        found.add(f"{name}_verloren_teken")
    if has_mojibake(text) or re.search("&([A-Za-z]{2,8}|#[0-9]{2,5}|#[xX][0-9A-Fa-f]{2,4});", text):
        found.add(f"{name}_tekenset")
    return found


def surname_trouble(text: str) -> set[str]:
    found = set()
    lower = text.lower().replace("’", "'").replace("‘", "'").replace("`", "'")
    if any(
        text.startswith(f"{infix} ") and text.removeprefix(infix).lstrip(" ")[:1] not in ("", *WHITE)
        for infix in ABROAD
    ):
        found.add("achternaam_met_voorvoegsel")
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
        stripped = re.sub('^="([^"]*)"$', r"\1", (row.get(name) or "").strip(WHITE)).strip(WHITE)
        filled = stripped or policy.partner.constanten.get(name, "")
        if filled:
            text[name] = filled
    value = {name: read(name, t, decimal, policy.received_on) for name, t in text.items()}
    verdict = Verdict(values=dict(value))
    codes = verdict.codes
    soort = value.get("soort")
    zorg = soort == "zorg"
    today = policy.received_on
    beleid = policy.partner.veldbeleid.get(Soort(str(soort)), Veldbeleid()) if soort is not None else None

    def drop(name: str, code: str) -> None:
        codes.add(code)
        verdict.values[name] = None

    if (
        "huisnummer" in text
        and value["huisnummer"] is None
        and not {"huisletter", "huisnummertoevoeging"} & text.keys()
    ):
        house = split_house(text["huisnummer"])
        if house is not None:
            codes.add("huisnummer_gesplitst")
            value["huisnummer"], letter, addition = house
            verdict.values |= {"huisnummer": house[0], "huisletter": letter, "huisnummertoevoeging": addition}
    if "achternaam" in text and "voorvoegsel" not in text:
        moved = voorvoegsel_and_name(str(value["achternaam"]))
        if moved is not None:
            verdict.values |= {"voorvoegsel": moved[0], "achternaam": moved[1]}

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
        if KOLOM[name].vorm is Vorm.DATUM:
            how = read_date(t, today, birth=name == "geboortedatum")[1]
            if readable and how:
                codes.add(f"{name}_{how}")
        if name in {"opdrachtgever_kvk", "gemeentecode"} or (zorg and name in {"uzovi", "bsn"}):
            length = {"opdrachtgever_kvk": 8, "bsn": 9}.get(name, 4)
            if read_digits(name, t, length)[1]:
                codes.add(f"{name}_voorloopnul")
        if name in FREE:
            if t.startswith(("=", "@")):
                codes.add(f"{name}_formule")
            if name in {"kenmerk", "klantnummer", "polisnummer"} and re.fullmatch(r"[0-9][.,][0-9]+E\+[0-9]{1,3}", t):
                codes.add(f"{name}_afgekapt")
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
        if value["telefoon"] is not None and not is_likely_phone(str(value["telefoon"])):
            codes.add("telefoon_onwaarschijnlijk")
        if value["telefoon"] is None:
            codes.add("telefoon_ongeldig")
    if "email" in text and value["email"] is None:
        codes.add("email_ongeldig")
    if value.get("email") is not None and len(email_parts(email_compact(text["email"]))) > 1:
        codes.add("email_twee_adressen")
    box = rf"^(postbus|antwoordnummer)($|[{WHITE}0-9.:])"
    care = rf"(^|[{WHITE},(])(p/a|c/o|t\.a\.v\.?|p\.a\.|po box|p\.o\. ?box)($|[{WHITE}.:0-9])"
    if re.search(f"{box}|{care}", text.get("straat", ""), re.IGNORECASE):
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
