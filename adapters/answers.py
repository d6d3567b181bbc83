"""Reading what a receiving system says about a parcel: by the names of the mapping file, strictly, bounded.

A system's texts never travel on: of a message only its code is kept, and only when it looks like a code, since
nobody promises that a free text holds no personal data (the threshold message of VPS quotes the amount).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contracts.outcomes import Accepted, Outcome, RefusalKind, Refused, RowRefusal, Unknown

CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
REFERENCE: Final = CODE
UNNAMED: Final = "onbekende_code"
"""Stands for a code that does not look like one."""

Severity = Literal["fatal", "error", "warning"]
State = Literal["pending", "done", "refused"]
"""Of a batch. A state that the mapping does not translate is `strange` and never taken for success."""


class AnswerNames(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What their answer calls things. `states` and `severities` translate their words to ours."""

    reference: str = "referentie"
    state: str = "status"
    received: str = "ontvangen"
    taken: str = "aangenomen"
    duplicate: str = "duplicaat"
    code: str = "code"
    messages: str = "meldingen"
    position: str = "volgnummer"
    message_code: str = "code"
    severity: str = "ernst"
    first_position: Annotated[int, Meta(ge=0)] = 0
    states: dict[str, State] = {}
    severities: dict[str, Severity] = {}
    already_processed: tuple[str, ...] = ()
    """Codes in a 409 that say: this key was processed before."""
    unknown_key: tuple[str, ...] = ()
    """Codes in a 404 that say: there is no such key. A 404 without one may come from a proxy and tells nothing."""


class Message(Struct, frozen=True, kw_only=True):
    """One remark: about a row when `position` is filled, otherwise about the whole batch."""

    code: str = UNNAMED
    severity: str = "error"
    position: int | None = None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """An answer in our words; counts are rows."""

    reference: str | None = None
    state: str | None = None
    received: Annotated[int, Meta(ge=0)] | None = None
    taken: Annotated[int, Meta(ge=0)] | None = None
    duplicate: bool = False
    code: str | None = None
    messages: tuple[Message, ...] = ()


_OURS: Final = ("reference", "state", "received", "taken", "duplicate", "code")


def read_answer(body: bytes, names: AnswerNames) -> BatchAnswer | None:
    """The answer in our words; None when it is not JSON, not an object, or holds a value of another type."""
    try:
        raw = msgspec.json.decode(body, type=dict[str, object])
        ours: dict[str, object] = {name: raw[getattr(names, name)] for name in _OURS if getattr(names, name) in raw}
        messages = msgspec.convert(raw.get(names.messages, []), list[dict[str, object]])
        ours["messages"] = [_message(message, names) for message in messages]
        ours["state"] = names.states.get(str(ours.get("state")), "strange") if names.states else None
        return msgspec.convert(ours, BatchAnswer)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return None


def settle(answer: BatchAnswer, *, sent: int | None) -> Outcome:
    """What a readable answer means; `sent` is the number of rows that went out (None: not known, in a query).

    Only an answer that adds up (received = taken + refused rows) is taken for one: everything else is Unknown.
    """
    if answer.state == "pending":
        return Unknown(reason="receiver_is_working", pending=True)
    fatal = next((m.code for m in answer.messages if m.severity == "fatal"), None)
    if fatal is not None or answer.state == "refused":
        if answer.taken:
            return Unknown(reason="answer_contradicts_itself")
        return Refused(code=code_of(fatal or answer.code), kind=RefusalKind.BATCH)
    if answer.state == "strange":
        return Unknown(reason="answer_not_understood")
    received = answer.received
    if received is None or answer.taken is None or (sent is not None and received != sent):
        return Unknown(reason="answer_does_not_add_up")
    refusals = _refusals(answer.messages)
    inside = all(0 <= position < received for position in refusals)
    if not inside or answer.taken + len(refusals) != received:
        return Unknown(reason="answer_does_not_add_up")
    rows = tuple(RowRefusal(position=position, code=code) for position, code in sorted(refusals.items()))
    return Accepted(receipt=reference_of(answer), refusals=rows, duplicate=answer.duplicate)


def reference_of(answer: BatchAnswer) -> str | None:
    """Their reference, when it looks like one; it goes into paths and records."""
    return answer.reference if answer.reference is not None and REFERENCE.fullmatch(answer.reference) else None


def code_of(text: str | None) -> str:
    """A receiver's code, or UNNAMED when it is absent or could be a sentence."""
    return text if text is not None and CODE.fullmatch(text) else UNNAMED


def _message(raw: Mapping[str, object], names: AnswerNames) -> dict[str, object]:
    ours: dict[str, object] = {"code": code_of(str(raw.get(names.message_code, UNNAMED)))}
    if names.severity in raw:
        ours["severity"] = names.severities.get(str(raw[names.severity]), "error")
    position = raw.get(names.position)
    ours["position"] = position - names.first_position if isinstance(position, int) else position
    return ours


def _refusals(messages: tuple[Message, ...]) -> dict[int, str]:
    """Position → first code; an error that names no row counts at a position no row has, so it never adds up."""
    refusals: dict[int, str] = {}
    for message in messages:
        if message.severity == "error":
            refusals.setdefault(-1 if message.position is None else message.position, message.code)
    return refusals
