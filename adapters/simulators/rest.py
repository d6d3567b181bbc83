"""The wire of a simulated *overige* system: our own proposal, JSON with the names of Signaal."""

import re
from typing import Final

import msgspec
from msgspec import Struct

from adapters.simulators.asgi import Reply, Request, json_reply
from adapters.simulators.receiving import Ask, MalformedError, Row, Verdict
from contracts.signaal import MOGELIJK_BEDREIGEND, Signaaltype, Soort

_BY_KEY: Final = re.compile(r"/signalen/leveringen/([A-Za-z0-9._-]+)")
_PROBLEMS: Final = {
    "no_access": (401, "geen_toegang"),
    "not_found": (404, "niet_gevonden"),
    "unknown_key": (404, "onbekende_levering"),
    "other_content": (409, "andere_inhoud"),
    "processed_before": (409, "al_verwerkt"),
    "no_key": (400, "sleutel_ontbreekt"),
    "malformed": (400, "onleesbaar"),
}
_CODES: Final = {"drempel": "onder_drempel", "postcode": "postcode_onbekend"}
_FATAL: Final = {"spoiled": "levering_ongeldig", "too_many": "te_veel"}


class Item(Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of a record that the simulator needs."""

    signaal_id: str
    soort: Soort
    signaaltype: Signaaltype
    bedreigend: bool
    bedrag: int
    postcode: str
    achternaam: str


class Levering(Struct, frozen=True, kw_only=True, rename="camel"):
    """A batch."""

    levering_id: str
    gemeentecode: str
    signalen: list[Item]


class RestDialect:
    """Implements receiving.Dialect."""

    name = "rest"

    def is_delivery(self, request: Request) -> bool:
        """POST of a batch."""
        return request.method == "POST" and request.path == "/signalen"

    def ask(self, request: Request) -> Ask | None:
        """Status, results, or a parcel by key."""
        if request.path == "/status":
            return Ask(status=True)
        if request.path == "/resultaten":
            return Ask(results_after=int(request.query.get("na", "0")))
        found = _BY_KEY.fullmatch(request.path)
        return None if found is None else Ask(key=found[1])

    def parse(self, body: bytes) -> list[Row]:
        """Raises MalformedError."""
        try:
            levering = msgspec.json.decode(body, type=Levering)
        except msgspec.DecodeError:
            raise MalformedError from None
        return [
            Row(
                signaal_id=item.signaal_id,
                bedrag=item.bedrag,
                postcode=item.postcode,
                threatening=item.bedreigend or item.signaaltype in MOGELIJK_BEDREIGEND,
            )
            for item in levering.signalen
        ]

    def render(self, reference: str, verdict: Verdict, *, repeated: bool, pending: bool, first: bool) -> Reply:
        """200 when rows were taken, 422 when none was; a refused batch has one code and no rows."""
        if verdict.fatal is not None:
            return json_reply({"code": _FATAL[verdict.fatal]}, status=422 if first else 200)
        body = {
            "referentie": reference,
            "ontvangen": verdict.received,
            "aangenomen": verdict.taken,
            "alVerwerkt": repeated,
            "geweigerd": [{"index": r.position, "code": _CODES[r.cause]} for r in verdict.refusals],
        }
        return json_reply(body, status=200 if verdict.taken or not first else 422)

    def problem(self, cause: str) -> Reply:
        """A refusal of the request itself."""
        status, code = _PROBLEMS[cause]
        return json_reply({"code": code}, status=status)

    def results(self, rows: list[tuple[int, str, str, str, bool, str]], cursor: str, *, more: bool) -> Reply:
        """A page of results."""
        items = [
            {"resultaatId": id_, "signaalId": signaal, "code": value, "datum": day}
            for _, id_, signaal, value, _, day in rows
        ]
        return json_reply({"resultaten": items, "cursor": cursor, "meer": more})
