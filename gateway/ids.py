"""Ids that a partner or a gemeente's system sees.

An upload's id is a UUIDv7 (RFC 9562) whose last 24 bits are zero; the id of the signaal in row n is the same id
with n in those bits. So a million ids cost nothing, need no index, and lead back to their row.
"""

import datetime as dt
import uuid
from typing import Final

ROW_BITS: Final = 24
MAX_ROWS: Final = (1 << ROW_BITS) - 1
"""Rows that one upload can hold: 16,777,215."""


def upload_id(moment: dt.datetime, entropy: bytes) -> uuid.UUID:
    """A new upload id from an aware `moment` and at least 7 random bytes (50 of their bits are used)."""
    millis = int(moment.timestamp() * 1000)
    dice = int.from_bytes(entropy[:7], "big")
    rand_a = dice & 0xFFF
    rand_b_high = (dice >> 12) & ((1 << 38) - 1)
    value = (millis & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b_high << ROW_BITS
    return uuid.UUID(int=value)


def signaal_id(upload: uuid.UUID, row_no: int) -> uuid.UUID:
    """The id of row `row_no` (1 = first data row); raises ValueError outside 1..MAX_ROWS."""
    if not 1 <= row_no <= MAX_ROWS:
        raise ValueError(f"row number outside 1..{MAX_ROWS}")
    return uuid.UUID(int=upload.int | row_no)


def split_signaal_id(text: str) -> tuple[uuid.UUID, int]:
    """(upload id, row number) of a signaal id; raises ValueError when it cannot be one of ours."""
    value = uuid.UUID(text).int
    row_no = value & MAX_ROWS
    if row_no == 0 or (value >> 76) & 0xF != 0x7:
        raise ValueError("not a signaal id")
    return uuid.UUID(int=value ^ row_no), row_no
