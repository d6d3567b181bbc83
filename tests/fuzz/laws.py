"""The laws of reading a file, for any bytes at all; whatever breaks one is raised.

Nothing is raised by reading; what is yielded is a dialect, records or a finding; rows are numbered without a gap, as
read and as sent; a Fatal finding is last; every finding is in the table of rules. Workbooks are opened in a process of
their own and are left out: a start of Python a try would make an hour a minute.
"""

import io
from typing import Any

from contracts.aanlevering import Ernst
from contracts.signaal import Soort
from gateway.flow.unpack import PlainFile, UnpackLimits, UnpackRefusedError, unpack
from gateway.stages.dialect import Dialect, FileFinding
from gateway.stages.parse import Limits, Records, read_file
from gateway.stages.policy import policy_for
from gateway.stages.rules import rule
from gateway.stages.source import packing
from gateway.stages.validate import Checker
from tests.builders import TODAY, a_partner

MIB = 1 << 20
UNPACK = UnpackLimits(unpacked_bytes=4 * MIB, cells=10_000, memory_bytes=256 * MIB, cpu_seconds=5)
LIMITS = Limits(max_rows=2_000, block_bytes=1 << 12)
POLICY = policy_for(a_partner(soorten=tuple(Soort)), (), received_on=TODAY)


def one(data: bytes) -> None:
    """Read `data` as a file; raises whatever a law forbids."""
    if packing(data[:64]) == "zip":
        return
    try:
        with unpack(PlainFile(io.BytesIO(data)), profiel=None, limits=UNPACK) as (bron, chunks):
            _read(list(read_file(chunks, required=frozenset(), limits=LIMITS, bron=bron)))
    except UnpackRefusedError as refused:
        if rule(refused.finding.code).ernst is not Ernst.FATAL:
            raise


def _read(pieces: list[Any]) -> None:
    checker: Checker | None = None
    rows = 0
    for place, piece in enumerate(pieces):
        match piece:
            case Dialect():
                checker = Checker(piece, POLICY)
            case Records():
                assert checker is not None
                assert piece.raw["row_no"].to_list() == list(range(rows + 1, rows + 1 + piece.raw.height))
                assert piece.sent["row_no"].to_list() == piece.raw["row_no"].to_list()
                rows += piece.raw.height
                checked = checker.check(piece.raw)
                assert checked.rows.height == piece.raw.height
                for code in checked.findings["code"].unique():
                    rule(code)
            case FileFinding():
                assert rule(piece.code).ernst is not Ernst.FATAL or place == len(pieces) - 1
            case _:
                raise AssertionError(type(piece))
