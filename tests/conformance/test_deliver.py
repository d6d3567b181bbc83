"""Turns of the wheel on both engines: permission at every attempt, answers, and what is never said."""

import asyncio
import datetime as dt
import itertools
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, RowRefusal, Unknown
from contracts.overeenkomst import Onderhoud, Period, Systeemkeuze, Webhook
from contracts.ports import FeedbackParcel, SignaalParcel
from contracts.row_states import Group, RowState
from gateway.errors import IntegrityError, KeyDestroyedError, StoreUnavailableError
from gateway.flow.answers import Ended
from gateway.flow.deliver import DeliverParts, Wheel, open_parcel, send_elsewhere, turn
from gateway.flow.kit import Kit
from gateway.lifecycle import DeliveryState
from gateway.stages.schedule import NotSent
from gateway.store import destinations, leases, overeenkomsten
from gateway.store.claims import Claimed
from gateway.store.database import now_ms
from gateway.store.schema import delivery
from tests.builders import (
    AMSTERDAM,
    LONG_AGO,
    UTRECHT,
    a_directory,
    a_gemeente,
    a_partner,
    a_systeem,
    an_overeenkomst,
)
from tests.conftest import START, FakeClock
from tests.deliveries import (
    Receiver,
    Settled,
    a_delivery,
    configure,
    everything,
    feedback,
    groups,
    put,
    row_counts,
    some_parts,
    states,
    view,
)


class Hand:
    """A worker turned by hand."""

    def __init__(self, kit: Kit, parts: DeliverParts | None = None, name: str = "hand") -> None:
        self.kit = kit
        self.parts = parts or some_parts()
        self.wheel = Wheel(worker=name)

    def claim(self, slots: int = 100) -> tuple[Claimed, ...]:
        return turn(self.kit, self.parts, self.wheel, slots=slots).claimed

    def answer(self, claimed: Claimed, outcome: Outcome | NotSent, *, absent: bool = False) -> None:
        ended = Ended(claimed=claimed, outcome=outcome, ended_at=self.kit.clock(), absent=absent)
        turn(self.kit, self.parts, self.wheel, ended=[ended])

    def attempt(self, outcome: Outcome | NotSent, *, absent: bool = False) -> int:
        """Claim what there is and answer each alike; how many."""
        claimed = self.claim()
        for one in claimed:
            self.answer(one, outcome, absent=absent)
        return len(claimed)

    def deliver_all(self, receiver: Receiver, *, rounds: int = 50) -> None:
        """Turn until nothing is due any more."""
        for _ in range(rounds):
            claimed = self.claim()
            if not claimed:
                return
            for one in claimed:
                parcel = open_parcel(self.kit, self.parts, one)
                assert not isinstance(parcel, NotSent)
                self.answer(one, asyncio.run(receiver.deliver(parcel)))


@pytest.fixture
def hand(kit: Kit) -> Iterator[Hand]:
    configure(kit.db)
    yield Hand(kit)
    assert sum(groups(kit.db).values()) == sum(
        v.row_count for v in everything(kit.db) if v.parent_id is None and v.kind == "signalen"
    ), "rows = refused + delivered + waiting"


def end_agreement(kit: Kit, **kw: Any) -> None:
    """A new version of the agreement: ended yesterday, unless told otherwise."""
    yesterday = START.date() - dt.timedelta(days=1)
    document = an_overeenkomst(**{"van_kracht": Period(from_=LONG_AGO, until=yesterday)} | kw)
    with kit.db.write() as conn:
        overeenkomsten.put(kit.db, conn, [document], owner="file", moment=kit.clock())


