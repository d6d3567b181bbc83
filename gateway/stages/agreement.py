"""The gate: whether a signaal may pass, under which overeenkomst, to which system. Fails closed.

`judge` decides for one signaal; `gate_table` decides once per combination that occurs in a block of rows, to be joined
to them. `still_allowed` is asked again before every delivery attempt. Whatever is missing denies.

Sources: LCV model agreement art. 2-4; Wgs art. 3 and 10; AVG art. 28; Wet arhi art. 44.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, assert_never

import polars as pl

from contracts.codelists.indeling import Indeling
from contracts.overeenkomst import Addendum, Gemeente, Mandaat, Ondertekening, Overeenkomst, Rol, Systeemkeuze
from contracts.row_states import RowState
from contracts.signaal import LCV_SOORTEN, MOGELIJK_BEDREIGEND, Signaaltype, Soort
from gateway.stages.directory import Directory


@dataclass(frozen=True, slots=True)
class VersionedOvereenkomst:
    """One immutable version of an overeenkomst; a delivery records the version that allowed it."""

    version: int
    overeenkomst: Overeenkomst


_Versions = Iterable[VersionedOvereenkomst]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the gate: may this partner send such a signaal to this gemeente today?

    `opdrachtgever`: KvK number of the principal when the row names one. `today` is a date in Europe/Amsterdam.
    """

    signaalpartner: str
    gemeentecode: str
    soort: Soort
    signaaltype: Signaaltype
    opdrachtgever: str | None
    today: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """It may pass. `drempel` in euro cents, None where none applies; `gemeentecode` is the one that receives."""

    overeenkomst: str
    version: int
    systeem: str
    gemeentecode: str
    drempel: int | None
    hele_maand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """It may not pass: the row's state, the code of the finding, and from when it may (if that is known)."""

    state: RowState
    code: str
    vanaf: dt.date | None = None


GATE_KEY: Final = ("gemeentecode", "soort", "opdrachtgever", "signaaltype")
"""What the gate's answer depends on, within one file of one partner on one day."""

GATE: Final = pl.Schema(
    {name: pl.String() for name in GATE_KEY}
    | {
        "allowed": pl.Boolean(),
        "state": pl.UInt8(),
        "code": pl.String(),
        "vorm": pl.String(),
        "overeenkomst": pl.String(),
        "version": pl.Int32(),
        "systeem": pl.String(),
        "drempel": pl.Int64(),
        "hele_maand": pl.Boolean(),
    }
)
"""The answer, one line per combination. Denied: `state` (RowState), `code`, `vorm` (`vanaf dd-mm-jjjj`, or null), the
rest null. Allowed: `state` 0, `code` null, `drempel` in euro cents (null: none)."""

_SOORTEN: Final = frozenset(Soort)
_SIGNAALTYPEN: Final = frozenset(Signaaltype)

GEEN_OVEREENKOMST: Final = "geen_overeenkomst"
NIET_ONDERTEKEND: Final = "overeenkomst_niet_ondertekend"
NIET_VAN_KRACHT: Final = "overeenkomst_niet_van_kracht"
SOORT_NIET_GEDEKT: Final = "soort_niet_gedekt"
SIGNAALTYPE_NIET_GEDEKT: Final = "signaaltype_niet_gedekt"
GEEN_MANDAAT: Final = "geen_mandaat"
GEEN_EXPERIMENT: Final = "geen_experiment"
NIET_AANGESLOTEN: Final = "gemeente_niet_aangesloten"
GEEN_SYSTEEM: Final = "gemeente_zonder_systeem"
VOOR_EERSTE_LEVERDATUM: Final = "voor_eerste_leverdatum"


def judge(
    overeenkomsten: Iterable[VersionedOvereenkomst], directory: Directory, question: Question
) -> Allowed | Denied:
    """Allowed under the first overeenkomst that carries it, or Denied with the reason of the one that came furthest.

    Overeenkomsten that name the gemeente itself go before those of its predecessors, the newest in force first.
    """
    return judge_candidates(in_order(overeenkomsten, directory.indeling, question), directory, question)


