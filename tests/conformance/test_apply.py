"""Configuration as code: what a file plans and does, on both engines."""

import datetime as dt

import msgspec
import pytest
import sqlalchemy as sa

from contracts.codelists.gemeenten import GEMEENTEN
from contracts.overeenkomst import Gemeente, Overeenkomst, Systeem
from gateway.errors import ConflictError, InvalidInputError
from gateway.flow.apply import Action, Plan, apply, parse_document, plan
from gateway.flow.kit import Kit
from gateway.stages.directory import Directory
from gateway.stages.maintenance import AMSTERDAM, closed_until
from gateway.store import directory, overeenkomsten
from gateway.store.schema import config_object

BASE = """
[[systemen]]
key = "vps"
naam = "VPS"
adapter = "vps"
config = { url = "https://vps.example" }
onderhoud = [{ dag = 2, van = 05:00:00, tot = 07:00:00, weken = "even" }]

[[systemen]]
key = "ris"
naam = "RIS"
adapter = "ris"

[[gemeenten]]
code = "0344"
verwerkersovereenkomst = 2025-01-01
systemen = [{ systeem = "ris", van = 2024-01-01, tot_en_met = 2026-06-30 }, { systeem = "vps", van = 2026-07-01 }]
drempelbedragen = { huur = 7500 }

[[gemeente_groepen]]
codes = "alle"
behalve = ["0344"]
verwerkersovereenkomst = 2025-01-01
systemen = [{ systeem = "vps", van = 2024-01-01 }]

[[signaalpartners]]
key = "woonstad"
naam = "Woonstad Voorbeeld"
oin = "00000099000000001000"
soorten = ["huur"]
constanten = { herinnering_verstuurd = "Ja" }

[[signaalpartners]]
key = "beheerder"
naam = "Beheer Voorbeeld"
oin = "00000099000000002000"
soorten = ["huur"]

[[toegangen]]
key = "vps-toegang"
systeem = "vps"
gemeenten = "alle"
van = 2024-01-01

[[experimenten]]
key = "duo-proef"
soort = "duo"
signaalpartner = "woonstad"
gemeenten = ["0344"]
tot_en_met = 2027-01-01

[[overeenkomsten]]
key = "woonstad-gr-drechtsteden"
regeling = "GR Voorbeeld"
signaalpartner = "woonstad"
gemeenten = { "0505" = { van = 2024-01-01 }, "0523" = { van = 2024-01-01, tot_en_met = 2026-12-31 } }
soorten = ["huur"]
van_kracht = { van = 2024-01-01 }
ondertekeningen = [
  { rol = "gemeente", getekend_op = 2023-12-01 },
  { rol = "signaalpartner", getekend_op = 2023-12-02 },
]
mandaten = [{ opdrachtgever = "12345678", agent = "beheerder", van = 2024-01-01 }]

[[overeenkomst_groepen]]
signaalpartner = "woonstad"
gemeenten = "alle"
behalve = ["0505", "0523"]
soorten = ["huur"]
van_kracht = { van = 2024-01-01 }
"""
HERINNERING = 'constanten = { herinnering_verstuurd = "Ja" }'
HTTP_WEBHOOK = '\nwebhook = { url = "http://partner.example/", geheimen = ["a"] }'
BAD_SECRET = '\nwebhook = { url = "https://partner.example/", geheimen = ["../a"] }'
OPT_IN_ERROR = (
    "terugkoppeling_opt_in: overleden is none of "
    "budgetadvies, vervolghulp, vervolghulp_financieel, vervolghulp_niet_financieel"
)
TINY = '[[systemen]]\nkey = "vps"\nnaam = "VPS"\nadapter = "vps"\n'


def _plan(kit: Kit, text: str, *, adopt: bool = False) -> Plan:
    return plan(kit, parse_document(text), adopt=adopt)


def _apply(kit: Kit, text: str, *, adopt: bool = False) -> int:
    return apply(kit, _plan(kit, text, adopt=adopt))


def _problems(kit: Kit, text: str) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        _plan(kit, text)
    return {problem.location: problem.detail for problem in caught.value.problems}


def _generation(kit: Kit) -> int:
    with kit.db.read() as conn:
        return directory.current_generation(conn)