class TestPermission:
    """Judged again in the transaction of every claim."""

    def test_permission_fails_closed(self, kit: Kit) -> None:
        """Whatever is missing denies: agreement, gemeente, partner, kind; nothing is handed to an adapter."""
        configure(kit.db)
        put(
            kit.db,
            a_delivery(overeenkomst="nobody-0000"),
            a_delivery(overeenkomst=None),
            a_delivery(gemeentecode=UTRECHT),
            a_delivery(partner="stranger"),
            a_delivery(soort="duo"),
            a_delivery(opdrachtgever="12345678"),
        )
        hand = Hand(kit)
        assert (hand.claim(), hand.claim()) == ((), ())
        assert states(kit.db) == {DeliveryState.STOPPED: 6}
        assert all(v.last_reason and v.first_sent_at is None for v in everything(kit.db))
        assert groups(kit.db) == {Group.REFUSED: 48, Group.DELIVERED: 0, Group.WAITING: 0}

    def test_an_agreement_ended_between_attempts_stops_the_rows(self, hand: Hand, clock: FakeClock) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        assert hand.attempt(Deferred(reason="busy")) == 1
        end_agreement(hand.kit)
        clock.advance(minutes=15)
        assert hand.attempt(Accepted()) == 0
        seen = view(hand.kit.db, one)
        assert (seen.state, seen.last_reason) == (DeliveryState.STOPPED, "overeenkomst_niet_van_kracht")
        with hand.kit.db.read() as conn:
            assert row_counts(conn)[RowState.GESTOPT] == 8

    def test_what_may_be_there_is_settled_and_not_stopped(self, hand: Hand, clock: FakeClock) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Unknown(reason="lost"))
        end_agreement(hand.kit)
        clock.advance(minutes=15)
        assert hand.attempt(Accepted(duplicate=True)) == 1
        assert view(hand.kit.db, one).state is DeliveryState.ACCEPTED

    def test_once_the_receiver_does_not_have_it_the_gate_counts_again(self, hand: Hand, clock: FakeClock) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Unknown(reason="lost"))
        end_agreement(hand.kit)
        clock.advance(minutes=15)
        hand.attempt(Deferred(reason="busy"), absent=True)
        clock.advance(minutes=15)
        assert hand.claim() == ()
        assert view(hand.kit.db, one).state is DeliveryState.STOPPED

    def test_what_the_receiver_does_not_have_is_sent_at_once(self, hand: Hand, clock: FakeClock) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Unknown(reason="lost"))
        clock.advance(minutes=15)
        hand.attempt(NotSent(reason="receiver_has_none"), absent=True)
        assert hand.attempt(Accepted()) == 1
        assert view(hand.kit.db, one).state is DeliveryState.ACCEPTED

    def test_the_version_that_allowed_is_recorded(self, hand: Hand) -> None:
        end_agreement(hand.kit, van_kracht=Period(from_=LONG_AGO))
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Accepted())
        assert view(hand.kit.db, one).overeenkomst_version == 2

    def test_a_code_that_ends_after_a_first_attempt_goes_to_the_successor_under_a_new_key(
        self, kit: Kit, clock: FakeClock
    ) -> None:
        """Weesp went up in Amsterdam on 24 March 2022."""
        clock.now = dt.datetime(2022, 3, 22, 9, tzinfo=dt.UTC)
        weesp, amsterdam = a_gemeente("0457", systeem="ris"), a_gemeente(AMSTERDAM)
        directory = a_directory(gemeenten=[weesp, amsterdam], systemen=[a_systeem("vps"), a_systeem("ris")])
        configure(kit.db, directory, an_overeenkomst(gemeenten=("0457",)))
        (one,) = put(kit.db, a_delivery(gemeentecode="0457", destination="ris", due_at=clock(), created_at=clock()))
        hand = Hand(kit)
        assert hand.attempt(Deferred(reason="busy")) == 1
        clock.advance(days=3)
        hand.claim()
        (child,) = [seen for seen in everything(kit.db) if seen.parent_id == one]
        assert view(kit.db, one).state is DeliveryState.SUPERSEDED
        assert (child.gemeentecode, child.destination) == (AMSTERDAM, "vps")
        with kit.db.read() as conn:
            keys = conn.execute(sa.select(delivery.c.idempotency_key)).scalars().all()
        assert len(set(keys)) == 2

    def test_a_pause_of_the_system_or_the_partner_counts_at_once(self, hand: Hand) -> None:
        put(hand.kit.db, a_delivery())
        configure(hand.kit.db, a_directory(systemen=[a_systeem(gepauzeerd=True)]))
        assert hand.claim() == ()
        configure(hand.kit.db, a_directory(partners=[a_partner(gepauzeerd=True)]))
        assert hand.claim() == ()
        configure(hand.kit.db)
        assert len(hand.claim()) == 1

    def test_maintenance_is_waited_out(self, hand: Hand, clock: FakeClock) -> None:
        vps = a_systeem(onderhoud=(Onderhoud(dag=5, van=dt.time(10), tot=dt.time(12)),))
        configure(hand.kit.db, a_directory(systemen=[vps]))
        put(hand.kit.db, a_delivery())
        assert hand.claim() == ()
        clock.advance(hours=2)
        assert len(hand.claim()) == 1

    def test_settled_roots_are_told_when_stopped_too(self, kit: Kit) -> None:
        configure(kit.db)
        settled = Settled()
        hand = Hand(kit, some_parts(settled))
        stopped, accepted = put(kit.db, a_delivery(partner="stranger"), a_delivery())
        hand.attempt(Accepted())
        assert settled.roots == [stopped, accepted]


