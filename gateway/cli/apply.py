"""`signaalpoort apply FILE`."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from gateway import bootstrap
from gateway.cli import Invocation
from gateway.errors import InvalidInputError
from gateway.flow.apply import Action, Change, Plan, apply, parse_document, plan
from gateway.flow.reference import gemeenten_in_force

_SIGNS: Final = {Action.CREATE: "+", Action.CHANGE: "~", Action.DELETE: "-", Action.SAME: "="}
_LONGEST: Final = 60
"""Characters of a value in the plan."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--plan", "plan_only", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--adopt", is_flag=True, help="Take over what the portal made; without it such a file is refused.")
@click.pass_obj
def command(invocation: Invocation, file: Path, plan_only: bool, adopt: bool) -> None:
    """Make partners, their profiles, gemeenten, systems, credentials and overeenkomsten as FILE says.

    Idempotent: the second time nothing changes. What FILE does not name stays; only `verwijderen` deletes. Running
    processes take the new configuration over at once. deploy/example/apply.toml explains every key.

    \b
    Example: signaalpoort apply partners.toml --plan
             signaalpoort apply partners.toml
    """
    with bootstrap.open_kit(invocation.settings()) as kit:
        document = parse_document(
            _text(file), lambda name: _text(file.parent / name), gemeenten=gemeenten_in_force(kit)
        )
        made = plan(kit, document, adopt=adopt, check_systeem=bootstrap.check_systeem)
        for line in _lines(made):
            click.echo(line)
        if not plan_only:
            click.echo(f"generation {apply(kit, made)}")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is not UTF-8") from None
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}") from None


def _lines(made: Plan) -> Iterator[str]:
    for change in made.effective:
        yield from _change(change)
    counts = Counter(change.action for change in made.changes)
    yield ", ".join(f"{counts[action]} {action}" for action in Action)


def _change(change: Change) -> Iterator[str]:
    yield f"{_SIGNS[change.action]} {change.kind}/{change.key}"
    for field in change.fields:
        yield f"    {field.name}: {_short(field.old)} -> {_short(field.new)}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