def test_the_directory_is_read_again_only_when_it_changed(kit: Kit) -> None:
    def load() -> Directory:
        with kit.db.read() as conn:
            return kit.directories.load(conn)

    empty = load()
    assert empty.partners == {}
    assert load() is empty
    _apply(kit, BASE)
    assert set(load().gemeenten) == set(GEMEENTEN)
    assert load() is load()


def test_a_file_becomes_the_directory(kit: Kit) -> None:
    assert _apply(kit, BASE) == 1
    with kit.db.read() as conn:
        facts = directory.load_directory(conn)
        own = overeenkomsten.current_for_partner(conn, "woonstad")
        as_agent = overeenkomsten.current_for_partner(conn, "beheerder")
    assert facts.generation == 1
    assert set(facts.gemeenten) == set(GEMEENTEN)
    assert facts.gemeenten["0344"].systemen[1].van == dt.date(2026, 7, 1)
    assert facts.systemen["vps"].onderhoud[0].van == dt.time(5)
    assert facts.partners["woonstad"].constanten == {"herinnering_verstuurd": "Ja"}
    assert len(facts.toegangen["vps-toegang"].gemeenten) == len(GEMEENTEN)
    assert facts.experimenten[0].key == "duo-proef"
    assert len(own) == len(GEMEENTEN) - 2 + 1
    assert {versioned.version for versioned in own} == {1}
    assert [versioned.overeenkomst.key for versioned in as_agent] == ["woonstad-gr-drechtsteden"]


def test_a_second_time_plans_nothing(kit: Kit) -> None:
    _apply(kit, BASE)
    again = _plan(kit, BASE)
    assert {change.action for change in again.changes} == {Action.SAME}
    assert apply(kit, again) == 1
    assert _generation(kit) == 1


def test_a_plan_writes_nothing(kit: Kit) -> None:
    changes = _plan(kit, BASE).changes
    assert {change.action for change in changes} == {Action.CREATE}
    assert _generation(kit) == 0
    with kit.db.read() as conn:
        assert directory.stored_objects(conn) == {}


def test_a_change_names_its_fields_and_both_values(kit: Kit) -> None:
    _apply(kit, BASE)
    (change,) = _plan(kit, BASE.replace("huur = 7500", "huur = 5000")).effective
    assert (change.action, change.kind, change.key) == (Action.CHANGE, "gemeente", "0344")
    assert [(field.name, field.old, field.new) for field in change.fields] == [
        ("drempelbedragen", '{"huur":7500}', '{"huur":5000}')
    ]


def test_a_changed_overeenkomst_is_a_new_version_and_the_old_one_stays(kit: Kit) -> None:
    _apply(kit, BASE)
    changed = BASE.replace('agent = "beheerder", van = 2024-01-01', 'agent = "woonstad", van = 2024-01-01')
    assert _apply(kit, changed) == 2
    key = "woonstad-gr-drechtsteden"
    with kit.db.read() as conn:
        assert overeenkomsten.current(conn, [key])[key].version == 2
        assert overeenkomsten.version(conn, key=key, number=1).mandaten[0].agent == "beheerder"
        assert overeenkomsten.current_for_partner(conn, "beheerder") == []


def test_what_the_file_does_not_name_stays(kit: Kit) -> None:
    _apply(kit, BASE)
    assert _apply(kit, TINY.replace('"VPS"', '"Vindplaats"')) == 2
    with kit.db.read() as conn:
        assert set(directory.load_directory(conn).systemen) == {"vps", "ris"}


def test_deleting_is_by_name(kit: Kit) -> None:
    _apply(kit, BASE)
    removal = 'verwijderen = ["experiment/duo-proef", "overeenkomst/woonstad-0344"]'
    deleted = _plan(kit, removal).effective
    assert [(change.action, change.key) for change in deleted] == [
        (Action.DELETE, "duo-proef"),
        (Action.DELETE, "woonstad-0344"),
    ]
    assert apply(kit, _plan(kit, removal)) == 2
    with kit.db.read() as conn:
        assert directory.load_directory(conn).experimenten == ()
        assert overeenkomsten.current(conn, ["woonstad-0344"]) == {}
        assert overeenkomsten.version(conn, key="woonstad-0344", number=1).soorten == ("huur",)
    assert _plan(kit, removal).changes == ()


def test_a_withdrawn_overeenkomst_comes_back_under_a_higher_version(kit: Kit) -> None:
    _apply(kit, BASE)
    _apply(kit, 'verwijderen = ["overeenkomst/woonstad-0344"]')
    _apply(kit, BASE)
    with kit.db.read() as conn:
        assert overeenkomsten.current(conn, ["woonstad-0344"])["woonstad-0344"].version == 2


