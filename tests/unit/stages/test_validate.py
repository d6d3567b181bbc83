"""Checking rows: against the slow oracle, and the examples that a reader of the rules would try first."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.layout import KOLOM, KOLOMMEN, Vorm
from contracts.overeenkomst import Experiment, Veldbeleid
from contracts.row_states import RowState
from contracts.signaal import Soort
from gateway.stages.dialect import Dialect
from gateway.stages.frames import CHECKED_ROWS, FINDINGS, MARKS, RAW, FrameShapeError, fits
from gateway.stages.policy import Policy, policy_for
from gateway.stages.rules import JUDGED, rule
from gateway.stages.shape import MAX_SHAPE, shapes
from gateway.stages.validate import Checked, validate_block
from tests.builders import TEST_BSN, TODAY, a_partner, a_row
from tests.unit.stages.edges import EDGES
from tests.unit.stages.oracle import check

POLICY = policy_for(a_partner(), (), received_on=TODAY)
DIALECT = Dialect(
    encoding="utf-8",
    delimiter=";",
    columns=tuple(KOLOM),
    decimal=",",
    header_bytes=0,
)
EXPERIMENT = Experiment(
    key="duo",
    soort=Soort.DUO,
    signaalpartner="woonstad",
    gemeenten=("0363",),
    tot_en_met=dt.date(2027, 12, 31),
)


def raw_frame(rows: Sequence[Mapping[str, str | None]], *, misfit: Sequence[bool] | None = None) -> pl.DataFrame:
    """Schema RAW, rows numbered from 1."""
    columns: dict[str, list[Any]] = {
        "row_no": list(range(1, len(rows) + 1)),
        "misfit": list(misfit or [False] * len(rows)),
    }
    return pl.DataFrame(columns | {name: [row.get(name) or None for row in rows] for name in KOLOM}, schema=RAW)


def checked(*rows: Mapping[str, str | None], policy: Policy = POLICY, dialect: Dialect = DIALECT) -> Checked:
    return validate_block(raw_frame(rows), dialect, policy)


def codes(result: Checked, row_no: int = 1) -> set[str]:
    return set(result.findings.filter(pl.col("row_no") == row_no)["code"])


def only(row: Mapping[str, str | None], policy: Policy = POLICY) -> tuple[set[str], dict[str, Any]]:
    """(codes, the row that goes on) of a block of one row."""
    result = checked(row, policy=policy)
    return codes(result), result.rows.row(0, named=True)


# --- the law: quick and thorough, columnar and by hand, all say the same -------------------------------------------

_ALPHABETS = {
    Vorm.BEDRAG: "0123459.,-+€ '()",
    Vorm.DATUM: "0129-/. +okt",
    Vorm.GETAL: "0129 -+.Abis",
    Vorm.JA_NEE: "JaNenE ",
    Vorm.LIJST: "gasF1, ;en",
    Vorm.TEKST: "aB9 .,-'?Ã¼ß\u00a0\t\u202e@0=&;",
}


def _value(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(EDGES[name]) | st.text(_ALPHABETS[KOLOM[name].vorm], max_size=12)


_changes = st.lists(
    st.sampled_from(sorted(KOLOM)).flatmap(lambda name: st.tuples(st.just(name), _value(name))), max_size=5
).map(dict)
_rows = st.builds(
    lambda soort, changes: a_row(soort) | changes,
    st.sampled_from(["huur", "energie", "water", "zorg"]),
    _changes,
)
_policies = st.builds(
    lambda partner, experiments, day: policy_for(partner, experiments, received_on=day),
    st.builds(
        lambda soorten, beleid, constanten: a_partner(soorten=soorten, veldbeleid=beleid, constanten=constanten),
        st.sampled_from([tuple(Soort), (Soort.HUUR, Soort.ZORG, Soort.DUO), (Soort.ENERGIE,)]),
        st.dictionaries(
            st.sampled_from([Soort.HUUR, Soort.ENERGIE, Soort.ZORG]),
            st.builds(
                Veldbeleid,
                telefoon=st.booleans(),
                email=st.booleans(),
                geboortedatum=st.booleans(),
                geslacht=st.booleans(),
            ),
        ),
        st.sampled_from([{}, {"herinnering_verstuurd": "Ja", "soort": "huur"}, {"gewezen_op_schuldhulp": "nee"}]),
    ),
    st.sampled_from([(), (EXPERIMENT,)]),
    st.sampled_from([TODAY, dt.date(2024, 2, 29)]),
)


def _same(name: str, mine: object, theirs: object) -> bool:
    defaults: dict[str, object] = {
        "signaaltype": "vroegsignaal",
        "bedreigend": False,
        "warme_overdracht": False,
        "producten": [],
        "facturen": [],
    }
    return mine == (defaults.get(name) if theirs is None else theirs)


def _agree(rows: list[dict[str, str]], policy: Policy, decimal: str) -> None:
    result = checked(*rows, policy=policy, dialect=replace(DIALECT, decimal=decimal))
    for row, out in zip(rows, result.rows.iter_rows(named=True), strict=True):
        verdict = check(row, policy, decimal=decimal)
        assert codes(result, out["row_no"]) == verdict.codes
        assert out["state"] == verdict.state
        for name, mine in out.items():
            column = "opdrachtgever_kvk" if name == "opdrachtgever" else name
            if column in KOLOM:
                theirs = verdict.values.get(column)
                assert _same(name, mine, theirs), (name, mine, theirs)


@settings(max_examples=150, deadline=None)
@given(st.lists(_rows, min_size=1, max_size=6), _policies, st.sampled_from([",", "."]))
def test_every_row_is_judged_as_the_oracle_judges_it(rows: list[dict[str, str]], policy: Policy, decimal: str) -> None:
    _agree(rows, policy, decimal)


@pytest.mark.parametrize("name", sorted(KOLOM))
def test_every_edge_of_every_column_is_judged_as_the_oracle_judges_it(name: str) -> None:
    """One block per value, so that no other row's doubt sends it the thorough way; then all in one block."""
    marks = ",." if KOLOM[name].vorm is Vorm.BEDRAG else ","
    rows = [a_row(soort) | {name: edge} for soort in ("huur", "energie", "water", "zorg") for edge in EDGES[name]]
    for decimal in marks:
        _agree(rows, POLICY, decimal)
        for row in rows[-len(EDGES[name]) :]:
            _agree([row], POLICY, decimal)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(k.naam for k in KOLOMMEN if k.vorm in {Vorm.BEDRAG, Vorm.DATUM, Vorm.GETAL})).flatmap(
        lambda name: st.tuples(st.just(name), st.text(_ALPHABETS[KOLOM[name].vorm], min_size=1, max_size=11))
    )
)
@example(("geboortedatum", "01-1-+1980"))
@example(("bedrag", "-,50"))
@example(("bedrag", ",-0"))
def test_the_quick_way_reads_what_the_thorough_way_reads(field: tuple[str, str]) -> None:
    name, text = field
    quick = checked(a_row("zorg") | {name: text})
    both = checked(a_row("zorg") | {name: text}, a_row("zorg") | {name: "onleesbaar"})
    assert codes(quick) == codes(both)
    assert quick.rows.row(0) == both.rows.row(0)


