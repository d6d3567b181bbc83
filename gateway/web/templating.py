"""Pages from packaged templates: everything is escaped, an unknown name is an error."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER: Final = Path(__file__).parent
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
STYLESHEET: Final = _FOLDER / "assets" / "stijl.css"


@cache
def environment() -> Environment:
    """The templates of `gateway/web/templates`."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["getal"] = number
    made.filters["moment"] = moment
    made.filters["regels"] = rows
    made.filters["zichtbaar"] = visible
    return made


@cache
def stylesheet() -> str:
    """The text of the one stylesheet."""
    return STYLESHEET.read_text("utf-8")


def number(value: int) -> str:
    """An integer as Dutch writes it: 1.234.567."""
    return f"{value:,}".replace(",", ".")


def rows(value: int) -> str:
    """A number of rows in words: 1 regel, 1.234 regels."""
    return f"{number(value)} {'regel' if value == 1 else 'regels'}"


def visible(text: str) -> str:
    """Text with its control characters shown as pictures (Unicode control pictures)."""
    return "".join(chr(0x2400 + ord(letter)) if ord(letter) < 0x20 else letter for letter in text)


def moment(value: dt.datetime) -> str:
    """A moment in Dutch local time."""
    return value.astimezone(_AMSTERDAM).strftime("%d-%m-%Y %H:%M")