def test_what_is_still_used_is_not_deleted(kit: Kit) -> None:
    _apply(kit, BASE)
    problems = _problems(kit, 'verwijderen = ["systeem/ris", "signaalpartner/woonstad", "hond/x"]')
    assert problems["gemeente/0344"] == "systeem ris does not exist"
    assert problems["overeenkomst/woonstad-0363"] == "signaalpartner woonstad does not exist"
    assert problems["experiment/duo-proef"] == "signaalpartner woonstad does not exist"
    assert problems["verwijderen[2]"].startswith("hond/x is not")


def test_the_portals_objects_are_refused_unless_adopted(kit: Kit) -> None:
    with kit.db.write() as conn:
        systeem = Systeem(key="vps", naam="Portal", adapter="vps")
        directory.put_object(conn, systeem, owner="portal", at_generation=1)
    assert "portal" in _problems(kit, TINY)["systeem/vps"]
    assert "portal" in _problems(kit, 'verwijderen = ["systeem/vps"]')["systeem/vps"]
    (change,) = _plan(kit, TINY, adopt=True).effective
    assert [field.name for field in change.fields] == ["naam", "owner"]
    _apply(kit, TINY, adopt=True)
    assert _plan(kit, TINY).effective == ()
    _apply(kit, TINY.replace('"VPS"', '"Vindplaats"'))


def test_an_equal_object_of_the_portal_is_left_or_adopted(kit: Kit) -> None:
    with kit.db.write() as conn:
        systeem = Systeem(key="vps", naam="VPS", adapter="vps")
        directory.put_object(conn, systeem, owner="portal", at_generation=1)
    assert _plan(kit, TINY).effective == ()
    (change,) = _plan(kit, TINY, adopt=True).effective
    assert [field.name for field in change.fields] == ["owner"]


def test_a_plan_holds_for_one_generation(kit: Kit) -> None:
    stale = _plan(kit, TINY.replace('"VPS"', '"Ander"'))
    _apply(kit, TINY)
    with pytest.raises(ConflictError, match="plan again"):
        apply(kit, stale)
    assert _generation(kit) == 1


def test_a_document_written_before_a_field_existed_is_the_same(kit: Kit) -> None:
    _apply(kit, BASE)
    with kit.db.write() as conn:
        is_it = config_object.c.key == "vps"
        old = msgspec.json.decode(conn.execute(sa.select(config_object.c.document).where(is_it)).scalar_one())
        del old["gepauzeerd"]
        update = sa.update(config_object).where(is_it)
        conn.execute(update.values(document=msgspec.json.encode(old).decode(), digest="other"))
    assert _plan(kit, BASE).effective == ()


