"""What becomes of signalen in a simulated gemeente: a seeded draw over every result there is, and pushing them."""

import datetime as dt
import random
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec

from adapters.simulators.memory import Memory
from contracts.codelists.ddas import LIJSTEN, Ddas
from contracts.terugkoppeling import Gebeurtenis, Resultaat, ResultaatAntwoord

LIST_VERSION: Final = "1.2"
PUSH_BATCH: Final = 500
_HEAVY: Final[dict[str, float]] = {Gebeurtenis.HULP_GEACCEPTEERD: 12.0, Ddas.NOG_NIET_OPGEPAKT: 2.0, Ddas.OPGEPAKT: 2.0}
"""About one in three of the residents who are reached accepts help; every other value has weight 1."""
_DDAS: Final = {value.code: value.tekst for value in LIJSTEN[LIST_VERSION]}
VALUES: Final[tuple[str, ...]] = (*(event.value for event in Gebeurtenis), *_DDAS.values())


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Where results are pushed to, and by which credential."""

    url: str
    token: str
    ca_file: Path | None = None


def weights(overrides: dict[str, float]) -> dict[str, float]:
    """Value → weight; a DDAS value by its spelling."""
    usual: dict[str, float] = {event.value: _HEAVY.get(event, 1.0) for event in Gebeurtenis}
    usual |= {text: _HEAVY.get(code, 1.0) for code, text in _DDAS.items()}
    return usual | overrides


def draw_results(
    signaal_ids: list[str], *, seed: int, share: float, by: dict[str, float], today: dt.date
) -> Iterator[Resultaat]:
    """A result for a share of the signalen; the draw of each hangs on seed and id alone."""
    values, odds = list(by), list(by.values())
    events = {event.value for event in Gebeurtenis}
    for signaal_id in signaal_ids:
        dice = random.Random(f"{seed}:{signaal_id}")  # noqa: S311  # a simulation, repeatable by its seed
        if dice.random() >= share:
            continue
        value = dice.choices(values, odds)[0]
        is_event = value in events
        yield Resultaat(
            resultaat_id=f"r-{signaal_id}",
            signaal_id=signaal_id,
            gebeurtenis=Gebeurtenis(value) if is_event else None,
            code=None if is_event else value,
            codelijst_versie=LIST_VERSION,
            datum=today,
        )


async def push(memory: Memory, gateway: Gateway) -> dict[str, int]:
    """Push what the gateway does not have yet; answer status → how many. A failure (`failed_<why>`) stops it."""
    counts: Counter[str] = Counter()
    verify = ssl.create_default_context(cafile=gateway.ca_file)
    headers = {"Authorization": f"Bearer {gateway.token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(verify=verify, trust_env=False, headers=headers, timeout=60) as client:
        while batch := memory.results_after(0, PUSH_BATCH, unpushed_only=True):
            problem = await _push_batch(client, gateway, batch, counts)
            if problem is not None:
                counts[f"failed_{problem}"] += 1
                break
            memory.mark_pushed(row[0] for row in batch)
    return dict(counts)


async def _push_batch(
    client: httpx.AsyncClient, gateway: Gateway, batch: list[tuple[int, str, str, str, bool, str]], counts: Counter[str]
) -> str | None:
    body = msgspec.json.encode({"resultaten": [_wire(row) for row in batch]})
    try:
        response = await client.post(f"{gateway.url.rstrip('/')}/v1/resultaten", content=body)
    except httpx.HTTPError as error:
        return type(error).__name__
    if not response.is_success:
        return str(response.status_code)
    counts.update(answer.status for answer in _answers(response.content))
    return None


def _wire(row: tuple[int, str, str, str, bool, str]) -> Resultaat:
    _, id_, signaal_id, value, is_event, day = row
    return Resultaat(
        resultaat_id=id_,
        signaal_id=signaal_id,
        gebeurtenis=Gebeurtenis(value) if is_event else None,
        code=None if is_event else value,
        codelijst_versie=LIST_VERSION,
        datum=dt.date.fromisoformat(day),
    )


def _answers(body: bytes) -> list[ResultaatAntwoord]:
    try:
        return msgspec.json.decode(body, type=dict[str, list[ResultaatAntwoord]]).get("resultaten", [])
    except msgspec.ValidationError:
        return []
