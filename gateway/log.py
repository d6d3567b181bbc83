"""Logs are events with fields, from one catalogue; one JSON line each, to standard error.

No event carries a value of a row, a file name, a reference of a partner, a number of a person or a secret:
`emit` takes only the fields that the catalogue names.
"""

import json
import logging
import sys
from typing import Final, TextIO

EVENTS: Final[dict[str, tuple[frozenset[str], str]]] = {}
"""Event name → (its fields, what it means). Filled by `event` below; `deploy/log-events.md` is generated from it."""

logger: Final = logging.getLogger("signaalpoort")


def event(name: str, meaning: str, *fields: str) -> str:
    """Put an event in the catalogue and return its name."""
    EVENTS[name] = (frozenset(fields), meaning)
    return name


STARTED = event("started", "A process is up.", "what", "version", "database")
STOPPED = event("stopped", "A process ends in good order.", "what")
CONFIG_RELOADED = event("config_reloaded", "A process took a new configuration.", "generation")
UPLOAD_RECEIVED = event("upload_received", "Bytes are ours, receipt committed.", "upload_id", "partner", "size")
UPLOAD_CUT = event("upload_cut", "The connection ended before the body did; nothing kept.", "partner", "size")
UPLOAD_REFUSED = event("upload_refused", "Nothing was received.", "partner", "reason")
UPLOAD_PROCESSED = event(
    "upload_processed", "Report and deliveries are published.", "upload_id", "rows", "refused", "parcels"
)
UPLOAD_REJECTED = event("upload_rejected", "Fatal: the whole file is refused.", "upload_id", "code")
UPLOAD_ABANDONED = event("upload_abandoned", "Processing was cut and starts anew.", "upload_id", "attempt")
UPLOAD_FAILED = event(
    "upload_failed", "Processing failed; tried again later.", "upload_id", "attempt", "error_type", "where", "seconds"
)
UPLOAD_STUCK = event("upload_stuck", "Processing failed time and again; it is never dropped.", "upload_id", "attempt")
UPLOAD_HELD = event(
    "upload_held",
    "A file makes no sense as a whole: what is not possibly threatening waits for its partner's word.",
    "upload_id",
    "partner",
    "reasons",
    "until",
)
UPLOAD_DECIDED = event(
    "upload_decided",
    "A held file goes on, was taken back, or was not confirmed in time; and by whose word.",
    "upload_id",
    "partner",
    "decision",
    "by",
    "parcels",
)
SCAN_FAILED = event(
    "scan_failed",
    "An upload could not be scanned for malware, so it waits; nothing of it was read.",
    "upload_id",
    "attempt",
    "reason",
    "seconds",
)
UPLOAD_HARMFUL = event(
    "upload_harmful", "Malware was found: the whole file is refused and destroyed.", "upload_id", "partner", "signature"
)
UPLOAD_LATE = event("upload_late", "An upload waits too long to be processed.", "upload_id", "hours")
DELIVERY_ACCEPTED = event("delivery_accepted", "The receiver has it.", "delivery_id", "destination", "rows", "refused")
DELIVERY_REFUSED = event("delivery_refused", "Definitely refused.", "delivery_id", "destination", "reason")
DELIVERY_DEFERRED = event("delivery_deferred", "Tried later again.", "delivery_id", "destination", "reason", "seconds")
DELIVERY_UNKNOWN = event("delivery_unknown", "The answer was lost.", "delivery_id", "destination", "reason")
DELIVERY_STOPPED = event("delivery_stopped", "The gate denied it in the claim.", "delivery_id", "reason")
DELIVERY_SPLIT = event("delivery_split", "Halved to find refused rows.", "delivery_id", "rows")
DELIVERY_DEAD = event("delivery_dead", "Waiting repairs nothing; operator needed.", "delivery_id", "reason")
DELIVERY_TAKEN_OVER = event("delivery_taken_over", "A lease ran out.", "delivery_id", "worker")
THREATENING_LATE = event("threatening_late", "A possibly threatening signaal waits too long.", "delivery_id", "hours")
BREAKER_OPENED = event("breaker_opened", "A destination is left alone for a while.", "destination", "seconds")
BREAKER_CLOSED = event("breaker_closed", "A destination answers again.", "destination")
DESTINATION_MISSING = event(
    "destination_missing", "Parcels wait for a destination that is not configured.", "destination", "count"
)
DESTINATION_UNREACHABLE = event(
    "destination_unreachable", "A destination has not answered for long.", "destination", "count", "hours"
)
RESULTS_NOT_TAKEN = event(
    "results_not_taken",
    "Results that a system offered were passed over.",
    "destination",
    "unreadable",
    "ongeldig",
    "onbekend_signaal",
)
FEEDBACK_HEARD = event("feedback_heard", "Results were taken in.", "toegang", "count")
CREDENTIAL_REFUSED = event("credential_refused", "An identity was not accepted.", "reason")
CRL_STALE = event("crl_stale", "A revocation list is past its time.", "issuer_sha256", "hours")
CRL_UNUSABLE = event("crl_unusable", "A changed revocation list was not taken; the one before stays.", "reason")
ERASED = event("erased", "Retention destroyed keys and bytes.", "what", "count")
REQUEST_FAILED = event("request_failed", "An uncaught error was answered 500.", "error_type", "where")
REQUEST_REFUSED = event(
    "request_refused", "Answered 503 or 507: not now, for want of database or room.", "error_type", "where"
)
WORK_FAILED = event("work_failed", "A step failed and is tried again.", "step", "error_type", "where")


def emit(name: str, *, level: int = logging.INFO, **fields: str | float | bool | None) -> None:
    """Log one event of the catalogue; raises KeyError for an unknown event or field: a defect, seen in tests."""
    allowed, _ = EVENTS[name]
    unknown = fields.keys() - allowed
    if unknown:
        raise KeyError(f"event {name} has no field {', '.join(sorted(unknown))}")
    logger.log(level, name, extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, event, fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Leave messages of foreign loggers out but for their logger's name: they may quote anything."""
        fields = getattr(record, "fields", None)
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage() if fields is not None else "foreign",
        }
        line.update(fields if fields is not None else {"logger": record.name})
        if record.exc_info and record.exc_info[0] is not None:
            line["error_type"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def configure(stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (standard error) as JSON lines; quiet the loggers that print URLs."""
    import time

    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    formatter = JsonFormatter()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
