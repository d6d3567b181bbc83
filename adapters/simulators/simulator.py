"""What every simulator shares: its mood, its memory, and the admin paths by which tests and the demo look and steer.

GET  /_admin/counts        numbers, results by value, events by kind, how often each key came
GET  /_admin/signalen      ids of all rows that were taken
POST /_admin/behaviour     a whole Behaviour as JSON: from now on
POST /_admin/down          {"seconds": 5}: stop listening for a while
POST /_admin/results       {"share": 1.0, "limit": 100000, "push": true}: make results, push them if asked
"""

import asyncio
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta, Struct

from adapters.config import Clock
from adapters.simulators.asgi import Cut, Reply, Request, json_reply
from adapters.simulators.behaviour import Behaviour, Fault, Mood
from adapters.simulators.memory import Memory
from adapters.simulators.outcomes import Gateway, draw_results, push, weights

ADMIN: Final = "/_admin/"
KEYS_SHOWN: Final = 1000


class Down(Struct, frozen=True, forbid_unknown_fields=True):
    """How long to stop listening."""

    seconds: Annotated[float, Meta(ge=0, le=3600)]


class MakeResults(Struct, frozen=True, forbid_unknown_fields=True):
    """For which share of the signalen without a result one is made now."""

    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    limit: Annotated[int, Meta(ge=0)] = 1_000_000
    push: bool = True


class Work(Protocol):
    """What a kind of simulator does with a request that no fault stopped."""

    def is_delivery(self, request: Request) -> bool: ...

    def answer(self, request: Request) -> Reply: ...


class Simulator:
    """A `Handler` for asgi.as_app. `going_down` is set when it should stop listening for `down_seconds`."""

    def __init__(self, work: Work, *, memory: Memory, mood: Mood, clock: Clock, gateway: Gateway | None = None) -> None:
        self._work = work
        self._gateway = gateway
        self._clock = clock
        self.memory = memory
        self.mood = mood
        self.down_seconds = 0.0
        self.going_down = asyncio.Event()

    async def __call__(self, request: Request) -> Reply | Cut:
        """Answer one request."""
        if request.path.startswith(ADMIN):
            return await self._admin(request)
        if not self._work.is_delivery(request):
            return self._work.answer(request)
        fault = self.mood.draw()
        await asyncio.sleep(self.mood.latency())
        return self._before(fault) or self._after(fault, self._work.answer(request))

    def _before(self, fault: Fault | None) -> Reply | Cut | None:
        """The reply of a fault that strikes before anything is done."""
        left = self.mood.maintenance_left()
        wait = self.mood.behaviour.retry_after_seconds
        if fault is Fault.MAINTENANCE or left is not None:
            return Reply(status=503, headers={"Retry-After": str(wait if left is None else left)})
        if fault is Fault.THROTTLE or not self.mood.has_room():
            return Reply(status=429, headers={"Retry-After": str(wait)})
        if fault is Fault.CUT:
            return Cut()
        statuses = {Fault.NO_ACCESS: 401, Fault.SERVER_ERROR: 500, Fault.GONE: 410}
        return Reply(status=statuses[fault]) if fault in statuses else None

    def _after(self, fault: Fault | None, reply: Reply) -> Reply | Cut:
        """What is left of a good reply when a fault strikes after the work."""
        match fault:
            case Fault.LOSE_ANSWER:
                return Cut()
            case Fault.BAD_GATEWAY:
                return Reply(status=502, body=b"<html>bad gateway</html>", content_type="text/html")
            case Fault.GARBAGE:
                return Reply(status=200, body=b'{"\xff half an answer', content_type="application/json")
            case _:
                return reply

    async def _admin(self, request: Request) -> Reply:
        try:
            match request.method, request.path.removeprefix(ADMIN):
                case "GET", "counts":
                    return json_reply(self.counts())
                case "GET", "signalen":
                    return json_reply(self.memory.signaal_ids())
                case "POST", "behaviour":
                    self.mood.become(msgspec.json.decode(request.body, type=Behaviour))
                    return Reply(status=204)
                case "POST", "down":
                    self.down_seconds = msgspec.json.decode(request.body, type=Down).seconds
                    self.going_down.set()
                    return Reply(status=202)
                case "POST", "results":
                    return json_reply(await self.make_results(msgspec.json.decode(request.body, type=MakeResults)))
                case _:
                    return Reply(status=404)
        except msgspec.DecodeError as error:
            return json_reply({"detail": str(error)}, status=400)

    def counts(self) -> dict[str, object]:
        """Everything that was seen, in numbers."""
        return {
            **self.memory.counts(),
            "results_by_value": self.memory.results_by_value(),
            "events_by_kind": self.memory.events_by_kind(),
            "seen_by_key": self.memory.seen_by_key(KEYS_SHOWN),
        }

    async def make_results(self, wanted: MakeResults) -> dict[str, object]:
        """Make results, push all that the gateway does not have; what was made and what the gateway answered."""
        behaviour = self.mood.behaviour
        made = list(
            draw_results(
                self.memory.without_result(wanted.limit),
                seed=behaviour.seed,
                share=wanted.share,
                by=weights(behaviour.weights),
                today=self._clock().date(),
            )
        )
        self.memory.add_results(made)
        pushed: dict[str, int] = {}
        if wanted.push and self._gateway is not None:
            pushed = await push(self.memory, self._gateway)
        return {"made": len(made), "pushed": pushed}