def still_allowed(
    overeenkomst: VersionedOvereenkomst | None,
    directory: Directory,
    *,
    gemeentecode: str,
    soort: Soort,
    signaaltype: Signaaltype,
    signaalpartner: str,
    opdrachtgever: str | None,
    today: dt.date,
) -> Allowed | Denied:
    """The gate once more, inside the claim, under the current version of the overeenkomst that let the parcel in.

    Content is not judged again: amounts and days were, at intake. A gemeente that merged meanwhile is followed.
    """
    question = Question(
        signaalpartner=signaalpartner,
        gemeentecode=directory.indeling.opvolger(gemeentecode, on=today),
        soort=soort,
        signaaltype=signaaltype,
        opdrachtgever=opdrachtgever,
        today=today,
    )
    return judge(() if overeenkomst is None else (overeenkomst,), directory, question)


def gate_table(
    combinations: pl.DataFrame,
    overeenkomsten: Iterable[VersionedOvereenkomst],
    directory: Directory,
    *,
    signaalpartner: str,
    today: dt.date,
) -> pl.DataFrame:
    """Schema GATE: `judge` once per distinct line of `combinations` (the columns of GATE_KEY, as strings).

    A soort or signaaltype that does not exist is denied as not covered.
    """
    by_gemeente = _by_gemeente(overeenkomsten, directory.indeling, today)
    lines = []
    for code, soort, opdrachtgever, signaaltype in combinations.select(GATE_KEY).unique().iter_rows():
        verdict: Allowed | Denied = Denied(state=RowState.GEEN_OVEREENKOMST, code=SOORT_NIET_GEDEKT)
        if soort in _SOORTEN and signaaltype in _SIGNAALTYPEN:
            question = Question(
                signaalpartner=signaalpartner,
                gemeentecode=code,
                soort=Soort(soort),
                signaaltype=Signaaltype(signaaltype),
                opdrachtgever=opdrachtgever,
                today=today,
            )
            verdict = judge_candidates(by_gemeente.get(code, ()), directory, question)
        lines.append((code, soort, opdrachtgever, signaaltype, *_columns(verdict)))
    return pl.DataFrame(lines, schema=GATE, orient="row")


def _columns(verdict: Allowed | Denied) -> tuple[object, ...]:
    match verdict:
        case Denied():
            vorm = None if verdict.vanaf is None else f"vanaf {verdict.vanaf:%d-%m-%Y}"
            return False, int(verdict.state), verdict.code, vorm, None, None, None, None, None
        case Allowed():
            rest = (verdict.overeenkomst, verdict.version, verdict.systeem, verdict.drempel, verdict.hele_maand)
            return True, 0, None, None, *rest
        case other:
            assert_never(other)


def _by_gemeente(versions: _Versions, indeling: Indeling, today: dt.date) -> dict[str, list[VersionedOvereenkomst]]:
    """Candidates per gemeente in the order of `in_order`: a partner has hundreds, an agent thousands."""
    found: dict[str, list[VersionedOvereenkomst]] = {}
    for versioned in versions:
        for code in codes_of(versioned.overeenkomst, indeling, today):
            found.setdefault(code, []).append(versioned)
    for code, candidates in found.items():
        candidates.sort(key=partial(preference, code=code))
    return found


def in_order(overeenkomsten: _Versions, indeling: Indeling, question: Question) -> list[VersionedOvereenkomst]:
    """Those that concern the gemeente, in the order in which they are tried."""
    code = question.gemeentecode
    concerned = [v for v in overeenkomsten if code in codes_of(v.overeenkomst, indeling, question.today)]
    return sorted(concerned, key=partial(preference, code=code))


def codes_of(overeenkomst: Overeenkomst, indeling: Indeling, today: dt.date) -> frozenset[str]:
    """Codes of the gemeenten it concerns today; an ended one stands for its successor (Wet arhi art. 44)."""
    return frozenset(indeling.opvolger(code, on=today) for code in overeenkomst.gemeenten)


def preference(versioned: VersionedOvereenkomst, *, code: str) -> tuple[bool, int, str]:
    """Sort key: names `code` itself, newest in force, then by key so that the order never wavers."""
    overeenkomst = versioned.overeenkomst
    return code not in overeenkomst.gemeenten, -overeenkomst.van_kracht.from_.toordinal(), overeenkomst.key


def judge_candidates(
    candidates: Sequence[VersionedOvereenkomst], directory: Directory, question: Question
) -> Allowed | Denied:
    """As `judge`, for overeenkomsten that `in_order` chose. A code that is no gemeente today has none."""
    if question.gemeentecode not in directory.indeling.gemeenten(question.today):
        candidates = ()
    if not _may_report(directory, question):
        return Denied(state=RowState.GEEN_OVEREENKOMST, code=SOORT_NIET_GEDEKT)
    furthest, reason = -1, Denied(state=RowState.GEEN_OVEREENKOMST, code=GEEN_OVEREENKOMST)
    for candidate in candidates:
        match _examine(candidate, directory, question):
            case Allowed() as allowed:
                return allowed
            case (int(step), Denied() as denied):
                if step > furthest:
                    furthest, reason = step, denied
            case other:
                assert_never(other)
    return reason