@pytest.mark.parametrize(
    ("before", "after", "place", "detail"),
    [
        ('"ris", van', '"onbekend", van', "gemeente/0344", "systeem onbekend does not exist"),
        ("2026-07-01 }]", "2026-06-30 }]", "gemeente/0344", "both chosen on 2026-06-30"),
        ('code = "0344"', 'code = "9999"', "gemeente/9999", "not in the list"),
        ('agent = "beheerder"', 'agent = "niemand"', "overeenkomst/woonstad-gr-drechtsteden", "niemand"),
        ('"0505" = {', '"9998" = {', "overeenkomst/woonstad-gr-drechtsteden", "9998"),
        ("van = 2026-07-01 }]", "van = 2026-07-01, tot_en_met = 2026-06-01 }]", "gemeente/0344", "before it begins"),
        (
            "van_kracht = { van = 2024-01-01 }",
            "van_kracht = { van = 2024-01-01, tot_en_met = 2023-01-01 }",
            "overeenkomst/woonstad-gr-drechtsteden",
            "before it begins",
        ),
        ("{ huur = 7500 }", "{ huur = -1 }", "gemeente/0344", "not below zero"),
        (HERINNERING, HERINNERING + HTTP_WEBHOOK, "signaalpartner/woonstad", "begins with https://"),
        (HERINNERING, HERINNERING + BAD_SECRET, "signaalpartner/woonstad", "names of files"),
        ('weken = "even"', 'weken = "soms"', "systeem/vps", "onderhoud.weken"),
        ("tot = 07:00:00", "tot = 05:00:00", "systeem/vps", "onderhoud.van"),
        ("herinnering_verstuurd =", "herinnering =", "signaalpartner/woonstad", "herinnering is none of soort, herin"),
        ("herinnering_verstuurd =", "bezwaar =", "signaalpartner/woonstad", "bezwaar is none of soort, herinnering_"),
        ('verstuurd = "Ja"', 'verstuurd = "misschien"', "signaalpartner/woonstad", "verstuurd is one of Ja, Nee"),
        ('{ herinnering_verstuurd = "Ja"', '{ soort = "duo"', "signaalpartner/woonstad", "soort is one of huur"),
        (
            "drempelbedragen =",
            'terugkoppeling_opt_in = ["overleden"]\ndrempelbedragen =',
            "gemeente/0344",
            OPT_IN_ERROR,
        ),
        (
            "drempelbedragen =",
            'terugkoppeling_opt_in = ["vervolg"]\ndrempelbedragen =',
            "gemeente/0344",
            "vervolg is none",
        ),
        ("00000099000000002000", "00000099000000001000", "signaalpartner/woonstad", "same oin"),
        ('key = "ris"', 'key = "vps"', "systeem/vps", "twice"),
        ('systeem = "vps"\ngemeenten', 'systeem = "weg"\ngemeenten', "toegang/vps-toegang", "systeem weg"),
    ],
)
def test_what_does_not_hold_between_objects_is_named(
    kit: Kit, before: str, after: str, place: str, detail: str
) -> None:
    assert before in BASE
    assert detail in _problems(kit, BASE.replace(before, after, 1))[place]


def test_what_may_be_opted_in_and_be_constant_is_taken(kit: Kit) -> None:
    codes = ["budgetadvies", "vervolghulp", "vervolghulp_financieel", "vervolghulp_niet_financieel"]
    text = BASE.replace("drempelbedragen =", f"terugkoppeling_opt_in = {codes}\ndrempelbedragen =")
    constants = 'soort = "huur", persoonlijk_contact_gezocht = "Nee", gewezen_op_schuldhulp = "Ja"'
    _apply(kit, text.replace("{ herinnering", f'{{ {constants}, doorgifte_aangekondigd = "Ja", herinnering'))
    with kit.db.read() as conn:
        facts = directory.load_directory(conn)
    assert facts.gemeenten["0344"].terugkoppeling_opt_in == tuple(codes)
    assert len(facts.partners["woonstad"].constanten) == 5


def test_maintenance_over_midnight_is_taken_and_closes_the_night(kit: Kit) -> None:
    _apply(kit, BASE.replace("van = 05:00:00, tot = 07:00:00", "van = 23:00:00, tot = 02:00:00"))
    with kit.db.read() as conn:
        windows = directory.load_directory(conn).systemen["vps"].onderhoud
    wednesday = dt.datetime(2026, 11, 25, 2, tzinfo=AMSTERDAM)  # the night after the Tuesday of an even week
    assert closed_until(windows, wednesday - dt.timedelta(hours=1)) == wednesday
    assert closed_until(windows, wednesday - dt.timedelta(hours=3)) == wednesday
    assert closed_until(windows, wednesday - dt.timedelta(hours=4)) is None
    assert closed_until(windows, wednesday) is None


def test_the_adapters_judge_their_configuration(kit: Kit) -> None:
    with pytest.raises(InvalidInputError) as caught:
        plan(kit, parse_document(TINY), check_systeem=lambda systeem: f"{systeem.adapter}: url is missing")
    assert caught.value.problems[0].detail == "vps: url is missing"


def test_hundreds_of_partners_with_every_gemeente_are_reasonable(kit: Kit) -> None:
    partners = 30
    text = BASE + "".join(
        f'[[signaalpartners]]\nkey = "p{n}"\nnaam = "P{n}"\noin = "00000099{n + 10:09d}000"\nsoorten = ["water"]\n'
        f'[[overeenkomst_groepen]]\nsignaalpartner = "p{n}"\ngemeenten = "alle"\nsoorten = ["water"]\n'
        "van_kracht = { van = 2024-01-01 }\n"
        for n in range(partners)
    )
    document = parse_document(text)
    apply(kit, plan(kit, document))
    assert plan(kit, document).effective == ()
    with kit.db.read() as conn:
        assert len(overeenkomsten.current_for_partner(conn, "p7")) == len(GEMEENTEN)


