"""How a simulator behaves: a file at the start, changed at run time through its admin paths."""

import datetime as dt
import enum
import random
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from adapters.config import AdapterConfigError, Clock

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
Share = Annotated[float, Meta(ge=0, le=1)]
Millis = Annotated[int, Meta(ge=0)]


class Fault(enum.StrEnum):
    """What can go wrong with one delivery."""

    THROTTLE = "throttle"
    MAINTENANCE = "maintenance"
    NO_ACCESS = "no_access"
    CUT = "cut"
    """The connection is dropped before anything is done."""
    SERVER_ERROR = "server_error"
    """500 before anything is done."""
    BAD_GATEWAY = "bad_gateway"
    """Processed, then 502."""
    LOSE_ANSWER = "lose_answer"
    """Processed, then the connection is dropped before the answer."""
    GARBAGE = "garbage"
    """Processed, then an answer that nobody understands."""
    GONE = "gone"
    """410: a webhook that wants no more."""


class Behaviour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. `next`: how many of the coming deliveries meet a fault; `shares`: of all others, drawn by `seed`."""

    seed: int = 1
    latency_ms: Millis = 0
    latency_spread_ms: Millis = 0
    processing_ms: Millis = 0
    """Between taking a file in and having its result (RIS)."""
    per_second: Annotated[float, Meta(ge=0)] = 0
    """Deliveries that are let through per second; 0: all."""
    retry_after_seconds: Annotated[int, Meta(ge=0)] = 1
    maintenance: Literal["never", "now", "calendar"] = "never"
    """calendar: Tuesdays 05:00-07:00 in even ISO weeks, as VPS."""
    max_records: Annotated[int, Meta(ge=1)] = 1000
    spoil_batch: bool = False
    """One bad record spoils the batch, and nothing says which."""
    drempel: Annotated[int, Meta(ge=0)] = 0
    """Euro cents; a row below is refused, unless it is possibly threatening."""
    unknown_postcodes: tuple[str, ...] = ()
    """Prefixes of postcodes that the system does not know."""
    conflict_on_repeat: bool = False
    """Answer a key that was processed before with 409 instead of the first answer."""
    shares: dict[Fault, Share] = {}
    next: dict[Fault, int] = {}
    weights: dict[str, float] = {}
    """Result value → weight, over the defaults in `outcomes`."""


def load_behaviour(file: Path | None) -> Behaviour:
    """Raises AdapterConfigError."""
    if file is None:
        return Behaviour()
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Behaviour)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise AdapterConfigError(f"behaviour {file}: {error}") from None


class Mood:
    """A behaviour being lived: counts down what comes next, draws the rest, keeps the pace."""

    def __init__(self, behaviour: Behaviour, clock: Clock) -> None:
        self._clock = clock
        self.become(behaviour)

    def become(self, behaviour: Behaviour) -> None:
        """Behave so from now on."""
        self.behaviour = behaviour
        self._next = dict(behaviour.next)
        self._random = random.Random(behaviour.seed)  # noqa: S311  # a simulation, repeatable by its seed
        self._room = 1.0
        self._seen = self._clock()

    def draw(self) -> Fault | None:
        """The fault of this delivery."""
        for fault, left in self._next.items():
            if left > 0:
                self._next[fault] = left - 1
                return fault
        for fault, share in self.behaviour.shares.items():
            if self._random.random() < share:
                return fault
        return None

    def latency(self) -> float:
        """Seconds that this delivery takes."""
        spread = self._random.random() * self.behaviour.latency_spread_ms
        return (self.behaviour.latency_ms + spread) / 1000

    def has_room(self) -> bool:
        """Whether the pace lets one more through now (a bucket of one second's worth)."""
        rate = self.behaviour.per_second
        if rate == 0:
            return True
        now = self._clock()
        self._room = min(max(rate, 1.0), self._room + (now - self._seen).total_seconds() * rate)
        self._seen = now
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def maintenance_left(self) -> int | None:
        """Seconds until the maintenance ends; None outside it."""
        match self.behaviour.maintenance:
            case "never":
                return None
            case "now":
                return self.behaviour.retry_after_seconds
            case "calendar":
                return calendar_left(self._clock())


def calendar_left(moment: dt.datetime) -> int | None:
    """Seconds left of the window on Tuesday 05:00-07:00 in an even ISO week; None outside it."""
    local = moment.astimezone(AMSTERDAM)
    if local.isocalendar().week % 2 or local.isoweekday() != 2 or not 5 <= local.hour < 7:
        return None
    end = local.replace(hour=7, minute=0, second=0, microsecond=0)
    return max(1, int((end - local).total_seconds()))
