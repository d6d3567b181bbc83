"""What a rule is: one thing that can be wrong, in the words that the partner reads, and for rows how it shows."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from contracts.aanlevering import Ernst
from contracts.row_states import RowState
from gateway.stages.dialect import Dialect
from gateway.stages.policy import Policy


class When(enum.Enum):
    """What a block must show of a rule's field before the rule is worth evaluating."""

    EMPTY = enum.auto()
    """Somewhere the field is empty."""
    FILLED = enum.auto()
    """Somewhere the field is filled."""
    DOUBT = enum.auto()
    """Somewhere the text is not of the plain form (`fields.READINGS`)."""
    MARKED = enum.auto()
    """Somewhere a row is marked with the rule's code (`block.Block.marked`)."""


Holds = pl.Expr | Callable[[Policy, Dialect], pl.Expr]
"""Boolean per row of the working frame: this finding holds. Null counts as false."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """One line of the table of rules. `code` is stable: partners build on it.

    `melding` says what is wrong, `wat_te_doen` how to mend it, `bron` on which ground. `{vorm}` in a `melding` is
    filled with the finding's `vorm` (findings about a file only). `holds` is None for a rule that another step applies.
    `state`: where the row ends; None for a warning and for Fatal. `drops`: the field is left out of what goes on.
    `final`: also told of a row whose fields are in the wrong place.
    """

    code: str
    ernst: Ernst
    veld: str | None
    melding: str
    wat_te_doen: str
    bron: str
    state: RowState | None = None
    when: When = When.FILLED
    holds: Holds | None = None
    drops: bool = False
    final: bool = False

    def condition(self, policy: Policy, dialect: Dialect) -> pl.Expr:
        """The condition for this upload; raises ValueError for a rule that another step applies."""
        if self.holds is None:
            raise ValueError(f"{self.code} is not judged on rows")
        return self.holds if isinstance(self.holds, pl.Expr) else self.holds(policy, dialect)


def error(
    code: str,
    veld: str | None,
    melding: str,
    wat_te_doen: str,
    bron: str,
    *,
    holds: Holds | None = None,
    when: When = When.FILLED,
    state: RowState = RowState.REGEL_AFGEKEURD,
    final: bool = False,
) -> Rule:
    """A rule that refuses the row."""
    return Rule(
        code=code,
        ernst=Ernst.ERROR,
        veld=veld,
        melding=melding,
        wat_te_doen=wat_te_doen,
        bron=bron,
        state=state,
        when=when,
        holds=holds,
        final=final,
    )


def warning(
    code: str,
    veld: str | None,
    melding: str,
    wat_te_doen: str,
    bron: str,
    *,
    holds: Holds | None = None,
    when: When = When.FILLED,
    drops: bool = False,
) -> Rule:
    """A rule that lets the row go on; with `drops` its field is left out."""
    return Rule(
        code=code,
        ernst=Ernst.WARNING,
        veld=veld,
        melding=melding,
        wat_te_doen=wat_te_doen,
        bron=bron,
        when=when,
        holds=holds,
        drops=drops,
    )


def fatal(code: str, veld: str | None, melding: str, wat_te_doen: str, bron: str) -> Rule:
    """A rule that refuses the whole file."""
    return Rule(code=code, ernst=Ernst.FATAL, veld=veld, melding=melding, wat_te_doen=wat_te_doen, bron=bron)
