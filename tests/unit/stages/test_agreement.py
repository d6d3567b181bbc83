"""The gate: no delivery without an agreement in force; whatever is missing denies."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.overeenkomst import Addendum, Experiment, Mandaat, Ondertekening, Period, Rol, Systeemkeuze
from contracts.row_states import RowState
from contracts.signaal import Signaaltype, Soort
from gateway.stages.agreement import GATE, Allowed, Denied, Question, gate_table, judge, still_allowed
from tests.builders import (
    AMSTERDAM,
    LONG_AGO,
    TODAY,
    UTRECHT,
    a_directory,
    a_gemeente,
    a_partner,
    a_systeem,
    a_versioned,
    an_addendum,
    signatures,
)

YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)


def a_question(**kw):
    return Question(
        **{
            "signaalpartner": "woonstad",
            "gemeentecode": AMSTERDAM,
            "soort": Soort.HUUR,
            "signaaltype": Signaaltype.VROEGSIGNAAL,
            "opdrachtgever": None,
            "today": TODAY,
        }
        | kw
    )


def ask(*overeenkomsten, directory=None, **kw):
    return judge(overeenkomsten, directory or a_directory(), a_question(**kw))


def test_a_fully_signed_agreement_in_force_with_a_connected_gemeente_allows():
    assert ask(a_versioned(version=7)) == Allowed(
        overeenkomst="woonstad-0363", version=7, systeem="vps", gemeentecode=AMSTERDAM, drempel=None, hele_maand=False
    )


def test_it_fails_closed_without_any_agreement():
    assert ask() == Denied(state=RowState.GEEN_OVEREENKOMST, code="geen_overeenkomst")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ondertekeningen": ()}, "overeenkomst_niet_ondertekend"),
        ({"ondertekeningen": signatures(Rol.GEMEENTE)}, "overeenkomst_niet_ondertekend"),
        ({"ondertekeningen": signatures(Rol.SIGNAALPARTNER)}, "overeenkomst_niet_ondertekend"),
        ({"ondertekeningen": signatures(on=TOMORROW)}, "overeenkomst_niet_ondertekend"),
        ({"uitvoerder": "Uitvoerder X", "uitvoerder_tekent": True}, "overeenkomst_niet_ondertekend"),
        ({"van_kracht": Period(from_=TOMORROW)}, "overeenkomst_niet_van_kracht"),
        ({"van_kracht": Period(from_=LONG_AGO, until=YESTERDAY)}, "overeenkomst_niet_van_kracht"),
        ({"gemeenten": {AMSTERDAM: Period(from_=TOMORROW)}}, "overeenkomst_niet_van_kracht"),
        ({"gemeenten": {AMSTERDAM: Period(from_=LONG_AGO, until=YESTERDAY)}}, "overeenkomst_niet_van_kracht"),
        ({"gemeenten": (UTRECHT,)}, "geen_overeenkomst"),
        ({"soorten": (Soort.WATER,)}, "soort_niet_gedekt"),
        ({"signaalpartner": "ander"}, "geen_overeenkomst"),
    ],
)
def test_whatever_the_agreement_lacks_denies(changed, code):
    assert ask(a_versioned(**changed)) == Denied(state=RowState.GEEN_OVEREENKOMST, code=code)


def test_the_last_signature_may_be_of_today_and_the_last_day_counts():
    last_day = Period(from_=TODAY, until=TODAY)
    signed_today = signatures(on=TODAY)
    allowed = ask(a_versioned(ondertekeningen=signed_today, van_kracht=last_day, gemeenten={AMSTERDAM: last_day}))
    assert isinstance(allowed, Allowed)


def test_three_signatures_where_the_uitvoerder_signs():
    three = signatures(Rol.GEMEENTE, Rol.SIGNAALPARTNER, Rol.UITVOERDER)
    assert isinstance(ask(a_versioned(uitvoerder_tekent=True, ondertekeningen=three)), Allowed)


@pytest.mark.parametrize(
    ("gemeente", "code", "vanaf"),
    [
        (a_gemeente(verwerkersovereenkomst=None), "gemeente_niet_aangesloten", None),
        (a_gemeente(verwerkersovereenkomst=TOMORROW), "gemeente_niet_aangesloten", TOMORROW),
        (a_gemeente(UTRECHT), "gemeente_niet_aangesloten", None),
        (a_gemeente(systemen=()), "gemeente_zonder_systeem", None),
        (a_gemeente(systemen=(Systeemkeuze(systeem="vps", van=TOMORROW),)), "gemeente_zonder_systeem", None),
        (a_gemeente(systeem="bestaat-niet"), "gemeente_zonder_systeem", None),
    ],
)
def test_signed_but_not_connected_is_refused_with_that_reason(gemeente, code, vanaf):
    denied = ask(a_versioned(), directory=a_directory(gemeenten=[gemeente]))
    assert denied == Denied(state=RowState.NIET_AANGESLOTEN, code=code, vanaf=vanaf)


def test_before_the_first_delivery_date_it_is_refused_with_that_date():
    denied = ask(a_versioned(eerste_leverdatum=TOMORROW))
    assert denied == Denied(state=RowState.NIET_AANGESLOTEN, code="voor_eerste_leverdatum", vanaf=TOMORROW)
    assert isinstance(ask(a_versioned(eerste_leverdatum=TODAY)), Allowed)


def test_the_addendums_first_delivery_date_precedes_that_of_the_agreement():
    earlier = an_addendum(on=YESTERDAY, eerste_leverdatum=TODAY)
    unsigned = an_addendum(on=TOMORROW, eerste_leverdatum=LONG_AGO)
    assert isinstance(ask(a_versioned(eerste_leverdatum=TOMORROW, addenda=(earlier,))), Allowed)
    assert isinstance(ask(a_versioned(eerste_leverdatum=TOMORROW, addenda=(unsigned,))), Denied)


def test_the_system_in_force_today_receives_and_of_two_that_overlap_the_newest():
    old = Systeemkeuze(systeem="vps", van=LONG_AGO)
    new = Systeemkeuze(systeem="ris", van=TODAY)
    directory = a_directory(gemeenten=[a_gemeente(systemen=(new, old))], systemen=[a_systeem("vps"), a_systeem("ris")])
    assert ask(a_versioned(), directory=directory).systeem == "ris"
    assert ask(a_versioned(), directory=directory, today=YESTERDAY).systeem == "vps"


@pytest.mark.parametrize("signaaltype", [Signaaltype.EINDELEVERING, Signaaltype.AFSLUIT, Signaaltype.OPZEGGING_ZORG])
def test_a_possibly_threatening_type_passes_only_where_agreement_or_addendum_says_so(signaaltype):
    denied = ask(a_versioned(), signaaltype=signaaltype)
    assert denied == Denied(state=RowState.GEEN_OVEREENKOMST, code="signaaltype_niet_gedekt")
    assert isinstance(ask(a_versioned(signaaltypen=(signaaltype,)), signaaltype=signaaltype), Allowed)
    addendum = an_addendum(on=YESTERDAY, signaaltypen=(signaaltype,))
    assert isinstance(ask(a_versioned(addenda=(addendum,)), signaaltype=signaaltype), Allowed)
    unsigned = an_addendum(on=TOMORROW, signaaltypen=(signaaltype,))
    assert isinstance(ask(a_versioned(addenda=(unsigned,)), signaaltype=signaaltype), Denied)


def test_the_threshold_is_the_addendums_then_the_gemeentes_for_the_kind_then_the_gemeentes():
    gemeente = a_gemeente(drempelbedrag=5_000, drempelbedragen={Soort.HUUR: 7_500})
    directory = a_directory(gemeenten=[gemeente])
    assert ask(a_versioned(), directory=directory, soort=Soort.WATER).drempel == 5_000
    assert ask(a_versioned(), directory=directory).drempel == 7_500
    old = an_addendum(on=LONG_AGO, drempelbedragen={Soort.HUUR: 100})
    new = an_addendum(on=YESTERDAY, drempelbedragen={Soort.HUUR: 0})
    assert ask(a_versioned(addenda=(new, old)), directory=directory).drempel == 0


UNSIGNED = [(), (Rol.GEMEENTE,), (Rol.SIGNAALPARTNER,), (Rol.GEMEENTE, Rol.UITVOERDER)]


@pytest.mark.parametrize("roles", UNSIGNED)
def test_an_addendum_that_one_of_them_did_not_sign_has_no_effect(roles):
    addendum = Addendum(
        ondertekeningen=signatures(*roles) if roles else (),
        eerste_leverdatum=TOMORROW,
        drempelbedragen={Soort.HUUR: 9_000},
        hele_maand=True,
        signaaltypen=(Signaaltype.AFSLUIT,),
    )
    agreed = a_versioned(addenda=(addendum,))
    assert ask(agreed) == ask(a_versioned())
    assert isinstance(ask(agreed, signaaltype=Signaaltype.AFSLUIT), Denied)


def test_where_the_uitvoerder_signs_the_agreement_it_signs_the_addendum_too():
    three = (Rol.GEMEENTE, Rol.SIGNAALPARTNER, Rol.UITVOERDER)
    agreed = {"uitvoerder_tekent": True, "ondertekeningen": signatures(*three)}
    for roles, effect in (((), False), (three, True)):
        addendum = an_addendum(*roles, hele_maand=True)
        assert ask(a_versioned(addenda=(addendum,), **agreed)).hele_maand is effect


def test_an_addendum_counts_from_its_last_signature():
    day = {rol: signatures(rol, on=on) for rol, on in ((Rol.GEMEENTE, LONG_AGO), (Rol.SIGNAALPARTNER, TODAY))}
    addendum = Addendum(ondertekeningen=day[Rol.GEMEENTE] + day[Rol.SIGNAALPARTNER], drempelbedragen={Soort.HUUR: 1})
    older = an_addendum(on=YESTERDAY, drempelbedragen={Soort.HUUR: 2})
    agreed = a_versioned(addenda=(addendum, older))
    assert ask(agreed).drempel == 1
    assert ask(agreed, today=YESTERDAY).drempel == 2


def test_a_possibly_threatening_type_has_no_threshold():
    directory = a_directory(gemeenten=[a_gemeente(drempelbedrag=5_000)])
    agreed = a_versioned(signaaltypen=(Signaaltype.AFSLUIT,))
    assert ask(agreed, directory=directory, signaaltype=Signaaltype.AFSLUIT).drempel is None


def test_a_kind_outside_the_lcv_needs_a_running_experiment_of_this_partner_and_gemeente():
    partner = a_partner(soorten=(Soort.DUO,))
    experiment = Experiment(
        key="e", soort=Soort.DUO, signaalpartner="woonstad", gemeenten=(AMSTERDAM,), tot_en_met=TODAY
    )
    agreed = a_versioned(soorten=(Soort.DUO,))
    without = a_directory(partners=[partner])
    assert ask(agreed, directory=without, soort=Soort.DUO).code == "geen_experiment"
    within = a_directory(partners=[partner], experimenten=[experiment])
    assert isinstance(ask(agreed, directory=within, soort=Soort.DUO), Allowed)
    assert ask(agreed, directory=within, soort=Soort.DUO, today=TOMORROW).code == "geen_experiment"


def test_a_partner_reports_only_its_own_kinds_and_an_unknown_partner_none():
    directory = a_directory(partners=[a_partner(soorten=(Soort.WATER,))])
    assert ask(a_versioned(), directory=directory).code == "soort_niet_gedekt"
    assert isinstance(ask(a_versioned(), directory=a_directory(partners=[])), Denied)


class TestAgent:
    """A row that names its principal."""

    LANDLORD = a_partner("landlord", number=2)
    AGENT = a_partner("agent", number=3)
    DIRECTORY = a_directory(partners=[LANDLORD, AGENT])

    def mandate(self, **kw):
        return Mandaat(**{"opdrachtgever": self.LANDLORD.kvk, "agent": "agent", "van": LONG_AGO} | kw)

    def ask(self, versioned, *, opdrachtgever=LANDLORD.kvk):
        return ask(versioned, directory=self.DIRECTORY, signaalpartner="agent", opdrachtgever=opdrachtgever)

    def test_passes_under_the_principals_agreement_with_a_dated_mandate(self):
        assert isinstance(self.ask(a_versioned(signaalpartner="landlord", mandaten=(self.mandate(),))), Allowed)

    def test_is_denied_without_a_mandate_or_under_one_that_ended_or_is_anothers(self):
        for mandaten in (
            (),
            (self.mandate(tot_en_met=YESTERDAY),),
            (self.mandate(van=TOMORROW),),
            (self.mandate(agent="ander"),),
            (self.mandate(opdrachtgever="12345678"),),
        ):
            denied = self.ask(a_versioned(signaalpartner="landlord", mandaten=mandaten))
            assert denied == Denied(state=RowState.GEEN_OVEREENKOMST, code="geen_mandaat")

    def test_passes_under_its_own_agreement_that_lists_the_principal(self):
        own = a_versioned(signaalpartner="agent", opdrachtgevers=(self.LANDLORD.kvk,))
        assert isinstance(self.ask(own), Allowed)
        assert self.ask(own, opdrachtgever="12345678").code == "geen_mandaat"

    def test_without_a_principal_only_its_own_agreement_counts(self):
        mandated = a_versioned(signaalpartner="landlord", mandaten=(self.mandate(),))
        assert self.ask(mandated, opdrachtgever=None).code == "geen_overeenkomst"
        assert isinstance(self.ask(a_versioned(signaalpartner="agent"), opdrachtgever=None), Allowed)

    def test_that_names_itself_is_its_own_principal(self):
        assert isinstance(self.ask(a_versioned(signaalpartner="agent"), opdrachtgever=self.AGENT.kvk), Allowed)

    def test_a_mandate_for_a_principal_that_is_no_party_is_denied(self):
        other = a_versioned(signaalpartner="ander", mandaten=(self.mandate(),))
        assert self.ask(other).code == "geen_mandaat"


class TestMerger:
    """Weesp (0457) went to Amsterdam (0363) on 24 March 2022 (Wet arhi art. 44)."""

    OLD = a_versioned(key="weesp", gemeenten=("0457",))

    def test_an_agreement_with_the_ended_gemeente_continues_under_the_successor(self):
        allowed = ask(self.OLD)
        assert (allowed.overeenkomst, allowed.gemeentecode) == ("weesp", AMSTERDAM)

    def test_before_the_merger_it_concerns_the_old_gemeente_alone(self):
        before = dt.date(2022, 3, 23)
        assert ask(self.OLD, today=before).code == "geen_overeenkomst"
        weesp = a_directory(gemeenten=[a_gemeente("0457")])
        assert isinstance(ask(self.OLD, directory=weesp, gemeentecode="0457", today=before), Allowed)

    def test_the_successors_own_agreement_goes_first(self):
        assert ask(self.OLD, a_versioned(key="amsterdam")).overeenkomst == "amsterdam"

    def test_a_parcel_for_a_gemeente_that_merged_meanwhile_goes_to_the_successor(self):
        again = still_allowed(
            self.OLD,
            a_directory(),
            gemeentecode="0457",
            soort=Soort.HUUR,
            signaaltype=Signaaltype.VROEGSIGNAAL,
            signaalpartner="woonstad",
            opdrachtgever=None,
            today=TODAY,
        )
        assert again.gemeentecode == AMSTERDAM


def test_of_several_agreements_one_that_allows_wins_and_else_the_one_that_came_furthest_gives_the_reason():
    ended = a_versioned(key="a", van_kracht=Period(from_=LONG_AGO, until=YESTERDAY))
    unsigned = a_versioned(key="b", ondertekeningen=())
    assert ask(unsigned, ended).code == "overeenkomst_niet_van_kracht"
    assert ask(unsigned, ended, a_versioned(key="c")).overeenkomst == "c"


def again(versioned, **kw):
    asked = {
        "gemeentecode": AMSTERDAM,
        "soort": Soort.HUUR,
        "signaaltype": Signaaltype.VROEGSIGNAAL,
        "signaalpartner": "woonstad",
        "opdrachtgever": None,
        "today": TODAY,
    }
    return still_allowed(versioned, a_directory(), **asked | kw)


def test_the_recheck_fails_closed_when_the_agreement_is_gone_or_ended_in_between():
    assert isinstance(again(a_versioned()), Allowed)
    assert isinstance(again(None), Denied)
    assert isinstance(again(a_versioned(van_kracht=Period(from_=LONG_AGO, until=YESTERDAY))), Denied)
    assert isinstance(again(a_versioned(), gemeentecode=UTRECHT), Denied)


def test_a_type_that_the_agreement_no_longer_lets_by_this_route_is_denied_at_the_recheck():
    crisis = {"soort": Soort.ENERGIE, "signaaltype": Signaaltype.EINDELEVERING}
    assert isinstance(again(a_versioned(signaaltypen=(Signaaltype.EINDELEVERING,)), **crisis), Allowed)
    assert again(a_versioned(), **crisis).code == "signaaltype_niet_gedekt"


def test_a_combination_that_does_not_exist_is_denied():
    table = gate_table(
        pl.DataFrame(
            [("0363", "garage", None, "vroegsignaal"), ("0363", "huur", None, "ontruiming")],
            schema=dict.fromkeys(("gemeentecode", "soort", "opdrachtgever", "signaaltype"), pl.String),
            orient="row",
        ),
        [a_versioned()],
        a_directory(),
        signaalpartner="woonstad",
        today=TODAY,
    )
    assert table["allowed"].to_list() == [False, False]


DAYS = st.sampled_from([LONG_AGO, YESTERDAY, TODAY, TOMORROW])
PERIODS = st.builds(Period, from_=DAYS, until=st.none() | DAYS)
CODES = st.sampled_from([AMSTERDAM, UTRECHT, "0457", "1992"])
KVK = st.sampled_from(["90000001", "90000002", "12345678"])
PARTNERS = st.sampled_from(["woonstad", "landlord", "unknown"])
SIGNATURES = st.lists(st.builds(Ondertekening, rol=st.sampled_from(Rol), getekend_op=DAYS)).map(tuple)
OVEREENKOMSTEN = st.builds(
    a_versioned,
    version=st.integers(1, 9),
    key=st.sampled_from(["a", "b", "c", "d"]),
    signaalpartner=PARTNERS,
    gemeenten=st.dictionaries(CODES, PERIODS, min_size=1),
    uitvoerder_tekent=st.booleans(),
    soorten=st.lists(st.sampled_from([Soort.HUUR, Soort.WATER, Soort.DUO])).map(tuple),
    ondertekeningen=SIGNATURES,
    van_kracht=PERIODS,
    eerste_leverdatum=st.none() | DAYS,
    signaaltypen=st.lists(st.sampled_from(Signaaltype)).map(tuple),
    opdrachtgevers=st.lists(KVK).map(tuple),
    mandaten=st.lists(
        st.builds(Mandaat, opdrachtgever=KVK, agent=PARTNERS, van=DAYS, tot_en_met=st.none() | DAYS), max_size=2
    ).map(tuple),
    addenda=st.lists(
        st.builds(
            Addendum,
            ondertekeningen=SIGNATURES,
            eerste_leverdatum=st.none() | DAYS,
            drempelbedragen=st.dictionaries(st.sampled_from(Soort), st.integers(0, 9_999)),
            hele_maand=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)
DIRECTORY = a_directory(
    partners=[a_partner("woonstad", number=1), a_partner("landlord", number=2)],
    gemeenten=[a_gemeente(AMSTERDAM, drempelbedrag=5_000), a_gemeente("1992"), a_gemeente("0457", systemen=())],
)
ROWS = st.lists(
    st.tuples(CODES, st.sampled_from(Soort), st.none() | KVK, st.sampled_from(Signaaltype)), min_size=1, max_size=12
)


@given(st.lists(OVEREENKOMSTEN, max_size=4), ROWS, PARTNERS)
def test_the_joined_table_says_of_every_row_what_judge_says(overeenkomsten, rows, partner):
    keys = ("gemeentecode", "soort", "opdrachtgever", "signaaltype")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(keys, pl.String), orient="row").with_row_index("row_no")
    table = gate_table(frame, overeenkomsten, DIRECTORY, signaalpartner=partner, today=TODAY)
    assert table.schema == GATE
    joined = frame.join(table, on=keys, how="left", nulls_equal=True).sort("row_no")
    assert joined.height == len(rows)
    for row, line in zip(rows, joined.iter_rows(named=True), strict=True):
        question = a_question(
            signaalpartner=partner,
            **dict(zip(keys, (row[0], Soort(row[1]), row[2], Signaaltype(row[3])), strict=True)),
        )
        match judge(overeenkomsten, DIRECTORY, question):
            case Allowed() as allowed:
                assert (line["allowed"], line["state"], line["code"]) == (True, 0, None)
                assert (line["overeenkomst"], line["version"]) == (allowed.overeenkomst, allowed.version)
                assert (line["systeem"], line["drempel"]) == (allowed.systeem, allowed.drempel)
                assert line["hele_maand"] == allowed.hele_maand
            case Denied() as denied:
                assert (line["allowed"], line["state"], line["code"]) == (False, denied.state, denied.code)


@given(st.lists(OVEREENKOMSTEN, max_size=4), ROWS, PARTNERS)
def test_nothing_passes_without_a_signed_agreement_in_force(overeenkomsten, rows, partner):
    for code, soort, opdrachtgever, signaaltype in rows:
        asked = a_question(
            signaalpartner=partner,
            gemeentecode=code,
            soort=Soort(soort),
            opdrachtgever=opdrachtgever,
            signaaltype=Signaaltype(signaaltype),
        )
        verdict = judge(overeenkomsten, DIRECTORY, asked)
        if isinstance(verdict, Denied):
            assert verdict.state in {RowState.GEEN_OVEREENKOMST, RowState.NIET_AANGESLOTEN}
            continue
        under = [v.overeenkomst for v in overeenkomsten if v.overeenkomst.key == verdict.overeenkomst]
        assert any(
            o.van_kracht.holds(TODAY)
            and soort in o.soorten
            and {Rol.GEMEENTE, Rol.SIGNAALPARTNER} <= {s.rol for s in o.ondertekeningen if s.getekend_op <= TODAY}
            for o in under
        )
