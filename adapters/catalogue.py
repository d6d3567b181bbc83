"""Which adapters there are: name → (config type, open). A gemeente's system names one of them in `adapter`.

Third parties add theirs by an entry point of the group `signaalpoort.adapters` that loads to an `Entry`:

    [project.entry-points."signaalpoort.adapters"]
    mijnsysteem = "mijnpakket:ENTRY"
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.config import AdapterConfigError, Clock, Dice, Surroundings
from adapters.rest import RestConfig, open_rest
from adapters.ris import RisConfig, open_ris
from adapters.vps import VpsConfig, open_vps
from adapters.webhook import open_webhook as _open_webhook
from contracts.overeenkomst import Systeem, Webhook
from contracts.ports import Adapter

GROUP: Final = "signaalpoort.adapters"


@dataclass(frozen=True)
class Entry:
    """A kind of adapter. `open` gets a value of `config` and raises AdapterConfigError; nothing is sent yet."""

    config: type[Struct]
    open: Callable[[Any, Surroundings], Adapter]


ADAPTERS: Final[dict[str, Entry]] = {
    "vps": Entry(VpsConfig, open_vps),
    "ris": Entry(RisConfig, open_ris),
    "rest": Entry(RestConfig, open_rest),
}


def entry(name: str) -> Entry:
    """The adapter `name`: ours first, then installed ones; raises AdapterConfigError when there is none."""
    if name in ADAPTERS:
        return ADAPTERS[name]
    for point in entry_points(group=GROUP, name=name):
        try:
            found = point.load()
        except (ImportError, AttributeError) as error:
            raise AdapterConfigError(f"adapter {name}: cannot be loaded ({type(error).__name__})") from None
        if not isinstance(found, Entry):
            raise AdapterConfigError(f"adapter {name}: its entry point does not load to an adapters.catalogue.Entry")
        return found
    raise AdapterConfigError(f"adapter {name} does not exist; there are: {', '.join(names())}")


def names() -> list[str]:
    """All adapters that a system can name."""
    return sorted({*ADAPTERS, *(point.name for point in entry_points(group=GROUP))})


def check_config(systeem: Systeem) -> Struct:
    """The typed configuration of `systeem`; raises AdapterConfigError naming the system and the key."""
    kind = entry(systeem.adapter)
    try:
        return msgspec.convert(systeem.config, kind.config)
    except msgspec.ValidationError as error:
        raise AdapterConfigError(f"systeem {systeem.key}: config: {error}") from None


def open_adapter(systeem: Systeem, *, clock: Clock, dice: Dice) -> Adapter:
    """An adapter for `systeem`; the caller closes it. Raises AdapterConfigError naming the system and the mend."""
    config = check_config(systeem)
    try:
        return entry(systeem.adapter).open(config, Surroundings(clock=clock, dice=dice))
    except AdapterConfigError as error:
        raise AdapterConfigError(f"systeem {systeem.key}: {error}") from None


def open_webhook(webhook: Webhook, *, secret_dir: Path, clock: Clock, dice: Dice) -> Adapter:
    """An adapter for a partner's webhook; `geheimen` are files in `secret_dir`. Raises AdapterConfigError."""
    return _open_webhook(webhook, secret_dir=secret_dir, surroundings=Surroundings(clock=clock, dice=dice))