class TestManyDestinations:
    """Hundreds of webhooks can be due at one tick."""

    def test_every_destination_gets_its_turn_and_then_there_is_rest(self, hand: Hand) -> None:
        keys = [f"s{n:03d}" for n in range(150)]
        configure(hand.kit.db, a_directory(systemen=[a_systeem(), *(a_systeem(key) for key in keys)]))
        put(hand.kit.db, *(feedback(n, destination=key, due_at=START) for n, key in enumerate(keys)))
        turns = [turn(hand.kit, hand.parts, hand.wheel, slots=100) for _ in range(3)]
        assert sorted(c.delivery.destination for t in turns for c in t.claimed) == keys
        assert [t.again for t in turns] == [True, True, False]


class TestOtherSystem:
    """A gemeente that changed its system."""

    CHANGED = a_gemeente(
        systemen=(
            Systeemkeuze(systeem="vps", van=LONG_AGO, tot_en_met=START.date() - dt.timedelta(days=1)),
            Systeemkeuze(systeem="ris", van=START.date()),
        )
    )

    def change(self, kit: Kit, *, max_rijen: int = 500) -> None:
        systems = [a_systeem(), a_systeem("ris", max_rijen=max_rijen)]
        configure(kit.db, a_directory(gemeenten=[self.CHANGED], systemen=systems))

    def test_what_was_never_sent_goes_to_the_system_in_force(self, hand: Hand) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        self.change(hand.kit)
        assert hand.claim() == ()
        (claimed,) = hand.claim()
        assert (claimed.delivery.id, claimed.delivery.destination) == (one, "ris")

    def test_it_is_cut_to_what_the_new_system_takes(self, hand: Hand) -> None:
        (one,) = put(hand.kit.db, a_delivery(row_count=8))
        self.change(hand.kit, max_rijen=3)
        hand.claim()
        assert view(hand.kit.db, one).state is DeliveryState.SPLIT
        claimed = hand.claim()
        assert [(c.delivery.position_from, c.delivery.position_to) for c in claimed] == [(0, 2), (2, 5), (5, 8)]
        assert {c.delivery.destination for c in claimed} == {"ris"}
        assert len({c.delivery.idempotency_key for c in claimed}) == 3

    def test_what_was_sent_stays(self, hand: Hand, clock: FakeClock) -> None:
        put(hand.kit.db, a_delivery())
        hand.attempt(Deferred(reason="busy"))
        self.change(hand.kit)
        clock.advance(minutes=15)
        assert [c.delivery.destination for c in hand.claim()] == ["vps"]

    def test_the_old_system_may_be_gone(self, hand: Hand) -> None:
        ids = put(hand.kit.db, *(a_delivery() for _ in range(5)))
        self.change(hand.kit)
        with hand.kit.db.write() as conn:
            destinations.set_paused(conn, "vps", paused=True)
        assert hand.claim() == ()
        assert send_elsewhere(hand.kit, hand.parts, at_most=3) == 3
        assert send_elsewhere(hand.kit, hand.parts, at_most=3) == 2
        assert send_elsewhere(hand.kit, hand.parts, at_most=3) == 0
        assert [c.delivery.id for c in hand.claim()] == ids[:4]


