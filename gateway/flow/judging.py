"""Judging a block: route, gate, threshold, the same thing twice; the state that lasts a whole file lives here."""

import uuid
from typing import Final

import msgspec
import polars as pl
from msgspec import Struct

from contracts.signaal import Signaaltype
from gateway.crypto.keys import KeyRing
from gateway.flow.duplicates import SeenIdentities, hash_block, hash_key_name, period_of
from gateway.flow.facts import Facts
from gateway.flow.offer_proof import offered_rows
from gateway.flow.parcels import GROUP
from gateway.flow.repair import rows_to_mend
from gateway.stages import admit, canonical
from gateway.stages.agreement import GATE, GATE_KEY, gate_table
from gateway.stages.route import Routes, route_block
from gateway.stages.sanity import Gathered
from gateway.stages.validate import Checked


class Judged(Struct, frozen=True, kw_only=True):
    """`rows`: (row_no, state) of every row; `findings`: all of them.

    `going`: the columns `GOING` of the rows that go on; `hashes`: theirs. `to_mend`: refused rows as sent that may be
    repaired; `offered`: those of gate and threshold, with gemeentecode and code. Nothing else is kept: it waits for
    sealing.
    """

    rows: pl.DataFrame
    findings: pl.DataFrame
    going: pl.DataFrame
    hashes: pl.DataFrame
    to_mend: pl.DataFrame = pl.DataFrame()
    offered: pl.DataFrame = pl.DataFrame()


GOING: Final = (*GROUP, "hele_maand", "row_no", "kenmerk", "facturen", "record")
"""What sealing needs of a row that goes on: its parcel, its link and its canonical `record`."""


class BlockJudge:
    """Judges the blocks of one file in order. Gate verdicts are made once per combination and kept.

    `gathered`: what the blocks show of the file as a whole.
    """

    def __init__(self, facts: Facts, keys: KeyRing, *, upload: uuid.UUID, gathered: Gathered) -> None:
        self._upload = upload
        self._facts = facts
        self._keys = keys
        self.period = period_of(facts.today)
        self._gate = pl.DataFrame(schema=GATE)
        self._routes = Routes(facts.postcodes, facts.directory.indeling, facts.received_on)
        self._seen = SeenIdentities()
        self.gathered = gathered

    def judge(self, checked: Checked) -> Judged:
        """Decide every row of a block."""
        self.gathered.add(checked.rows, checked.findings)
        rows, routed = route_block(checked.rows, self._routes)
        rows, denied = admit.apply_gate(self._with_verdicts(rows))
        rows, below = admit.apply_threshold(rows)
        judged = self._the_same_twice(rows)
        findings = pl.concat([checked.findings, routed, denied, below, judged.findings])
        return msgspec.structs.replace(
            judged,
            findings=findings,
            to_mend=rows_to_mend(checked.sent, judged.rows),
            offered=offered_rows(checked.sent, rows, pl.concat([denied, below])),
        )

    def _with_verdicts(self, rows: pl.DataFrame) -> pl.DataFrame:
        judged = admit.with_verdicts(rows, self._gate)
        if judged["allowed"].null_count():
            keys = admit.gate_keys(rows).join(self._gate, on=GATE_KEY, how="anti", nulls_equal=True)
            if keys.height:
                self._gate = pl.concat([self._gate, self._judge(keys)])
                judged = admit.with_verdicts(rows, self._gate)
        return judged

    def _judge(self, keys: pl.DataFrame) -> pl.DataFrame:
        return gate_table(
            keys,
            self._facts.overeenkomsten,
            self._facts.directory,
            signaalpartner=self._facts.partner.key,
            today=self._facts.today,
        )

    def _the_same_twice(self, rows: pl.DataFrame) -> Judged:
        going = rows.filter(pl.col("state") == 0) if rows["state"].max() else rows
        texts = _Texts(going)
        hashes = self._hash(texts, self.period)
        repeated = hashes.filter(self._seen.repeated(_per_type(hashes["identity"], going["signaaltype"])))
        rows, again = admit.refuse_repeated(rows, repeated)
        delivered, known = self._against_window(hashes, texts)
        delivered = delivered.join(repeated, on="row_no", how="anti")
        rows, already = admit.refuse_delivered(rows, delivered)
        seal = going.with_columns(texts.records(self._upload)).select(GOING)
        stopped = pl.concat([repeated["row_no"], delivered["row_no"]])
        if not stopped.is_empty():
            stays = ~going["row_no"].is_in(stopped.implode())
            going, seal, hashes = going.filter(stays), seal.filter(stays), hashes.filter(stays)
        return Judged(
            rows=rows.select("row_no", "state"),
            findings=pl.concat([again, already, admit.warn_of_history(going, known, begun=self._begun(going, hashes))]),
            going=seal,
            hashes=hashes,
        )

    def _begun(self, going: pl.DataFrame, hashes: pl.DataFrame) -> pl.Series:
        """Row numbers of what follows a vroegsignaal in this very file."""
        follows = going["signaaltype"].is_in(admit.FOLLOWS_A_VROEGSIGNAAL)
        some = hashes.filter(follows) if follows.any() else hashes.clear()
        return some["row_no"].filter(self._seen.holds(some["identity"]))

    def _hash(self, texts: "_Texts", period: str) -> pl.DataFrame:
        key = self._keys.named_key(hash_key_name(self._facts.partner.key, period))
        return hash_block(texts.rows["row_no"], texts.identity, texts.rest, key)

    def _against_window(self, hashes: pl.DataFrame, texts: "_Texts") -> tuple[pl.DataFrame, pl.DataFrame]:
        """(rows offered before, rows whose identity came before with other content): row_no and the id of the last."""
        by_period = {self.period: hashes}
        delivered, known = [_NOTHING_DELIVERED], [_NOTHING_DELIVERED]
        for run in reversed(self._facts.earlier):
            if run.period not in by_period:
                by_period[run.period] = self._hash(texts, run.period)
            hashed = by_period[run.period]
            same = run.same(hashed)
            changed = run.known(hashed).join(same, on="row_no", how="anti")
            delivered.append(run.identified(same))
            known.append(run.identified(changed))
        return _last(delivered), _last(known)


def _per_type(identity: pl.Series, signaaltype: pl.Series) -> pl.Series:
    """The identity within a file: a vroegsignaal and the eindeleveringssignaal that follows it may stand in one."""
    for number, kind in enumerate(kind for kind in Signaaltype if kind is not Signaaltype.VROEGSIGNAAL):
        of_kind = signaaltype == kind.value
        if of_kind.any():
            identity = identity ^ (of_kind.cast(pl.UInt64) * (number + 1))
    return identity


class _Texts:
    """The canonical texts of the rows that go on, made once: hashed, and sealed."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows = rows
        self.identity, self.rest = canonical.texts(rows)

    def records(self, upload: uuid.UUID) -> pl.Series:
        return canonical.records(self.rows, self.identity, self.rest, upload=upload)


def _last(found: list[pl.DataFrame]) -> pl.DataFrame:
    """One line a row, of the first frame that names it: they go from the last run back."""
    some = [frame for frame in found if not frame.is_empty()]
    return some[0] if len(some) == 1 else pl.concat(some or [_NOTHING_DELIVERED]).unique("row_no", keep="first")


_NOTHING_DELIVERED = pl.DataFrame(schema={"row_no": pl.UInt32, "earlier_id": pl.String})
