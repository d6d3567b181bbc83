"""`signaalpoort demo`: the main job on the embedded default, with everything around it simulated."""

import os
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from gateway import bootstrap
from gateway.cli.demo.callers import Admin, Partner, await_gateway
from gateway.cli.demo.configuration import ENERGY, LANDLORD, Ports
from gateway.cli.demo.installation import Installation
from gateway.cli.demo.processes import Household, ensure_free, household
from gateway.cli.demo.story import Ending, Story, save
from gateway.flow.kit import AMSTERDAM
from gateway.settings import load_settings

NOT_RECONCILED = 1


@click.command()
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True, help="Made anew."
)
@click.option("--https-port", default=8443, show_default=True, envvar="HTTPS_PORT", help="For machines.")
@click.option("--pages-port", default=8444, show_default=True, envvar="PAGES_PORT", help="For people.")
@click.option("--rows", default=50_000, show_default=True, type=click.IntRange(342), help="Of the energy company.")
@click.option("--once", is_flag=True, help="Stop after the story.")
def command(folder: Path, https_port: int, pages_port: int, rows: int, once: bool) -> None:
    """Show the main job: two files in, every gemeente served, feedback back, every row accounted for.

    Makes a local authority and an SQLite installation in ./var/demo, starts the gateway, simulators of VPS and RIS and
    a partner's webhook receiver, pushes the file of a landlord (8 rows out of Excel) and of an energy company (50,000
    rows, 342 gemeenten), and tells what happens. The last line of the story is a JSON object with the counts; the exit
    status is 1 when they do not reconcile.

    \b
    Example: signaalpoort demo --once
    """
    folder = folder.absolute()
    console = Console()
    with household(folder) as running:
        ensure_free(https_port, "HTTPS_PORT")
        ensure_free(pages_port, "PAGES_PORT")
        ending = _play(folder, Ports(https=https_port, pages=pages_port), rows, running, console)
        if not once:
            _stay(folder, Ports(https=https_port, pages=pages_port), running, console)
    if not ending.reconciles:
        sys.exit(NOT_RECONCILED)


def _play(folder: Path, ports: Ports, rows: int, running: Household, console: Console) -> Ending:
    console.rule("[bold]Setting up")
    installation = Installation(folder, ports, console)
    moment = bootstrap.clock()
    installation.write(moment=moment, day=moment.astimezone(AMSTERDAM).date(), rows=rows)
    token = installation.configure()
    installation.start(running)
    url, ca = f"https://localhost:{ports.https}", folder / "certificates" / "ca.pem"
    await_gateway(url, ca)
    certificate = tuple(folder / "certificates" / f"{ENERGY}-client.{ending}" for ending in ("pem", "key"))
    console.rule("[bold]The main job")
    with (
        Partner(url, ca, token=token) as landlord,
        Partner(url, ca, certificate=(certificate[0], certificate[1])) as energy,
        Admin(ca) as admin,
        bootstrap.open_kit(load_settings(folder / "signaalpoort.toml", {})) as kit,
    ):
        ending = Story(installation, running, kit, console).tell({LANDLORD: landlord, ENERGY: energy}, admin)
    save(ending, folder)
    _conclude(ending, folder, console)
    return ending


def _conclude(ending: Ending, folder: Path, console: Console) -> None:
    numbers = ending.counts
    console.rule("[bold]Every row accounted for" if ending.reconciles else "[bold red]The counts do not reconcile")
    console.print(
        f"  {numbers.rows:,} rows = {numbers.refused:,} refused + {numbers.delivered:,} delivered + "
        f"{numbers.waiting:,} waiting"
    )
    for key in (LANDLORD, ENERGY):
        console.print(f"  report of {key}: {folder / 'verslagen' / key}.html", soft_wrap=True)
    click.echo(ending.as_json())


def _stay(folder: Path, ports: Ports, running: Household, console: Console) -> None:
    config = os.path.relpath(folder / "signaalpoort.toml")
    console.rule("[bold]Still running; Ctrl-C stops it")
    console.print(f"  pages     https://localhost:{ports.pages}/  and  /regels", soft_wrap=True)
    console.print(f"  machines  https://localhost:{ports.https}/v1/openapi.json", soft_wrap=True)
    console.print(f"  authority {folder / 'certificates' / 'ca.pem'} (your browser does not know it)", soft_wrap=True)
    console.print(f"  look in   .venv/bin/signaalpoort --config {config} deliveries --limit 10", soft_wrap=True)
    try:
        while True:
            running.ensure_running()
            time.sleep(1.0)
    except KeyboardInterrupt:
        console.print("  stopping")