class TestAnswers:
    """What follows each outcome."""

    def test_accepted_with_refused_rows(self, hand: Hand) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Accepted(receipt="r-1", refusals=(RowRefusal(position=3, code="A"),)))
        seen = view(hand.kit.db, one)
        assert (seen.state, seen.refused_count, seen.receipt) == (DeliveryState.ACCEPTED, 1, "r-1")
        assert groups(hand.kit.db) == {Group.REFUSED: 1, Group.DELIVERED: 7, Group.WAITING: 0}

    def test_all_rows_refused_is_nothing_delivered(self, hand: Hand) -> None:
        put(hand.kit.db, a_delivery(row_count=2))
        hand.attempt(Accepted(refusals=tuple(RowRefusal(position=n, code="A") for n in range(2))))
        assert groups(hand.kit.db) == {Group.REFUSED: 2, Group.DELIVERED: 0, Group.WAITING: 0}

    def test_a_refused_batch_is_halved_until_the_bad_rows_stand_alone(self, kit: Kit) -> None:
        configure(kit.db)
        settled = Settled()
        hand = Hand(kit, some_parts(settled))
        (root,) = put(kit.db, a_delivery(row_count=21))
        prefix = "019aab00-0000-7000-8000-0000000000"
        receiver = Receiver(bad=[f"{prefix}03", f"{prefix}14"], odd=[f"{prefix}07"])
        hand.deliver_all(receiver)
        assert groups(kit.db) == {Group.REFUSED: 3, Group.DELIVERED: 18, Group.WAITING: 0}
        assert set(receiver.rows.values()) == {1}
        assert set(receiver.taken.values()) == {1}
        assert settled.roots == [root]
        leaves = [v for v in everything(kit.db) if v.state is not DeliveryState.SPLIT]
        covered = sorted(itertools.chain(*([n] * v.row_count for n, v in enumerate(leaves))))
        assert len(covered) == 21

    def test_a_contract_refusal_is_a_dead_letter(self, hand: Hand, caplog: pytest.LogCaptureFixture) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        with caplog.at_level(logging.ERROR, logger="signaalpoort"):
            hand.attempt(Refused(code="http_401", kind=RefusalKind.CONTRACT))
        assert view(hand.kit.db, one).state is DeliveryState.DEAD
        assert "delivery_dead" in caplog.messages
        assert groups(hand.kit.db)[Group.WAITING] == 8

    def test_not_sent_goes_back_as_if_nothing_happened(self, hand: Hand) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(NotSent(reason="content_unreadable"))
        seen = view(hand.kit.db, one)
        assert (seen.state, seen.first_sent_at, seen.unknown_since) == (DeliveryState.QUEUED, None, None)
        assert seen.due_at > START

    def test_not_sent_after_a_lost_answer_stays_unknown(self, hand: Hand, clock: FakeClock) -> None:
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Unknown(reason="lost"))
        clock.advance(minutes=5)
        hand.attempt(NotSent(reason="content_forgotten", repairable=False))
        seen = view(hand.kit.db, one)
        assert (seen.state, seen.unknown_since) == (DeliveryState.UNKNOWN, START)

    def test_unknown_is_never_reported_as_anything_else(self, hand: Hand, clock: FakeClock) -> None:
        """Neither deferral, refusal of us, our own trouble nor a dead worker ends it; only the receiver's word does."""
        (one,) = put(hand.kit.db, a_delivery())
        hand.attempt(Unknown(reason="lost"))
        for outcome in (
            Deferred(reason="busy", unreachable=True),
            Refused(code="http_401", kind=RefusalKind.CONTRACT),
            NotSent(reason="content_missing", repairable=False),
            Deferred(reason="throttled", retry_after=1.0),
            Unknown(reason="lost"),
        ):
            clock.advance(minutes=10)
            assert hand.attempt(outcome) == 1
            with hand.kit.db.read() as conn:
                assert row_counts(conn) == {RowState.ANTWOORD_ONBEKEND: 8, RowState.SYSTEEM_GEWEIGERD: 0}
            assert view(hand.kit.db, one).unknown_since == START
        clock.advance(minutes=10)
        hand.attempt(Accepted(duplicate=True))
        assert groups(hand.kit.db)[Group.DELIVERED] == 8

    def test_an_unreachable_system_never_dead_letters(self, hand: Hand, clock: FakeClock) -> None:
        """Two simulated days: everything waits, the system is left nearly alone, and is back within minutes."""
        put(hand.kit.db, *(a_delivery() for _ in range(12)))
        attempts = 0
        for _ in range(2 * 24 * 15):
            attempts += hand.attempt(Deferred(reason="no_connection", unreachable=True))
            clock.advance(minutes=4)
        assert groups(hand.kit.db) == {Group.REFUSED: 0, Group.DELIVERED: 0, Group.WAITING: 96}
        assert attempts < 700
        minutes = 0
        while groups(hand.kit.db)[Group.DELIVERED] < 96:
            hand.attempt(Accepted())
            clock.advance(minutes=1)
            minutes += 1
        assert minutes <= 30

    def test_retry_after_holds_the_whole_destination_back(self, hand: Hand, clock: FakeClock) -> None:
        put(hand.kit.db, a_delivery(), a_delivery())
        (first,) = hand.claim(slots=1)
        hand.answer(first, Deferred(reason="http_429", retry_after=120.0))
        clock.advance(seconds=119)
        assert hand.claim() == ()
        clock.advance(seconds=14)
        assert len(hand.claim()) == 2

    def test_breakers_tell_when_they_open_and_close(
        self, hand: Hand, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        put(hand.kit.db, *(a_delivery() for _ in range(6)))
        with caplog.at_level(logging.INFO, logger="signaalpoort"):
            for _ in range(3):
                hand.attempt(Deferred(reason="no_connection", unreachable=True))
            clock.advance(minutes=20)
            assert len(hand.claim(slots=1)) == 1
        assert caplog.messages.count("breaker_opened") == 1
        with hand.kit.db.read() as conn:
            known = destinations.read(conn, ["vps"])["vps"]
        assert known.unreachable_since == START

    def test_feedback_is_sent_in_order_with_its_source(self, hand: Hand) -> None:
        partner = a_partner(webhook=Webhook(url="https://partner.example/hook", geheimen=("a",)))
        configure(hand.kit.db, a_directory(partners=[partner]))
        put(hand.kit.db, feedback(1), feedback(1))
        (first,) = hand.claim()
        parcel = open_parcel(hand.kit, hand.parts, first)
        assert isinstance(parcel, FeedbackParcel)
        assert parcel.source == "urn:nld:oin:00000099000000010000:systeem:signaalpoort"
        hand.answer(first, Accepted())
        assert len(hand.claim()) == 1


class TestContent:
    """What is sent is the same at every attempt, or nothing is."""

    def opened(self, kit: Kit, read: Any) -> SignaalParcel | FeedbackParcel | NotSent:
        configure(kit.db)
        put(kit.db, a_delivery())
        (claimed,) = Hand(kit).claim()
        parts = some_parts()
        return open_parcel(kit, DeliverParts(**{**parts.__dict__, "read_signalen": read}), claimed)

    def test_a_parcel_carries_key_gemeente_and_moment(self, kit: Kit) -> None:
        parcel = self.opened(kit, some_parts().read_signalen)
        assert isinstance(parcel, SignaalParcel)
        assert (parcel.gemeentecode, parcel.created_at, len(parcel.signalen)) == (AMSTERDAM, START, 8)

    def test_a_parcel_says_who_reports(self, kit: Kit) -> None:
        parcel = self.opened(kit, some_parts().read_signalen)
        assert isinstance(parcel, SignaalParcel)
        assert parcel.signaalpartner == a_partner().oin

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (KeyDestroyedError("x"), NotSent(reason="content_forgotten", repairable=False)),
            (IntegrityError("x"), NotSent(reason="content_damaged", repairable=False)),
            (StoreUnavailableError("x"), NotSent(reason="content_unreadable")),
            (OSError("x"), NotSent(reason="content_unreadable")),
        ],
    )
    def test_content_that_cannot_be_opened_is_not_sent(self, kit: Kit, error: Exception, said: NotSent) -> None:
        def read(*_: object) -> tuple[()]:
            raise error

        assert self.opened(kit, read) == said

    def test_another_number_of_rows_is_damage(self, kit: Kit) -> None:
        assert self.opened(kit, lambda *_: ()) == NotSent(reason="content_damaged", repairable=False)


