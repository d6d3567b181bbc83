"""What passes through the interface does not reach the logs: no body, name, token, id in a path, certificate."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway import log
from gateway.store.database import Database
from tests.integration.serving import Api, running_api

NEEDLE = "needle"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger says, as a process would write it, from DEBUG on."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure(stream)
    for logger in (root, logging.getLogger("uvicorn"), logging.getLogger("signaalpoort"), logging.getLogger("asyncio")):
        logger.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:], root.level = before
    for name in ("uvicorn", "signaalpoort", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def api(logged: io.StringIO, sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


def send_everything(client: httpx.Client, token: str) -> None:
    headers = {"Content-Disposition": f'attachment; filename="{NEEDLE}.csv"', "Idempotency-Key": NEEDLE}
    client.post("/v1/aanleveringen", content=f"{NEEDLE};1".encode(), headers=headers)
    headers.pop("Idempotency-Key")
    client.post("/v1/aanleveringen", content=f"{NEEDLE};1".encode(), headers=headers)
    client.post("/v1/aanleveringen", files={"bestand": (f"{NEEDLE}.csv", NEEDLE.encode())})
    client.post("/v1/aanleveringen", json={"fileName": NEEDLE, "size": NEEDLE})
    client.post("/v1/aanleveringen", content=b"x", headers={"Content-Digest": f"sha-256=:{NEEDLE}"})
    client.post("/v1/aanleveringen", content=b"x" * 100, headers=headers)
    client.get(f"/v1/{NEEDLE}?x={NEEDLE}")
    client.get(f"/v1/aanleveringen/{NEEDLE}")
    client.get("/v1/aanleveringen", headers={"Authorization": f"Bearer {token}{NEEDLE}"})
    client.get("/v1/aanleveringen", headers={"Authorization": f"Bearer {token}"})


def test_nothing_sent_is_logged(api: Api, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    token = api.token()
    with api.partner() as client:
        send_everything(client, token)

        def broken(*_: object) -> None:
            raise ValueError(NEEDLE)

        monkeypatch.setattr("gateway.web.uploads._admit", broken)
        assert client.post("/v1/aanleveringen", content=NEEDLE.encode()).status_code == 500
    text = logged.getvalue()
    events = [json.loads(line)["event"] for line in text.splitlines()]
    assert {"upload_received", "credential_refused", "request_failed"} <= set(events)
    assert NEEDLE not in text
    assert token not in text
    assert "0000009900000" not in text
