"""Settings are strict: what does not fit is named, with its place, before anything starts."""

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import Settings, load_settings


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text, "utf-8")
    return file


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings(None, {}) == Settings()


def test_a_file_and_the_environment_together(tmp_path: Path) -> None:
    file = written(tmp_path, '[storage]\nkey_dir = "/k"\n[https]\nport = 1\nclient_ca = ["/a.pem", "/b.pem"]\n')
    settings = load_settings(file, {"SIGNAALPOORT_HTTPS_PORT": "9443", "SIGNAALPOORT_CONFIG": str(file), "HOME": "/"})
    assert settings.storage.key_dir == Path("/k")
    assert settings.https.client_ca == (Path("/a.pem"), Path("/b.pem"))
    assert settings.https.port == 9443


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[https]\nkleur = 1\n", "kleur"),
        ("[onbekend]\n", "onbekend"),
        ("[https]\nport = 70000\n", "https.port"),
        ("[storage]\nkey_dir = 3\n", "storage.key_dir"),
        ('[storage]\nkey_dir = ""\n', "storage.key_dir"),
        ("[work]\nlease_seconds = 0\n", "work.lease_seconds"),
        ("[https\n", "not TOML"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(written(tmp_path, text), {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings(tmp_path / "gone.toml", {})


def test_a_section_in_the_environment_must_exist() -> None:
    with pytest.raises(SettingsError, match="SIGNAALPOORT_KLEUR_ROOD"):
        load_settings(None, {"SIGNAALPOORT_KLEUR_ROOD": "1"})


def test_a_dead_workers_parcels_are_taken_over_within_ten_seconds_though_an_attempt_may_last_longer() -> None:
    work = load_settings(None, {}).work
    assert work.lease_seconds + work.poll_seconds < 10 < work.attempt_timeout_seconds
