"""Whether a file makes sense as a whole: what rules about single rows cannot see.

Each block gives a few counts and a sample, so it costs next to nothing at any size; judged is once, at the end. What is
usual for a partner is passed in, as counts and medians of its earlier uploads.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

import polars as pl
from msgspec import Struct

from contracts.row_states import RowState
from gateway.settings import Sanity
from gateway.stages.dialect import FileFinding
from gateway.stages.rules import rule
from gateway.stages.shifted import shifted_columns

SAMPLE_ROWS: Final = 512
"""Rows of a block that its sample has: enough for a median, some MB for ten million rows."""
SHAPE_BLOCKS: Final = 4
SHAPES: Final = 4096
"""Findings of each of the first blocks whose shapes are looked at."""
LARGE_CENTS: Final = 100_000
"""€ 1.000: amounts in cents read as euros are nearly all above it."""
_OWN: Final = frozenset({RowState.REGEL_AFGEKEURD, RowState.BSN_NIET_TOEGESTAAN, RowState.BEZWAAR})
"""A row refused for what it says itself: not by an overeenkomst, a drempelbedrag or an earlier upload."""
MISREAD: Final = 0.5
"""Of the rows: a column that does not read in so many may be in the wrong place; it may be empty in the others."""
_DEFAULT_BIRTH: Final = "geboortedatum_standaardwaarde"
_SAMPLED: Final = ("soort", "bedrag", "geboortedatum")


class KindStatistic(Struct, frozen=True, kw_only=True):
    """Rows of one kind in a file ("" when unknown); the median amount in cents, None of fewer rows than the minimum."""

    soort: str
    rows: int
    median_cents: int | None


class PastKind(KindStatistic, frozen=True, kw_only=True):
    """The same of an earlier upload."""

    upload_no: int
    received_at: dt.datetime


class Whole(Struct, frozen=True, kw_only=True):
    """What a whole file shows. `shapes`: code of a finding → shapes of the values it was about, in a sample.

    `births`: rows with a birth date that goes on; `same_birth`: the share of the commonest one.
    """

    rows: int
    kinds: tuple[KindStatistic, ...]
    whole_euros: bool
    large: float
    births: int
    same_birth: float
    shapes: Mapping[str, Sequence[str]]


class Gathered:
    """Gathers what blocks show. `settings`: from how many rows on a median is kept."""

    def __init__(self, settings: Sanity) -> None:
        self._min_rows = settings.min_rows
        self._rows = 0
        self._births = 0
        self._whole_euros = True
        self._kinds: Counter[str] = Counter()
        self._samples = [pl.DataFrame(schema={"soort": pl.String, "bedrag": pl.Int64, "geboortedatum": pl.Date})]
        self._shapes: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Look at a block: schemas CHECKED_ROWS and FINDINGS."""
        self._rows += rows.height
        self._births += rows.height - rows["geboortedatum"].null_count()
        self._count_kinds(rows["soort"])
        if self._whole_euros:  # once decimals were seen nobody looks again
            self._whole_euros = not (rows["bedrag"] % 100 != 0).any()
        every = max(1, rows.height // SAMPLE_ROWS)
        self._samples.append(rows.select(pl.col(_SAMPLED).gather_every(every)))
        if len(self._shapes) < SHAPE_BLOCKS and not findings.is_empty():
            self._shapes.append(findings.select("code", "vorm").head(SHAPES).drop_nulls())

    def _count_kinds(self, soorten: pl.Series) -> None:
        """A file has few kinds, mostly one: comparing with those seen is some ten times quicker than grouping."""
        found = Counter({"": soorten.null_count()})
        for soort in list(self._kinds):
            if found.total() < soorten.len() and soort:
                found[soort] = int((soorten == soort).sum())
        if found.total() < soorten.len():
            found = Counter(dict(soorten.fill_null("").value_counts().iter_rows()))
        self._kinds += found

    def whole(self) -> Whole:
        """What the blocks so far show together."""
        sample = pl.concat(self._samples)
        births = sample["geboortedatum"].drop_nulls()
        amounts = sample["bedrag"].drop_nulls()
        return Whole(
            rows=self._rows,
            kinds=self._kind_statistics(sample),
            whole_euros=self._whole_euros and not amounts.is_empty(),
            large=_share(amounts.filter(amounts >= LARGE_CENTS).len(), amounts.len()),
            births=self._births,
            same_birth=_share(max(births.value_counts()["count"].to_list(), default=0), births.len()),
            shapes=self._shapes_by_code(),
        )

    def _kind_statistics(self, sample: pl.DataFrame) -> tuple[KindStatistic, ...]:
        medians = dict(sample.group_by("soort").agg(pl.col("bedrag").median()).iter_rows())
        return tuple(
            KindStatistic(
                soort=soort,
                rows=rows,
                median_cents=None if rows < self._min_rows or medians.get(soort) is None else round(medians[soort]),
            )
            for soort, rows in sorted(self._kinds.items())
        )

    def _shapes_by_code(self) -> dict[str, Sequence[str]]:
        if not self._shapes:
            return {}
        grouped = pl.concat(self._shapes).group_by("code").agg("vorm")
        return dict(grouped.iter_rows())


def judge_whole(
    whole: Whole,
    counts: Mapping[str, int],
    past: Sequence[PastKind],
    columns: Sequence[str | None],
    *,
    settings: Sanity,
) -> Iterator[FileFinding]:
    """The findings about the file as a whole. `counts`: findings by code; `columns`: in the order of the file."""
    if whole.rows < settings.min_rows:
        return
    for code, about in (
        ("bestand_meeste_geweigerd", _one_cause(whole, counts, settings.share)),
        ("bestand_kolom_verschoven", _shift(whole, counts, columns, settings.share)),
        ("bestand_bedragen_maal_honderd", _cents(whole, past, settings)),
        ("bestand_geboortedatum_standaard", _one_birth(whole, counts, settings)),
        *_unusual_size(whole, past, settings),
    ):
        if about is not None:
            yield FileFinding(code=code, vorm=about)


def _one_cause(whole: Whole, counts: Mapping[str, int], share: float) -> str | None:
    own = {code: number for code, number in counts.items() if rule(code).state in _OWN}
    if not own:
        return None
    code, number = max(own.items(), key=lambda item: (item[1], item[0]))
    return f"{_number(number)} van de {_number(whole.rows)}, om {code}" if number >= share * whole.rows else None


def _shift(whole: Whole, counts: Mapping[str, int], columns: Sequence[str | None], share: float) -> str | None:
    misread: dict[str, Sequence[str]] = {}
    for code, shapes in whole.shapes.items():
        veld = rule(code).veld
        if veld is not None and counts.get(code, 0) >= MISREAD * whole.rows:
            misread[veld] = shapes
    found = shifted_columns(misread, columns, share=share)
    return ", ".join(f"in {column} staat {belongs}" for column, belongs in found) or None


def _cents(whole: Whole, past: Sequence[PastKind], settings: Sanity) -> str | None:
    usual = {kind.soort: _usual_median(past, kind.soort, settings) for kind in whole.kinds}
    for kind in whole.kinds:
        before = usual[kind.soort]
        if before and kind.median_cents is not None and kind.median_cents >= settings.amount_factor * before:
            return f"bij {kind.soort} gewoonlijk rond € {_euro(before)}, nu rond € {_euro(kind.median_cents)}"
    if any(usual.values()) or not whole.whole_euros or whole.large < settings.share:
        return None
    return "geen enkel bedrag heeft decimalen en vrijwel alle zijn 1000 of meer"


def _one_birth(whole: Whole, counts: Mapping[str, int], settings: Sanity) -> str | None:
    """Birth dates of 1-1-1900 were left out already, so they are counted by their finding."""
    default = counts.get(_DEFAULT_BIRTH, 0)
    filled = whole.births + default
    if filled < settings.min_rows:
        return None
    if default >= settings.share * filled:
        return "1-1-1900"
    return "steeds dezelfde" if whole.same_birth * whole.births >= settings.share * filled else None


def _unusual_size(whole: Whole, past: Sequence[PastKind], settings: Sanity) -> Iterator[tuple[str, str]]:
    sizes: Counter[tuple[int, dt.datetime]] = Counter()
    for one in past:
        sizes[one.upload_no, one.received_at] += one.rows
    usual = _usual([(at, rows) for (_, at), rows in sizes.items() if rows >= settings.min_rows], settings)
    if usual is None:
        return
    about = f"{_number(whole.rows)}, gewoonlijk rond {_number(round(usual))}"
    if whole.rows > settings.rows_factor * usual:
        yield "bestand_veel_meer_regels", about
    if whole.rows * settings.rows_factor < usual:
        yield "bestand_veel_minder_regels", about


def _usual_median(past: Sequence[PastKind], soort: str, settings: Sanity) -> float | None:
    """The usual median amount of a kind: each month counts by the file with most rows of it."""
    months: dict[tuple[int, int], PastKind] = {}
    for one in past:
        if one.soort == soort and one.median_cents is not None:
            month = (one.received_at.year, one.received_at.month)
            months[month] = max(months.get(month, one), one, key=lambda kind: kind.rows)
    last = sorted(months)[-settings.usual_months :]
    return median(months[month].median_cents or 0 for month in last) if len(last) >= settings.usual_months_min else None


def _usual(sizes: Sequence[tuple[dt.datetime, int]], settings: Sanity) -> float | None:
    """The median of the largest of each of the last months; None with too few months behind it.

    By month, since a repaired file of some rows follows the large one and is not what a partner usually sends.
    """
    months: dict[tuple[int, int], int] = {}
    for at, rows in sizes:
        months[at.year, at.month] = max(months.get((at.year, at.month), 0), rows)
    last = sorted(months)[-settings.usual_months :]
    return median(months[month] for month in last) if len(last) >= settings.usual_months_min else None


def _share(part: int, all_: int) -> float:
    return part / all_ if all_ else 0.0


def _number(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _euro(cents: float) -> str:
    return _number(round(cents / 100))
