"""`signaalpoort referentie`: load, list and look up postcodes, gemeenten and mergers."""

import datetime as dt
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from gateway import bootstrap
from gateway.cli import Invocation, console
from gateway.errors import NotFoundError
from gateway.flow import reference as flow
from gateway.flow.kit import Kit
from gateway.flow.reference import Part, Plan
from gateway.flow.reference_picture import Named, PostcodePicture, gemeenten_picture, postcode_picture
from gateway.flow.reference_search import Found, FoundGemeente, find_address, find_gemeenten
from gateway.store import reference
from gateway.store.reference import Kind, Version

_POSTCODE: Final = re.compile(r"[1-9]\d{3} ?[A-Za-z]{2}")
_DIGITS: Final = re.compile(r"[1-9]\d{3}")
_DAY: Final = click.DateTime(["%Y-%m-%d"])
_COUNTS: Final = {
    "pc4": "postcodes of four digits",
    "whole": "of them wholly in one gemeente",
    "pc6": "kept with their letters",
    "runs": "kept by house number",
    "gemeenten": "gemeenten",
}


@click.group()
def command() -> None:
    """Look after what tells in which gemeente an address lies: postcodes, gemeenten, mergers.

    Each file that is loaded is a version that holds from a day on; the one in force on the day on which a file of a
    partner was received decides. deploy/runbook.md has the yearly round.
    """


@command.command("laden")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--droog", "dry", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--vanaf", "from_day", type=_DAY, metavar="JJJJ-MM-DD", help="From when it holds; else 1 January of its year."
)
@click.option(
    "--onvolledig", "incomplete", is_flag=True, help="Take CBS's addresses although gemeenten are missing in them."
)
@click.pass_obj
def load(
    invocation: Invocation, /, files: tuple[Path, ...], dry: bool, from_day: dt.datetime | None, incomplete: bool
) -> None:
    """Load FILES: all of them, or on the first mistake none. Running processes take them over at once.

    \b
    What each is, is told by its header; a zip or workbook is looked into:
      addresses  CBS "buurt, wijk en gemeente voor postcode-huisnummer", the zip as it is or the csv in it:
                 PC6;Huisnummer;Buurt2026;Wijk2026;Gemeente2026. About 8 million lines, half a minute.
      postcodes  GeoNames' NL.txt (CC-BY 4.0; four digits only), or two columns pc4;gemeentecode
      gemeenten  CBS's list of a year, workbook or csv: Gemeentecode, GemeentecodeGM, Gemeentenaam, ...
      mergers    oud;nieuw;datum, one line for each code that ended and each code that has its area
    A table holds from 1 January of the year in its header or name, until a later one; one of the same day replaces it.
    With the addresses a house number decides where a postcode lies in two gemeenten; with four digits alone such a row
    needs its gemeentecode. Without any table, rows are routed by their own gemeentecode.

    \b
    Examples: signaalpoort referentie laden --droog 2026-cbs-pc6huisnr20260801_buurt.zip
              signaalpoort referentie laden "Gemeenten alfabetisch 2027.xlsx" herindelingen-2027.csv
              signaalpoort referentie laden NL.txt
    """
    with bootstrap.open_kit(invocation.settings()) as kit:
        day = None if from_day is None else from_day.date()
        with _progress() as heard:
            made = flow.plan(kit, files, progress=heard, from_day=day, incomplete=incomplete)
        for part in made.parts:
            _show_part(kit, made, part)
        for name in made.passed:
            click.echo(f"passed over: {name}")
        if dry:
            click.echo("nothing was changed (--droog)")
        else:
            click.echo("loaded" if flow.load(kit, made) else "already current: nothing was changed")


