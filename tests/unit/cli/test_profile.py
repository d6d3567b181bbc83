"""`profile guess` and `profile try`: what they show, what they keep to themselves, and that they need nothing."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway import cli
from gateway.cli.demo.samples import landlord_file
from gateway.stages.profiles import parse_profile
from tests.builders import TODAY, a_csv, a_row
from tests.unit.cli.conftest import Run

PROFILE = """
naam = "ERP"
versie = 2
kolommen."Naam huurder" = "naam"
kolommen.Code1 = "kenmerk"
negeren = ["Regio"]
constanten.soort = "huur"
"""


def erp_file() -> bytes:
    person = ("voorletters", "voorvoegsel", "achternaam", "soort", "kenmerk")
    rest = {column: text for column, text in a_row().items() if column not in person}
    names = ("J.P. van der Voorbeeld", "Voorbeeld, A.", "Jan Voorbeeld")
    return a_csv([{"Code1": f"R-{n}", "Naam huurder": name, "Regio": "Noord", **rest} for n, name in enumerate(names)])


@pytest.fixture
def erp(tmp_path: Path) -> tuple[str, str]:
    """(profile, file)."""
    (tmp_path / "erp.toml").write_text(PROFILE, "utf-8")
    (tmp_path / "erp.csv").write_bytes(erp_file())
    return str(tmp_path / "erp.toml"), str(tmp_path / "erp.csv")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["profile", *arguments])


def test_trying_shows_before_and_after_masked(erp: tuple[str, str]) -> None:
    result = call("try", *erp, "--soort", "huur", "--rijen", "1")
    assert result.exit_code == 0, result.output
    for told in (
        "met profiel 'ERP' versie 2",
        "Kolom 'Naam huurder' is naam: dat zegt profiel ERP, versie 2.",
        "Naam huurder",
        "A.A. aaa aaa Aaaaaaaaa",
        "row 1 goes on",
        "constant",
        "huur",
        "how naam is split",
        "in doubt",
        "3 rows: 3 go on as far as the file decides, 0 are refused",
    ):
        assert told in result.output
    assert "Voorbeeld" not in result.output
    assert "row 2" not in result.output


def test_trying_shows_values_when_asked(erp: tuple[str, str]) -> None:
    result = call("try", *erp, "--soort", "huur", "--toon-waarden")
    assert "J.P. van der Voorbeeld" in result.output
    assert "2026-10-01" in result.output
    assert "row 3" in result.output


def test_trying_tells_the_findings_by_cause(erp: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_bytes(erp_file().replace(b"1012 AB", b"12AB"))
    result = call("try", *erp, "--soort", "huur")
    assert "row 1 is refused" in result.output
    assert "0 go on as far as the file decides, 3 are refused" in result.output
    assert "postcode_ongeldig (error)" in result.output
    assert "1, 2, 3" in result.output


def test_a_file_that_would_be_refused_whole_is_shown_all_the_same(erp: tuple[str, str]) -> None:
    result = call("try", *erp)
    assert result.exit_code == 0
    missing = PROFILE.replace('kolommen.Code1 = "kenmerk"', "")
    Path(erp[0]).write_text(missing, "utf-8")
    result = call("try", *erp)
    assert result.exit_code == cli.EXIT_WRONG_CALL
    assert "The whole file would be refused: Verplichte kolommen ontbreken: kenmerk" in result.output
    assert "row 1 is refused" in result.output


def test_a_file_that_cannot_be_read_is_told(erp: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_bytes(b"%PDF-1.7")
    assert "een PDF-bestand" in call("try", *erp).output
    result = call("guess", erp[1])
    assert result.exit_code == cli.EXIT_WRONG_CALL
    assert "no profile helps to read this file: " in result.stderr
    (tmp_path / "erp.csv").write_bytes(b"PK\x03\x04 no zip")
    assert call("guess", erp[1]).exit_code == call("try", *erp).exit_code == cli.EXIT_WRONG_CALL


def test_every_mistake_in_a_profile_is_told(erp: tuple[str, str]) -> None:
    for text, told in (
        (
            'versie = 0\nkolomen = 1\nnaam = "a"',
            ['  kolomen: unknown; the nearest is "kolommen"', "  versie: is a whole"],
        ),
        (
            'naam = "a"\nkolommen.X = "bedrg"',
            ['  kolommen.X: "bedrg" is no column of the layout; the nearest is "bedrag"'],
        ),
    ):
        Path(erp[0]).write_text(text, "utf-8")
        result = call("try", *erp)
        assert result.exit_code == cli.EXIT_WRONG_CALL
        for line in told:
            assert line in result.stderr
    Path(erp[0]).write_bytes(b"naam = '\xff'")
    assert "not UTF-8" in call("try", *erp).stderr


def test_it_fits_a_narrow_terminal(erp: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = CliRunner().invoke(cli.main, ["profile", "try", *erp, "--soort", "huur"], color=False)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert "herinnering_verstuurd" in plain


def test_a_partner_of_the_installation_brings_its_own_policy(
    run: Run, erp: tuple[str, str], sqlite_url: str, tmp_path: Path
) -> None:
    text = (
        '[[signaalpartners]]\nkey = "woonstad"\nnaam = "W"\noin = "00000099000000001000"\nsoorten = ["huur"]\n'
        'constanten = { herinnering_verstuurd = "Nee" }\n[signaalpartners.veldbeleid.huur]\ntelefoon = false\n'
    )
    (tmp_path / "apply.toml").write_text(text, "utf-8")
    assert run("apply", str(tmp_path / "apply.toml")).exit_code == 0
    result = run("profile", "try", *erp, "--partner", "woonstad")
    assert "telefoon_niet_toegestaan" in result.output
    assert "there are woonstad" in run("profile", "try", *erp, "--partner", "niemand").stderr
    both = run("profile", "try", *erp, "--partner", "woonstad", "--soort", "huur")
    assert both.exit_code == 2


def test_what_is_proposed_can_be_tried(tmp_path: Path) -> None:
    file = tmp_path / "landlord.csv"
    file.write_bytes(landlord_file(TODAY))
    proposed = call("guess", str(file))
    assert proposed.exit_code == 0
    (tmp_path / "landlord.toml").write_text(proposed.output, "utf-8")
    tried = call("try", str(tmp_path / "landlord.toml"), str(file), "--soort", "huur")
    assert "row 1" in tried.output


def test_control_characters_do_not_reach_the_terminal(erp: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "erp.csv").write_bytes(erp_file().replace(b"Dorpsstraat", b"Dorp\x1b[31m\xe2\x80\xaestraat"))
    result = call("try", *erp, "--soort", "huur", "--toon-waarden")
    assert "\x1b[31m" not in result.output
    assert "\u202e" not in result.output


def test_a_real_process_needs_no_installation(erp: tuple[str, str], tmp_path: Path) -> None:
    packed = tmp_path / "erp.csv.gz"
    packed.write_bytes(gzip.compress(erp_file()))
    command = [sys.executable, "-m", "gateway.cli", "profile"]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    guessed = subprocess.run(
        [*command, "guess", str(packed)], capture_output=True, check=True, cwd=tmp_path, env=environment
    )
    assert parse_profile(guessed.stdout.decode()).kolommen["Naam huurder"] == "naam"
    before = sorted(path.name for path in tmp_path.iterdir())
    tried = subprocess.run(
        [*command, "try", erp[0], str(packed), "--soort", "huur"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert "ingepakt met gzip" in tried.stdout.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == before
