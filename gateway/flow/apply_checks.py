"""What must hold between the objects of a configuration, before any of it is kept."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from msgspec import Struct

from contracts.codelists.indeling import MEEGELEVERD, Indeling
from contracts.overeenkomst import Experiment, Gemeente, Overeenkomst, Signaalpartner, Systeem, Toegang, Webhook
from contracts.profiel import Partnerprofiel
from gateway.errors import Problem
from gateway.stages.feedback import OPT_IN
from gateway.stages.profile_checks import problems_of as problems_of_profile
from gateway.stages.profiles import in_force
from gateway.stages.rules_field import EFFORT
from gateway.store.directory import ConfigObject

SysteemCheck = Callable[[Systeem], str | None]
"""What is wrong with the `config` of a systeem, as its adapter sees it; None: nothing."""
_WEEKS = frozenset({"alle", "even", "oneven"})
_JA_NEE = ("Ja", "Nee")
_T = TypeVar("_T", bound=ConfigObject)
_SECRET_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Configuration(Struct, frozen=True, kw_only=True):
    """What there would be after the change. `partner_of`: overeenkomst key → signaalpartner."""

    objects: Mapping[tuple[str, str], ConfigObject]
    partner_of: Mapping[str, str]
    changed_overeenkomsten: Iterable[Overeenkomst]
    indeling: Indeling = MEEGELEVERD


def problems_of(after: Configuration, *, check_systeem: SysteemCheck | None) -> list[Problem]:
    """Everything that does not hold, named by `<kind>/<key>`."""
    found = [
        Problem(location=f"{kind}/{key}", detail=detail)
        for (kind, key), document in after.objects.items()
        for detail in _object(document, after, check_systeem)
    ]
    found += _oins_twice(after)
    found += _profiles(after)
    for overeenkomst in after.changed_overeenkomsten:
        place = f"overeenkomst/{overeenkomst.key}"
        found += [Problem(location=place, detail=detail) for detail in _overeenkomst(overeenkomst, after)]
    for key, partner in after.partner_of.items():
        if ("signaalpartner", partner) not in after.objects:
            found.append(Problem(location=f"overeenkomst/{key}", detail=f"signaalpartner {partner} does not exist"))
    return found


def _object(document: ConfigObject, after: Configuration, check: SysteemCheck | None) -> Iterator[str]:
    match document:
        case Systeem():
            yield from _systeem(document, check)
        case Gemeente():
            yield from _gemeente(document, after)
        case Signaalpartner():
            yield from _signaalpartner(document)
        case Toegang():
            yield from _exists(after, "systeem", document.systeem)
            yield from _gemeentecodes(document.gemeenten, after)
        case Experiment():
            yield from _exists(after, "signaalpartner", document.signaalpartner)
            yield from _gemeentecodes(document.gemeenten, after)
        case Partnerprofiel():
            yield from _exists(after, "signaalpartner", document.signaalpartner)


def _systeem(systeem: Systeem, check: SysteemCheck | None) -> Iterator[str]:
    for window in systeem.onderhoud:
        if window.weken not in _WEEKS:
            yield f"onderhoud.weken is one of {', '.join(sorted(_WEEKS))}"
        if window.van == window.tot:
            yield "onderhoud.van and onderhoud.tot are the same; a tot before van lies on the next day"
    wrong = check(systeem) if check is not None else None
    if wrong is not None:
        yield wrong


def _gemeente(gemeente: Gemeente, after: Configuration) -> Iterator[str]:
    if not any(gemeente.code in lijst.gemeenten for lijst in after.indeling.lijsten):
        yield "the code is not in the list of gemeenten"
    for choice in gemeente.systemen:
        yield from _exists(after, "systeem", choice.systeem)
        yield from _in_order("systemen", choice.van, choice.tot_en_met)
    yield from _amounts(gemeente.drempelbedrag, *gemeente.drempelbedragen.values())
    for code in gemeente.terugkoppeling_opt_in:
        if code not in OPT_IN:
            yield f"terugkoppeling_opt_in: {code} is none of {', '.join(OPT_IN)}"
    for earlier, later in pairwise(sorted(gemeente.systemen, key=lambda choice: choice.van)):
        if earlier.tot_en_met is None or earlier.tot_en_met >= later.van:
            yield f"systemen {earlier.systeem} and {later.systeem} are both chosen on {later.van}"


def _in_order(what: str, first: dt.date, last: dt.date | None) -> Iterator[str]:
    if last is not None and last < first:
        yield f"{what}: ends on {last}, before it begins on {first}"


def _amounts(*cents: int | None) -> Iterator[str]:
    if any(amount is not None and amount < 0 for amount in cents):
        yield "drempelbedrag is in euro cents and not below zero"


def _webhook(webhook: Webhook) -> Iterator[str]:
    secure = webhook.url.startswith("https://")
    if not secure and not (webhook.prive_adres_toegestaan and webhook.url.startswith("http://")):
        yield "webhook.url begins with https://; http:// only with prive_adres_toegestaan"
    if not webhook.geheimen:
        yield "webhook.geheimen names at least one secret file"
    if any(not _SECRET_NAME.fullmatch(name) for name in webhook.geheimen):
        yield "webhook.geheimen are names of files in storage.secret_dir: letters, digits, dot, dash, underscore"


def _signaalpartner(partner: Signaalpartner) -> Iterator[str]:
    if partner.webhook is not None:
        yield from _webhook(partner.webhook)
    for column, value in partner.constanten.items():
        if column == "soort":
            allowed: tuple[str, ...] = partner.soorten
        elif column in EFFORT:
            allowed = _JA_NEE
        else:
            yield f"constanten: {column} is none of {', '.join(('soort', *EFFORT))}"
            continue
        if value not in allowed:
            yield f"constanten: {column} is one of {', '.join(allowed)}"


def _overeenkomst(overeenkomst: Overeenkomst, after: Configuration) -> Iterator[str]:
    yield from _gemeentecodes(overeenkomst.gemeenten, after)
    yield from _in_order("van_kracht", overeenkomst.van_kracht.from_, overeenkomst.van_kracht.until)
    for code, period in overeenkomst.gemeenten.items():
        yield from _in_order(f"gemeenten.{code}", period.from_, period.until)
    for mandaat in overeenkomst.mandaten:
        yield from _exists(after, "signaalpartner", mandaat.agent)
        yield from _in_order("mandaten", mandaat.van, mandaat.tot_en_met)
    for addendum in overeenkomst.addenda:
        yield from _amounts(*addendum.drempelbedragen.values())
    if not overeenkomst.gemeenten:
        yield "names no gemeente"
    if not overeenkomst.soorten:
        yield "names no soort"


def _exists(after: Configuration, kind: str, key: str) -> Iterator[str]:
    if (kind, key) not in after.objects:
        yield f"{kind} {key} does not exist"


def _gemeentecodes(codes: Iterable[str], after: Configuration) -> Iterator[str]:
    """Codes of ended gemeenten may stay: rights and duties went to the successor (Wet arhi art. 44)."""
    unknown = [code for code in codes if not after.indeling.ooit(code)]
    if unknown:
        yield f"not in the list of gemeenten: {', '.join(unknown)}"


def _profiles(after: Configuration) -> Iterator[Problem]:
    """Of those in force: an earlier version reads nothing any more, whatever this version thinks of it."""
    for partner_key, current in in_force(_of_kind(after, Partnerprofiel)).items():
        partner = after.objects.get(("signaalpartner", partner_key))
        for one in current:
            for problem in problems_of_profile(one.profiel, partner if isinstance(partner, Signaalpartner) else None):
                yield Problem(location=f"profiel/{one.key}", detail=f"{problem.location}: {problem.detail}")
        for one in [one for one in current if one.standaard][1:]:
            yield Problem(location=f"profiel/{one.key}", detail="another profile of this partner is standaard too")


def _of_kind(after: Configuration, kind: type[_T]) -> list[_T]:
    return [document for document in after.objects.values() if isinstance(document, kind)]


def _oins_twice(after: Configuration) -> list[Problem]:
    partners = _of_kind(after, Signaalpartner)
    uses = Counter(partner.oin for partner in partners)
    return [
        Problem(location=f"signaalpartner/{partner.key}", detail="another signaalpartner has the same oin")
        for partner in partners
        if uses[partner.oin] > 1
    ]
