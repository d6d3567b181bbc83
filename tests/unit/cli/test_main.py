"""The frame of the command line: commands are found, errors are sentences, help teaches."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway import cli, errors


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        with click.Context(command) as ctx:
            for sub in command.list_commands(ctx):
                child = command.get_command(ctx, sub)
                assert child is not None
                yield from walk(child, f"{name} {sub}")


EVERY = list(walk(cli.main, "signaalpoort"))
LEAVES = [(name, command) for name, command in EVERY if not isinstance(command, click.Group)]


def test_every_file_of_a_command_is_a_command() -> None:
    folder = Path(cli.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert files - {"__init__", "__main__"} == set(cli.COMMANDS)


@pytest.mark.parametrize(("name", "command"), LEAVES, ids=[name for name, _ in LEAVES])
def test_help_teaches_with_an_example(name: str, command: click.Command) -> None:
    assert command.help is not None
    example = command.help.partition("Example")[2]
    assert re.search(rf"signaalpoort (--config \S+ )?{name.partition(' ')[2]}", example)


@pytest.mark.parametrize(("name", "command"), EVERY, ids=[name for name, _ in EVERY])
def test_every_option_says_what_it_is(name: str, command: click.Command) -> None:
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_an_unknown_command_is_wrong_use() -> None:
    assert CliRunner().invoke(cli.main, ["bestaatniet"]).exit_code == 2


def test_an_error_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[database]\nkleur = 1\n", "utf-8")
    result = CliRunner().invoke(cli.main, ["--config", str(settings), "migrate"])
    assert result.exit_code == cli.EXIT_SETTINGS
    assert result.stderr.startswith("signaalpoort: settings: ")
    assert "kleur" in result.stderr
    assert "Traceback" not in result.output


def test_all_problems_of_an_input_are_listed() -> None:
    problems = [errors.Problem(location=f"line {n}", detail="no") for n in (1, 2)]
    lines = list(cli.sentences(errors.InvalidInputError("bad", problems)))
    assert lines == ["signaalpoort: bad", "  line 1: no", "  line 2: no"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.SettingsError("x"), 3),
        (errors.StoreUnavailableError("x"), 4),
        (errors.NotFoundError("x"), 1),
        (errors.ReceiverError("x"), 1),
    ],
)
def test_exit_status_tells_whose_turn_it_is(error: errors.GatewayError, status: int) -> None:
    assert cli.exit_status(error) == status


def test_version_says_what_it_stands_on() -> None:
    assert "SQLite" in CliRunner().invoke(cli.main, ["version"]).output
