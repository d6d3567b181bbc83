"""The page of every finding as Markdown, for `deploy/rules.md`. Pure: the tables in, lines out."""

from collections.abc import Iterable, Iterator

from contracts.signaal import Soort
from gateway.stages.rule import Rule
from gateway.stages.rule_pages import page_of, steps


def explained(rules: Iterable[Rule]) -> Iterator[str]:
    """What each code means, an example and the steps to repair it."""
    yield "\n## Uitleg per code\n"
    yield "Dezelfde uitleg staat bij de dienst zelf op `/v1/bevindingen/<code>`, als pagina en als JSON. De voorbeelden"
    yield "zijn verzonnen."
    for rule in rules:
        yield from _explained(rule)


def _explained(rule: Rule) -> Iterator[str]:
    page = page_of(rule)
    others = " en ".join(f"`{column}` {_cell(text)}" for column, text in page.bij.items())
    yield f"\n### {rule.code}\n"
    yield f"{page.betekenis} Geldt bij: {', '.join(soort for soort in Soort if soort in page.soorten)}.\n"
    yield f"Voorbeeld{f', bij {others}' if others else ''}: {_cell(page.fout)} → {_cell(page.goed)}\n"
    yield from (f"{number}. {step}" for number, step in enumerate(steps(rule), start=1))


def _cell(text: str) -> str:
    return f"`{_visible(text)}`" if text else "*leeg*"


def _visible(text: str) -> str:
    return "".join(chr(0x2400 + ord(letter)) if ord(letter) < 0x20 else letter for letter in text)