def test_many_keys_are_looked_up_in_parts(kit: Kit) -> None:
    _apply(kit, BASE)
    keys = [f"woonstad-{code}" for code in GEMEENTEN] + [f"niets-{n}" for n in range(2000)]
    with kit.db.read() as conn:
        found = overeenkomsten.current(conn, keys)
    assert len(found) == len(GEMEENTEN) - 2
    assert isinstance(found["woonstad-0363"].overeenkomst, Overeenkomst)


def test_the_kind_of_every_object_is_known() -> None:
    assert directory.kind_of(Gemeente(code="0363")) == "gemeente"


PROFIELEN = """
[[profielen]]
signaalpartner = "woonstad"
standaard = true
naam = "SAP"
versie = 2
kolommen."Klantnr." = "klantnummer"

[[profielen]]
signaalpartner = "woonstad"
naam = "Excel"
kopregel = 2
"""


def _profielen(kit: Kit) -> list[tuple[str, bool]]:
    with kit.db.read() as conn:
        return [(one.key, one.standaard) for one in directory.load_directory(conn).profielen.get("woonstad", ())]


def test_profiles_are_kept_in_versions_and_the_highest_is_in_force(kit: Kit) -> None:
    _apply(kit, BASE + PROFIELEN)
    assert _profielen(kit) == [("woonstad/Excel/1", False), ("woonstad/SAP/2", True)]
    assert _plan(kit, BASE + PROFIELEN).effective == ()
    changed = PROFIELEN.replace("Klantnr.", "Klantnummer")
    assert (
        "versie 2 says something else already: make this versie 3" in _problems(kit, changed)["profiel/woonstad/SAP/2"]
    )
    _apply(kit, changed.replace("versie = 2", "versie = 10"))
    assert _profielen(kit) == [("woonstad/Excel/1", False), ("woonstad/SAP/10", True)]
    with kit.db.read() as conn:
        assert ("profiel", "woonstad/SAP/2") in directory.stored_objects(conn)
    lower = PROFIELEN.replace("versie = 2", "versie = 9")
    assert "versie 9 is below 10" in _problems(kit, lower)["profiel/woonstad/SAP/9"]
    assert _plan(kit, PROFIELEN).effective == ()


def test_another_profile_becomes_the_standard_without_a_new_version(kit: Kit) -> None:
    _apply(kit, BASE + PROFIELEN)
    both = PROFIELEN.replace('naam = "Excel"', 'naam = "Excel"\nstandaard = true')
    assert "standaard too" in _problems(kit, both)["profiel/woonstad/SAP/2"]
    _apply(kit, both.replace("standaard = true\n", "", 1))
    assert _profielen(kit) == [("woonstad/Excel/1", True), ("woonstad/SAP/2", False)]


def test_a_profile_is_deleted_whole_or_by_version(kit: Kit) -> None:
    _apply(kit, BASE + PROFIELEN)
    _apply(kit, PROFIELEN.replace("versie = 2", "versie = 3"))
    _apply(kit, 'verwijderen = ["profiel/woonstad/SAP/3"]')
    assert ("woonstad/SAP/2", True) in _profielen(kit)
    assert (
        "signaalpartner woonstad does not exist" in _problems(kit, 'verwijderen = ["signaalpartner/woonstad"]').values()
    )
    _apply(kit, 'verwijderen = ["profiel/woonstad/SAP"]')
    assert _profielen(kit) == [("woonstad/Excel/1", False)]
    assert _plan(kit, 'verwijderen = ["profiel/woonstad/SAP", "profiel/weg/SAP/1"]').changes == ()


@pytest.mark.parametrize(
    ("before", "after", "place", "detail"),
    [
        ('"woonstad"', '"niemand"', "profiel/niemand/SAP/2", "signaalpartner niemand does not exist"),
        ('"klantnummer"', '"klantnumer"', "profiel/woonstad/SAP/2", 'kolommen."Klantnr.": "klantnumer" is no column'),
        ("kopregel = 2", 'constanten.soort = "zorg"', "profiel/woonstad/Excel/1", "a kind of this partner: huur"),
    ],
)
def test_what_a_profile_cannot_say_is_named(kit: Kit, before: str, after: str, place: str, detail: str) -> None:
    assert detail in _problems(kit, BASE + PROFIELEN.replace(before, after, 1))[place]
