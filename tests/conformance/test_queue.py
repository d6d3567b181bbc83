"""The queue on both engines: who gets what, who may write, what happens to what was left behind."""

import datetime as dt
import threading
from collections import Counter

import pytest
import sqlalchemy as sa

from contracts.outcomes import RowRefusal
from gateway.lifecycle import CLAIMABLE, UNFINISHED, DeliveryEvent, DeliveryState, IllegalTransitionError
from gateway.stages.schedule import Breaker, DestinationLimit
from gateway.store import claims, deliveries, destinations, leases, reshape
from gateway.store.claims import Claimed, Move
from gateway.store.database import Database, now_ms
from gateway.store.reshape import Child
from gateway.store.schema import CLAIMABLE_SQL, CLAIMED_SQL, STUCK_SQL, delivery, row_refusal
from tests.conftest import START
from tests.deliveries import POLICY, a_delivery, feedback, limits, put, row_counts, states, view

MINUTE = dt.timedelta(minutes=1)


def claim(
    db: Database,
    *,
    slots: int = 10,
    to: dict[str, DestinationLimit] | None = None,
    claim_id: str = "c1",
    now: dt.datetime = START,
    lease_ms: int = 30_000,
) -> list[Claimed]:
    with db.write() as conn:
        return claims.claim(
            conn,
            now=now,
            worker="w",
            claim_id=claim_id,
            slots=slots,
            lease_until_ms=now_ms(conn) + lease_ms,
            limits=limits(slots=100) if to is None else to,
            policy=POLICY,
        )


def a_move(claimed: Claimed, event: DeliveryEvent = DeliveryEvent.ACCEPT, **kw: object) -> Move:
    values = {"ended_at": START, "due_at": START, "outcome": "x", "reason": None}
    return Move(id=claimed.delivery.id, claim_id=claimed.claim_id, n=claimed.n, event=event, **values | kw)


def record(db: Database, *moves: Move, by: list[Claimed]) -> set[int]:
    """What a turn does: only claims that are still held are moved."""
    with db.write() as conn:
        held = claims.still_held(conn, by)
        claims.move(conn, [m for m in moves if m.id in held])
    return held


def ids(claimed: list[Claimed]) -> list[int]:
    return [c.delivery.id for c in claimed]


class TestClaiming:
    """What a claim gives and does not give."""

    def test_what_is_due_is_claimed_once_and_marked_as_sent(self, database: Database) -> None:
        (one,) = put(database, a_delivery())
        (claimed,) = claim(database)
        assert (claimed.delivery.id, claimed.n, claimed.delivery.first_sent_at) == (one, 1, None)
        assert claim(database) == []
        seen = view(database, one)
        assert (seen.state, seen.attempts, seen.first_sent_at) == (DeliveryState.CLAIMED, 1, START)

    def test_its_attempt_is_a_row_of_its_own(self, database: Database) -> None:
        (one,) = put(database, a_delivery())
        claim(database)
        with database.read() as conn:
            (attempt,) = deliveries.attempts(conn, one)
        assert (attempt.n, attempt.worker, attempt.started_at, attempt.ended_at) == (1, "w", START, None)

    def test_what_is_not_due_waits(self, database: Database) -> None:
        put(database, a_delivery(due_at=START + MINUTE))
        assert claim(database) == []
        assert len(claim(database, now=START + MINUTE)) == 1

    def test_a_destination_that_is_not_configured_gets_nothing(self, database: Database) -> None:
        put(database, a_delivery(destination="old"))
        assert claim(database) == []

    def test_a_paused_destination_and_a_paused_partner_get_nothing(self, database: Database) -> None:
        put(database, a_delivery(), a_delivery(partner="other"))
        with database.write() as conn:
            destinations.set_paused(conn, "vps", paused=True)
        assert claim(database) == []
        with database.write() as conn:
            destinations.set_paused(conn, "vps", paused=False)
            picked = claims.pick(conn, now=START, slots=9, limits=limits(), policy=POLICY, paused_partners=["woonstad"])
        assert [c.partner for c in picked.candidates] == ["other"]

    def test_a_maintenance_window_gives_nothing(self, database: Database) -> None:
        put(database, a_delivery())
        assert claim(database, to={"vps": DestinationLimit(4, closed=True)}) == []

    def test_no_more_than_the_limit_is_in_flight(self, database: Database) -> None:
        put(database, *(a_delivery() for _ in range(9)))
        to = limits(slots=4)
        assert [len(claim(database, slots=3, to=to, claim_id=str(n))) for n in range(3)] == [3, 1, 0]

    def test_an_open_breaker_gives_nothing_and_a_half_open_one_a_single_probe(self, database: Database) -> None:
        put(database, a_delivery(), a_delivery())
        with database.write() as conn:
            (known,) = destinations.lock(conn, ["vps"]).values()
            opened = Breaker(POLICY.failures, START + MINUTE)
            destinations.save(conn, [destinations.Destination(key=known.key, breaker=opened)])
        assert claim(database) == []
        assert len(claim(database, now=START + MINUTE)) == 1
        assert claim(database, now=START + MINUTE, claim_id="c2") == []

    def test_slots_are_dealt_over_destinations(self, database: Database) -> None:
        put(database, *(a_delivery() for _ in range(9)), *(a_delivery(destination="ris") for _ in range(2)))
        got = Counter(c.delivery.destination for c in claim(database, slots=6, to=limits(keys=("vps", "ris"), slots=9)))
        assert got == {"vps": 4, "ris": 2}

    def test_waiting_destinations_are_found_however_long_the_queue(self, database: Database) -> None:
        put(database, *(a_delivery(destination=key) for key in ("b", "a", "b", "c")))
        claim(database, to=limits(keys=("c",)))
        with database.read() as conn:
            assert claims.waiting_destinations(conn) == ["a", "b"]