def test_every_judged_rule_holds_for_some_edge() -> None:
    """A rule that nothing in the tests triggers proves nothing."""
    nothing = Veldbeleid(telefoon=False, email=False, geboortedatum=False, geslacht=False)
    strict = a_partner(soorten=tuple(set(Soort) - {Soort.WATER}), veldbeleid=dict.fromkeys(Soort, nothing))
    bad = ("", "x", "x" * 2000, "a\x01b", "S?d", "MÃ¼ller", "Nee", "-1,00", "1,0055")
    rows = [
        a_row(soort) | {name: edge}
        for soort in ("huur", "energie", "zorg", "duo")
        for name in KOLOM
        for edge in (*bad, *EDGES[name])
    ]
    end = a_row("energie", signaaltype="eindeleveringssignaal")
    rows += [end, end | {"einde_levering": "17-12-2026"}]
    seen = set(checked(*rows).findings["code"])
    marked = raw_frame([a_row("huur")]).with_columns(pl.lit(value=True).alias(mark) for mark in MARKS)
    seen |= set(validate_block(marked, DIALECT, POLICY).findings["code"])
    seen |= set(checked(*rows, policy=policy_for(strict, (EXPERIMENT,), received_on=TODAY)).findings["code"])
    assert {r.code for r in JUDGED} - seen == set()


# --- examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soort", ["huur", "energie", "water", "zorg"])
def test_a_plain_row_goes_on_without_a_finding(soort: str) -> None:
    result = checked(a_row(soort))
    assert result.findings.is_empty()
    row = result.rows.row(0, named=True)
    assert (row["state"], row["postcode"], row["bedrag"]) == (0, "1012AB", 25_075)
    assert row["oudste_vervaldatum"] == dt.date(2026, 10, 1)


