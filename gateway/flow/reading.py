"""Reading an upload: decrypt, cut at record ends, parse, check. A thread of its own stays one block ahead."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from contracts.aanlevering import Ernst
from gateway.flow.facts import Facts
from gateway.flow.kit import Kit
from gateway.flow.raw_upload import read_raw_upload
from gateway.flow.summary import FileFinding
from gateway.stages import dialect as dialects
from gateway.stages.dialect import Dialect
from gateway.stages.parse import Limits, read_file
from gateway.stages.policy import policy_for
from gateway.stages.rules import rule
from gateway.stages.validate import Checked, validate_block
from gateway.store.uploads import Upload

MIB: Final = 1 << 20
NOT_READ: Final = "niet gelezen"

T = TypeVar("T")


class FatalFileError(Exception):
    """The whole file is refused, for the reason in `finding`."""

    def __init__(self, finding: FileFinding) -> None:
        super().__init__(finding.code)
        self.finding = finding


class FileReader:
    """Reads one upload. After the blocks are taken, `read_as` says how, `file_findings` what was odd."""

    def __init__(self, kit: Kit, upload: Upload, facts: Facts) -> None:
        self._kit = kit
        self._upload = upload
        self._policy = policy_for(facts.partner, facts.directory.experimenten, received_on=facts.received_on)
        self.read_as = NOT_READ
        self.file_findings: list[FileFinding] = []

    @contextmanager
    def blocks(self) -> Iterator[Iterator[Checked]]:
        """Checked blocks in order; iterating raises FatalFileError when the whole file is refused."""
        with _ahead(self._checked()) as blocks:
            yield blocks

    def _checked(self) -> Iterator[Checked]:
        intake = self._kit.settings.intake
        assert self._upload.blob is not None
        pieces = read_file(
            read_raw_upload(self._kit, upload_id=self._upload.id, blob=self._upload.blob),
            required=dialects.required_columns(self._policy.partner, self._policy.soorten),
            limits=Limits(max_rows=intake.max_rows, block_bytes=intake.block_mib * MIB),
        )
        dialect: Dialect | None = None
        for piece in pieces:
            if isinstance(piece, Dialect):
                dialect = piece
                self.read_as = dialects.read_as(piece)
            elif isinstance(piece, dialects.FileFinding):
                self._note(FileFinding(code=piece.code, vorm=piece.vorm, regel=piece.row_no))
            else:
                assert dialect is not None
                yield validate_block(piece, dialect, self._policy)

    def _note(self, finding: FileFinding) -> None:
        if rule(finding.code).ernst is Ernst.FATAL:
            raise FatalFileError(finding)
        self.file_findings.append(finding)


class _End:
    """Marks the end of the items, with the error that ended them, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def _ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """Run `items` in a thread, one item ahead; an error comes out where the item would have."""
    waiting: queue.Queue[T | _End] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def produce() -> None:
        end = _End()
        try:
            for item in items:
                waiting.put(item)
                if stop.is_set():
                    return
        except BaseException as error:  # carried over to the thread that iterates
            end = _End(error)
        waiting.put(end)

    def take() -> Iterator[T]:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    producer = threading.Thread(target=produce, name="reading", daemon=True)
    producer.start()
    try:
        yield take()
    finally:
        stop.set()
        while producer.is_alive():
            with _nothing_waiting():
                waiting.get_nowait()
            producer.join(timeout=0.01)


@contextmanager
def _nothing_waiting() -> Iterator[None]:
    try:
        yield
    except queue.Empty:
        return
