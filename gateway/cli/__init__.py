"""The command line: `signaalpoort COMMAND`. One file per command; a command is imported when it is called.

An error raised on purpose is one sentence on standard error and an exit status, never a traceback.
"""

import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from gateway import __version__
from gateway.errors import GatewayError, InvalidInputError, OurError, SettingsError
from gateway.settings import Settings, load_settings

COMMANDS: Final = (
    "apply", "bevestig", "check", "deliveries", "demo", "docs", "hold", "keys", "migrate", "openapi", "pause",
    "profile", "referentie", "release", "replay", "resume", "serve", "show", "token", "version", "work",
)  # fmt: skip
"""Each is `gateway/cli/<name>.py` with a click command called `command`."""

EXIT_WRONG_CALL: Final = 1
EXIT_SETTINGS: Final = 3
EXIT_OURS: Final = 4
_WIDE: Final = 160


@dataclass(frozen=True)
class Invocation:
    """What stands before the command: where the settings are."""

    config: Path | None

    def settings(self) -> Settings:
        """Read them, with the environment on top; raises SettingsError."""
        return load_settings(self.config, os.environ)


class Commands(click.Group):
    """Finds commands by name; turns the error tree into sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command; None when there is no such name."""
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"gateway.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run; an error raised on purpose ends with its sentence and its exit status."""
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            for line in sentences(error):
                click.echo(line, err=True)
            ctx.exit(exit_status(error))


def console() -> Console:
    """Where tables are printed: as wide as the terminal, wide enough for whole lines elsewhere."""
    made = Console()
    return made if made.is_terminal else Console(width=_WIDE)


def sentences(error: GatewayError) -> Iterator[str]:
    """The error for a terminal: its sentence, then each problem on a line."""
    yield f"signaalpoort: {error}"
    if isinstance(error, InvalidInputError):
        for problem in error.problems:
            yield f"  {problem.location}: {problem.detail}"


def exit_status(error: GatewayError) -> int:
    """3: settings must change; 4: our side (database, disk, keys); 1: what was asked for does not fit."""
    match error:
        case SettingsError():
            return EXIT_SETTINGS
        case OurError():
            return EXIT_OURS
        case _:
            return EXIT_WRONG_CALL


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SIGNAALPOORT_CONFIG",
    show_envvar=True,
    help="Settings file (TOML). Without one: the defaults, in ./var.",
)
@click.version_option(__version__, package_name="signaalpoort")
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """The one delivery point for vroegsignalering: a file in, every gemeente served, feedback back.

    \b
    A first look:       signaalpoort demo
    A new installation: signaalpoort migrate
                        signaalpoort apply partners.toml --plan
                        signaalpoort check
                        signaalpoort serve
    """
    ctx.obj = Invocation(config)
