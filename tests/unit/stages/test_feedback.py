"""The allow-list: nothing outside it ever reaches a partner."""

import datetime as dt
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codelists.ddas import LIJSTEN, Ddas
from contracts.overeenkomst import Terugkoppelgrond
from contracts.terugkoppeling import Gebeurtenis, NietOpgepaktReden, TerugkoppelingSoort
from gateway.stages import feedback
from gateway.stages.feedback import (
    ALLOW_LIST,
    Invalid,
    Relay,
    Reported,
    Seen,
    Withhold,
    decide,
    pause_until,
    read_resultaat,
)
from tests.builders import TODAY, a_gemeente, a_grond, a_resultaat

TOMORROW = TODAY + dt.timedelta(days=1)
HULP = TerugkoppelingSoort.HULP_GEACCEPTEERD
NIET_OPGEPAKT = TerugkoppelingSoort.NIET_OPGEPAKT
OPT_IN = ("budgetadvies", "vervolghulp", "vervolghulp_financieel", "vervolghulp_niet_financieel")
EVERYTHING_ON = a_gemeente(terugkoppeling_opt_in=tuple(Ddas), al_bekend_terugkoppelen=True)
ALWAYS = {
    Gebeurtenis.HULP_GEACCEPTEERD: Relay(HULP, starts_pause=True),
    Gebeurtenis.KWALITEIT_ONVOLDOENDE: Relay(NIET_OPGEPAKT, NietOpgepaktReden.KWALITEIT_ONVOLDOENDE),
    Ddas.HERHAALDE_MELDING: Relay(NIET_OPGEPAKT, NietOpgepaktReden.HERHAALDE_MELDING),
    Ddas.ONTERECHT_SIGNAAL: Relay(NIET_OPGEPAKT, NietOpgepaktReden.ONTERECHT_SIGNAAL),
    Ddas.ANDERE_REDEN: Relay(NIET_OPGEPAKT),
    Ddas.GEEN_INWONER: Relay(TerugkoppelingSoort.GEEN_INWONER),
    Ddas.OVERLEDEN: Relay(TerugkoppelingSoort.OVERLEDEN),
}
NEVER = {
    Ddas.GEEN_CONTACT,
    Ddas.GEEN_REACTIE,
    Ddas.REGELT_HET_ZELF,
    Ddas.ZELF_BETAALD,
    Ddas.ANDER_TRAJECT,
    Ddas.VERWIJZING_ZONDER_INWONER,
    Ddas.NOG_NIET_OPGEPAKT,
    Ddas.OPGEPAKT,
}


def say(value, *seen, gemeente=None, on=TODAY):
    return decide(Reported(value, on), gemeente or a_gemeente(), seen, today=TODAY)


def seen_as(relay):
    return Seen(relay.soort, relay.reden, relay.pauze_tot_en_met)


def test_the_allow_list_names_every_value_once():
    assert set(ALLOW_LIST) == set(Gebeurtenis) | set(Ddas)


@pytest.mark.parametrize(("value", "heard"), ALWAYS.items())
def test_what_a_partner_always_may_know(value, heard):
    assert say(value) == heard


@pytest.mark.parametrize("value", sorted(NEVER))
def test_what_a_partner_never_may_know_whatever_the_settings(value):
    assert say(value, gemeente=EVERYTHING_ON) == Withhold()
    assert say(value, Seen(HULP), gemeente=EVERYTHING_ON) == Withhold()


@pytest.mark.parametrize("value", OPT_IN)
def test_an_end_result_counts_as_help_only_by_opt_in_and_with_the_date(value):
    assert say(Ddas(value)) == Withhold()
    opted_in = a_gemeente(terugkoppeling_opt_in=(value,))
    assert say(Ddas(value), gemeente=opted_in) == Relay(HULP, starts_pause=True)
    assert say(Ddas(value), gemeente=opted_in, on=None) == Withhold()
    other = a_gemeente(terugkoppeling_opt_in=tuple(set(OPT_IN) - {value}))
    assert say(Ddas(value), gemeente=other) == Withhold()


def test_already_known_is_told_only_where_the_gemeente_says_so_and_without_a_reason():
    assert say(Ddas.AL_BEKEND) == Withhold()
    assert say(Ddas.AL_BEKEND, gemeente=a_gemeente(al_bekend_terugkoppelen=True)) == Relay(NIET_OPGEPAKT)


def test_it_fails_closed_where_purpose_and_ground_are_not_recorded():
    for value in ALLOW_LIST:
        gemeente = a_gemeente(terugkoppeling=None, terugkoppeling_opt_in=OPT_IN, al_bekend_terugkoppelen=True)
        assert say(value, gemeente=gemeente) == Withhold()


@pytest.mark.parametrize("field", ["vastgelegd_op", "inwoners_geinformeerd_op"])
def test_the_ground_counts_from_the_day_it_is_recorded_and_residents_are_informed(field):
    on = {day: a_gemeente(terugkoppeling=a_grond(**{field: day})) for day in (TODAY, TOMORROW)}
    assert say(Ddas.OVERLEDEN, gemeente=on[TODAY]) == ALWAYS[Ddas.OVERLEDEN]
    assert say(Ddas.OVERLEDEN, gemeente=on[TOMORROW]) == Withhold()


@pytest.mark.parametrize("field", ["doel", "grondslag", "noodzaak"])
@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_ground_without_purpose_ground_or_necessity_cannot_be_recorded(field, text):
    document = msgspec.to_builtins(a_grond()) | {field: text}
    if text is None:
        del document[field]
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(document, Terugkoppelgrond)


