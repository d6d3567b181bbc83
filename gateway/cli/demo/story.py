"""The main job from beginning to end, told on screen: push, judge, deliver, hear, relay, account for every row."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.aanlevering import Aanlevering, AanleveringStatus, AantallenNaarStatus, Ernst, Verwerkingsverslag
from contracts.row_states import ROW_STATES, Counts, Group, RowState, count
from gateway.cli.demo.callers import Admin, Partner
from gateway.cli.demo.configuration import ENERGY, LANDLORD
from gateway.cli.demo.installation import Installation
from gateway.cli.demo.processes import Household
from gateway.flow.kit import Kit
from gateway.lifecycle import UNFINISHED, DeliveryState
from gateway.store import deliveries, feedback
from gateway.store.deliveries import DeliveryView
from gateway.store.destinations import WEBHOOK

RESULT_SHARE: Final = 0.04
"""Of the delivered signalen, so many have a result before the story ends; enough to see every kind."""
FIRST_RESULTS: Final = 10
"""The first signalen of each system all have one: among them are the landlord's."""
_STANDSTILL_SECONDS: Final = 180.0
"""Nothing moved for so long: the story ends without reconciling."""
_LOOK_SECONDS: Final = 0.5
_FINISHED: Final = frozenset({AanleveringStatus.VERWERKT, AanleveringStatus.AFGEKEURD})
_ALL_DELIVERIES: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What the last line says. `made`: results at the systems; `readable`: events that partners can read."""

    counts: Counts
    made: int
    received: int
    relayed: int
    withheld: int
    readable: int

    @property
    def reconciles(self) -> bool:
        """Every row in exactly one state; every result heard, and either withheld or readable by its partner."""
        rows = self.counts.reconciles and sum(self.counts.states.values()) == self.counts.rows > 0
        return rows and self.made == self.received == self.readable + self.withheld > 0

    def as_json(self) -> str:
        """One object on one line."""
        return json.dumps(
            {
                "rows": self.counts.rows,
                "refused": self.counts.refused,
                "delivered": self.counts.delivered,
                "waiting": self.counts.waiting,
                "feedback_received": self.received,
                "feedback_relayed": self.relayed,
                "feedback_withheld": self.withheld,
                "reconciles": self.reconciles,
                **self.counts.states,
            }
        )


class Story:
    """Tells it. `kit` looks into the same installation, as the command line does."""

    def __init__(self, installation: Installation, household: Household, kit: Kit, console: Console) -> None:
        self._installation = installation
        self._household = household
        self._kit = kit
        self._console = console

    def tell(self, partners: dict[str, Partner], admin: Admin) -> Ending:
        """All of it; `partners` by key."""
        sent = {key: self._push(key, partner) for key, partner in partners.items()}
        self._follow_deliveries(partners, sent)
        self._reports(partners, sent)
        self._systems()
        made = self._follow_feedback(admin)
        readable = self._feedback(partners, admin)
        return self._ending(partners, sent, made=made, readable=readable)

    def _push(self, key: str, partner: Partner) -> str:
        file = self._installation.folder / "bestanden" / f"{key}.csv"
        how = "with a bearer token" if key == LANDLORD else "with a client certificate"
        started = time.monotonic()
        taken = partner.push(file)
        self._say(
            f"[bold]{key}[/] pushed {file.name} ({file.stat().st_size:,} bytes) {how}: "
            f"received and sealed in {time.monotonic() - started:.1f} s, upload {taken.aanlevering_id}"
        )
        return taken.aanlevering_id

    def _follow_deliveries(self, partners: dict[str, Partner], sent: dict[str, str]) -> None:
        with self._progress() as progress:
            bars = {key: progress.add_task(f"{key}: judged and sealed", total=None) for key in partners}

            def look() -> tuple[bool, object]:
                seen = {key: partner.status(sent[key]) for key, partner in partners.items()}
                for key, shown in seen.items():
                    self._draw(progress, bars[key], key, shown)
                return all(_settled(shown) for shown in seen.values()), {key: s.aantallen for key, s in seen.items()}

            self._until_settled(look)

    @staticmethod
    def _draw(progress: Progress, bar: TaskID, key: str, shown: Aanlevering) -> None:
        if shown.aantallen is None:
            return
        numbers = shown.aantallen
        progress.update(
            bar,
            description=f"{key}: delivered or refused",
            total=numbers.regels,
            completed=numbers.regels - numbers.wachtend,
        )

    def _reports(self, partners: dict[str, Partner], sent: dict[str, str]) -> None:
        for key, partner in partners.items():
            report = partner.report(sent[key])
            self._say(f"[bold]{key}[/]: {report.aantallen.geweigerd:,} of {report.aantallen.regels:,} rows refused")
            for number, code, text in _refusals(report):
                line = f"  {number:>7,}  {code:<34} [dim]{text}[/]"
                self._console.print(line, no_wrap=True, overflow="ellipsis", highlight=False)
            for media_type, ending in (("text/html", "html"), ("text/csv", "csv")):
                file = self._installation.folder / "verslagen" / f"{key}.{ending}"
                file.write_bytes(partner.report_as(sent[key], media_type))

    def _systems(self) -> None:
        found = self._deliveries(lambda one: not one.destination.startswith(WEBHOOK))
        table = Table("system", "gemeenten", "parcels", "attempts", "split", "delivered", "refused by it", box=SIMPLE)
        for system in sorted({one.destination for one in found}):
            own = [one for one in found if one.destination == system]
            taken = [one for one in own if one.state is DeliveryState.ACCEPTED]
            refused = [one for one in own if one.state is DeliveryState.REFUSED]
            table.add_row(
                system,
                f"{len({one.gemeentecode for one in taken})}",
                f"{len(own):,}",
                f"{sum(one.attempts for one in own):,}",
                f"{sum(one.state is DeliveryState.SPLIT for one in own)}",
                f"{sum(one.row_count - one.refused_count for one in taken):,}",
                f"{sum(one.refused_count for one in taken) + sum(one.row_count for one in refused):,}",
            )
        self._console.print(table)

    def _follow_feedback(self, admin: Admin) -> int:
        """VPS pushes what it made; RIS keeps it until it is asked. How many they made."""
        urls = self._installation.simulators.urls
        made = admin.make_results(urls.vps, share=1, limit=FIRST_RESULTS, push=False)
        made += admin.make_results(urls.vps, share=RESULT_SHARE, push=True)
        made += admin.make_results(urls.ris, share=1, limit=FIRST_RESULTS, push=False)
        made += admin.make_results(urls.ris, share=RESULT_SHARE, push=False)
        self._say(f"the gemeenten reached {made:,} results; VPS reports them, RIS is asked for them")
        with self._progress() as progress:
            heard_bar = progress.add_task("results heard", total=made)
            told_bar = progress.add_task("relayed by webhook", total=None)

            def look() -> tuple[bool, object]:
                heard = self._totals().received
                webhooks = self._deliveries(lambda one: one.destination.startswith(WEBHOOK))
                unfinished = sum(one.state in UNFINISHED for one in webhooks)
                progress.update(heard_bar, completed=heard)
                progress.update(told_bar, total=len(webhooks), completed=len(webhooks) - unfinished)
                return heard == made and not unfinished, (heard, unfinished)

            self._until_settled(look)
        return made

    def _feedback(self, partners: dict[str, Partner], admin: Admin) -> int:
        """Say what was heard and told; how many events the partners can read."""
        totals = self._totals()
        events = admin.counts(self._installation.simulators.urls.partner)["events"]
        pulled = {key: partner.terugkoppelingen() for key, partner in partners.items()}
        self._say(
            f"{totals.received:,} results heard: {totals.relayed:,} relayed, {totals.withheld:,} withheld because a "
            f"partner may not know them. {ENERGY}'s webhook took {events:,} events; "
            + ", ".join(f"{key} can read {number:,}" for key, number in pulled.items())
        )
        return sum(pulled.values())

    def _ending(self, partners: dict[str, Partner], sent: dict[str, str], *, made: int, readable: int) -> Ending:
        numbers = [partner.status(sent[key]).aantallen for key, partner in partners.items()]
        totals = self._totals()
        return Ending(
            counts=_added([number for number in numbers if number is not None]),
            made=made,
            received=totals.received,
            relayed=totals.relayed,
            withheld=totals.withheld,
            readable=readable,
        )

    def _totals(self) -> feedback.Totals:
        with self._kit.db.read() as conn:
            return feedback.totals(conn)

    def _deliveries(self, wanted: Callable[[DeliveryView], bool]) -> list[DeliveryView]:
        with self._kit.db.read() as conn:
            return [one for one in deliveries.listing(conn, limit=_ALL_DELIVERIES) if wanted(one)]

    def _until_settled(self, look: Callable[[], tuple[bool, object]]) -> None:
        """Look until done; give up when what is seen stands still."""
        before, since = None, time.monotonic()
        while True:
            done, seen = look()
            if done:
                return
            if seen != before:
                before, since = seen, time.monotonic()
            elif time.monotonic() - since > _STANDSTILL_SECONDS:
                self._say(f"[red]nothing moved for {_STANDSTILL_SECONDS:.0f} seconds; see the logs[/]")
                return
            self._household.ensure_running()
            time.sleep(_LOOK_SECONDS)

    def _progress(self) -> Progress:
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self._console)

    def _say(self, text: str) -> None:
        self._console.print(f"  {text}")


def _settled(shown: Aanlevering) -> bool:
    return shown.status in _FINISHED and shown.aantallen is not None and shown.aantallen.wachtend == 0


def _refusals(report: Verwerkingsverslag) -> list[tuple[int, str, str]]:
    """(rows, code, Dutch text): states of refused rows, then the errors behind them."""
    states = {info.name: info for info in ROW_STATES.values() if info.group is Group.REFUSED}
    by_state = [
        (number, name, states[name].meaning)
        for name, number in report.aantallen.per_status.items()
        if name in states and number
    ]
    errors = [
        (group.aantal, f"  {group.code}", group.melding)
        for group in report.bevindingen
        if group.ernst is not Ernst.WARNING
    ]
    return sorted(by_state, reverse=True) + sorted(errors, reverse=True)


def _added(numbers: list[AantallenNaarStatus]) -> Counts:
    names = {info.name: state for state, info in ROW_STATES.items()}
    by_state: Counter[RowState] = Counter()
    for number in numbers:
        by_state.update({names[name]: rows for name, rows in number.per_status.items()})
    return count(sum(number.regels for number in numbers), by_state)


def save(ending: Ending, folder: Path) -> None:
    """Keep the last line beside the reports."""
    (folder / "verslagen" / "telling.json").write_text(ending.as_json() + "\n", "utf-8")
