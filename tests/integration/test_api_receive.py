"""Files over real HTTPS, as real clients send them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from tests.builders import a_csv
from tests.integration.serving import Api, running_api

CSV = a_csv()


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


def test_a_raw_body_is_received_with_a_receipt(api: Api) -> None:
    with api.partner() as client:
        answer = client.post("/v1/aanleveringen", content=CSV, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["sha256"] == hashlib.sha256(CSV).hexdigest()
