"""Judging a block: route, gate, threshold, the same thing twice; the state that lasts a whole file lives here."""

import polars as pl
from msgspec import Struct

from gateway.crypto.keys import KeyRing
from gateway.flow.duplicates import SeenIdentities, hash_block, hash_key_name, period_of
from gateway.flow.facts import Facts
from gateway.stages import admit
from gateway.stages.agreement import GATE_KEY, gate_table
from gateway.stages.route import route_block
from gateway.stages.validate import Checked


class Judged(Struct, frozen=True):
    """`rows`: every row with its state and verdict; `findings`: all of them; `hashes`: of the rows that go on."""

    rows: pl.DataFrame
    findings: pl.DataFrame
    hashes: pl.DataFrame


class BlockJudge:
    """Judges the blocks of one file in order. Gate verdicts are made once per combination and kept."""

    def __init__(self, facts: Facts, keys: KeyRing) -> None:
        self._facts = facts
        self._keys = keys
        self.period = period_of(facts.today)
        self._gate: pl.DataFrame | None = None
        self._seen = SeenIdentities()

    def judge(self, checked: Checked) -> Judged:
        """Decide every row of a block."""
        rows, routed = route_block(checked.rows, self._facts.postcodes, self._facts.received_on)
        rows, denied = admit.apply_gate(rows, self._verdicts(rows))
        rows, below = admit.apply_threshold(rows)
        rows, twice, hashes = self._the_same_twice(rows)
        findings = pl.concat([checked.findings, routed, denied, below, twice])
        return Judged(rows, findings, hashes)

    def _verdicts(self, rows: pl.DataFrame) -> pl.DataFrame:
        keys = admit.gate_keys(rows)
        if self._gate is not None:
            keys = keys.join(self._gate, on=GATE_KEY, how="anti", nulls_equal=True)
        if self._gate is None or keys.height:
            new = gate_table(
                keys,
                self._facts.overeenkomsten,
                self._facts.directory,
                signaalpartner=self._facts.partner.key,
                today=self._facts.today,
            )
            self._gate = new if self._gate is None else pl.concat([self._gate, new])
        return self._gate

    def _the_same_twice(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        going = rows.filter(pl.col("state") == 0)
        if going.is_empty():
            return rows, admit.warn_changed(going["row_no"]), self._hash(going, self.period)
        hashes = self._hash(going, self.period)
        repeated = hashes.filter(self._seen.repeated(hashes["identity"]))
        rows, again = admit.refuse_repeated(rows, repeated)
        fresh = hashes.join(repeated, on="row_no", how="anti")
        delivered, changed = self._against_window(fresh, going)
        rows, already = admit.refuse_delivered(rows, delivered)
        fresh = fresh.join(delivered, on="row_no", how="anti")
        return rows, pl.concat([again, already, admit.warn_changed(changed)]), fresh

    def _hash(self, rows: pl.DataFrame, period: str) -> pl.DataFrame:
        key = self._keys.named_key(hash_key_name(self._facts.partner.key, period))
        return hash_block(rows, key)

    def _against_window(self, fresh: pl.DataFrame, going: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """((row_no, earlier_id) of rows offered before, row numbers that came before with other content)."""
        by_period = {self.period: fresh}
        delivered: list[pl.DataFrame] = []
        changed = pl.Series("row_no", [], dtype=pl.UInt32)
        for run in reversed(self._facts.earlier):
            hashes = by_period.get(run.run.period)
            if hashes is None:
                hashes = self._hash(going.join(fresh, on="row_no", how="semi"), run.run.period)
                by_period[run.run.period] = hashes
            delivered.append(run.same(hashes))
            changed = pl.concat([changed, hashes["row_no"].filter(run.known(hashes))])
        found = pl.concat(delivered).unique("row_no", keep="first") if delivered else _NOTHING_DELIVERED
        changed = changed.unique()
        return found, changed.filter(~changed.is_in(found["row_no"].implode())).sort()


_NOTHING_DELIVERED = pl.DataFrame(schema={"row_no": pl.UInt32, "earlier_id": pl.String})
