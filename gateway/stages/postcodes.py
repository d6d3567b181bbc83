"""The table postcode -> gemeente, compacted to ranges, and looking places up in it, both on frames.

A postcode of four digits that lies wholly in one gemeente is one line; else each of its postcodes is one; else each run
of known house numbers is. So the table says of every known address what the file said, and nothing of the others.
"""

import datetime as dt
from typing import Final

import polars as pl
from msgspec import Struct

from contracts.codelists.indeling import Indeling

TABLE: Final = pl.Schema({"postcode": pl.String(), "van": pl.Int32(), "tot": pl.Int32(), "gemeentecode": pl.String()})
"""`postcode`: 1012 or 1012AB. `van`, `tot`: the house numbers from and to, of one parity; null: all of them.

Several lines for one postcode (or number) mean that it lies in several gemeenten.
"""
NUMBERS: Final = 1 << 17
"""More than any house number."""
CODES: Final = 1 << 14
_PER_PC4: Final = 26 * 26
_LETTERS: Final = [chr(65 + n // 26) + chr(65 + n % 26) for n in range(_PER_PC4)]
_SEVERAL: Final = 1
"""Mark of four digits in several gemeenten, of which the table knows no more."""
_DETAIL: Final = 2
"""Mark of four digits in several gemeenten, whose postcodes the table knows one by one."""


def packed(postcode: pl.Expr, huisnummer: pl.Expr, gemeentecode: pl.Expr) -> pl.Expr:
    """One Int64 per address, of texts: postcode 1012AB, number up to 99999, code of at most four digits.

    Null where one of them is not that.
    """
    letters = postcode.str.slice(4).replace_strict(_LETTERS, list(range(_PER_PC4)), default=None, return_dtype=pl.Int64)
    pc6 = postcode.str.slice(0, 4).cast(pl.Int64, strict=False) * _PER_PC4 + letters
    code = gemeentecode.cast(pl.Int64, strict=False)
    return (pc6 * CODES + code) * NUMBERS + huisnummer.cast(pl.Int64, strict=False)


def compacted(addresses: pl.Series) -> pl.DataFrame:
    """The table (schema TABLE) of `packed` addresses, in any order, each any number of times."""
    parts = addresses.get_chunks()  # one after the other: of the whole country each copy takes 64 MiB
    pairs = pl.concat([(part // NUMBERS).unique() for part in parts]).unique().sort()
    known = pl.select(pc6=pairs // CODES, code=pairs % CODES).with_columns(pc4=pl.col("pc6") // _PER_PC4)
    per_pc4 = known.group_by("pc4").agg(pl.col("code").n_unique().alias("n"), pl.col("code").first())
    whole = per_pc4.filter(pl.col("n") == 1)
    rest = known.join(per_pc4.filter(pl.col("n") > 1), on="pc4", how="semi")
    per_pc6 = rest.group_by("pc6").agg(pl.len().alias("n"), pl.col("code").first())
    mixed = per_pc6.filter(pl.col("n") > 1).select("pc6")
    everywhere = {"van": pl.lit(None, dtype=pl.Int32), "tot": pl.lit(None, dtype=pl.Int32)}
    return pl.concat(
        [
            whole.select(postcode=pl.col("pc4").cast(pl.String), **everywhere, gemeentecode=_code()),
            per_pc6.filter(pl.col("n") == 1).select(postcode=_postcode(), **everywhere, gemeentecode=_code()),
            _runs(_numbers(parts, mixed)).select(postcode=_postcode(), van="van", tot="tot", gemeentecode=_code()),
        ]
    ).sort(TABLE.names(), nulls_last=False)


def _code() -> pl.Expr:
    return pl.col("code").cast(pl.String).str.zfill(4)


def _postcode() -> pl.Expr:
    letters = (pl.col("pc6") % _PER_PC4).replace_strict(
        list(range(_PER_PC4)), _LETTERS, default=None, return_dtype=pl.String
    )
    return (pl.col("pc6") // _PER_PC4).cast(pl.String) + letters


def _numbers(parts: list[pl.Series], mixed: pl.DataFrame) -> pl.DataFrame:
    """(pc6, nr, code) of the postcodes that lie in several gemeenten."""
    wanted = mixed["pc6"].implode()
    found = pl.concat([part.filter((part // (NUMBERS * CODES)).is_in(wanted)) for part in parts]).unique().sort()
    return pl.select(
        pc6=found // (NUMBERS * CODES),
        nr=(found % NUMBERS).cast(pl.Int32),
        code=found // NUMBERS % CODES,
    )


def _runs(numbers: pl.DataFrame) -> pl.DataFrame:
    """Runs of known numbers of one side of the street (odd or even) in one gemeente: (pc6, code, van, tot)."""
    side = pl.col("nr") % 2
    alone = numbers.with_columns(side=side, shared=pl.len().over("pc6", "nr") > 1).sort("pc6", "side", "nr", "code")
    follows = (
        (pl.col("nr") == pl.col("nr").shift() + 2)
        & ~pl.col("shared")
        & ~pl.col("shared").shift()
        & pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in ("pc6", "side", "code"))
    )
    run = (~follows.fill_null(value=False)).cum_sum()
    return alone.group_by(run.alias("run"), "pc6", "code").agg(
        pl.col("nr").min().alias("van"), pl.col("nr").max().alias("tot")
    )


class Places:
    """A table made ready for one day: ended gemeenten are followed to who has their area.

    A code that is no gemeente on that day, nor was before, decides nothing.
    """

    def __init__(self, table: pl.DataFrame, indeling: Indeling, on: dt.date) -> None:
        pc4 = pl.col("postcode").str.slice(0, 4)
        lines = table.join(_today(table["gemeentecode"], indeling, on), on="gemeentecode").with_columns(pc4=pc4)
        detail = pl.col("postcode").str.len_bytes() > 4
        self._pc4 = lines.group_by(pl.col("pc4").cast(pl.Int32).alias("_pc4")).agg(
            _only("code").alias("_only"),
            pl.when(pl.col("code").n_unique() == 1).then(0).when(detail.any()).then(_DETAIL).otherwise(_SEVERAL)
            .cast(pl.UInt8).alias("_mark"),
        )  # fmt: skip
        self._pc6 = (
            lines.filter(detail)
            .group_by("postcode")
            .agg(_only("code").alias("_code6"), (pl.col("code").n_unique() > 1).alias("_by_number"))
        )
        runs = lines.filter(pl.col("van").is_not_null())
        self._runs = (
            runs.group_by("postcode", (pl.col("van") % 2).alias("_side"), "van", "tot")
            .agg(_only("code").alias("_code_nr"), (pl.col("code").n_unique() > 1).alias("_shared"))
            .sort("van")
        )
        by_pc4 = lines.select(postcode="pc4", code="code")
        self._pairs = pl.concat([by_pc4, lines.select("postcode", "code")]).unique().drop_nulls()

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Adds `_only` (the gemeente that the address lies in, where that is certain) and Booleans.

        `_listed`: the table knows the address; `_several`: its postcode lies in more than one gemeente, and the house
        number does not decide; `_agrees`: nothing in the table forbids that it lies in `_own`. Rows have `postcode`,
        `huisnummer` and `_own`.
        """
        pc4 = pl.col("postcode").str.slice(0, 4).cast(pl.Int32, strict=False).alias("_pc4")
        found = rows.with_columns(pc4).join(self._pc4, on="_pc4", how="left", maintain_order="left")
        answered = found.with_columns(
            pl.col("_only").is_not_null().alias("_listed"),
            pl.lit(value=False).alias("_several"),
            (pl.col("_only") == pl.col("_own")).fill_null(value=True).alias("_agrees"),
        )
        if not found["_mark"].max():  # null: no postcode of the block is known
            return answered
        numbered = answered.with_row_index("_at")
        better = self._by_address(numbered.filter(pl.col("_mark") > 0).select("_at", *_ASKED))
        joined = numbered.join(better, on="_at", how="left", maintain_order="left")
        doubt = pl.col("_mark") > 0
        return joined.with_columns(
            pl.when(doubt).then(f"{name}_right").otherwise(name).alias(name) for name in better.columns[1:]
        )

    def _by_address(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Of rows whose four digits do not decide: (_at, _only, _listed, _several, _agrees)."""
        side = (pl.col("huisnummer") % 2).alias("_side")
        asked = rows.with_columns(side).join(self._pc6, on="postcode", how="left").sort("huisnummer").join_asof(
            self._runs, left_on="huisnummer", right_on="van", by=["postcode", "_side"], check_sortedness=False
        )  # fmt: skip
        by_number = pl.col("_by_number").fill_null(value=False)
        decided = (pl.col("huisnummer") <= pl.col("tot")) & ~pl.col("_shared")
        open_ = (by_number & ~decided.fill_null(value=False)) | (pl.col("_mark") == _SEVERAL)
        only = pl.when(open_).then(None).when(by_number).then("_code_nr").otherwise("_code6")
        place = pl.when(pl.col("_by_number").is_null()).then(pl.col("postcode").str.slice(0, 4)).otherwise("postcode")
        answered = asked.with_columns(only.alias("_only"), open_.alias("_several"), place.alias("_place"))
        agreed = answered.join(
            self._pairs.with_columns(_may=True), left_on=["_place", "_own"], right_on=["postcode", "code"], how="left"
        )
        same = (
            pl.when(pl.col("_only").is_null())
            .then(pl.col("_may").is_not_null())
            .otherwise(pl.col("_only") == pl.col("_own"))
        )
        return agreed.select(
            "_at", "_only", (pl.col("_only").is_not_null() | pl.col("_several")).alias("_listed"), "_several",
            same.fill_null(value=True).alias("_agrees"),
        )  # fmt: skip


_ASKED: Final = ("postcode", "huisnummer", "_own", "_mark")


def _only(name: str) -> pl.Expr:
    """Per group: its one value, null when there are several."""
    return pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first())


def _today(codes: pl.Series, indeling: Indeling, on: dt.date) -> pl.DataFrame:
    """(gemeentecode, code): who has the area on that day, several for a divided one; null where that is unknown."""
    real = indeling.gemeenten(on)
    lines = [(code, now) for code in codes.unique() for now in indeling.opvolgers(code, on=on)]
    known = [(code, now if now in real else None) for code, now in lines]
    return pl.DataFrame(known, schema={"gemeentecode": pl.String, "code": pl.String}, orient="row")


class Counts(Struct, frozen=True, kw_only=True):
    """Of a table: four digits, how many of them lie in one gemeente; lines per six characters; runs; gemeenten."""

    pc4: int
    whole: int
    pc6: int
    runs: int
    gemeenten: int


def counts(table: pl.DataFrame) -> Counts:
    """The size of a table in schema TABLE."""
    per_pc4 = table.group_by(pl.col("postcode").str.slice(0, 4)).agg(pl.col("gemeentecode").n_unique().alias("n"))
    long = table.filter(pl.col("postcode").str.len_bytes() > 4)
    runs = long["van"].len() - long["van"].null_count()
    return Counts(
        pc4=per_pc4.height,
        whole=per_pc4.filter(pl.col("n") == 1).height,
        pc6=long.height - runs,
        runs=runs,
        gemeenten=table["gemeentecode"].n_unique(),
    )
