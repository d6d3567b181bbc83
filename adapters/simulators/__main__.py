"""`python -m adapters.simulators vps --port 9443 --state DIR`: one simulator as a process of its own."""

import argparse
import asyncio
import datetime as dt
import logging
import socket
import sys
from pathlib import Path

from adapters.config import AdapterConfigError, read_secret
from adapters.simulators.behaviour import load_behaviour
from adapters.simulators.outcomes import Gateway
from adapters.simulators.serving import KINDS, Listener, Setup, build, serve


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251  # this process is its own composition root


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m adapters.simulators", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="folder for what it remembers")
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--behaviour", type=Path, help="TOML; see adapters/simulators/behaviour.py")
    parser.add_argument("--token-file", type=Path, help="the bearer token that callers must show")
    parser.add_argument("--secret-file", type=Path, action="append", default=[], help="partner: a whsec_ secret")
    parser.add_argument("--gateway", help="base address to push results to")
    parser.add_argument("--gateway-token-file", type=Path)
    parser.add_argument("--gateway-ca", type=Path)
    return parser.parse_args(argv)


def _setup(given: argparse.Namespace) -> Setup:
    gateway = None
    if given.gateway is not None and given.gateway_token_file is not None:
        token = read_secret(given.gateway_token_file).reveal()
        gateway = Gateway(url=given.gateway, token=token, ca_file=given.gateway_ca)
    return Setup(
        kind=given.kind,
        state=given.state,
        behaviour=load_behaviour(given.behaviour),
        token=None if given.token_file is None else read_secret(given.token_file).reveal(),
        secrets=[read_secret(file).reveal() for file in given.secret_file],
        gateway=gateway,
    )


async def _serve(setup: Setup, listener: Listener) -> None:
    simulator = build(setup, _now)
    sock = socket.create_server((listener.host, listener.port))
    sys.stdout.write(f"{setup.kind} listens on {listener.host}:{sock.getsockname()[1]}\n")
    sys.stdout.flush()
    try:
        await serve(simulator, listener, sock, asyncio.Event())
    finally:
        simulator.memory.close()


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal; prints one line once it listens."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    given = _arguments(argv)
    try:
        setup = _setup(given)
    except AdapterConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    listener = Listener(port=given.port, host=given.host, certificate=given.tls_cert, key=given.tls_key)
    asyncio.run(_serve(setup, listener))
    return 0


if __name__ == "__main__":
    sys.exit(main())
