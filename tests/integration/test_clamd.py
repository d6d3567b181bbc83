"""A real clamd, with one signature of our own: what it says of files, and what becomes of them."""

import datetime as dt
import gzip
import io
import logging
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from adapters.clamd import MIB, Clamd
from contracts.ports import Clean, Infected, NotScanned
from gateway import bootstrap
from gateway.cli.check import Finding, _findings
from gateway.errors import SettingsError
from gateway.flow.process import process_next
from gateway.flow.summary import decode_summary
from gateway.lifecycle import UploadState
from gateway.settings import Scan, Settings, Storage, load_settings
from gateway.store import migrate
from tests.builders import a_csv, a_row
from tests.clamd import FILE_MAX, HARMFUL, SIGNATURE, STREAM_MAX, Daemon, running_clamd
from tests.world import configure, receive, reload


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with tempfile.TemporaryDirectory() as folder, running_clamd(Path(folder)) as running:
        yield running


@pytest.fixture(params=["unix", "tcp"])
def address(daemon: Daemon, request: pytest.FixtureRequest) -> str:
    return str(getattr(daemon, request.param))


def scanner(address: str, limit: int = 64 * MIB) -> Clamd:
    return Clamd(
        address=address,
        timeout_seconds=60,
        stream_limit=limit,
        signature_days=3,
        clock=lambda: dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    )


def zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("achterstanden.csv", data)
    return packed.getvalue()


def test_clean_files(address: str) -> None:
    clean = a_csv([a_row()])
    for data in (clean, zipped(clean), gzip.compress(clean), b""):
        assert scanner(address).scan([data]) == Clean()


def test_harmful_files_also_when_packed_and_cut_anywhere(address: str) -> None:
    harmful = a_csv([a_row()]) + HARMFUL
    found = Infected(name=SIGNATURE)
    for data in (harmful, zipped(harmful), gzip.compress(harmful), zipped(zipped(harmful))):
        assert scanner(address).scan([data]) == found
    assert scanner(address).scan(harmful[at : at + 1] for at in range(len(harmful))) == found


@pytest.mark.parametrize("size", [FILE_MAX + 1, STREAM_MAX + 1, 32 * MIB])
def test_more_than_it_takes_is_not_scanned(address: str, size: int) -> None:
    """Also what is over MaxFileSize, which clamd would skip: AlertExceedsMax has it say so."""
    block = bytes(64 * 1024)
    chunks = [*[block] * (size // len(block)), bytes(size % len(block))]
    assert scanner(address).scan(chunks) == NotScanned(reason="size_limit")


def test_a_probe_says_that_official_signatures_are_missing(address: str) -> None:
    found = scanner(address).probe()
    assert not found.reachable
    assert "ClamAV" in found.detail
    assert "freshclam" in found.detail


def settings(folder: Path, clamd: str | None) -> Settings:
    return msgspec.structs.replace(
        Settings(),
        database=msgspec.structs.replace(Settings().database, url=f"sqlite:///{folder}/s.db"),
        storage=Storage(blob_dir=folder / "blobs", key_dir=folder / "keys"),
        scan=Scan(clamd=clamd, stream_limit_mib=1),
    )


def test_check_asks_it(daemon: Daemon, tmp_path: Path) -> None:
    def checked(clamd: str | None) -> Finding:
        used = settings(tmp_path, clamd)
        return next(found for found in _findings(used, offline=False) if found.what == "malware scanner")

    with bootstrap.database(settings(tmp_path, None)) as db:
        migrate.upgrade(db)
    assert checked(None).good
    assert "not scanned" in checked(None).detail
    assert not checked(f"unix:{tmp_path}/none").good
    assert "is clamd running?" in checked(f"unix:{tmp_path}/none").detail
    assert "freshclam" in checked(daemon.unix).detail


def test_an_upload_on_its_way(daemon: Daemon, tmp_path: Path) -> None:
    with bootstrap.database(settings(tmp_path, daemon.unix)) as db:
        migrate.upgrade(db)
    with bootstrap.open_kit(settings(tmp_path, daemon.unix)) as kit:
        configure(kit)
        harmful = receive(kit, a_csv([a_row()]) + HARMFUL)
        clean = receive(kit, a_csv([a_row()]))
        while process_next(kit):
            pass
        refused = reload(kit, harmful)
        assert refused.state is UploadState.REJECTED
        assert refused.summary is not None
        assert decode_summary(refused.summary).fatal == "bestand_schadelijk"
        assert reload(kit, clean).state is UploadState.PROCESSED


def test_an_upload_waits_while_the_scanner_is_away_and_passes_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        away = settings(tmp_path, f"unix:{folder}/s")
        with bootstrap.database(away) as db:
            migrate.upgrade(db)
        with bootstrap.open_kit(away) as kit, caplog.at_level(logging.ERROR):
            configure(kit)
            received = receive(kit, a_csv([a_row()]))
            assert process_next(kit)
            assert reload(kit, received).state is UploadState.RECEIVED
            assert [record.message for record in caplog.records] == ["scan_failed"]
            with kit.db.write() as conn:
                conn.exec_driver_sql("UPDATE upload SET lease_until_ms = NULL")
            with running_clamd(Path(folder)):
                assert process_next(kit)
            assert reload(kit, received).state is UploadState.PROCESSED


def test_an_address_that_is_none_refuses_to_start() -> None:
    with pytest.raises(SettingsError, match=r"scan\.clamd"):
        bootstrap.scanner(load_settings(None, {"SIGNAALPOORT_SCAN_CLAMD": "localhost:3310"}))
    assert bootstrap.scanner(Settings()) is None
