"""Delivering a parcel as one batch over HTTP: what vps, ris and rest have in common.

An adapter gives its mapping and its `encode`; everything after that (key, answer, query, results) is here.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from adapters.answers import BatchAnswer, read_answer, reference_of, settle
from adapters.http import Answer, Channel
from adapters.mapping import Mapping, to_records
from adapters.results import fetch
from adapters.statuses import outcome_of
from contracts.outcomes import Accepted, Deferred, Outcome, RefusalKind, Refused, Unknown
from contracts.ports import Parcel, Poll, Probe, SignaalParcel

LOOK_SECONDS: Final = 0.5
"""Between two looks at a receiver that is still working."""


class Body(NamedTuple):
    """An encoded batch. The same parcel always gives the same bytes: receivers compare them under one key."""

    content: bytes
    content_type: str


Encode = Callable[[Mapping, SignaalParcel], Body | Refused]


class BatchAdapter:
    """Implements contracts.ports.Adapter for systems that take a batch and answer about its rows."""

    def __init__(
        self, channel: Channel, mapping: Mapping, encode: Encode, *, poll_results: bool, patience: float = 0.0
    ) -> None:
        """`patience`: seconds to wait for the result of a batch that was taken in and is still being processed."""
        self._channel = channel
        self._mapping = mapping
        self._encode = encode
        self._poll_results = poll_results
        self._patience = patience

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Send one parcel under its idempotency key."""
        if not isinstance(parcel, SignaalParcel):
            return Refused(code="not_a_parcel_of_signalen", kind=RefusalKind.CONTRACT)
        body = self._encode(self._mapping, parcel)
        if isinstance(body, Refused):
            return body
        headers = {self._mapping.key_header: parcel.idempotency_key, "Content-Type": body.content_type}
        if self._mapping.partner_header is not None and parcel.signaalpartner is not None:
            headers[self._mapping.partner_header] = parcel.signaalpartner
        answer = await self._channel.send("POST", self._mapping.paths.deliver, body=body.content, headers=headers)
        if not isinstance(answer, Answer):
            return answer
        outcome = await self._understand(answer, key=parcel.idempotency_key, sent=len(parcel.signalen))
        return await self._see_through(outcome, answer, sent=len(parcel.signalen))

    async def query(self, idempotency_key: str) -> Outcome | None:
        """What became of a key: Deferred when the receiver does not know it, None when it cannot tell."""
        path = self._mapping.paths.query
        if path is None:
            return None
        answer = await self._channel.send("GET", path.replace("{key}", idempotency_key))
        return self._judge_query(answer)

    async def poll(self, cursor: str | None, signaal_ids: Sequence[str] = ()) -> Poll:
        """Results after `cursor`, when this system is configured to be polled."""
        path = self._mapping.paths.results
        if path is None or not self._poll_results:
            return Poll(resultaten=(), cursor=cursor)
        return await fetch(self._channel, path, self._mapping.results, cursor)

    async def probe(self) -> Probe:
        """Whether the system answers at all, and whether it takes our credentials."""
        answer = await self._channel.send("GET", self._mapping.paths.probe or self._mapping.paths.deliver)
        if isinstance(answer, Answer):
            return Probe(reachable=True, detail=_in_words(answer.status))
        if isinstance(answer, Refused):
            return Probe(reachable=False, detail=answer.code)
        return Probe(reachable=False, detail=answer.reason)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._channel.aclose()

    async def _understand(self, answer: Answer, *, key: str, sent: int) -> Outcome:
        read = read_answer(answer.body, self._mapping.answer)
        by_status = outcome_of(answer, now=self._channel.surroundings.clock())
        if answer.status == 409:
            return await self._settle_conflict(read, by_status, key=key, sent=sent)
        if read is None or not (200 <= answer.status < 300 or answer.status in (400, 422)):
            return by_status
        if answer.status in (400, 422):
            return _settle_refusal(read, by_status, sent=sent)
        return settle(read, sent=sent)

    async def _settle_conflict(self, read: BatchAnswer | None, by_status: Outcome, *, key: str, sent: int) -> Outcome:
        """409: the key was processed before (then what became of it counts), or it came with other bytes."""
        if read is None or read.code not in self._mapping.answer.already_processed:
            return by_status
        if read.received is not None:
            return _as_duplicate(settle(read, sent=sent))
        if self._mapping.paths.query is None:
            return Accepted(receipt=reference_of(read), duplicate=True)
        found = await self.query(key)
        if found is None or isinstance(found, Deferred):
            return Unknown(reason="processed_before_but_result_not_found")
        return _as_duplicate(found)

    async def _see_through(self, outcome: Outcome, answer: Answer, *, sent: int) -> Outcome:
        """Wait a little for the result of a batch that the receiver took in and is still processing."""
        path, read = self._mapping.paths.status, read_answer(answer.body, self._mapping.answer)
        reference = None if read is None else reference_of(read)
        if not _is_pending(outcome) or path is None or reference is None:
            return outcome
        try:
            async with asyncio.timeout(self._patience):
                while _is_pending(outcome):
                    await asyncio.sleep(LOOK_SECONDS)
                    outcome = await self._look(path.replace("{reference}", reference), outcome, sent=sent)
        except TimeoutError:
            return outcome
        return outcome

    async def _look(self, path: str, before: Outcome, *, sent: int) -> Outcome:
        answer = await self._channel.send("GET", path)
        if not isinstance(answer, Answer) or answer.status != 200:
            return before
        read = read_answer(answer.body, self._mapping.answer)
        return before if read is None else settle(read, sent=sent)

    def _judge_query(self, answer: Answer | Deferred | Refused | Unknown) -> Outcome | None:
        if not isinstance(answer, Answer):
            return None
        read = read_answer(answer.body, self._mapping.answer)
        if read is None:
            return None
        if answer.status == 404 and read.code in self._mapping.answer.unknown_key:
            return Deferred(reason="receiver_does_not_have_it")
        if answer.status != 200:
            return None
        outcome = settle(read, sent=None)
        return None if isinstance(outcome, Unknown) and not outcome.pending else outcome


