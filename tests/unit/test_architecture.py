"""The house rules that a machine can hold: imports, sizes, names, docs that do not lag, a tree that names no other."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import adapters
import contracts
import gateway
from adapters import catalogue
from gateway import errors, log
from gateway.cli import COMMANDS, docs
from gateway.lifecycle import DeliveryState, UploadState
from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
CODE = sorted(path for package in ("contracts", "adapters", "gateway") for path in (ROOT / package).rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "manager", "services"}


def tracked() -> list[Path]:
    """Every text file that belongs to the project: as git lists them, or in a copy without git, all."""
    found = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        capture_output=True, check=False,
    )  # fmt: skip
    names = found.stdout.decode().split("\0")[:-1]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_the_import_rules_hold() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout


def test_the_import_rules_are_exhaustive() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        rules = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    floors = next(rule for rule in rules if rule.get("containers") == ["gateway"])
    assert floors["exhaustive"] is True
    assert not floors.get("exhaustive_ignores")


def test_outside_the_store_a_connection_is_only_passed_on() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in CODE
        if "store" not in path.relative_to(ROOT).parts
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s*(from|import) (sqlalchemy|alembic)", line) and line != "from sqlalchemy import Connection"
    ]
    assert found == []


@pytest.mark.parametrize("package", [contracts, adapters, gateway], ids=lambda package: package.__name__)
def test_every_module_imports_alone_and_does_nothing(package: object) -> None:
    prefix = f"{package.__name__}."  # type: ignore[attr-defined]  # a package, which mypy knows as object here
    path = package.__path__  # type: ignore[attr-defined]  # idem
    for module in pkgutil.walk_packages(path, prefix):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert path.stem not in FORBIDDEN_NAMES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_opt_out_has_its_reason_on_the_line(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        for opt_out in re.finditer(r"#\s*(noqa(?:: [A-Z0-9, ]+)?|type: ignore(?:\[[\w, -]+\])?)", line):
            rest = line[opt_out.end() :]
            assert ":" in opt_out[0] or "[" in opt_out[0], f"{path.name}:{number} opts out of everything"
            assert re.match(r"\s*(#|-) *\S+ \S+", rest), f"{path.name}:{number} gives no reason"


@pytest.mark.parametrize("name", sorted(docs.pages()))
def test_generated_pages_are_fresh(name: str) -> None:
    assert (ROOT / "deploy" / name).read_text("utf-8") == docs.pages()[name], "run: signaalpoort docs deploy"


def documentation() -> str:
    pages = [*(ROOT / "deploy").rglob("*.md"), ROOT / "README.md"]
    return "\n".join(page.read_text("utf-8") for page in pages)


def test_everything_that_has_a_name_is_in_the_docs() -> None:
    defaults = Settings()
    names = {field for section in Settings.__struct_fields__ for field in getattr(defaults, section).__struct_fields__}
    names |= {f"signaalpoort {command}" for command in COMMANDS}
    names |= set(log.EVENTS)
    names |= {name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")}
    names |= {f"`{name}`" for name in catalogue.ADAPTERS}
    names |= {state.name.lower() for state in (*UploadState, *DeliveryState)}
    text = documentation()
    assert sorted(name for name in names if name not in text) == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in [*(ROOT / "deploy").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "contracts").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_tree_speaks_of_itself_alone() -> None:
    """No address of a package mirror, no path of one machine, no real person."""
    # Assembled, so that this file does not contain them.
    forbidden = [
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            "/opt/" + "(wheels|pypi)", "/home/" + r"\w", "/work/" + "(main|shared)", "index" + "-url",
            r"https?://[\w.-]*" + "(artifactory|nexus|devpi)", "file:///" + "(opt|home|work)",
        )
    ]  # fmt: skip
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {p.pattern}" for p in forbidden if p.search(text)]
    assert found == []


def test_the_top_of_the_tree_is_what_the_house_says() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if len(path.relative_to(ROOT).parts) > 1}
    assert folders <= {"gateway", "adapters", "contracts", "tests", "deploy", ".ci", ".github"}
