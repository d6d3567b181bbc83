"""`python -m tests.bench [--quick] [NAME...]`: measure against the peers, one bench after the other, never two at once.

Every figure is one JSON line on standard output: `bench, value, limit, peer, ratio, target, met`. `ratio` is value over
peer, both taken in the same run, because on a machine that others use only ratios hold. Progress and a table at the end
go to standard error. QUICK=1 in the environment is --quick: smaller sizes, done within a minute on two cores.

The exit status is 1 when a target is missed or a bench could not run; in a quick run a missed target is only told, for
small sizes measure starting more than running.

* pipeline: a file on disk → committed deliveries and report, against its floor and the obvious way
* reading:  every rule on every row, against plain reading, by hand and frictionless; other encodings, all rows bad
* reference: eight million addresses loaded; what they cost routing
* small:    how soon the report of eight rows is ready, against the bare request
* intake:   HTTPS with digest and sealing, against nginx's plain PUT
* queue:    deliveries a second, against procrastinate and DBOS
* takeover: how long a dead worker's work waits
* country:  the whole country's month, and where its time goes; draws var/bench/country_*.svg and .png
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

BENCHES: Final = ("pipeline", "reading", "reference", "small", "intake", "queue", "takeover", "country")
"""In this order; each is a module here with `run(*, quick) -> list of figures`."""
MISSED: Final = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benches named, or all; the exit status."""
    given = _arguments(argv)
    console = Console(stderr=True)
    figures: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    started = time.monotonic()
    for nth, name in enumerate(given.names, 1):
        console.print(f"[bold]\\[{nth}/{len(given.names)}] {name}[/]{' (quick)' if given.quick else ''}")
        began = time.monotonic()
        try:
            with console.status(f"measuring {name}"):
                figures += importlib.import_module(f"tests.bench.{name}").run(quick=given.quick)
        except Exception as error:
            failed[name] = _reason(error)
            console.print(f"  [red]could not run:[/] {escape(failed[name])}")
        console.print(f"  [dim]{time.monotonic() - began:.1f} s[/]")
    console.print(_table(figures, failed))
    console.print(f"[dim]{time.monotonic() - started:.0f} s in all[/]")
    missed = [figure["bench"] for figure in figures if not figure["met"]]
    if missed and given.quick:
        console.print("A quick run misses targets that a full run may meet; it does not fail by them.")
    return MISSED if failed or (missed and not given.quick) else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    in_environment = os.environ.get("QUICK", "") not in ("", "0")
    parser.add_argument("--quick", action="store_true", default=in_environment, help="small sizes, within a minute")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; none: all")
    given = parser.parse_args(argv)
    unknown = set(given.names) - set(BENCHES)
    if unknown:
        parser.error(f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    given.names = given.names or list(BENCHES)
    return given


def _reason(error: Exception) -> str:
    """What our benches say themselves (a peer that is missing), or what else went wrong and where."""
    if isinstance(error, RuntimeError):
        return str(error)
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = "" if where is None else f" ({where.tb_frame.f_code.co_filename}:{where.tb_lineno})"
    return f"{type(error).__name__}: {error}{place}"


def _table(figures: Sequence[dict[str, Any]], failed: dict[str, str]) -> Table:
    table = Table(title="signaalpoort, measured")
    table.add_column("bench", no_wrap=True)
    for column in ("value", "peer", "ratio", "must be"):
        table.add_column(column, justify="right")
    table.add_column("")
    for figure in figures:
        unit, judged = figure.get("unit", ""), figure["target"] is not None
        table.add_row(
            figure["bench"],
            f"{figure['value']:,.5g} {unit}",
            f"{figure['peer']:,.5g} {unit}" if figure["peer"] is not None else "",
            f"{figure['ratio']:.2f}" if figure["ratio"] is not None else "",
            figure["limit"] if judged else "",
            ("[green]met[/]" if figure["met"] else "[red]MISSED[/]") if judged else "told",
        )
    for name, reason in failed.items():
        table.add_row(name, "", "", "", "", f"[red]{escape(reason)}[/]")
    return table


if __name__ == "__main__":
    sys.exit(main())
