"""The Adapter port: one suite, run on every adapter against its simulator on loopback."""

import asyncio
import datetime as dt
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import pytest

from adapters.catalogue import open_adapter, open_webhook
from adapters.simulators.behaviour import Behaviour, Fault
from adapters.simulators.serving import Running, Setup, in_thread
from adapters.simulators.simulator import MakeResults
from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, RowRefusal, Unknown
from contracts.overeenkomst import Systeem, Webhook
from contracts.ports import Adapter, FeedbackParcel, Parcel, Poll, SignaalParcel
from contracts.signaal import Product, Signaal, Signaaltype, Soort
from contracts.terugkoppeling import Terugkoppeling, TerugkoppelingSoort
from tests.builders import UPLOAD_ID, a_signaal, an_oin

T = TypeVar("T")
TOKEN: Final = "token-of-the-tests"
SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SYSTEMS: Final = ("vps", "ris", "rest")
EVERY: Final = (*SYSTEMS, "webhook")
DREMPEL: Final = 5_000


def real_clock() -> dt.datetime:
    """The simulator checks the age of signatures, so both sides share the real time."""
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


@dataclass(frozen=True)
class Rig:
    """An adapter's kind, its simulator, and how to make what it delivers."""

    kind: str
    running: Running
    folder: Path

    def open(self, **config: str | int | bool) -> Adapter:
        """A new adapter; it belongs to the event loop that is running."""
        if self.kind == "webhook":
            webhook = Webhook(url=f"{self.running.url}/hook", geheimen=("secret",), prive_adres_toegestaan=True)
            return open_webhook(webhook, secret_dir=self.folder, clock=real_clock, dice=os.urandom)
        usual: dict[str, str | int | bool] = {"url": self.running.url, "token_file": str(self.folder / "token")}
        systeem = Systeem(key=self.kind, naam=self.kind, adapter=self.kind, config=usual | config)
        return open_adapter(systeem, clock=real_clock, dice=os.urandom)

    def run(self, act: Callable[[Adapter], Awaitable[T]], **config: str | int | bool) -> T:
        """Open an adapter, let it `act`, close it."""

        async def scene() -> T:
            adapter = self.open(**config)
            try:
                return await act(adapter)
            finally:
                await adapter.aclose()

        return asyncio.run(scene())

    def parcel(self, rows: int = 3) -> Parcel:
        """A new parcel for this kind."""
        return a_feedback() if self.kind == "webhook" else a_parcel(*(a_row(n) for n in range(rows)))

    def deliver(self, parcel: Parcel | None = None, **config: str | int | bool) -> Outcome:
        """Deliver one parcel."""
        return self.run(lambda adapter: adapter.deliver(parcel or self.parcel()), **config)

    def taken(self) -> int:
        """Parcels or events that the receiver has."""
        return int(str(self.running.counts()["events" if self.kind == "webhook" else "parcels"]))


def a_row(n: int, **kw: object) -> Signaal:
    return a_signaal(**{"signaal_id": f"{UPLOAD_ID[:-6]}{n + 1:06x}", "bedrag": 25_000 + n} | kw)


def a_parcel(*rows: Signaal) -> SignaalParcel:
    return SignaalParcel(
        idempotency_key=str(uuid.uuid4()),
        gemeentecode="0363",
        signaalpartner=an_oin(1),
        created_at=dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC),
        signalen=rows,
    )


def a_feedback() -> FeedbackParcel:
    return FeedbackParcel(
        idempotency_key=str(uuid.uuid4()),
        source=f"urn:nld:oin:{an_oin(7)}:systeem:signaalpoort",
        terugkoppeling=Terugkoppeling(
            id=str(uuid.uuid4()),
            volgnummer=4,
            signaal_id=UPLOAD_ID[:-1] + "1",
            soort=TerugkoppelingSoort.HULP_GEACCEPTEERD,
            beschikbaar_op=dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC),
            pauze_tot_en_met=dt.date(2026, 12, 22),
            kenmerk="S-2026-001",
        ),
    )


def _rig(kind: str, folder: Path, behaviour: Behaviour | None = None) -> Iterator[Rig]:
    (folder / "token").write_text(TOKEN + "\n")
    (folder / "secret").write_text(SECRET + "\n")
    simulated = "partner" if kind == "webhook" else kind
    setup = Setup(
        kind=simulated,
        state=folder / "state",
        behaviour=behaviour or Behaviour(),
        token=None if kind == "webhook" else TOKEN,
        secrets=(SECRET,) if kind == "webhook" else (),
    )
    with in_thread(setup, real_clock) as running:
        yield Rig(kind, running, folder)


