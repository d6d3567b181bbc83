"""`signaalpoort profile guess FILE` and `profile try PROFILE FILE`: no database is needed, nothing is kept."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import polars as pl
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from contracts.overeenkomst import Experiment, Signaalpartner
from contracts.profiel import Profiel
from contracts.signaal import LCV_SOORTEN, Soort
from gateway import bootstrap
from gateway.cli import EXIT_WRONG_CALL, Invocation, console
from gateway.errors import InvalidInputError, NotFoundError
from gateway.flow.advice import worded
from gateway.flow.kit import AMSTERDAM
from gateway.flow.trial import Row, SplitForm, Trial, guess_file, try_file
from gateway.stages.dialect import FileFinding, read_as
from gateway.stages.explain import explain
from gateway.stages.policy import policy_for
from gateway.stages.profile_checks import problems_of
from gateway.stages.profile_text import profile_text
from gateway.stages.profiles import parse_profile
from gateway.stages.rules import rule
from gateway.stages.rules_field import EFFORT
from gateway.stages.shape import shapes

_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
_NO_PERSON: Final = frozenset({"soort", "signaaltype", "producten", *EFFORT})
"""Columns of which a value says nothing about a resident, and its shape nothing to an operator."""
_NOTHING: Final = "–"


@click.group()
def command() -> None:
    """Describe how the files of one partner are read: propose a profile, try it.

    A profile says what a file cannot show by itself: which column is which, in what order a date stands, what is the
    same for every row. deploy/profiles.md has worked examples; `signaalpoort apply` keeps a profile for a partner.

    \b
    From a file to a profile: signaalpoort profile guess export.csv > sap.toml
                              (mend sap.toml in an editor)
                              signaalpoort profile try sap.toml export.csv
    """


@command.command("guess")
@click.argument("file", type=_FILE)
@click.pass_obj
def guess(invocation: Invocation, file: Path) -> None:
    """Propose a profile for FILE: TOML on standard output, the reason of each line in a comment.

    FILE is a CSV, a workbook or JSON, packed or not. Unknown columns are suggested by the likeness of their name and by
    what their values look like; what is in doubt stands there as a comment. No value of a row is ever printed, nothing
    is kept, and no installation is needed.

    \b
    Example: signaalpoort profile guess achterstanden.xlsx > sap.toml
    """
    today = bootstrap.clock().astimezone(AMSTERDAM).date()
    with file.open("rb") as opened:
        found = guess_file(opened, intake=invocation.settings().intake, today=today)
    if isinstance(found, FileFinding):
        raise InvalidInputError(f"no profile helps to read this file: {_told(found)}")
    click.echo(profile_text(found), nl=False)


@command.command("try")
@click.argument("profile", type=_FILE)
@click.argument("file", type=_FILE)
@click.option("--rijen", default=3, show_default=True, type=click.IntRange(0, 1000), help="Show so many rows.")
@click.option("--partner", help="Check as for this signaalpartner of the installation: its kinds, constants, fields.")
@click.option(
    "--soort",
    "soorten",
    multiple=True,
    type=click.Choice(sorted(soort.value for soort in LCV_SOORTEN)),
    help="Check as for a partner of this kind; repeat for more. Without it and --partner: all four.",
)
@click.option("--toon-waarden", is_flag=True, help="Show values as they are. Without it: their shape, Aaa 999.")
@click.pass_obj
def attempt(
    invocation: Invocation,
    profile: Path,
    file: Path,
    rijen: int,
    partner: str | None,
    soorten: tuple[str, ...],
    toon_waarden: bool,
) -> None:
    """Read FILE by PROFILE and show what becomes of it, keeping and sending nothing.

    First how the file is read and why; then the first rows, field by field, before and after; how names and addresses
    in one column are split; and the findings of the whole file by cause. Overeenkomsten are not asked. The exit status
    is 1 when the profile does not fit or the whole file would be refused.

    \b
    Examples: signaalpoort profile try sap.toml achterstanden.xlsx
              signaalpoort profile try sap.toml export.csv --soort energie --rijen 10 --toon-waarden
              signaalpoort --config signaalpoort.toml profile try sap.toml export.csv --partner woningstichting
    """
    who, experiments = _who(invocation, partner, soorten)
    profiel = _profile(profile, who if partner else None)
    today = bootstrap.clock().astimezone(AMSTERDAM).date()
    policy = policy_for(who, experiments, received_on=today, profiel=profiel)
    with file.open("rb") as opened:
        trial = try_file(opened, profiel=profiel, policy=policy, intake=invocation.settings().intake, rows=rijen)
    _print(console(), trial, show_values=toon_waarden)
    if trial.fatal is not None:
        sys.exit(EXIT_WRONG_CALL)


def _profile(file: Path, partner: Signaalpartner | None) -> Profiel:
    try:
        profiel = parse_profile(file.read_text("utf-8"))
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is not UTF-8") from None
    problems = problems_of(profiel, partner)
    if problems:
        raise InvalidInputError(f"{len(problems)} mistakes in the profile", problems)
    return profiel


def _who(
    invocation: Invocation, partner: str | None, soorten: Sequence[str]
) -> tuple[Signaalpartner, tuple[Experiment, ...]]:
    if partner is None:
        kinds = tuple(Soort(soort) for soort in soorten) or tuple(sorted(LCV_SOORTEN))
        return Signaalpartner(key="proef", naam="proef", oin="", soorten=kinds), ()
    if soorten:
        raise click.UsageError("--partner knows its kinds: leave --soort out")
    with bootstrap.open_kit(invocation.settings()) as kit, kit.db.read() as conn:
        directory = kit.directories.load(conn)
    if partner not in directory.partners:
        raise NotFoundError(f"there is no signaalpartner {partner}; there are {', '.join(sorted(directory.partners))}")
    return directory.partners[partner], directory.experimenten


def _print(screen: Console, trial: Trial, *, show_values: bool) -> None:
    for part in _parts(trial, show_values=show_values):
        screen.print(part, highlight=False)


def _parts(trial: Trial, *, show_values: bool) -> Iterator[str | Table]:
    if trial.dialect is not None:
        yield f"[bold]{escape(read_as(trial.dialect))}[/]"
        yield from (f"  {escape(reason)}" for reason in explain(trial.dialect))
    for row in trial.first:
        yield _row_table(row, show_values=show_values)
    for column, forms in trial.splits.items():
        yield _split_table(column, forms, show_values=show_values)
    refused = trial.rows - trial.going
    if trial.rows and trial.fatal is None:
        yield f"[bold]{trial.rows:,} rows[/]: {trial.going:,} go on as far as the file decides, {refused:,} are refused"
    if trial.findings or trial.file_findings:
        yield _finding_table(trial)
    if trial.fatal is not None:
        yield f"[bold red]The whole file would be refused:[/] {escape(_told(trial.fatal))}"


def _table(title: str, *columns: str) -> Table:
    heads = (Column(name, overflow="fold") for name in columns)
    return Table(*heads, box=SIMPLE, title=title, title_justify="left")


def _row_table(row: Row, *, show_values: bool) -> Table:
    verdict = "goes on" if row.goes_on else "is refused"
    table = _table(f"row {row.row_no} {verdict}", "in the file", "before", "column", "after")
    for cell in row.cells:
        header = "[dim]constant[/]" if cell.header is None else escape(cell.header)
        before = _shown(cell.before, "", show_values=show_values)
        for column, after in cell.after.items():
            table.add_row(header, before, column, _shown(after, column, show_values=show_values))
            header, before = "", ""
    return table


def _split_table(column: str, forms: Sequence[SplitForm], *, show_values: bool) -> Table:
    parts = list(forms[0].after)
    table = _table(f"how {column} is split, by form", "texts", column, *parts, "")
    for form in forms:
        after = (_shown(form.after[part], "", show_values=show_values) for part in parts)
        doubt = "[yellow]in doubt[/]" if form.doubtful else ""
        table.add_row(f"{form.texts:,}", _shown(form.before, "", show_values=show_values), *after, doubt)
    return table


def _finding_table(trial: Trial) -> Table:
    table = _table("findings by cause", "rows", "first", "finding", "what and what to do")
    for finding in trial.file_findings:
        found = rule(finding.code)
        table.add_row("file", str(finding.row_no or ""), _code(finding.code), escape(_told(finding)))
    for count in trial.findings:
        found = rule(count.code)
        first = ", ".join(map(str, count.eerste_regels[:3]))
        table.add_row(f"{count.aantal:,}", first, _code(count.code), escape(f"{found.melding} {found.wat_te_doen}"))
    return table


def _code(code: str) -> str:
    return f"{code} ({rule(code).ernst})"


def _told(finding: FileFinding) -> str:
    found = rule(finding.code)
    return f"{worded(found, finding.vorm)} {found.wat_te_doen}"


def _shown(text: str | None, column: str, *, show_values: bool) -> str:
    if not text:
        return _NOTHING
    if show_values or column in _NO_PERSON:
        return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))
    return escape(shapes(pl.Series([text]), "")[0])