def encode_json(mapping: Mapping, parcel: SignaalParcel) -> Body | Refused:
    """One JSON object: the envelope's members and the records; absent values are left out."""
    records = to_records(mapping, parcel.signalen)
    if isinstance(records, Refused):
        return records
    names = mapping.envelope
    if names is None:
        return Refused(code="mapping_lacks_envelope", kind=RefusalKind.CONTRACT)
    members = (
        (names.key, parcel.idempotency_key),
        (names.gemeentecode, parcel.gemeentecode),
        (names.signaalpartner, parcel.signaalpartner),
        (names.created_at, parcel.created_at),
        (names.count, len(records)),
        (names.records, [{name: value for name, value in r.items() if value is not None} for r in records]),
    )
    content = msgspec.json.encode({name: value for name, value in members if name is not None})
    return Body(content, "application/json")


def _settle_refusal(read: BatchAnswer, by_status: Outcome, *, sent: int) -> Outcome:
    """400 and 422: the rows that were refused when the answer adds up about all rows, otherwise the whole batch."""
    rows = settle(read, sent=sent)
    if isinstance(rows, Accepted | Refused):
        return rows
    assert isinstance(by_status, Refused)
    code = settle(BatchAnswer(state="refused", code=read.code), sent=sent)
    return code if read.code is not None else by_status


def _as_duplicate(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Accepted):
        return msgspec.structs.replace(outcome, duplicate=True)
    return outcome


def _is_pending(outcome: Outcome) -> bool:
    return isinstance(outcome, Unknown) and outcome.pending


def _in_words(status: int) -> str:
    if status in (401, 403):
        return f"answers, but refuses our credentials (HTTP {status})"
    return f"answers with HTTP {status}"
