"""What an adapter is opened with: its configuration, its secrets, the clock and the dice."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

Clock = Callable[[], dt.datetime]
"""Now, aware, in UTC."""
Dice = Callable[[int], bytes]
"""n random bytes."""

Path_ = Annotated[str, Meta(min_length=1, description="path of a file")]


class AdapterConfigError(Exception):
    """Configuration that does not fit. The message names system, key and mend; never a secret."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an adapter takes from the process around it; it reads no environment and no clock of its own."""

    clock: Clock
    dice: Dice


class HttpConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every adapter over HTTP needs. `timeout_seconds` bounds one whole exchange, connecting included."""

    url: Annotated[str, Meta(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", description="base address")]
    """Base address of the system; the paths below it stand in the mapping file."""
    token_file: Path_ | None = None
    """Holds the bearer token that this installation shows."""
    ca_file: Path_ | None = None
    """PEM of the authorities that sign the system's certificate; None: the public ones."""
    client_cert_file: Path_ | None = None
    """PEM of the client certificate that this installation shows."""
    client_key_file: Path_ | None = None
    """PEM of its private key."""
    timeout_seconds: Annotated[int, Meta(ge=1, le=300)] = 12
    """Bounds one whole exchange, connecting included."""
    connections: Annotated[int, Meta(ge=1, le=64)] = 8
    """Connections kept open to the system."""


class Secret:
    """A secret that masks its own repr."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        """Show nothing."""
        return "Secret(***)"

    def reveal(self) -> str:
        """The secret itself, for the one place that sends or signs with it."""
        return self._value


def read_secret(file: str | Path) -> Secret:
    """The first line of `file`; raises AdapterConfigError when it cannot be read or is empty."""
    try:
        text = Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AdapterConfigError(f"cannot read the secret file {file}: {type(error).__name__}") from None
    value = text.strip().partition("\n")[0].strip()
    if not value:
        raise AdapterConfigError(f"the secret file {file} is empty")
    return Secret(value)