def test_all_findings_of_a_row_are_told_at_once() -> None:
    found, row = only(a_row("huur", bedrag="-1,00", postcode="x", achternaam="", herinnering_verstuurd="Nee"))
    assert found == {"bedrag_negatief", "postcode_ongeldig", "achternaam_ontbreekt", "herinnering_verstuurd_nee"}
    assert row["state"] == RowState.REGEL_AFGEKEURD


@pytest.mark.parametrize("soort", ["huur", "energie", "water"])
def test_a_bsn_outside_zorg_refuses_the_row_and_shows_nothing(soort: str) -> None:
    result = checked(a_row(soort, bsn=TEST_BSN, bezwaar="Ja", bedrag="x"))
    assert result.rows["state"].to_list() == [RowState.BSN_NIET_TOEGESTAAN]
    assert result.rows["bsn"].to_list() == [None]
    assert result.findings.filter(pl.col("code") == "bsn_niet_toegestaan")["vorm"].to_list() == [None]


def test_a_bsn_in_a_row_of_unknown_kind_refuses_it_too() -> None:
    assert only(a_row("?", bsn=TEST_BSN))[1]["state"] == RowState.BSN_NIET_TOEGESTAAN


def test_zorg_may_carry_a_bsn_that_passes_the_elfproef() -> None:
    assert only(a_row("zorg", bsn=TEST_BSN))[1]["bsn"] == TEST_BSN
    assert "bsn_ongeldig" in only(a_row("zorg", bsn="010008579"))[0]


def test_an_objection_stops_every_kind_but_zorg() -> None:
    assert only(a_row("water", bezwaar="Ja"))[1]["state"] == RowState.BEZWAAR
    assert only(a_row("zorg", bezwaar="Ja"))[1]["state"] == 0


@pytest.mark.parametrize(("days", "state"), [(29, 11), (30, 0), (100, 0), (101, 11)])
def test_zorg_comes_between_30_and_100_days(days: int, state: int) -> None:
    due = (TODAY - dt.timedelta(days=days)).strftime("%d-%m-%Y")
    assert only(a_row("zorg", oudste_vervaldatum=due))[1]["state"] == state


def test_end_of_supply_lies_twenty_working_days_ahead() -> None:
    # 22-11-2026 is a Sunday; the twentieth working day after it is 18-12-2026.
    row = a_row("energie", signaaltype="eindeleveringssignaal")
    assert only(row | {"einde_levering": "17-12-2026"})[0] == {"einde_levering_te_vroeg"}
    found, out = only(row | {"einde_levering": "18-12-2026"})
    assert found == set()
    assert out["threatening"]


def test_a_field_that_the_policy_forbids_is_dropped_with_a_warning() -> None:
    found, row = only(a_row("huur", geslacht="V", geboortedatum="31-12-1980"))
    assert found == {"geslacht_niet_toegestaan"}
    assert (row["geslacht"], row["geboortedatum"]) == (None, dt.date(1980, 12, 31))


def test_the_field_policy_is_that_of_the_kind_of_the_row() -> None:
    """One partner, several kinds: what one may carry another may not; what a law names always passes."""
    nothing = Veldbeleid(telefoon=False, email=False, geboortedatum=False, geslacht=False)
    beleid = {Soort.ENERGIE: nothing, Soort.ZORG: nothing, Soort.WATER: Veldbeleid(geslacht=True)}
    policy = policy_for(a_partner(veldbeleid=beleid), (), received_on=TODAY)
    fields = {"telefoon": "0612345678", "email": "a@b.nl", "geboortedatum": "31-12-1980", "geslacht": "V"}
    dropped = {
        soort: {name for name in fields if only(a_row(soort, **fields), policy)[1][name] is None}
        for soort in ("huur", "energie", "water", "zorg")
    }
    assert dropped == {"huur": {"geslacht"}, "energie": set(fields), "water": set(), "zorg": {"geslacht"}}
    assert {f"{name}_niet_toegestaan" for name in fields} <= only(a_row("energie", **fields), policy)[0]


def test_a_constant_of_the_partner_fills_an_empty_field_and_yields_to_a_filled_one() -> None:
    partner = a_partner(constanten={"herinnering_verstuurd": "Ja", "soort": "huur"})
    policy = policy_for(partner, (), received_on=TODAY)
    assert only(a_row("", herinnering_verstuurd=" "), policy)[0] == set()
    assert "herinnering_verstuurd_nee" in only(a_row("huur", herinnering_verstuurd="Nee"), policy)[0]


@pytest.mark.parametrize("soort", ["huur", "zorg"])
def test_a_reference_that_could_be_a_bsn_is_only_remarked(soort: str) -> None:
    """One in eleven numbers of nine digits passes the elfproef by chance."""
    found, row = only(a_row(soort, kenmerk=TEST_BSN))
    assert (found, row["state"]) == ({"kenmerk_lijkt_bsn"}, 0)