class TestOrder:
    """Threatening first, partners in turns, feedback about one signaal in order."""

    def test_possibly_threatening_goes_first(self, database: Database) -> None:
        first = put(database, a_delivery(), a_delivery(threatening=True, partner="other"))
        assert ids(claim(database, slots=1)) == [first[1]]

    def test_partners_take_turns_whoever_came_first(self, database: Database) -> None:
        put(database, *(a_delivery(partner="large") for _ in range(20)))
        put(database, *(a_delivery(partner="small") for _ in range(2)))
        order = [c.delivery.partner for c in claim(database, slots=5)]
        assert order.count("small") == 2

    def test_many_small_files_gain_nothing_over_one_large_file(self, database: Database) -> None:
        for _ in range(10):
            put(database, a_delivery(partner="often"))
        put(database, *(a_delivery(partner="once") for _ in range(10)))
        got = Counter(c.delivery.partner for c in claim(database, slots=10))
        assert got == {"often": 5, "once": 5}

    def test_a_late_partner_starts_at_the_head_and_does_not_overtake_for_ever(self, database: Database) -> None:
        put(database, *(a_delivery(partner="early") for _ in range(30)))
        claim(database, slots=10)
        put(database, *(a_delivery(partner="late") for _ in range(30)))
        got = Counter(c.delivery.partner for c in claim(database, slots=20, claim_id="c2"))
        assert got == {"early": 10, "late": 10}

    def test_what_failed_and_waits_does_not_turn_time_back(self, database: Database) -> None:
        put(database, *(a_delivery(partner="early") for _ in range(20)))
        taken = claim(database, slots=10)
        later = START + 60 * MINUTE
        record(database, *(a_move(c, DeliveryEvent.DEFER, due_at=later) for c in taken), by=taken)
        put(database, *(a_delivery(partner="late") for _ in range(20)))
        got = Counter(c.delivery.partner for c in claim(database, slots=10, claim_id="c2"))
        assert got == {"early": 5, "late": 5}

    def test_only_the_oldest_unfinished_of_a_signaal_is_claimable(self, database: Database) -> None:
        hook = {"webhook:woonstad": DestinationLimit(4)}
        first, other, second = put(database, feedback(7), feedback(8), feedback(7))
        got = claim(database, to=hook)
        assert ids(got) == [first, other]
        record(database, *(a_move(c, DeliveryEvent.DIE) for c in got), by=got)
        assert claim(database, to=hook, claim_id="c2") == []
        with database.write() as conn:
            assert deliveries.replay(conn, [first, other], now=START) == 2
        again = claim(database, to=hook, claim_id="c3")
        record(database, *(a_move(c) for c in again), by=again)
        assert ids(claim(database, to=hook, claim_id="c4")) == [second]


class TestManyWorkers:
    """Threads that claim at once, each in its own transactions."""

    @pytest.mark.parametrize("slots", [3, 50])
    def test_nothing_is_claimed_twice_and_the_limit_holds(self, database: Database, slots: int) -> None:
        put(database, *(a_delivery() for _ in range(120)))
        to, got, most = limits(slots=slots), Counter[int](), [0]
        mutex, in_flight = threading.Lock(), [0]

        def work(name: int) -> None:
            idle = 0
            for n in range(1000):
                mine = claim(database, slots=2, to=to, claim_id=f"{name}-{n}")
                with mutex:
                    got.update(ids(mine))
                    in_flight[0] += len(mine)
                    most[0] = max(most[0], in_flight[0])
                if not mine:
                    idle += 1
                    if idle > 50 or sum(got.values()) >= 120:
                        return
                    continue
                with mutex:
                    in_flight[0] -= len(mine)
                record(database, *(a_move(c) for c in mine), by=mine)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(got.values()) == {1}
        assert len(got) == 120
        assert most[0] <= slots
        assert states(database) == {DeliveryState.ACCEPTED: 120}

    def test_another_worker_passes_over_what_is_locked(self, postgres_database: Database) -> None:
        put(postgres_database, a_delivery())
        with postgres_database.write() as held:
            destinations.lock(held, ["vps"])
            with postgres_database.write() as conn:
                picked = claims.pick(conn, now=START, slots=4, limits=limits(), policy=POLICY)
        assert (picked.candidates, picked.contended) == ((), True)