def _may_report(directory: Directory, question: Question) -> bool:
    partner = directory.partners.get(question.signaalpartner)
    return partner is not None and question.soort in partner.soorten


def _examine(
    candidate: VersionedOvereenkomst, directory: Directory, question: Question
) -> Allowed | tuple[int, Denied]:
    """Every check in order; the number of checks passed tells how far a denied candidate came."""
    overeenkomst = candidate.overeenkomst
    for step, (holds, code) in enumerate(_CHECKS):
        if not holds(overeenkomst, directory, question):
            return step, Denied(state=RowState.GEEN_OVEREENKOMST, code=code)
    connected = _connect(candidate, directory, question)
    return connected if isinstance(connected, Allowed) else (len(_CHECKS), connected)


def _is_own_or_for_a_principal(overeenkomst: Overeenkomst, _: Directory, question: Question) -> bool:
    return overeenkomst.signaalpartner == question.signaalpartner or question.opdrachtgever is not None


def _is_a_party(overeenkomst: Overeenkomst, directory: Directory, question: Question) -> bool:
    """The sender's own, or with a principal: the principal's with a mandate, or the sender's that lists it."""
    own = overeenkomst.signaalpartner == question.signaalpartner
    if question.opdrachtgever is None or _kvk(directory, question.signaalpartner) == question.opdrachtgever:
        return own
    if own:
        return question.opdrachtgever in overeenkomst.opdrachtgevers
    return _kvk(directory, overeenkomst.signaalpartner) == question.opdrachtgever and any(
        _mandates(mandaat, question) for mandaat in overeenkomst.mandaten
    )


def _kvk(directory: Directory, key: str) -> str | None:
    partner = directory.partners.get(key)
    return None if partner is None else partner.kvk


def _mandates(mandaat: Mandaat, question: Question) -> bool:
    return (
        mandaat.agent == question.signaalpartner
        and mandaat.opdrachtgever == question.opdrachtgever
        and _within(question.today, mandaat.van, mandaat.tot_en_met)
    )


def _within(day: dt.date, first: dt.date, last: dt.date | None) -> bool:
    return first <= day and (last is None or day <= last)


def _is_signed(overeenkomst: Overeenkomst, _: Directory, question: Question) -> bool:
    return _signed_on(overeenkomst, overeenkomst.ondertekeningen, question.today) is not None


def _signed_on(overeenkomst: Overeenkomst, signatures: Iterable[Ondertekening], today: dt.date) -> dt.date | None:
    """The day of the last signature that was needed; None while one is missing."""
    needed = {Rol.GEMEENTE, Rol.SIGNAALPARTNER} | ({Rol.UITVOERDER} if overeenkomst.uitvoerder_tekent else set())
    newest_first = sorted((s for s in signatures if s.getekend_op <= today), key=_signing_day, reverse=True)
    first = {signature.rol: signature.getekend_op for signature in newest_first}
    return max(first[rol] for rol in needed) if needed <= first.keys() else None


def _signing_day(signature: Ondertekening) -> dt.date:
    return signature.getekend_op


def _is_in_force(overeenkomst: Overeenkomst, directory: Directory, question: Question) -> bool:
    """In force as a whole, and for this gemeente (a gemeenschappelijke regeling lists each with its period)."""
    return overeenkomst.van_kracht.holds(question.today) and any(
        period.holds(question.today)
        for code, period in overeenkomst.gemeenten.items()
        if directory.indeling.opvolger(code, on=question.today) == question.gemeentecode
    )


def _covers_soort(overeenkomst: Overeenkomst, _: Directory, question: Question) -> bool:
    return question.soort in overeenkomst.soorten


def _has_legal_ground(_: Overeenkomst, directory: Directory, question: Question) -> bool:
    """A kind of the LCV, or one that a running experiment of this partner with this gemeente names (Wgs art. 10)."""
    return question.soort in LCV_SOORTEN or any(
        experiment.soort == question.soort
        and experiment.signaalpartner == question.signaalpartner
        and question.gemeentecode in experiment.gemeenten
        and question.today <= experiment.tot_en_met
        for experiment in directory.experimenten
    )


