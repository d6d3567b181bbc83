"""The one table of rules: everything that can be found in a file, with what the partner reads about it.

Rules with a condition (`holds`) are judged here on every row, all of them, so that a partner hears everything at once.
The others stand in the table for the steps that apply them. `deploy/rules.md` is generated from it.
"""

from typing import Final

from gateway.stages.rule import Rule, error
from gateway.stages.rules_field import FIELD_RULES
from gateway.stages.rules_file import FILE_RULES, GATE_RULES, OTHER_RULES, ROUTE_RULES
from gateway.stages.rules_person import PERSON_RULES
from gateway.stages.rules_row import ARREARS_RULES, KIND_RULES, NUMBER_RULES
from gateway.stages.rules_sanity import SANITY_RULES
from gateway.stages.rules_unpack import UNPACK_RULES

MISFIT: Final = error(
    "veldaantal",
    None,
    "De regel heeft meer of minder velden dan de kopregel; de waarden staan niet onder de goede kolom.",
    'Zet een tekst waarin het scheidingsteken voorkomt tussen dubbele aanhalingstekens. Een los " in een tekst schrijft'
    ' u als "".',
    "RFC 4180",
    final=True,
)
"""Judged by the reader. What else such a row says is not told, for it would be told of the wrong columns."""

JUDGED: Final[tuple[Rule, ...]] = (
    *NUMBER_RULES,
    *KIND_RULES,
    *PERSON_RULES,
    *ARREARS_RULES,
    *FIELD_RULES,
)
"""Rules with a condition on rows, in the order in which findings of a row are told."""

RULES: Final[tuple[Rule, ...]] = (
    *FILE_RULES,
    *UNPACK_RULES,
    *SANITY_RULES,
    MISFIT,
    *JUDGED,
    *ROUTE_RULES,
    *GATE_RULES,
    *OTHER_RULES,
)

_BY_CODE: Final = {rule.code: rule for rule in RULES}


def rule(code: str) -> Rule:
    """The rule with this code; raises KeyError for a code that is not in the table: a defect of ours."""
    return _BY_CODE[code]