class TestLeases:
    """A worker that is gone."""

    def test_a_lease_that_ran_out_becomes_unknown_and_never_queued(self, database: Database) -> None:
        (one,) = put(database, a_delivery())
        claim(database, lease_ms=-1)
        with database.write() as conn:
            (taken,) = leases.take_over(conn, now=START + MINUTE, now_ms=now_ms(conn))
        assert (taken.id, taken.worker) == (one, "w")
        seen = view(database, one)
        assert (seen.state, seen.unknown_since) == (DeliveryState.UNKNOWN, START + MINUTE)
        with database.read() as conn:
            (attempt,) = deliveries.attempts(conn, one)
        assert (attempt.outcome, attempt.reason, attempt.ended_at) == ("unknown", "lease_ran_out", START + MINUTE)

    def test_a_claim_that_ended_since_it_was_found_late_is_not_taken_over(self, database: Database) -> None:
        first, second = put(database, a_delivery(), a_delivery())
        claim(database, lease_ms=-1)
        settled: list[bool] = []
        with database.write() as conn:

            def settle_first(conn: sa.Connection, clause: object, *_: object) -> None:
                # between finding and taking, which locks do not let happen by chance
                if isinstance(clause, sa.Update) and not settled:
                    settled.append(True)
                    ended = {"state": int(DeliveryState.ACCEPTED), "claim_id": None, "lease_until_ms": None}
                    conn.execute(sa.update(delivery).where(delivery.c.id == first).values(ended))

            sa.event.listen(conn, "before_execute", settle_first)
            taken = leases.take_over(conn, now=START, now_ms=now_ms(conn))
            sa.event.remove(conn, "before_execute", settle_first)
        assert [one.id for one in taken] == [second]
        assert view(database, first).state is DeliveryState.ACCEPTED

    def test_a_lease_that_runs_is_left_alone(self, database: Database) -> None:
        put(database, a_delivery())
        claim(database)
        with database.write() as conn:
            assert leases.take_over(conn, now=START, now_ms=now_ms(conn)) == []
            assert len(leases.take_over(conn, now=START, now_ms=None)) == 1

    def test_a_stale_claim_writes_nothing(self, database: Database) -> None:
        (one,) = put(database, a_delivery())
        stale = claim(database, lease_ms=-1)
        with database.write() as conn:
            leases.take_over(conn, now=START, now_ms=now_ms(conn))
        fresh = claim(database, claim_id="c2")
        assert record(database, a_move(stale[0]), by=stale) == set()
        assert view(database, one).state is DeliveryState.CLAIMED
        with database.write() as conn, pytest.raises(RuntimeError, match="moved by another"):
            claims.move(conn, [a_move(stale[0])])
        assert record(database, a_move(fresh[0]), by=fresh) == {one}
        assert view(database, one).state is DeliveryState.ACCEPTED

    def test_renewing_prolongs_held_claims_alone(self, database: Database) -> None:
        put(database, a_delivery())
        held = claim(database, lease_ms=-1)
        other = Claimed(delivery=held[0].delivery, claim_id="not-mine", n=1, claimed_at=START)
        with database.write() as conn:
            until = now_ms(conn) + 30_000
            assert leases.renew(conn, [other], lease_until_ms=until) == 0
            assert leases.renew(conn, held, lease_until_ms=until) == 1
            assert leases.take_over(conn, now=START, now_ms=now_ms(conn)) == []

    @pytest.mark.parametrize("off_ms", [-3_600_000, 3_600_000])
    def test_after_a_jump_of_the_clock_no_lease_has_run_out_or_lasts_for_ever(
        self, database: Database, off_ms: int
    ) -> None:
        put(database, a_delivery())
        claim(database, lease_ms=off_ms)
        with database.write() as conn:
            at = now_ms(conn)
            assert leases.prolong_all(conn, now_ms=at, lease_until_ms=at + 30_000) == 1
            assert leases.take_over(conn, now=START, now_ms=at + 29_999) == []
            assert len(leases.take_over(conn, now=START, now_ms=at + 30_001)) == 1