def test_a_due_date_of_long_ago_is_only_remarked_except_that_zorg_has_its_own_limit() -> None:
    found, row = only(a_row("huur", oudste_vervaldatum="19-11-2006"))
    assert (found, row["state"]) == ({"oudste_vervaldatum_onwaarschijnlijk"}, 0)
    found, row = only(a_row("zorg", oudste_vervaldatum="19-11-2006"))
    assert found == {"oudste_vervaldatum_onwaarschijnlijk", "oudste_vervaldatum_te_lang_geleden"}
    assert row["state"] == RowState.REGEL_AFGEKEURD


def test_a_row_asks_whether_an_experiment_runs_and_leaves_its_gemeenten_to_the_gate() -> None:
    partner = a_partner(soorten=(Soort.HUUR, Soort.DUO))
    policy = policy_for(partner, (EXPERIMENT,), received_on=TODAY)
    assert only(a_row("duo"), policy)[1]["state"] == 0
    assert only(a_row("duo", gemeentecode="0344"), policy)[1]["state"] == 0
    late = policy_for(partner, (EXPERIMENT,), received_on=dt.date(2028, 1, 1))
    assert "soort_zonder_grondslag" in only(a_row("duo"), late)[0]


def test_of_a_row_with_shifted_fields_only_the_shift_is_told() -> None:
    frame = raw_frame(
        [a_row("huur", bedrag="x"), a_row("huur", bsn=TEST_BSN), a_row("huur")], misfit=[True, True, False]
    )
    result = validate_block(frame, DIALECT, POLICY)
    assert codes(result, 1) == {"veldaantal"}
    assert codes(result, 2) == {"veldaantal", "bsn_niet_toegestaan"}
    assert result.rows["state"].to_list() == [11, 13, 0]


def test_findings_are_in_order_of_rows_and_then_of_rules() -> None:
    """In a block of many more rows than are sorted together, with other rules in some rows than in others."""
    bad, postal = a_row("huur", bedrag="x", postcode="y"), a_row("huur", straat="Postbus 1")
    findings = checked(*[bad, postal, a_row("huur")] * 3_000).findings
    order = {judged.code: number for number, judged in enumerate(JUDGED)}
    ordered = findings.sort("row_no", pl.col("code").replace_strict(order, return_dtype=pl.Int32))
    assert findings.height == 9_000
    assert findings.equals(ordered)


def test_the_frames_have_their_schemas() -> None:
    result = checked(a_row())
    assert result.rows.schema == CHECKED_ROWS
    assert result.findings.schema == FINDINGS
    with pytest.raises(FrameShapeError, match="vorm"):
        fits(result.findings.drop("vorm"), FINDINGS)


# --- shapes ------------------------------------------------------------------------------------------------------


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40), min_size=1))
def test_a_shape_holds_no_letter_and_no_digit_of_the_value(values: list[str | None]) -> None:
    for veld in ("kenmerk", "postcode", "achternaam"):
        shown = shapes(pl.Series(values, dtype=pl.String), veld).to_list()
        assert [s is None for s in shown] == [v is None for v in values]
        if veld == "achternaam":
            assert all(s is None or s.endswith("tekens") for s in shown)
        else:
            assert all(s is None or (len(s) <= MAX_SHAPE and not set(s) & set("bcdxyzBCDXYZ012345678")) for s in shown)


def test_shapes_of_known_values() -> None:
    assert shapes(pl.Series(["1012 Ab", None, "é-1\t"]), "postcode").to_list() == ["9999 Aa", None, "a-9^"]
    assert shapes(pl.Series(["Voorbeeld"]), "achternaam").to_list() == ["6-10 tekens"]
    assert shapes(pl.Series([TEST_BSN]), "bsn").to_list() == [None]


def test_no_finding_shows_a_value() -> None:
    """Whatever is wrong with it, the text of a field is nowhere in the findings."""
    secret = "Qzjk7351"
    rows = [a_row("huur") | {name: f"{secret}?\x01{secret}"} for name in KOLOM]
    shown = checked(*rows).findings["vorm"].drop_nulls()
    assert not any(part in vorm for vorm in shown for part in ("Qz", "jk", "73", "51"))


def test_rules_of_the_findings_exist() -> None:
    rows = [a_row("zorg") | {name: edge} for name, edges in EDGES.items() for edge in edges]
    for code in checked(*rows).findings["code"].unique():
        assert rule(code).code == code
