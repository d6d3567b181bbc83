"""The wire of the simulated VPS: JSON, and messages that are Fatal, Error or Warning."""

import re
from typing import Final

import msgspec
from msgspec import Struct

from adapters.simulators.asgi import Reply, Request, json_reply
from adapters.simulators.receiving import Ask, MalformedError, Refusal, Row, Verdict
from contracts.terugkoppeling import Gebeurtenis

BASE: Final = "/s2s/v1"
_BY_KEY: Final = re.compile(BASE + r"/leveringen/op-kenmerk/([A-Za-z0-9._-]+)")
_CODES: Final = {"drempel": "VPS-E11", "postcode": "VPS-E12", "spoiled": "VPS-F01", "too_many": "VPS-F02"}
_PROBLEMS: Final = {
    "no_access": (401, "VPS-401"),
    "not_found": (404, "VPS-000"),
    "unknown_key": (404, "VPS-404"),
    "other_content": (409, "VPS-410"),
    "processed_before": (409, "VPS-409"),
    "no_key": (400, "VPS-F03"),
    "malformed": (400, "VPS-F04"),
}
_EVENTS: Final = {
    Gebeurtenis.HULP_GEACCEPTEERD: "Hulp geaccepteerd",
    Gebeurtenis.KWALITEIT_ONVOLDOENDE: "Kwaliteit onvoldoende",
    Gebeurtenis.VERKEERD_GEKOPPELD: "Verkeerd gekoppeld",
}


class Record(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The part of a record that the simulator needs."""

    referentienummer: str
    soort_vastelast: str
    bedrag_achterstand: int
    postcode: str
    achternaam: str
    soort_signaal: str
    mogelijk_bedreigend: bool = False


class Levering(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A batch."""

    levering_kenmerk: str
    gemeente: str
    aantal: int
    signalen: list[Record]


class VpsDialect:
    """Implements receiving.Dialect."""

    name = "vps"

    def is_delivery(self, request: Request) -> bool:
        """POST of a batch."""
        return request.method == "POST" and request.path == f"{BASE}/leveringen"

    def ask(self, request: Request) -> Ask | None:
        """Status, results, or a parcel by key."""
        if request.path == f"{BASE}/status":
            return Ask(status=True)
        if request.path == f"{BASE}/resultaten":
            return Ask(results_after=int(request.query.get("vanaf", "0")))
        found = _BY_KEY.fullmatch(request.path)
        return None if found is None else Ask(key=found[1])

    def parse(self, body: bytes) -> list[Row]:
        """Raises MalformedError."""
        try:
            levering = msgspec.json.decode(body, type=Levering)
        except msgspec.DecodeError:
            raise MalformedError from None
        if levering.aantal != len(levering.signalen):
            raise MalformedError
        return [
            Row(
                signaal_id=r.referentienummer,
                bedrag=r.bedrag_achterstand,
                postcode=r.postcode,
                threatening=r.mogelijk_bedreigend or r.soort_signaal in ("E", "A", "O"),
            )
            for r in levering.signalen
        ]

    def render(self, reference: str, verdict: Verdict, *, repeated: bool, pending: bool, first: bool) -> Reply:
        """Everything is known at once: a batch is never pending."""
        messages: list[dict[str, object]] = [_message(refusal) for refusal in verdict.refusals]
        if verdict.fatal is not None:
            messages = [{"Ernst": "Fatal", "Code": _CODES[verdict.fatal], "Tekst": "De levering is geweigerd."}]
        elif verdict.received > verdict.taken:
            messages.append({"Ernst": "Warning", "Code": "VPS-W01", "Tekst": "Niet alle signalen zijn verwerkt."})
        return json_reply(
            {
                "LeveringNummer": reference,
                "Resultaat": "Geweigerd" if verdict.fatal else "Verwerkt",
                "AantalOntvangen": verdict.received,
                "AantalVerwerkt": verdict.taken,
                "EerderVerwerkt": repeated,
                "Meldingen": messages,
            }
        )

    def problem(self, cause: str) -> Reply:
        """A refusal of the request itself."""
        status, code = _PROBLEMS[cause]
        return json_reply({"Code": code}, status=status)

    def results(self, rows: list[tuple[int, str, str, str, bool, str]], cursor: str, *, more: bool) -> Reply:
        """A page of results."""
        items = [
            {
                "ResultaatNummer": id_,
                "Referentienummer": signaal,
                "Resultaat": _EVENTS[Gebeurtenis(value)] if is_event else value,
                "Datum": day,
                "Toelichting": "vrije tekst die nooit verder mag",
            }
            for _, id_, signaal, value, is_event, day in rows
        ]
        return json_reply({"Resultaten": items, "Vervolg": cursor, "Meer": more})


def _message(refusal: Refusal) -> dict[str, object]:
    text = "De postcode is onbekend."
    if refusal.amounts is not None:
        value, minimum = (f"{cents // 100},{cents % 100:02d}" for cents in refusal.amounts)
        text = f"Het bedrag {value} is lager dan het drempelbedrag {minimum}."
    return {"Ernst": "Error", "Code": _CODES[refusal.cause], "Volgnummer": refusal.position + 1, "Tekst": text}