class TestTransitions:
    """Compare-and-set, and what a transition keeps."""

    def test_what_may_be_there_is_never_stopped(self, database: Database) -> None:
        (one,) = put(database, a_delivery())
        got = claim(database)
        record(database, a_move(got[0], DeliveryEvent.LOSE, unknown_since=START), by=got)
        with database.write() as conn:
            (candidate,) = claims.pick(conn, now=START, slots=1, limits=limits(), policy=POLICY).candidates
            with pytest.raises(IllegalTransitionError):
                reshape.close(conn, candidate, DeliveryEvent.STOP, now=START, reason="x")
        with database.write() as conn:
            assert deliveries.hold(conn, [one]) == 0

    def test_a_settled_delivery_has_a_moment_and_no_claim(self, database: Database) -> None:
        (one,) = put(database, a_delivery())
        got = claim(database)
        record(database, a_move(got[0], receipt="r-1", refused_count=2), by=got)
        seen = view(database, one)
        assert (seen.settled_at, seen.receipt, seen.refused_count) == (START, "r-1", 2)
        with database.read() as conn:
            assert conn.execute(sa.select(delivery.c.claim_id, delivery.c.lease_until_ms)).one() == (None, None)

    def test_an_operator_holds_releases_and_replays(self, database: Database) -> None:
        held, dead = put(database, a_delivery(), a_delivery(destination="ris"))
        got = claim(database, to=limits(keys=("ris",)))
        record(database, a_move(got[0], DeliveryEvent.DIE), by=got)
        with database.write() as conn:
            assert deliveries.hold(conn, [held, dead]) == 1
        assert claim(database, to=limits(keys=("vps", "ris"))) == []
        with database.write() as conn:
            assert deliveries.release(conn, [held, dead], now=START) == 1
            assert deliveries.replay(conn, [held, dead], now=START) == 1
        assert ids(claim(database, to=limits(keys=("vps", "ris")))) == [held, dead]

    def test_listing_filters(self, database: Database) -> None:
        one, two, three = put(database, a_delivery(), a_delivery(partner="other"), a_delivery(destination="ris"))
        with database.read() as conn:
            assert [v.id for v in deliveries.listing(conn, destination="vps")] == [one, two]
            assert [v.id for v in deliveries.listing(conn, partner="woonstad", after=one)] == [three]
            assert deliveries.listing(conn, state=DeliveryState.DEAD) == []


class TestParts:
    """A parcel that is cut: a tree whose leaves hold every row once."""

    def test_children_inherit_and_counts_stay(self, database: Database) -> None:
        (root,) = put(database, a_delivery(row_count=9, parcel_no=5))
        got = claim(database)
        with database.write() as conn:
            claims.still_held(conn, got)
            claims.move(conn, [a_move(got[0], DeliveryEvent.SPLIT)])
            parts = [
                Child(idempotency_key=key, position_from=a, position_to=b) for key, a, b in (("k1", 0, 4), ("k2", 4, 9))
            ]
            reshape.add_children(conn, root, parts, due_at=START)
            assert sum(row_counts(conn).values()) == 9
            assert reshape.settled_roots(conn, [root]) == []
        children = claim(database, claim_id="c2")
        assert [(c.delivery.root_id, c.delivery.parcel_no, c.delivery.row_count) for c in children] == [
            (root, 5, 4),
            (root, 5, 5),
        ]
        assert [c.delivery.first_sent_at for c in children] == [None, None]
        with database.write() as conn:
            claims.still_held(conn, children)
            claims.put_refusals(conn, children[1].delivery, [RowRefusal(position=2, code="A")])
            claims.move(conn, [a_move(children[0]), a_move(children[1], refused_count=1)])
            assert reshape.settled_roots(conn, [root]) == [root]
            assert conn.execute(sa.select(row_refusal.c.root_id, row_refusal.c.position)).one() == (root, 6)


def test_the_predicates_of_the_indexes_are_those_of_the_state_machine() -> None:
    def listed(*wanted: DeliveryState) -> str:
        return f"state IN ({', '.join(str(int(s)) for s in sorted(wanted))})"

    assert listed(*CLAIMABLE) == CLAIMABLE_SQL
    assert f"state = {int(DeliveryState.CLAIMED)}" == CLAIMED_SQL
    assert listed(DeliveryState.HELD, DeliveryState.DEAD) == STUCK_SQL
    indexed = {*CLAIMABLE, DeliveryState.CLAIMED, DeliveryState.HELD, DeliveryState.DEAD}
    assert indexed | {DeliveryState.AWAITING} == UNFINISHED


def test_the_claim_walks_its_index_and_sorts_nothing(sqlite_database: Database) -> None:
    with sqlite_database.read() as conn:
        due = claims._DUE.params(key="vps", now=START, number=4)
        query = due.compile(conn, compile_kwargs={"literal_binds": True})
        plan = " ".join(str(row) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
    assert "ix_delivery_claim" in plan
    assert "TEMP B-TREE" not in plan
