"""Bewijs van aanbieding: for rows that the gate or a threshold refused, a signed proof that they were offered.

Rows of the gate are not kept at all. What is kept of them, sealed and for as long as rows to repair, is what a proof
needs: number, gemeente, reason, and a hash of the row under a salt of its own. It is signed when it is asked for; the
same row gives the same proof, byte for byte (Ed25519 is deterministic, RFC 8032).
"""

import hashlib
import operator
from collections.abc import Iterator
from typing import Final

import msgspec
import polars as pl
from msgspec import Struct

from contracts.aanbieding import AangebodenRegel, BewijsVanAanbieding
from contracts.overeenkomst import Signaalpartner
from contracts.row_states import ROW_STATES, RowState
from gateway.flow.kit import Dice, Kit
from gateway.flow.refused_rows import frames_of, kept
from gateway.stages.canonical import FIELD_SEPARATOR
from gateway.stages.rules import rule as rule_of
from gateway.store.refused import RefusedKind
from gateway.store.uploads import Upload

SALT_BYTES: Final = 16
_STATES: Final = [
    int(state) for state in (RowState.GEEN_OVEREENKOMST, RowState.NIET_AANGESLOTEN, RowState.ONDER_DREMPEL)
]
OFFERED: Final = pl.Schema(
    {"row_no": pl.UInt32(), "salt": pl.Binary(), "hash": pl.Binary(), "gemeentecode": pl.String(), "code": pl.String()}
)
"""What is sealed per row. `hash`: SHA-256 of the salt followed by the row as sent."""
_digest: Final = type(hashlib.sha256()).digest


class Offers(Struct, frozen=True, kw_only=True):
    """The proofs of an upload, signed as they are taken."""

    upload_id: str
    lines: Iterator[AangebodenRegel]


def offered_rows(sent: pl.DataFrame, rows: pl.DataFrame, refusals: pl.DataFrame) -> pl.DataFrame:
    """The records of `sent` that gate or threshold refused, with `gemeentecode` and `code`.

    `rows`: row_no, state and gemeentecode of every row; `refusals`: findings of gate and threshold.
    """
    refused = rows.filter(pl.col("state").is_in(_STATES)).select("row_no", "gemeentecode")
    if refused.is_empty():
        return sent.clear().with_columns(gemeentecode=pl.lit(""), code=pl.lit(""))
    reasons = refusals.select("row_no", "code").unique("row_no", keep="last")
    refused = refused.join(reasons, on="row_no", how="left", maintain_order="left")
    return sent.join(refused, on="row_no", how="inner", maintain_order="left")


def salted(offered: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Schema OFFERED, of the rows that `offered_rows` gave: nothing of what was sent is left in it."""
    if offered.is_empty():
        return pl.DataFrame(schema=OFFERED)
    fields = (pl.col(name).fill_null("") for name in offered.columns if name.isdecimal())
    records = offered.select(pl.concat_str(fields, separator=FIELD_SEPARATOR).cast(pl.Binary)).to_series().to_list()
    random = dice(SALT_BYTES * len(records))
    salts = [random[start : start + SALT_BYTES] for start in range(0, len(random), SALT_BYTES)]
    digests = map(_digest, map(hashlib.sha256, map(operator.add, salts, records)))
    made = offered.select("row_no", "gemeentecode", "code").with_columns(
        salt=pl.Series(salts, dtype=pl.Binary), hash=pl.Series(digests, dtype=pl.Binary)
    )
    return made.select(list(OFFERED))


def offers(kit: Kit, partner: Signaalpartner, *, upload_id: str, after: int = 0, limit: int | None = None) -> Offers:
    """The proofs of rows beyond number `after`, at most `limit`; raises as `refused_rows.kept`, at the call."""
    upload, content = kept(kit, partner, RefusedKind.AANBIEDING, upload_id=upload_id)
    frames = frames_of(kit, upload, content)
    return Offers(upload_id=upload.id, lines=_lines(kit, partner, upload, frames, after=after, limit=limit))


def _lines(
    kit: Kit,
    partner: Signaalpartner,
    upload: Upload,
    frames: Iterator[pl.DataFrame],
    *,
    after: int,
    limit: int | None,
) -> Iterator[AangebodenRegel]:
    left = limit
    for frame in frames:
        some = frame.filter(pl.col("row_no") > after)
        some = some if left is None else some.head(left)
        for row_no, salt, digest, gemeentecode, code in some.iter_rows():
            proof = _proof(partner, upload, row_no, digest, gemeentecode, code)
            yield AangebodenRegel(regel=row_no, zout=salt.hex(), bewijs=kit.signer.sign(msgspec.json.encode(proof)))
        if left is not None:
            left -= some.height
            if left <= 0:
                return


def _proof(
    partner: Signaalpartner, upload: Upload, row_no: int, digest: bytes, gemeentecode: str | None, code: str
) -> BewijsVanAanbieding:
    assert upload.received_at is not None
    assert upload.sha256 is not None
    rule = rule_of(code)
    text = ROW_STATES[rule.state].meaning if rule.state is RowState.ONDER_DREMPEL else rule.melding
    return BewijsVanAanbieding(
        aanlevering_id=upload.id,
        signaalpartner_oin=partner.oin,
        ontvangen_op=upload.received_at,
        aanlevering_sha256=upload.sha256,
        regel=row_no,
        regel_sha256=digest.hex(),
        gemeentecode=gemeentecode,
        reden=code,
        reden_tekst=text,
    )
