"""The glossary has every class of contracts; a Dutch one with its article and its source."""

import ast
import re
from pathlib import Path

import pytest

import contracts

FOLDER = Path(contracts.__file__).parent
DUTCH, MECHANISM = (FOLDER / "GLOSSARY.md").read_text("utf-8").split("## Mechanism")


def lines(text):
    """The cells of every table line but the heads."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in cells if row[0] not in {"term", "class"} and not row[0].startswith("---")]


def classes():
    trees = (ast.parse(file.read_text("utf-8")) for file in FOLDER.rglob("*.py"))
    return sorted({node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)})


NAMED = [name for row in (*lines(DUTCH), *lines(MECHANISM)) for cell in row for name in re.findall(r"^`(\w+)`$", cell)]


@pytest.mark.parametrize("name", classes())
def test_every_class_is_explained_once(name):
    assert NAMED.count(name) == 1


def test_nothing_is_explained_that_is_gone():
    assert set(NAMED) <= set(classes())


@pytest.mark.parametrize("row", lines(DUTCH), ids=lambda row: row[0])
def test_a_dutch_term_has_its_article_its_source_and_its_meaning(row):
    term, article, source, meaning, _ = row
    assert article in {"de", "het"}
    assert term
    assert source
    assert meaning


def test_terms_stand_in_alphabetical_order():
    terms = [row[0].lower() for row in lines(DUTCH)]
    assert terms == sorted(terms)
