"""What the pipeline is measured against: the floor that no gateway can pass, and the obvious way.

`python -m tests.bench.floor floor|obvious FILE` prints a JSON object with seconds and peak MiB.
"""

import csv
import datetime as dt
import hashlib
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pydantic
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.bench.figures import peak_mib, timed

MIB = 1 << 20
CHUNK = 5_000


def floor(file: Path) -> None:
    """polars reads the file, the driver inserts the index rows in chunks, sha-256 and AES-GCM go over the bytes."""
    rows = pl.read_csv(file, separator=";", infer_schema=False).height
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(
            "CREATE TABLE signaal_row (attempt_no INTEGER, row_no INTEGER, state INTEGER, parcel_no INTEGER,"
            " position INTEGER, PRIMARY KEY (attempt_no, row_no)) WITHOUT ROWID"
        )
        for start in range(1, rows + 1, CHUNK):
            db.execute("BEGIN IMMEDIATE")
            chunk = ((1, row, 0, row % 342, row // 342) for row in range(start, min(start + CHUNK, rows + 1)))
            db.executemany("INSERT INTO signaal_row VALUES (?, ?, ?, ?, ?)", chunk)
            db.execute("COMMIT")
        db.close()
    digest, cipher = hashlib.sha256(), AESGCM(os.urandom(32))
    with file.open("rb") as source:
        while part := source.read(MIB):
            digest.update(part)
            cipher.encrypt(os.urandom(12), part, None)


class Row(pydantic.BaseModel):
    """The obvious model of a row."""

    soort: str
    kenmerk: str
    achternaam: str
    straat: str
    huisnummer: int
    postcode: str = pydantic.Field(pattern=r"^[1-9]\d{3} ?[A-Z]{2}$")
    woonplaats: str
    gemeentecode: str = pydantic.Field(pattern=r"^\d{4}$")
    bedrag: Decimal
    oudste_vervaldatum: dt.date
    geboortedatum: dt.date | None = None
    telefoon: str | None = None
    email: str | None = None


def _date(text: str) -> dt.date | None:
    if not text:
        return None
    form = "%Y-%m-%d" if text[4:5] == "-" else "%d-%m-%Y"
    return dt.datetime.strptime(text, form).date()  # noqa: DTZ007  # a date without a time


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="") as source:
        for line in csv.DictReader(source, delimiter=";"):
            values: dict[str, Any] = {name: line[name] or None for name in Row.model_fields}
            values["bedrag"] = Decimal(line["bedrag"].replace(".", "").replace(",", "."))
            values["oudste_vervaldatum"] = _date(line["oudste_vervaldatum"])
            values["geboortedatum"] = _date(line["geboortedatum"])
            yield values


def obvious(file: Path) -> None:
    """DictReader, a pydantic model a row, SQLAlchemy insert of the valid ones."""
    metadata = sa.MetaData()
    columns = [sa.Column(name, sa.Text) for name in Row.model_fields]
    table = sa.Table("signaal", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/obvious.db")
        metadata.create_all(engine)
        with engine.begin() as conn:
            batch: list[dict[str, str]] = []
            for values in _rows(file):
                try:
                    row = Row.model_validate(values)
                except pydantic.ValidationError:
                    continue
                batch.append({name: str(value) for name, value in row.model_dump().items()})
                if len(batch) == 1000:
                    conn.execute(table.insert(), batch)
                    batch = []
            if batch:
                conn.execute(table.insert(), batch)
        engine.dispose()


def main() -> None:
    """Run one of the two and print what it took."""
    work = {"floor": floor, "obvious": obvious}[sys.argv[1]]
    seconds = timed(lambda: work(Path(sys.argv[2])))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
