"""Fetching results from a system by cursor: at least once, in our words, free text left behind."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from adapters.http import Answer, Channel
from contracts.outcomes import Deferred, Refused, Unknown
from contracts.ports import Poll
from contracts.terugkoppeling import Resultaat

MAX_CURSOR: Final = 512


class ResultNames(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What their results call things. `codes`: theirs → DDAS value (absent: verbatim); `events`: theirs → ours."""

    items: str = "resultaten"
    cursor: str = "cursor"
    more: str = "meer"
    cursor_parameter: str = "na"
    id: str = "resultaatId"
    signaal: str = "signaalId"
    code: str = "code"
    happened: str = "datum"
    date: str = "%Y-%m-%d"
    list_version: Annotated[str, Meta(min_length=1)] = "1.2"
    codes: dict[str, str] = {}
    events: dict[str, str] = {}


class _Page(Struct, frozen=True, kw_only=True):
    items: list[dict[str, object]]
    cursor: str | None = None
    more: bool = False


async def fetch(channel: Channel, path: str, names: ResultNames, cursor: str | None) -> Poll:
    """One page of results after `cursor`; on any trouble no result, the same cursor and a `problem`."""
    answer = await channel.send("GET", path, params={} if cursor is None else {names.cursor_parameter: cursor})
    match answer:
        case Answer(status=200):
            return read_page(answer.body, names, cursor)
        case Answer():
            problem = f"http_{answer.status}"
        case Deferred() | Unknown():
            problem = answer.reason
        case Refused():
            problem = answer.code
    return Poll(resultaten=(), cursor=cursor, problem=problem)


def read_page(body: bytes, names: ResultNames, cursor: str | None) -> Poll:
    """A page in our words; one result that does not fit is counted and passed over, it never blocks the rest."""
    try:
        raw = msgspec.json.decode(body, type=dict[str, object])
        ours = {name: raw[getattr(names, name)] for name in ("items", "cursor", "more") if getattr(names, name) in raw}
        page = msgspec.convert(ours, _Page)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return Poll(resultaten=(), cursor=cursor, problem="answer_not_understood")
    if page.cursor is not None and len(page.cursor) > MAX_CURSOR:
        return Poll(resultaten=(), cursor=cursor, problem="cursor_too_long")
    results = [_resultaat(item, names) for item in page.items]
    readable = tuple(result for result in results if result is not None)
    onward = cursor if page.cursor is None else page.cursor
    return Poll(
        resultaten=readable,
        cursor=onward,
        more=page.more and onward != cursor,
        unreadable=len(results) - len(readable),
    )


def _resultaat(item: Mapping[str, object], names: ResultNames) -> Resultaat | None:
    code = item.get(names.code)
    ours: dict[str, object] = {
        "resultaatId": item.get(names.id),
        "signaalId": item.get(names.signaal),
        "codelijstVersie": names.list_version,
        "datum": None,
    }
    if isinstance(code, str) and code in names.events:
        ours["gebeurtenis"] = names.events[code]
    elif isinstance(code, str):
        ours["code"] = names.codes.get(code, code)
    else:
        return None
    try:
        happened = item.get(names.happened)
        if happened is not None:
            ours["datum"] = dt.datetime.strptime(str(happened), names.date).date()  # noqa: DTZ007  # a calendar date
        return msgspec.convert(ours, Resultaat)
    except ValueError:  # msgspec.ValidationError is one
        return None
