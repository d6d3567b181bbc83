"""Reading an upload: decrypt, cut at record ends, parse, check. A thread of its own stays one block ahead."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from contracts.aanlevering import Ernst
from gateway.flow.ahead import ahead
from gateway.flow.facts import Facts
from gateway.flow.kit import Kit
from gateway.flow.raw_upload import read_raw_upload
from gateway.flow.summary import FileFinding
from gateway.stages import dialect as dialects
from gateway.stages.dialect import Dialect
from gateway.stages.parse import Limits, read_file
from gateway.stages.policy import policy_for
from gateway.stages.rules import rule
from gateway.stages.validate import Checked, Checker
from gateway.store.uploads import Upload

MIB: Final = 1 << 20
NOT_READ: Final = "niet gelezen"


class FatalFileError(Exception):
    """The whole file is refused, for the reason in `finding`."""

    def __init__(self, finding: FileFinding) -> None:
        super().__init__(finding.code)
        self.finding = finding


class FileReader:
    """Reads one upload. After the blocks are taken, `read_as` says how, `file_findings` what was odd.

    `columns`: the layout column in each place of the file, None for one that is ignored.
    """

    def __init__(self, kit: Kit, upload: Upload, facts: Facts) -> None:
        self._kit = kit
        self._upload = upload
        self._policy = policy_for(facts.partner, facts.directory.experimenten, received_on=facts.received_on)
        self.read_as = NOT_READ
        self.columns: tuple[str | None, ...] = ()
        self.file_findings: list[FileFinding] = []

    @contextmanager
    def blocks(self) -> Iterator[Iterator[Checked]]:
        """Checked blocks in order; iterating raises FatalFileError when the whole file is refused."""
        with ahead(self._checked(), name="reading") as blocks:
            yield blocks

    def _checked(self) -> Iterator[Checked]:
        intake = self._kit.settings.intake
        assert self._upload.blob is not None
        pieces = read_file(
            read_raw_upload(self._kit, upload_id=self._upload.id, blob=self._upload.blob),
            required=dialects.required_columns(self._policy.partner, self._policy.soorten),
            limits=Limits(max_rows=intake.max_rows, block_bytes=intake.block_mib * MIB),
        )
        checker: Checker | None = None
        for piece in pieces:
            if isinstance(piece, Dialect):
                checker = Checker(piece, self._policy)
                self.read_as = dialects.read_as(piece)
                self.columns = piece.columns
            elif isinstance(piece, dialects.FileFinding):
                self._note(FileFinding(code=piece.code, vorm=piece.vorm, regel=piece.row_no))
            else:
                assert checker is not None
                checked = [checker.check(piece.raw)]
                del piece  # nothing of a block is kept while the next step has it
                yield checked.pop()

    def _note(self, finding: FileFinding) -> None:
        if rule(finding.code).ernst is Ernst.FATAL:
            raise FatalFileError(finding)
        self.file_findings.append(finding)
