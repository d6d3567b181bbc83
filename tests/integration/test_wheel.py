"""What people install: the wheel alone, in a fresh environment, away from this tree."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | environment
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("signaalpoort-*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel, and borrows the locked dependencies from this environment."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    installed = run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    site = next((folder / "lib").glob("python*/site-packages"))
    borrowed = folder / "borrowed"
    borrowed.mkdir()
    for package in next(Path(sys.prefix, "lib").glob("python*/site-packages")).iterdir():
        if "signaalpoort" not in package.name:  # the editable install of this tree stays out
            (borrowed / package.name).symlink_to(package)
    (site / "borrowed.pth").write_text(f"{borrowed}\n", "utf-8")
    return python


def test_the_wheel_holds_what_the_gateway_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if "." not in top} == {"gateway", "adapters", "contracts"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "gateway/openssl.cnf" in names
    in_tree = {
        path.relative_to(ROOT).as_posix()
        for package in ("gateway", "adapters", "contracts")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(in_tree - set(names)) == []


def test_the_command_line_runs_away_from_the_tree(python: Path, tmp_path: Path) -> None:
    found = run(python, "-c", "import gateway; print(gateway.__file__)", cwd=tmp_path)
    assert str(ROOT) not in found.stdout
    helped = run(python.with_name("signaalpoort"), "--help", cwd=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "serve" in helped.stdout


def test_an_empty_folder_becomes_an_installation(python: Path, tmp_path: Path) -> None:
    migrated = run(python, "-m", "gateway.cli", "migrate", cwd=tmp_path)
    assert migrated.returncode == 0, migrated.stderr
    assert (tmp_path / "var" / "signaalpoort.db").is_file()
    again = run(python, "-m", "gateway.cli", "migrate", cwd=tmp_path)
    assert again.stdout.startswith("already at")


def test_the_published_document_comes_out_of_the_wheel(python: Path, tmp_path: Path) -> None:
    document = run(python, "-m", "gateway.cli", "openapi", cwd=tmp_path)
    assert document.returncode == 0, document.stderr
    assert document.stdout.startswith("{")
