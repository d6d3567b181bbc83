"""The country's month as one picture: where the signalen are at each moment, and why it takes so long.

Above: all rows stacked by where they are, second by second. Below: the way of an average delivered signaal, in stages.
Text is Dutch, since the picture is for those who decide. Colours differ in lightness too, for the colour-blind.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from tests.bench.country import STAGES

if TYPE_CHECKING:
    from tests.bench.country import Group, Month

mpl.use("Agg")

STEPS: Final = 400
"""Moments that are drawn."""
NARROW: Final = 0.06
"""A stage with less than this share has no room for its name inside the bar."""
NAMES: Final[dict[str, str]] = {
    "receive": "ontvangen en verzegelen",
    "wait_to_be_judged": "wacht op beoordeling",
    "judge": "beoordelen",
    "wait_to_be_delivered": "wacht op bezorging",
    "at_the_system": "bij het systeem van de gemeente",
}
COLOURS: Final[dict[str, str]] = {
    "receive": "#08519c",
    "wait_to_be_judged": "#bdd7e7",
    "judge": "#3182bd",
    "wait_to_be_delivered": "#fdd0a2",
    "at_the_system": "#e6550d",
}
NOT_SENT: Final = ("nog niet aangeleverd", "#f0f0f0")
DELIVERED: Final = ("bij de gemeente", "#31a354")
REFUSED: Final = ("geweigerd, met reden aan de partner", "#969696")


def draw(month: "Month", stem: Path) -> list[Path]:
    """Write `stem`.svg and `stem`.png; their paths."""
    figure = Figure(figsize=(12, 8.2), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[4.4, 1])
    figure.suptitle(
        f"{_count(month.rows)} signalen van {_count(month.partners)} partners, alle tegelijk aangeleverd:\n"
        f"na {_long(month.seconds)} is elk signaal bij zijn gemeente of met reden geweigerd",
        fontsize=16,
        fontweight="bold",
    )
    _stacked(above, month)
    _average(below, month)
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = [stem.with_suffix(ending) for ending in (".svg", ".png")]
    for file in files:
        figure.savefig(file, dpi=110)
    return files


def _stacked(axes: Any, month: "Month") -> None:
    moments = np.linspace(0, month.seconds, STEPS)
    layers = _layers(month.groups, moments)
    names, colours = zip(DELIVERED, REFUSED, *_of_stages(reversed(STAGES)), NOT_SENT, strict=True)
    axes.stackplot(moments, layers, labels=names, colors=colours, linewidth=0)
    axes.set(xlim=(0, month.seconds), ylim=(0, month.rows), xlabel="seconden sinds de eerste aanlevering")
    axes.set_title("Waar zijn de signalen?", loc="left", fontsize=13)
    axes.yaxis.set_major_formatter(lambda value, _: _count(value))
    axes.grid(axis="y", color="white", linewidth=0.8, alpha=0.7)
    handles, labels = axes.get_legend_handles_labels()
    # As they lie: the topmost first.
    axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=11)
    _plain(axes)


def _layers(groups: Sequence["Group"], moments: Any) -> list[Any]:
    """Rows at each moment: delivered, refused, in each stage from the last to the first, not sent yet."""
    whole = [group for group in groups if len(group.moments) > len(STAGES)]
    short = [group for group in groups if len(group.moments) <= len(STAGES)]
    past = [_past(groups, n, moments) for n in range(len(STAGES) - 1)]
    refused = _past(short, len(STAGES) - 2, moments)
    going = [past[-1] - refused, *(_past(whole, n, moments) for n in range(len(STAGES) - 1, len(STAGES) + 1))]
    entered = [*past[:-1], going[0] + refused, *going[1:]]
    inside = [entered[n] - entered[n + 1] - (refused if n == len(STAGES) - 2 else 0) for n in range(len(STAGES))]
    total = sum(group.rows for group in groups)
    return [going[-1], refused, *reversed(inside), total - past[0]]


def _past(groups: Sequence["Group"], nth: int, moments: Any) -> Any:
    """Rows that had their n-th moment by each of `moments`."""
    order = sorted((group.moments[nth], group.rows) for group in groups)
    when = np.array([moment for moment, _ in order])
    rows = np.concatenate([[0], np.cumsum([rows for _, rows in order])])
    return rows[np.searchsorted(when, moments, side="right")]


def _average(axes: Any, month: "Month") -> None:
    means = month.means()
    whole = sum(means.values())
    at = 0.0
    for stage, mean in means.items():
        axes.barh(0, mean, left=at, color=COLOURS[stage], height=0.6)
        if mean >= NARROW * whole:
            text = f"{NAMES[stage]}\n{_seconds(mean)} ({100 * mean / whole:.0f}%)"
            light = COLOURS[stage] in ("#bdd7e7", "#fdd0a2")
            axes.text(at + mean / 2, 0, text, ha="center", va="center", color="black" if light else "white")
        at += mean
    small = [f"{NAMES[stage]} {_seconds(mean)}" for stage, mean in means.items() if mean < NARROW * whole]
    axes.set(xlim=(0, whole), ylim=(-0.5, 0.5), xlabel="; ".join(small))
    axes.set_title(
        f"Een signaal is gemiddeld {_seconds(whole)} onderweg. Waar blijft die tijd?", loc="left", fontsize=13
    )
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s".replace(".", ","))
    _plain(axes)


def _of_stages(stages: Any) -> list[tuple[str, str]]:
    return [(NAMES[stage], COLOURS[stage]) for stage in stages]


def _plain(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _count(number: float) -> str:
    return f"{number:,.0f}".replace(",", ".")


def _long(seconds: float) -> str:
    """In minutes from two on."""
    if seconds < 120:
        return f"{seconds:.0f} seconden"
    return f"{seconds / 60:.1f} minuten".replace(".", ",")


def _seconds(seconds: float) -> str:
    digits = 0 if seconds >= 10 else 1 if seconds >= 1 else 2
    return f"{seconds:.{digits}f}".replace(".", ",") + " s"
