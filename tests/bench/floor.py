"""What is measured against: the floor that no gateway can pass, the obvious way, and reading alone.

Nothing of the gateway is imported here: polars works as it does by itself.

`python -m tests.bench.floor floor|obvious|plain FILE` prints a JSON object with seconds and peak MiB.
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
from typing import Annotated, Any

import polars as pl
import pydantic
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.signaal import Product, Signaaltype, Soort
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


def _date(value: object) -> object:
    if not isinstance(value, str):
        return value
    form = "%Y-%m-%d" if value[4:5] == "-" else "%d-%m-%Y"
    return dt.datetime.strptime(value, form).date()  # noqa: DTZ007  # a date without a time


def _amount(value: object) -> object:
    return value.replace(".", "").replace(",", ".") if isinstance(value, str) else value


def _yes_no(value: object) -> object:
    return {"ja": True, "nee": False}.get(value.lower(), value) if isinstance(value, str) else value


def _several(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Date = Annotated[dt.date, pydantic.BeforeValidator(_date)]
Amount = Annotated[Decimal, pydantic.BeforeValidator(_amount), pydantic.Field(ge=0, decimal_places=2)]
YesNo = Annotated[bool, pydantic.BeforeValidator(_yes_no)]
Text = Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _like(pattern: str) -> Any:
    return Annotated[str, pydantic.StringConstraints(strip_whitespace=True, pattern=pattern)]


class Row(pydantic.BaseModel):
    """The obvious model of a row: every column of the layout, as ours."""

    soort: Soort
    signaaltype: Signaaltype = Signaaltype.VROEGSIGNAAL
    producten: Annotated[list[Product], pydantic.BeforeValidator(_several)] = []
    kenmerk: Text
    opdrachtgever_kvk: _like(r"^\d{8}$") | None = None  # type: ignore[valid-type]
    klantnummer: Text | None = None
    polisnummer: Text | None = None
    uzovi: _like(r"^\d{4}$") | None = None  # type: ignore[valid-type]
    bsn: _like(r"^\d{9}$") | None = None  # type: ignore[valid-type]
    voorletters: Text | None = None
    voorvoegsel: Text | None = None
    achternaam: Text
    geslacht: _like("^[MVX]$") | None = None  # type: ignore[valid-type]
    geboortedatum: Date | None = None
    telefoon: _like(r"^0[1-9]\d{8}$") | None = None  # type: ignore[valid-type]
    email: _like(r"^[^@\s]+@[^@\s]+\.[^@\s]+$") | None = None  # type: ignore[valid-type]
    straat: Text
    huisnummer: Annotated[int, pydantic.Field(ge=1, le=99_999)]
    huisletter: _like("^[A-Za-z]$") | None = None  # type: ignore[valid-type]
    huisnummertoevoeging: Text | None = None
    postcode: _like(r"^[1-9]\d{3} ?[A-Z]{2}$")  # type: ignore[valid-type]
    woonplaats: Text
    gemeentecode: _like(r"^\d{4}$")  # type: ignore[valid-type]
    bedrag: Amount
    bedrag_premie: Amount | None = None
    bedrag_eigen_risico: Amount | None = None
    bedrag_eigen_bijdrage: Amount | None = None
    oudste_vervaldatum: Date
    facturen: Annotated[list[str], pydantic.BeforeValidator(_several)] = []
    einde_levering: Date | None = None
    bedreigend: YesNo = False
    warme_overdracht: YesNo = False
    herinnering_verstuurd: YesNo
    persoonlijk_contact_gezocht: YesNo
    gewezen_op_schuldhulp: YesNo
    doorgifte_aangekondigd: YesNo
    bezwaar: YesNo = False


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        for line in csv.DictReader(source, delimiter=";"):
            yield {name: value for name, value in line.items() if value}


def obvious(file: Path) -> None:
    """DictReader, a pydantic model a row, SQLAlchemy insert of the valid ones."""
    metadata = sa.MetaData()
    columns = [sa.Column(name, sa.Text) for name in Row.model_fields]
    table = sa.Table("signaal", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/obvious.db")
        metadata.create_all(engine)
        with engine.begin() as conn:
            batch: list[dict[str, str | None]] = []
            for values in _rows(file):
                try:
                    row = Row.model_validate(values)
                except pydantic.ValidationError:
                    continue
                values_ = row.model_dump(mode="json")
                batch.append({name: None if value is None else str(value) for name, value in values_.items()})
                if len(batch) == 1000:
                    conn.execute(table.insert(), batch)
                    batch = []
            if batch:
                conn.execute(table.insert(), batch)
        engine.dispose()


def plain(file: Path) -> None:
    """Read the file into text columns, as quickly as polars can."""
    pl.read_csv(file, separator=";", infer_schema=False)


def main() -> None:
    """Run one of them and print what it took."""
    work = {"floor": floor, "obvious": obvious, "plain": plain}[sys.argv[1]]
    seconds = timed(lambda: work(Path(sys.argv[2])))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