def test_what_may_be_opted_in_is_help_by_another_name():
    assert feedback.OPT_IN == OPT_IN


def test_a_wrong_link_takes_back_what_was_seen_and_says_nothing_where_nothing_was():
    assert say(Gebeurtenis.VERKEERD_GEKOPPELD, Seen(HULP)) == Relay(TerugkoppelingSoort.VERVALLEN)
    assert say(Gebeurtenis.VERKEERD_GEKOPPELD) == Withhold()
    assert say(Gebeurtenis.VERKEERD_GEKOPPELD, Seen(HULP), Seen(TerugkoppelingSoort.VERVALLEN)) == Withhold()


@pytest.mark.parametrize(("value", "heard"), ALWAYS.items())
def test_the_same_event_again_relays_nothing(value, heard):
    assert say(value, seen_as(heard)) == Withhold()


def test_another_reason_is_another_event():
    first = Seen(NIET_OPGEPAKT, NietOpgepaktReden.ONTERECHT_SIGNAAL)
    assert say(Ddas.ANDERE_REDEN, first) == Relay(NIET_OPGEPAKT)


def test_overleden_is_not_terminal():
    assert say(Gebeurtenis.HULP_GEACCEPTEERD, Seen(TerugkoppelingSoort.OVERLEDEN)) == Relay(HULP, starts_pause=True)


def test_a_signaal_starts_one_pause_and_a_later_help_repeats_its_end():
    end = TODAY + dt.timedelta(days=30)
    history = (Seen(HULP, None, end), Seen(TerugkoppelingSoort.VERVALLEN))
    assert say(Gebeurtenis.HULP_GEACCEPTEERD, *history) == Relay(HULP, pauze_tot_en_met=end)


def test_the_pause_is_thirty_days_after_the_day_it_is_first_available():
    assert pause_until(dt.date(2026, 11, 22), days=30) == dt.date(2026, 12, 22)
    assert pause_until(dt.date(2026, 11, 22), days=0) is None


@pytest.mark.parametrize(
    ("kw", "says"),
    [
        ({"gebeurtenis": None, "code": None}, "precies één"),
        ({"gebeurtenis": Gebeurtenis.VERKEERD_GEKOPPELD, "code": "Opgepakt"}, "precies één"),
        ({"gebeurtenis": Gebeurtenis.HULP_GEACCEPTEERD}, "datum"),
        ({"code": "Opgepakt", "codelijst_versie": "2.0"}, "0.9, 1.0, 1.2"),
        ({"code": "opgepakt"}, "schrijfwijze"),
        ({"code": "Opgepakt", "codelijst_versie": "1.0"}, "schrijfwijze"),
        ({"code": "Opgepakt", "datum": TODAY + dt.timedelta(days=1)}, "toekomst"),
    ],
)
def test_what_cannot_be_read_is_the_senders_to_mend_and_never_echoed(kw, says):
    invalid = read_resultaat(a_resultaat(**kw), today=TODAY)
    assert isinstance(invalid, Invalid)
    assert says in invalid.detail


def test_every_spelling_of_every_version_can_be_read():
    for versie, waarden in LIJSTEN.items():
        for waarde in waarden:
            read = read_resultaat(a_resultaat(code=waarde.tekst, codelijst_versie=versie), today=TODAY)
            assert read == Reported(waarde.code, None)


GEMEENTEN = st.builds(
    a_gemeente,
    terugkoppeling=st.sampled_from([None, a_grond(), a_grond(vastgelegd_op=TOMORROW)]),
    terugkoppeling_opt_in=st.lists(st.sampled_from(list(Ddas))).map(tuple),
    al_bekend_terugkoppelen=st.booleans(),
)
REPORTS = st.builds(Reported, st.sampled_from(list(ALLOW_LIST)), st.none() | st.just(TODAY))


@given(GEMEENTEN, st.lists(REPORTS, max_size=12))
def test_nothing_outside_the_allow_list_ever_reaches_a_partner(gemeente, reports):
    """Written out again, so that a change of the table alone turns this red."""
    seen, pauses = [], 0
    for reported in reports:
        heard = decide(reported, gemeente, seen, today=TODAY)
        if isinstance(heard, Withhold):
            continue
        assert gemeente.terugkoppeling == a_grond()
        assert reported.value not in NEVER
        allowed = set(ALWAYS) | {Gebeurtenis.VERKEERD_GEKOPPELD}
        allowed |= {Ddas.AL_BEKEND} if gemeente.al_bekend_terugkoppelen else set()
        allowed |= {Ddas(c) for c in gemeente.terugkoppeling_opt_in if c in OPT_IN} if reported.on else set()
        assert reported.value in allowed
        pauses += heard.starts_pause
        seen.append(seen_as(heard))
    assert pauses <= 1
    assert all((a.soort, a.reden) != (b.soort, b.reden) for a, b in itertools.pairwise(seen))


@given(GEMEENTEN, st.lists(REPORTS, max_size=8), st.data())
def test_what_is_withheld_changes_nothing_that_follows(gemeente, reports, data):
    def heard(history):
        seen = []
        for reported in history:
            relay = decide(reported, gemeente, seen, today=TODAY)
            if isinstance(relay, Relay):
                seen.append(seen_as(relay))
        return seen

    where = data.draw(st.integers(0, len(reports)))
    withheld = Reported(data.draw(st.sampled_from(sorted(NEVER))), TODAY)
    assert heard(reports) == heard([*reports[:where], withheld, *reports[where:]])
