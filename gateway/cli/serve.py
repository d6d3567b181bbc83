"""`signaalpoort serve`."""

import os
import sys

import click

from gateway import log
from gateway.cli import Invocation
from gateway.web.server import openssl_conf_path


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Run the gateway: the listener for machines, the pages, and all the work behind them, until SIGTERM.

    On SQLite exactly one such process; on PostgreSQL as many, on as many hosts, as you like. Logs are JSON lines on
    standard error. Stopping lets requests and deliveries under way end first.

    \b
    Example: signaalpoort --config /etc/signaalpoort/signaalpoort.toml serve
    """
    _restart_with_our_tls()
    from gateway import bootstrap  # only now: the process that starts anew need not load everything twice

    log.configure()
    bootstrap.serve(invocation.settings())


def _restart_with_our_tls() -> None:
    """OpenSSL reads its groups from a file named in the environment, once, at the start: so start anew with it."""
    wanted = str(openssl_conf_path())
    if os.environ.get("OPENSSL_CONF") == wanted:
        return
    environment = os.environ | {"OPENSSL_CONF": wanted}
    os.execve(sys.executable, [sys.executable, "-m", "gateway.cli", *sys.argv[1:]], environment)  # noqa: S606  # ourselves, with the arguments we got
