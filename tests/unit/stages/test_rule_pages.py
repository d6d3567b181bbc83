"""The page of every finding: there is one, it says something of its own, and its example is a real one."""

from typing import Final

import pytest

from contracts.aanlevering import Ernst
from contracts.layout import SAMENGESTELD
from contracts.overeenkomst import Veldbeleid
from contracts.signaal import LCV_SOORTEN, Signaaltype
from gateway.stages.dialect import Dialect
from gateway.stages.parse import Limits, Records, read_file
from gateway.stages.policy import policy_for
from gateway.stages.rule import Rule
from gateway.stages.rule_pages import NoPageError, page_of, steps
from gateway.stages.rules import JUDGED, RULES, rule
from gateway.stages.validate import validate_block
from tests.builders import TODAY, a_csv, a_partner, a_row

EXAMPLE_IN_WORDS: Final = ("een tekst van ", " (", " met ", "straat ", "huisnummer ")
"""What is wrong is not one cell, or cannot be shown in one: then the example is told."""
OF_THE_PARTNER: Final = {"soort_niet_toegestaan", "soort_zonder_grondslag"}
"""Whether these hold depends on who sends, not on the cell."""
COMPOSED: Final = {"naam_onzeker": "naam", "adres_onzeker": "adres"}
"""Codes of columns that were sent in one piece."""
NOTHING_ALLOWED: Final = dict.fromkeys(
    LCV_SOORTEN, Veldbeleid(telefoon=False, email=False, geboortedatum=False, geslacht=False)
)


@pytest.mark.parametrize("r", RULES, ids=lambda r: r.code)
def test_every_code_has_a_page_with_an_example_and_steps(r: Rule) -> None:
    page = page_of(r)
    assert page.betekenis.endswith((".", "?"))
    assert page.fout != page.goed
    assert page.stappen
    assert all(step.endswith(".") and "{" not in step for step in steps(r))
    assert page.soorten <= LCV_SOORTEN
    assert page.soorten


def test_pages_say_something_of_their_own() -> None:
    said = [(page_of(r).betekenis, page_of(r).stappen) for r in RULES]
    assert len(set(said)) == len(said)


def test_what_can_be_repaired_begins_with_the_repair_file_and_ends_with_sending_it() -> None:
    assert "herstelbestand" in steps(rule("bedrag_ongeldig"))[0]
    assert "Lever het herstelbestand aan" in steps(rule("bedrag_ongeldig"))[-1]
    assert "hele bestand opnieuw" in steps(rule("bestand_kolom_ontbreekt"))[-1]
    for r in RULES:
        if r.ernst is Ernst.WARNING:
            assert "herstelbestand" not in " ".join(steps(r)), r.code


@pytest.mark.parametrize("code", ["bsn_niet_toegestaan", "geen_overeenkomst", "voor_eerste_leverdatum", "bezwaar"])
def test_a_row_that_is_not_kept_is_not_looked_for_in_the_repair_file(code: str) -> None:
    assert "Haal het herstelbestand op" not in " ".join(steps(rule(code)))


def test_a_code_without_a_page_is_a_defect() -> None:
    with pytest.raises(NoPageError):
        page_of(Rule(code="zonder", ernst=Ernst.ERROR, veld=None, melding="", wat_te_doen="", bron=""))


def findings_of(column: str, value: str, others: dict[str, str], *, nothing_allowed: bool = False) -> set[str]:
    """The codes that a row gets of which this column has this value."""
    row = a_row(others.get("soort", "huur")) | others | {column: value}
    row = {name: text for name, text in row.items() if name not in SAMENGESTELD.get(column, ())}
    partner = a_partner(soorten=tuple(LCV_SOORTEN), veldbeleid=NOTHING_ALLOWED if nothing_allowed else {})
    policy = policy_for(partner, (), received_on=TODAY)
    dialect: Dialect | None = None
    found: set[str] = set()
    for piece in read_file([a_csv([row])], required=frozenset(), limits=Limits(max_rows=10)):
        if isinstance(piece, Dialect):
            dialect = piece
        elif isinstance(piece, Records):
            assert dialect is not None
            found |= set(validate_block(piece.raw, dialect, policy).findings["code"])
    return found


def judged_examples() -> list[Rule]:
    """Rules of one cell whose example is that cell."""
    return [
        r
        for r in JUDGED
        if r.veld is not None
        and r.code not in OF_THE_PARTNER
        and not any(words in page_of(r).fout + page_of(r).goed for words in EXAMPLE_IN_WORDS)
    ]


@pytest.mark.parametrize("r", judged_examples(), ids=lambda r: r.code)
def test_the_example_has_the_finding_before_and_not_after(r: Rule) -> None:
    page = page_of(r)
    assert r.veld is not None
    column = COMPOSED.get(r.code, r.veld)
    others = dict(page.bij)
    nothing_allowed = r.code.endswith("_niet_toegestaan")
    assert r.code in findings_of(column, page.fout, others, nothing_allowed=nothing_allowed)
    after = findings_of(column, page.goed, others, nothing_allowed=nothing_allowed)
    assert r.code not in after
    assert not {code for code in after if rule(code).ernst is Ernst.ERROR}


def test_the_types_in_an_example_exist() -> None:
    for r in RULES:
        typed = page_of(r).bij.get("signaaltype")
        assert typed is None or typed in set(Signaaltype)
