"""The table of rules: complete, readable, and the pages made of it up to date."""

import re
import string
from pathlib import Path

import pytest

from contracts.aanlevering import Ernst
from contracts.layout import KOLOM
from contracts.row_states import ROW_STATES, Group, RowState
from contracts.signaal import LCV_SOORTEN, Soort
from gateway.cli.docs import pages
from gateway.stages import agreement, route
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.parse import Limits, read_file
from gateway.stages.policy import policy_for
from gateway.stages.rule import Rule
from gateway.stages.rules import JUDGED, MISFIT, RULES, rule
from gateway.stages.rules_text import example_file
from gateway.stages.validate import validate_block
from tests.builders import TODAY, a_partner

ROOT = Path(__file__).parents[3]
STAGES = ROOT / "gateway" / "stages"


def test_codes_are_unique_and_in_snake_case() -> None:
    codes = [r.code for r in RULES]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code) for code in codes)


@pytest.mark.parametrize("r", RULES, ids=lambda r: r.code)
def test_a_rule_says_what_is_wrong_what_to_do_and_on_which_ground(r: Rule) -> None:
    assert r.melding.endswith((".", "?"))
    assert r.wat_te_doen.endswith(".")
    assert r.bron
    assert r.veld is None or r.veld in KOLOM
    placeholders = {name for _, name, _, _ in string.Formatter().parse(r.melding) if name is not None}
    assert placeholders <= ({"vorm"} if r.holds is None else set())
    assert "{" not in r.wat_te_doen


@pytest.mark.parametrize("r", RULES, ids=lambda r: r.code)
def test_an_error_says_where_the_row_ends_and_others_do_not(r: Rule) -> None:
    assert (r.state is not None) == (r.ernst is Ernst.ERROR)
    assert r.state is None or ROW_STATES[r.state].group is Group.REFUSED
    assert not r.drops or (r.ernst is Ernst.WARNING and r.veld is not None)


def test_every_code_that_a_stage_uses_is_in_the_table() -> None:
    constants = {
        value
        for module in (agreement, route)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    literals: set[str] = set()
    for source in STAGES.glob("*.py"):
        literals |= set(re.findall(r'FileFinding\(\s*code="([a-z_0-9]+)"', source.read_text("utf-8")))
        literals |= set(re.findall(r'pl\.lit\("([a-z_0-9]+)"\)\.alias\("code"\)', source.read_text("utf-8")))
    assert literals
    for code in constants | literals:
        assert rule(code).code == code


def test_every_rule_is_judged_here_or_told_by_another_step() -> None:
    """A rule that nothing can find is a promise to partners that nobody keeps."""
    table = re.compile(r"stages/rules?(_\w+)?\.py$")
    sources = (p for p in (ROOT / "gateway").rglob("*.py") if not table.search(p.as_posix()))
    told = {name for source in sources for name in re.findall(r'"([a-z_0-9]+)"', source.read_text("utf-8"))}
    told |= {r.code for r in JUDGED} | {MISFIT.code}
    told |= {ROW_STATES[RowState.SYSTEEM_GEWEIGERD].name}  # a system's own codes stand in the report instead
    assert {r.code for r in RULES} - told == set()


def test_what_to_do_about_changed_data_is_something_that_can_be_done() -> None:
    assert "trek" not in rule("gewijzigd_aangeleverd").wat_te_doen


def test_an_unknown_code_is_a_defect() -> None:
    with pytest.raises(KeyError):
        rule("bestaat_niet")


def test_a_rule_without_condition_is_not_judged_on_rows() -> None:
    policy = policy_for(a_partner(), (), received_on=TODAY)
    dialect = Dialect(encoding="utf-8", delimiter=";", columns=(), decimal=",", header_bytes=0)
    with pytest.raises(ValueError, match="geen_overeenkomst"):
        rule("geen_overeenkomst").condition(policy, dialect)
    assert all(r.holds is not None for r in JUDGED)


@pytest.mark.parametrize("name", ["rules.md", "csv-layout.md", "synoniemen.md"])
def test_the_page_in_deploy_is_up_to_date(name: str) -> None:
    assert (ROOT / "deploy" / name).read_text("utf-8") == pages()[name], "run: signaalpoort docs deploy"


def test_every_rule_and_every_column_is_on_a_page() -> None:
    made = pages()
    assert all(f"`{r.code}`" in made["rules.md"] for r in RULES)
    assert all(f"`{name}`" in made["csv-layout.md"] for name in KOLOM)


@pytest.mark.parametrize("soort", sorted(LCV_SOORTEN))
def test_the_example_file_of_a_sector_has_no_finding(soort: Soort) -> None:
    policy = policy_for(a_partner(), (), received_on=TODAY)
    dialect: Dialect | None = None
    rows = 0
    for piece in read_file([example_file(soort).encode()], required=frozenset(), limits=Limits(max_rows=10)):
        assert not isinstance(piece, FileFinding)
        if isinstance(piece, Dialect):
            dialect = piece
            continue
        assert dialect is not None
        result = validate_block(piece.raw, dialect, policy)
        assert result.findings.is_empty()
        rows += result.rows.height
    assert rows == 2
