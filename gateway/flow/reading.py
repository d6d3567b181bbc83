"""Reading an upload: decrypt, cut at record ends, parse, check. A thread of its own stays one block ahead."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Final

from contracts.aanlevering import Ernst
from contracts.profiel import Profiel
from gateway.flow.ahead import ahead
from gateway.flow.choosing import profile_for
from gateway.flow.facts import Facts
from gateway.flow.kit import Kit
from gateway.flow.raw_upload import RawUpload
from gateway.flow.summary import FileFinding, ReadBy
from gateway.flow.unpack import Note, UnpackLimits, UnpackRefusedError, ignored, unpack
from gateway.stages import dialect as dialects
from gateway.stages.dialect import Dialect
from gateway.stages.explain import explain
from gateway.stages.parse import Limits, Piece, read_file
from gateway.stages.policy import Policy, policy_for
from gateway.stages.rules import rule
from gateway.stages.source import Bron
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
    """Reads one upload. After the blocks are taken, `read_as` says how, `read_by` by which profile, if any;
    `file_findings` what was odd.

    `columns`: the layout column in each place of the file, None for one that is ignored. `dialect`: None until known.
    """

    def __init__(self, kit: Kit, upload: Upload, facts: Facts) -> None:
        self._kit = kit
        self._upload = upload
        self._facts = facts
        self.read_as = NOT_READ
        self.read_by: ReadBy | None = None
        self.dialect: Dialect | None = None
        self.columns: tuple[str | None, ...] = ()
        self.file_findings: list[FileFinding] = []

    @property
    def explained(self) -> tuple[str, ...]:
        """Why it is read so, a sentence each."""
        return () if self.dialect is None else explain(self.dialect)

    @property
    def header_line(self) -> int:
        """The line of the column names, 0 when there are none."""
        return 1 if self.dialect is None else self.dialect.header_line

    @contextmanager
    def blocks(self) -> Iterator[Iterator[Checked]]:
        """Checked blocks in order; iterating raises FatalFileError when the whole file is refused."""
        with closing(self._checked()) as checked, ahead(checked, name="reading") as blocks:
            yield blocks

    def _checked(self) -> Generator[Checked, None, None]:
        profiel, facts = self._profile(), self._facts
        policy = policy_for(facts.partner, facts.directory.experimenten, received_on=facts.received_on, profiel=profiel)
        intake = self._kit.settings.intake
        with self._unpacked(profiel) as (bron, chunks):
            pieces = read_file(
                chunks,
                required=dialects.required_columns(policy.partner, policy.soorten),
                limits=Limits(max_rows=intake.max_rows, block_bytes=intake.block_mib * MIB),
                bron=bron,
                profiel=profiel,
            )
            yield from self._blocks(pieces, policy)

    def _profile(self) -> Profiel | None:
        profielen = self._facts.directory.profielen.get(self._upload.partner, ())
        try:
            profiel = profile_for(profielen, named=self._upload.profiel, opened=self._opened)
        except KeyError:
            raise FatalFileError(FileFinding(code="bestand_profiel_onbekend")) from None
        if profiel is not None:
            self.read_by = ReadBy(naam=profiel.naam, versie=profiel.versie)
        return profiel

    @contextmanager
    def _unpacked(self, profiel: Profiel | None) -> Iterator[tuple[Bron, Iterator[bytes]]]:
        """What is odd about the packing is told as anything else that is odd about the file."""
        try:
            with self._opened(profiel, self._told) as opened:
                yield opened
        except UnpackRefusedError as refused:
            self._told(refused.finding)

    @contextmanager
    def _opened(self, profiel: Profiel | None, note: Note = ignored) -> Iterator[tuple[Bron, Iterator[bytes]]]:
        assert self._upload.blob is not None
        source = RawUpload(kit=self._kit, upload_id=self._upload.id, blob=self._upload.blob)
        with unpack(source, profiel=profiel, limits=UnpackLimits.of(self._kit.settings.intake), note=note) as opened:
            yield opened

    def _blocks(self, pieces: Iterator[Piece], policy: Policy) -> Iterator[Checked]:
        checker: Checker | None = None
        for piece in pieces:
            if isinstance(piece, Dialect):
                checker = Checker(piece, policy)
                self.read_as = dialects.read_as(piece)
                self.dialect = piece
                self.columns = piece.columns
            elif isinstance(piece, dialects.FileFinding):
                self._told(piece)
            else:
                assert checker is not None
                checked = [replace(checker.check(piece.raw), sent=piece.sent)]
                del piece  # nothing of a block is kept while the next step has it
                yield checked.pop()

    def _told(self, said: dialects.FileFinding) -> None:
        finding = FileFinding(code=said.code, vorm=said.vorm, regel=said.row_no)
        if rule(finding.code).ernst is Ernst.FATAL:
            raise FatalFileError(finding)
        self.file_findings.append(finding)