def _covers_signaaltype(overeenkomst: Overeenkomst, _: Directory, question: Question) -> bool:
    """Possibly threatening types go by this route only where agreement or addendum says so."""
    agreed = set(overeenkomst.signaaltypen).union(*(a.signaaltypen for a in _addenda(overeenkomst, question.today)))
    return question.signaaltype not in MOGELIJK_BEDREIGEND or question.signaaltype in agreed


_Check = Callable[[Overeenkomst, Directory, Question], bool]
_CHECKS: Final[tuple[tuple[_Check, str], ...]] = (
    (_is_own_or_for_a_principal, GEEN_OVEREENKOMST),
    (_is_a_party, GEEN_MANDAAT),
    (_is_signed, NIET_ONDERTEKEND),
    (_is_in_force, NIET_VAN_KRACHT),
    (_covers_soort, SOORT_NIET_GEDEKT),
    (_has_legal_ground, GEEN_EXPERIMENT),
    (_covers_signaaltype, SIGNAALTYPE_NIET_GEDEKT),
)
"""In this order, each with the code of its finding. All of them: no overeenkomst that allows it."""


def _connect(candidate: VersionedOvereenkomst, directory: Directory, question: Question) -> Allowed | Denied:
    """The gemeente's side: connected, with a system that exists, and past the first delivery date."""
    overeenkomst, today = candidate.overeenkomst, question.today
    gemeente = directory.gemeenten.get(question.gemeentecode)
    if gemeente is None or gemeente.verwerkersovereenkomst is None:
        return Denied(state=RowState.NIET_AANGESLOTEN, code=NIET_AANGESLOTEN)
    if gemeente.verwerkersovereenkomst > today:
        return Denied(state=RowState.NIET_AANGESLOTEN, code=NIET_AANGESLOTEN, vanaf=gemeente.verwerkersovereenkomst)
    systeem = system_of(gemeente, today)
    if systeem is None or systeem not in directory.systemen:
        return Denied(state=RowState.NIET_AANGESLOTEN, code=GEEN_SYSTEEM)
    first = _first_delivery(overeenkomst, today)
    if first is not None and today < first:
        return Denied(state=RowState.NIET_AANGESLOTEN, code=VOOR_EERSTE_LEVERDATUM, vanaf=first)
    return Allowed(
        overeenkomst=overeenkomst.key,
        version=candidate.version,
        systeem=systeem,
        gemeentecode=gemeente.code,
        drempel=_threshold(overeenkomst, gemeente, question),
        hele_maand=any(addendum.hele_maand for addendum in _addenda(overeenkomst, today)),
    )


def system_of(gemeente: Gemeente, today: dt.date) -> str | None:
    """The key of the gemeente's system today; of two that overlap the one chosen last."""
    chosen = [keuze for keuze in gemeente.systemen if _within(today, keuze.van, keuze.tot_en_met)]
    return max(chosen, key=_since).systeem if chosen else None


def _since(keuze: Systeemkeuze) -> dt.date:
    return keuze.van


def _addenda(overeenkomst: Overeenkomst, today: dt.date) -> list[Addendum]:
    """Those fully signed, as the overeenkomst itself must be, newest first; the others have no effect at all."""
    dated = [(_signed_on(overeenkomst, addendum.ondertekeningen, today), addendum) for addendum in overeenkomst.addenda]
    signed = [(day, addendum) for day, addendum in dated if day is not None]
    return [addendum for _, addendum in sorted(signed, key=_day_of, reverse=True)]


def _day_of(signed: tuple[dt.date, Addendum]) -> dt.date:
    return signed[0]


def _first_delivery(overeenkomst: Overeenkomst, today: dt.date) -> dt.date | None:
    dates = (addendum.eerste_leverdatum for addendum in _addenda(overeenkomst, today))
    return next((date for date in dates if date is not None), overeenkomst.eerste_leverdatum)


def _threshold(overeenkomst: Overeenkomst, gemeente: Gemeente, question: Question) -> int | None:
    """Precedence: addendum per kind, gemeente per kind, gemeente. Possibly threatening types have none."""
    if question.signaaltype in MOGELIJK_BEDREIGEND:
        return None
    for addendum in _addenda(overeenkomst, question.today):
        if question.soort in addendum.drempelbedragen:
            return addendum.drempelbedragen[question.soort]
    return gemeente.drempelbedragen.get(question.soort, gemeente.drempelbedrag)