class TestLeases:
    """Through the flow: takeovers, jumps of the clock, a worker that starts alone."""

    def test_a_worker_alone_takes_over_everything_at_its_first_turn(self, hand: Hand) -> None:
        put(hand.kit.db, a_delivery())
        hand.claim()
        other = Hand(hand.kit, name="next")
        assert other.claim() == ()
        other.wheel = Wheel(worker="next", alone=True)
        (claimed,) = other.claim()
        assert claimed.delivery.state == DeliveryState.UNKNOWN

    def test_a_jump_of_the_clock_renews_and_does_not_take_over(self, hand: Hand) -> None:
        put(hand.kit.db, a_delivery())
        (claimed,) = hand.claim()
        lease_ms = int(hand.kit.settings.work.lease_seconds * 1000)
        with hand.kit.db.write() as conn:
            leases.renew(conn, [claimed], lease_until_ms=1)  # as if the clock had jumped far ahead
        assert hand.wheel.last_look_ms is not None
        hand.wheel.last_look_ms -= 2 * lease_ms
        assert hand.claim() == ()
        hand.answer(claimed, Accepted())
        assert states(hand.kit.db) == {DeliveryState.ACCEPTED: 1}

    def test_a_lease_of_a_clock_that_was_set_back_since_is_cut(self, hand: Hand) -> None:
        """A process that begins after the jump cannot see it; a dead worker would hold on for as long."""
        put(hand.kit.db, a_delivery())
        (claimed,) = hand.claim()
        lease_ms = int(hand.kit.settings.work.lease_seconds * 1000)
        with hand.kit.db.write() as conn:
            far = now_ms(conn) + 3_600_000
            leases.renew(conn, [claimed], lease_until_ms=far)
        assert Hand(hand.kit, name="next").claim() == ()
        with hand.kit.db.read() as conn:
            until = conn.scalar(sa.select(delivery.c.lease_until_ms))
            assert now_ms(conn) < until <= now_ms(conn) + lease_ms

    def test_recording_twice_changes_nothing(self, hand: Hand) -> None:
        """After a commit whose answer was lost the same results come again."""
        put(hand.kit.db, a_delivery())
        (claimed,) = hand.claim()
        hand.answer(claimed, Accepted(refusals=(RowRefusal(position=0, code="A"),)))
        hand.answer(claimed, Accepted(refusals=(RowRefusal(position=0, code="A"),)))
        assert groups(hand.kit.db) == {Group.REFUSED: 1, Group.DELIVERED: 7, Group.WAITING: 0}