@contextmanager
def _progress() -> Iterator[flow.Progress]:
    """A bar per file on a terminal; nothing elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:

        def heard(name: str, size: int, read: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(Path(name).name, total=size)
            bar.advance(tasks[name], read)

        yield heard


def _show_part(kit: Kit, made: Plan, part: Part) -> None:
    new = part.new
    old = "" if part.replaces is None or part.same else f", in the place of {_loaded(part.replaces)}"
    same = "; these are loaded already" if part.same else old
    click.echo(f"{new.kind} from {new.valid_from}: {part.name}, {new.lines:,} lines, sha256 {new.sha256[:16]}{same}")
    match new.kind:
        case Kind.POSTCODES:
            _show_postcodes(postcode_picture(kit, part, made.after), part, made)
        case Kind.GEMEENTEN:
            picture = gemeenten_picture(made, new.valid_from)
            click.echo(f"  {picture.after} gemeenten, {picture.before} before")
            for word, named in (("new", picture.came), ("gone", picture.went), ("renamed", picture.renamed)):
                _show_named(word, named)
        case Kind.OPVOLGERS:
            for end in made.after.opvolgingen.values():
                if end.vanaf.year == new.valid_from.year:
                    went = ", ".join(f"{code} {made.after.naam(code)}".strip() for code in end.opvolgers)
                    click.echo(f"  {end.vanaf}  {end.code} {end.naam} -> {went}")


def _show_named(word: str, named: tuple[Named, ...]) -> None:
    for one in named:
        click.echo(f"  {word}: {one.code} {one.naam}{f' -> {one.where}' if one.where else ''}")


def _show_postcodes(picture: PostcodePicture, part: Part, made: Plan) -> None:
    table = Table("", "now", "new", "difference", box=SIMPLE)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, meaning in _COUNTS.items():
        after: int = getattr(picture.after, name)
        before: int | None = None if picture.before is None else getattr(picture.before, name)
        shown = ("-", f"{after:,}", "") if before is None else (f"{before:,}", f"{after:,}", f"{after - before:+,}")
        table.add_row(meaning, *shown)
    console().print(table)
    naam = made.after.naam
    for word, codes in (("gained", picture.came), ("lost", picture.went), ("without a postcode", part.missing)):
        if codes:
            click.echo(f"  {word}: {', '.join(f'{code} {naam(code)}' for code in codes)}")
    for move in picture.moves:
        click.echo(f"  {move.pc4}: {' and '.join(map(naam, move.before))} -> {' and '.join(map(naam, move.after))}")
    if picture.moved > len(picture.moves):
        click.echo(f"  and {picture.moved - len(picture.moves):,} more postcodes that lie elsewhere than before")


def _loaded(version: Version) -> str:
    return f"that of {version.loaded_at:%Y-%m-%d} ({version.source}, sha256 {version.sha256[:16]})"


@command.command("toon")
@click.pass_obj
def show(invocation: Invocation) -> None:
    """List the versions that are loaded, and which of them are in force today.

    \b
    Example: signaalpoort referentie toon
    """
    with bootstrap.open_kit(invocation.settings()) as kit:
        with kit.db.read() as conn:
            found = reference.versions(conn)
            used = [reference.in_force(conn, kind, on=kit.today()) for kind in (Kind.POSTCODES, Kind.GEMEENTEN)]
            indeling = reference.load_indeling(conn)
        number = len(indeling.gemeenten(kit.today()))
        lijst = indeling.lijst(kit.today())
    table = Table("what", "from", "made from", "lines", "kept", "loaded", "sha256", "", box=SIMPLE)
    for version in found:
        mark = "in force" if version in used or version.kind is Kind.OPVOLGERS else ""
        cells = (version.kind, version.valid_from, version.source, f"{version.lines:,}", f"{version.entries:,}")
        table.add_row(*map(str, cells), f"{version.loaded_at:%Y-%m-%d %H:%M}", version.sha256[:16], mark)
    if found:
        console().print(table)
    packaged = "" if any(v is not None and v.kind is Kind.GEMEENTEN for v in used) else ", the packaged one"
    click.echo(f"today {number} gemeenten, by the list from {lijst.van}{packaged}")
    if used[0] is None:
        click.echo("no postcodes are loaded: rows are routed by their own gemeentecode")


@command.command("zoek")
@click.argument("what", nargs=-1, required=True)
@click.option("--op", "on", type=_DAY, metavar="JJJJ-MM-DD", help="On that day; else today.")
@click.pass_obj
def find(invocation: Invocation, what: tuple[str, ...], on: dt.datetime | None) -> None:
    """Look up WHAT: a postcode, with or without a house number, a gemeente by name, or a code.

    It answers as routing does for a file that is received on that day.

    \b
    Examples: signaalpoort referentie zoek 1234AB 12
              signaalpoort referentie zoek 1234AB 12 --op 2026-12-31
              signaalpoort referentie zoek Utrecht
              signaalpoort referentie zoek 0344
    """
    text, number = _asked(what)
    with bootstrap.open_kit(invocation.settings()) as kit:
        day = kit.today() if on is None else on.date()
        shown = False
        if _POSTCODE.fullmatch(text) or _DIGITS.fullmatch(text):
            _show_address(text.upper(), number, find_address(kit, text, number, on=day), day)
            shown = True
        if not _POSTCODE.fullmatch(text):
            gemeenten = find_gemeenten(kit, text, on=day)
            for found in gemeenten:
                _show_gemeente(found, day)
            if not gemeenten and not shown:
                raise NotFoundError(f"no gemeente is or was called {text}, or has that code")


def _asked(what: tuple[str, ...]) -> tuple[str, int | None]:
    """("1234AB", 12) of 1234AB 12, 1234 AB 12 or "1234AB 12"; else the words as one name."""
    text = " ".join(what).strip()
    match = re.fullmatch(r"([1-9]\d{3}) ?([A-Za-z]{2})?(?: +(\d{1,5}))?", text)
    if match is None:
        return text, None
    return match[1] + (match[2] or ""), None if match[3] is None else int(match[3])


def _show_address(text: str, number: int | None, found: Found, day: dt.date) -> None:
    place = text if number is None else f"{text} {number}"
    answer = f"{found.code} {found.naam}" if found.code is not None else f"no gemeente: {found.why}"
    click.echo(f"{place} on {day}: {answer}")
    for line in found.lines:
        numbers = "" if line.van is None else f" {line.van}-{line.tot} {'odd' if line.van % 2 else 'even'}"
        click.echo(f"  {line.postcode}{numbers}: {line.code} {line.naam}")
    version = found.version
    click.echo(f"  by the postcodes from {version.valid_from} ({version.source}, loaded {version.loaded_at:%Y-%m-%d})")


def _show_gemeente(found: FoundGemeente, day: dt.date) -> None:
    state = "in force" if found.in_force else "not in force"
    click.echo(f"{found.code} {found.naam}: {state} on {day}, by the list from {found.listed_from}")
    if found.ended is not None:
        click.echo(f"  ended on {found.ended}; its area went to {found.went}")
    for other in found.took:
        click.echo(f"  has the area of {other}")
    if found.postcodes:
        click.echo(f"  postcodes: {', '.join(found.postcodes)}")
    if found.shared:
        click.echo(f"  shared with others: {', '.join(found.shared)}")
