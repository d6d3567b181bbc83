"""The wire of the simulated RIS: a CSV file that is taken in at once and processed afterwards."""

import csv
import io
import re
from typing import Final

from adapters.simulators.asgi import Reply, Request, json_reply
from adapters.simulators.receiving import Ask, MalformedError, Row, Verdict
from contracts.terugkoppeling import Gebeurtenis

BASE: Final = "/import/v1"
_BY_KEY: Final = re.compile(BASE + r"/kenmerken/([A-Za-z0-9._-]+)")
_BY_REFERENCE: Final = re.compile(BASE + r"/bestanden/([A-Za-z0-9._-]+)/verwerking")
_CODES: Final = {"drempel": "R11", "postcode": "R12", "spoiled": "R01", "too_many": "R02"}
_PROBLEMS: Final = {
    "no_access": (401, "R401"),
    "not_found": (404, "R404"),
    "unknown_key": (404, "R91"),
    "other_content": (409, "R92"),
    "processed_before": (409, "R90"),
    "no_key": (400, "R03"),
    "malformed": (400, "R04"),
}
_EVENTS: Final = {event: event.value.replace("_", " ") for event in Gebeurtenis}
_NEEDED: Final = {"kenmerk", "soort", "type", "bedrag", "postcode", "bedreigend"}


class RisDialect:
    """Implements receiving.Dialect."""

    name = "ris"

    def is_delivery(self, request: Request) -> bool:
        """POST of a file."""
        return request.method == "POST" and request.path == f"{BASE}/bestanden"

    def ask(self, request: Request) -> Ask | None:
        """Status, results, a file by reference or by key."""
        if request.path == f"{BASE}/status":
            return Ask(status=True)
        if request.path == f"{BASE}/terugmeldingen":
            return Ask(results_after=int(request.query.get("na", "0")))
        if (found := _BY_REFERENCE.fullmatch(request.path)) is not None:
            return Ask(reference=found[1])
        found = _BY_KEY.fullmatch(request.path)
        return None if found is None else Ask(key=found[1])

    def parse(self, body: bytes) -> list[Row]:
        """Raises MalformedError."""
        try:
            reader = csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""), delimiter=";", strict=True)
            rows = list(reader)
        except (UnicodeDecodeError, csv.Error):
            raise MalformedError from None
        if not set(reader.fieldnames or ()) >= _NEEDED or any(None in row or None in row.values() for row in rows):
            raise MalformedError
        return [
            Row(
                signaal_id=row["kenmerk"],
                bedrag=_cents(row["bedrag"]),
                postcode=row["postcode"],
                threatening=row["bedreigend"] == "Ja" or row["type"] not in ("vroegsignaal", "actualisatie"),
            )
            for row in rows
        ]

    def render(self, reference: str, verdict: Verdict, *, repeated: bool, pending: bool, first: bool) -> Reply:
        """At the upload a receipt; afterwards the state, and once processed the rows that were refused."""
        answer: dict[str, object] = {"bestandsnummer": reference, "eerder_ontvangen": repeated and first}
        if pending:
            status = "ontvangen" if first else "in behandeling"
            return json_reply({**answer, "status": status}, status=202 if first else 200)
        if verdict.fatal is not None:
            return json_reply({**answer, "status": "afgekeurd", "foutcode": _CODES[verdict.fatal]})
        refused = [{"regel": r.position + 1, "code": _CODES[r.cause]} for r in verdict.refusals]
        counts = {"regels": verdict.received, "verwerkt": verdict.taken}
        return json_reply({**answer, "status": "verwerkt", **counts, "afkeuringen": refused})

    def problem(self, cause: str) -> Reply:
        """A refusal of the request itself."""
        status, code = _PROBLEMS[cause]
        return json_reply({"foutcode": code}, status=status)

    def results(self, rows: list[tuple[int, str, str, str, bool, str]], cursor: str, *, more: bool) -> Reply:
        """A page of results; dates as dd-mm-jjjj."""
        items = [
            {
                "nummer": id_,
                "kenmerk": signaal,
                "uitkomst": _EVENTS[Gebeurtenis(value)] if is_event else value,
                "datum": "-".join(reversed(day.split("-"))),
            }
            for _, id_, signaal, value, is_event, day in rows
        ]
        return json_reply({"terugmeldingen": items, "volgende": cursor, "meer": more})


def _cents(text: str) -> int:
    if re.fullmatch(r"\d+,\d\d", text) is None:
        raise MalformedError
    return int(text.replace(",", ""))
