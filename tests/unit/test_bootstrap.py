"""What the composition root decides by itself: receipt keys, the packages that are ours, a database that is ready."""

import types
from pathlib import Path

import pytest

from gateway import bootstrap
from gateway.crypto.signing import verify
from gateway.errors import SettingsError
from gateway.settings import DatabaseSettings, Settings, Storage


def settings(folder: Path, url: str) -> Settings:
    return Settings(
        database=DatabaseSettings(url=url), storage=Storage(blob_dir=folder / "blobs", key_dir=folder / "keys")
    )


def test_a_receipt_outlives_the_key_that_signed_it(tmp_path: Path) -> None:
    keys = bootstrap.key_ring(settings(tmp_path, "sqlite:///unused"))
    before = bootstrap.receipt_signer(keys)
    receipt = before.sign(b"payload")
    kids = [bootstrap.rotate_receipt_key(keys) for _ in range(10)]
    after = bootstrap.receipt_signer(keys)
    assert after.kid == kids[-1] != before.kid
    assert verify(receipt, after.jwks()) == b"payload"


def test_every_process_signs_with_the_same_key(tmp_path: Path) -> None:
    some = settings(tmp_path, "sqlite:///unused")
    first, second = (bootstrap.receipt_signer(bootstrap.key_ring(some)) for _ in range(2))
    assert first.kid == second.kid


def test_a_database_without_our_tables_is_named_with_the_mend(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="signaalpoort migrate"),
        bootstrap.open_kit(settings(tmp_path, f"sqlite:///{tmp_path}/empty.db")),
    ):
        pass


def test_a_kit_opens_on_a_migrated_database(tmp_path: Path, sqlite_url: str) -> None:
    with bootstrap.open_kit(settings(tmp_path, sqlite_url)) as kit:
        assert kit.clock().tzinfo is not None
        assert len(kit.dice(7)) == 7


def test_another_distributions_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The import system cannot be asked to hold two packages of one name; the name in bootstrap can be replaced.
    monkeypatch.setattr(bootstrap, "adapters", types.ModuleType("adapters"))
    with pytest.raises(SettingsError, match="not ours"):
        bootstrap.ensure_ours()