@pytest.fixture(params=EVERY)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Every adapter there is."""
    yield from _rig(request.param, tmp_path)


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """The adapters that deliver signalen."""
    yield from _rig(request.param, tmp_path)


@pytest.fixture
def ris(tmp_path: Path) -> Iterator[Rig]:
    yield from _rig("ris", tmp_path)


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[Rig]:
    yield from _rig("rest", tmp_path)


def test_a_parcel_is_delivered_once(rig: Rig) -> None:
    outcome = rig.deliver()
    assert isinstance(outcome, Accepted)
    assert outcome.refusals == ()
    assert not outcome.duplicate
    assert rig.taken() == 1


def test_a_receipt_comes_back_from_a_system(system: Rig) -> None:
    outcome = system.deliver()
    assert isinstance(outcome, Accepted)
    assert outcome.receipt is not None
    assert outcome.receipt.startswith(system.kind.upper())


def test_the_environment_is_not_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert isinstance(rig.deliver(), Accepted)


def test_one_key_twice_is_one_parcel(rig: Rig) -> None:
    parcel = rig.parcel()
    first, second = rig.deliver(parcel), rig.deliver(parcel)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert rig.taken() == 1
    assert rig.running.counts()["repeated_events" if rig.kind == "webhook" else "repeated_keys"] == 1
    assert second.duplicate == (rig.kind != "webhook")


def test_every_field_reaches_a_system(system: Rig) -> None:
    full = a_row(
        1,
        soort=Soort.ENERGIE,
        signaaltype=Signaaltype.EINDELEVERING,
        producten=(Product.GAS, Product.WARMTE),
        bedreigend=True,
        opdrachtgever="90000001",
        klantnummer="K1;2",
        voorletters="J.",
        voorvoegsel="van 't",
        achternaam='Vóór"beeld\nßen',
        geboortedatum=dt.date(1980, 12, 31),
        bedrag_premie=0,
        facturen=("F1", "F2"),
        einde_levering=dt.date(2026, 12, 31),
    )
    assert isinstance(system.deliver(a_parcel(full)), Accepted)


def test_a_lost_answer_is_unknown_and_settles_by_query_or_the_same_key(rig: Rig) -> None:
    rig.running.become(Behaviour(next={Fault.LOSE_ANSWER: 1}))
    parcel = rig.parcel()
    lost = rig.deliver(parcel)
    assert isinstance(lost, Unknown)
    assert not lost.pending
    settled = rig.run(lambda adapter: adapter.query(parcel.idempotency_key))
    if settled is None:
        settled = rig.deliver(parcel)
    assert isinstance(settled, Accepted)
    assert rig.taken() == 1


def test_the_same_key_settles_what_was_lost(rig: Rig) -> None:
    rig.running.become(Behaviour(next={Fault.LOSE_ANSWER: 2}))
    parcel = rig.parcel()
    outcomes = [rig.deliver(parcel) for _ in range(3)]
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown, Accepted]
    assert rig.taken() == 1


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.SERVER_ERROR, Fault.BAD_GATEWAY])
def test_a_receiver_that_failed_may_have_acted(rig: Rig, fault: Fault) -> None:
    rig.running.become(Behaviour(next={fault: 1}))
    assert isinstance(rig.deliver(), Unknown)


def test_no_answer_in_time_is_unknown(system: Rig) -> None:
    system.running.become(Behaviour(latency_ms=2_500))
    assert isinstance(system.deliver(timeout_seconds=1), Unknown)


def test_throttling_is_deferred_for_as_long_as_the_receiver_says(rig: Rig) -> None:
    rig.running.become(Behaviour(next={Fault.THROTTLE: 1}, retry_after_seconds=7))
    assert rig.deliver() == Deferred(reason="http_429", retry_after=7.0)
    assert rig.taken() == 0


def test_maintenance_is_deferred_until_it_ends(rig: Rig) -> None:
    rig.running.become(Behaviour(maintenance="now", retry_after_seconds=120))
    assert rig.deliver() == Deferred(reason="http_503", retry_after=120.0)
    assert rig.taken() == 0


def test_a_receiver_that_is_down_is_unreachable(tmp_path: Path) -> None:
    for kind in EVERY:
        folder = tmp_path / kind
        folder.mkdir()
        scene = _rig(kind, folder)
        rig = next(scene)
        with pytest.raises(StopIteration):
            next(scene)
        outcome = rig.deliver()
        assert outcome == Deferred(reason="connection_refused", unreachable=True)
        assert not rig.run(lambda adapter: adapter.probe()).reachable


def test_one_that_does_not_accept_in_time_is_unreachable(system: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        filler = [socket.socket() for _ in range(3)]
        for one in filler:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        outcome = system.deliver(url=url, timeout_seconds=1)
        for one in filler:
            one.close()
    assert isinstance(outcome, Deferred)
    assert outcome.unreachable


def test_an_answer_that_nobody_understands_is_unknown(system: Rig) -> None:
    system.running.become(Behaviour(next={Fault.GARBAGE: 1}))
    parcel = system.parcel()
    assert system.deliver(parcel) == Unknown(reason="answer_not_understood")
    assert isinstance(system.deliver(parcel), Accepted)


def test_refused_credentials_are_for_an_operator(system: Rig) -> None:
    (system.folder / "wrong").write_text("another")
    outcome = system.deliver(token_file=str(system.folder / "wrong"))
    assert outcome == Refused(code="http_401", kind=RefusalKind.CONTRACT)


def test_a_parcel_of_the_other_kind_is_refused_without_sending(rig: Rig) -> None:
    wrong: Parcel = a_parcel(a_row(1)) if rig.kind == "webhook" else a_feedback()
    outcome = rig.deliver(wrong)
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.CONTRACT
    assert rig.taken() == 0


def test_refused_rows_stand_at_their_positions(system: Rig) -> None:
    system.running.become(Behaviour(drempel=DREMPEL, unknown_postcodes=("9999",)))
    rows = (
        a_row(0),
        a_row(1, bedrag=DREMPEL - 1),
        a_row(2, bedrag=1, bedreigend=True),
        a_row(3, postcode="9999ZZ"),
        a_row(4, bedrag=DREMPEL),
    )
    codes = {"vps": ("VPS-E11", "VPS-E12"), "ris": ("R11", "R12"), "rest": ("onder_drempel", "postcode_onbekend")}
    outcome = system.deliver(a_parcel(*rows))
    assert isinstance(outcome, Accepted)
    assert [refusal.position for refusal in outcome.refusals] == [1, 3]
    assert tuple(refusal.code for refusal in outcome.refusals) == codes[system.kind]
    assert system.running.counts()["signalen"] == 3


def test_a_parcel_of_refused_rows_only_names_each(system: Rig) -> None:
    system.running.become(Behaviour(drempel=10_000_000))
    outcome = system.deliver(system.parcel(2))
    assert isinstance(outcome, Accepted)
    assert [refusal.position for refusal in outcome.refusals] == [0, 1]


@pytest.mark.parametrize("behaviour", [Behaviour(spoil_batch=True, drempel=25_001), Behaviour(max_records=2)])
def test_a_refused_batch_takes_nothing(system: Rig, behaviour: Behaviour) -> None:
    system.running.become(behaviour)
    outcome = system.deliver(system.parcel(3))
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.BATCH
    assert system.running.counts()["signalen"] == 0


def test_a_refused_batch_stays_refused_under_its_key(system: Rig) -> None:
    system.running.become(Behaviour(spoil_batch=True, drempel=25_001, next={Fault.LOSE_ANSWER: 1}))
    parcel = system.parcel(3)
    assert isinstance(system.deliver(parcel), Unknown)
    system.running.become(Behaviour())
    assert isinstance(system.deliver(parcel), Refused)


def test_a_key_with_other_content_is_for_an_operator(system: Rig) -> None:
    parcel = a_parcel(a_row(0))
    assert isinstance(system.deliver(parcel), Accepted)
    other = SignaalParcel(
        idempotency_key=parcel.idempotency_key,
        gemeentecode="0363",
        created_at=parcel.created_at,
        signalen=(a_row(5),),
    )
    outcome = system.deliver(other)
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.CONTRACT


def test_processed_before_said_as_a_conflict_gives_the_first_outcome(system: Rig) -> None:
    system.running.become(Behaviour(drempel=DREMPEL, conflict_on_repeat=True, next={Fault.LOSE_ANSWER: 1}))
    parcel = a_parcel(a_row(0), a_row(1, bedrag=1))
    assert isinstance(system.deliver(parcel), Unknown)
    outcome = system.deliver(parcel)
    assert isinstance(outcome, Accepted)
    assert outcome.duplicate
    assert [refusal.position for refusal in outcome.refusals] == [1]


def test_a_key_that_the_receiver_does_not_know(rig: Rig) -> None:
    outcome = rig.run(lambda adapter: adapter.query(str(uuid.uuid4())))
    expected = None if rig.kind == "webhook" else Deferred(reason="receiver_does_not_have_it")
    assert outcome == expected


def test_a_receiver_that_cannot_be_asked_tells_nothing(system: Rig) -> None:
    parcel = system.parcel()
    system.deliver(parcel)
    (system.folder / "wrong").write_text("another")
    url = system.running.url + "/elsewhere"
    assert system.run(lambda adapter: adapter.query(parcel.idempotency_key), url=url) is None
    wrong = str(system.folder / "wrong")
    assert system.run(lambda adapter: adapter.query(parcel.idempotency_key), token_file=wrong) is None


def test_a_file_that_is_still_processed_is_pending_and_found_by_its_key(ris: Rig) -> None:
    ris.running.become(Behaviour(processing_ms=1_500, drempel=DREMPEL))
    parcel = a_parcel(a_row(0), a_row(1, bedrag=1))
    outcome = ris.deliver(parcel, patience_seconds=0)
    assert outcome == Unknown(reason="receiver_is_working", pending=True)
    assert ris.run(lambda adapter: adapter.query(parcel.idempotency_key)) == outcome
    time.sleep(1.6)
    settled = ris.run(lambda adapter: adapter.query(parcel.idempotency_key))
    assert isinstance(settled, Accepted)
    assert settled.refusals == (RowRefusal(position=1, code="R11"),)


def test_a_file_that_is_processed_soon_is_waited_for(ris: Rig) -> None:
    ris.running.become(Behaviour(processing_ms=700))
    assert isinstance(ris.deliver(patience_seconds=5), Accepted)


def test_many_at_once(rig: Rig) -> None:
    rig.running.become(Behaviour(latency_ms=5, latency_spread_ms=20))
    parcels = [rig.parcel(1) for _ in range(24)]

    async def all_of_them(adapter: Adapter) -> list[Outcome]:
        return await asyncio.gather(*(adapter.deliver(parcel) for parcel in parcels))

    assert all(isinstance(outcome, Accepted) for outcome in rig.run(all_of_them))
    assert rig.taken() == 24


def test_results_are_polled_in_pages_and_again_from_an_old_cursor(system: Rig) -> None:
    rows = [a_row(n) for n in range(450)]
    system.deliver(a_parcel(*rows))
    asyncio.run(system.running.simulator.make_results(MakeResults(push=False)))

    async def everything(adapter: Adapter) -> list[Poll]:
        pages = [await adapter.poll(None)]
        while pages[-1].more:
            pages.append(await adapter.poll(pages[-1].cursor))
        return [*pages, await adapter.poll(pages[0].cursor), await adapter.poll(pages[-1].cursor)]

    *pages, again, end = system.run(everything, poll=True)
    results = [result for page in pages for result in page.resultaten]
    assert len(pages) == 3
    assert {result.signaal_id for result in results} == {row.signaal_id for row in rows}
    assert len({result.resultaat_id for result in results}) == len(results) == 450
    assert again.resultaten == pages[1].resultaten
    assert end == Poll(resultaten=(), cursor=pages[-1].cursor)
    assert {bool(result.gebeurtenis) for result in results} == {True, False}
    assert all((result.gebeurtenis is None) != (result.code is None) for result in results)
    assert all(page.unreadable == 0 and page.problem is None for page in pages)


def test_an_adapter_that_is_not_to_be_polled_gives_back_the_cursor(rig: Rig) -> None:
    assert rig.run(lambda adapter: adapter.poll("17")) == Poll(resultaten=(), cursor="17")


def test_a_poll_that_fails_keeps_the_cursor_and_names_the_problem(system: Rig) -> None:
    url = system.running.url + "/elsewhere"
    poll = system.run(lambda adapter: adapter.poll("17"), poll=True, url=url)
    assert poll == Poll(resultaten=(), cursor="17", problem="http_404")


def test_a_probe_says_whether_anybody_answers(rig: Rig) -> None:
    probe = rig.run(lambda adapter: adapter.probe())
    assert probe.reachable
    assert "HTTP 20" in probe.detail
    assert rig.taken() == 0


def test_a_probe_tells_refused_credentials(rest: Rig) -> None:
    (rest.folder / "wrong").write_text("another")
    wrong = str(rest.folder / "wrong")
    probe = rest.run(lambda adapter: adapter.probe(), token_file=wrong)
    assert "credentials" in probe.detail


def test_a_webhook_that_is_gone_or_at_fault(tmp_path: Path) -> None:
    scene = _rig("webhook", tmp_path, Behaviour(next={Fault.GONE: 1, Fault.NO_ACCESS: 1}))
    rig = next(scene)
    assert rig.deliver() == Refused(code="http_410", kind=RefusalKind.CONTRACT)
    assert rig.deliver() == Deferred(reason="http_401")
    assert isinstance(rig.deliver(), Accepted)
    with pytest.raises(StopIteration):
        next(scene)
