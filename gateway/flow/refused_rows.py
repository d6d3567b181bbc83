"""Keeping something of refused rows for the days in which their partner may need it: sealed, then destroyed."""

import datetime as dt
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import polars as pl
from sqlalchemy import Connection

from contracts.aanlevering import Bijlage
from contracts.overeenkomst import Signaalpartner
from gateway.crypto.keys import RetentionClass
from gateway.errors import ConflictError, KeyDestroyedError, NotFoundError
from gateway.flow.kit import Kit
from gateway.flow.sealed_frames import SealedFrameWriter, read_frames
from gateway.flow.summary import decode_summary
from gateway.lifecycle import UploadState
from gateway.store import refused, uploads
from gateway.store.refused import RefusedContent, RefusedKind
from gateway.store.uploads import Upload

_UNFINISHED: Final = frozenset({UploadState.ANNOUNCED, UploadState.RECEIVED, UploadState.PROCESSING})


class RefusedWriter:
    """A blob of one kind of one processing attempt; nothing is kept unless rows were added."""

    def __init__(self, kit: Kit, kind: RefusedKind, *, upload_id: str) -> None:
        self._kit = kit
        self._kind = kind
        self._days = kit.settings.retention.refused_rows_days
        self._frames = SealedFrameWriter(
            kit,
            name=f"{kind}/{upload_id}-{kit.dice(4).hex()}",
            context=context(kind, upload_id),
            cls=RetentionClass.HERSTEL,
            days=self._days,
        )
        self.rows = 0

    def __enter__(self) -> Self:
        self._frames.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.__exit__(kind, error, trace)

    def add(self, rows: pl.DataFrame, *, head: pl.DataFrame | None = None) -> None:
        """Seal the rows of one block; `head` goes before the first of them."""
        if rows.is_empty():
            return
        if self.rows == 0 and head is not None:
            self._frames.add(head)
        self._frames.add(rows)
        self.rows += rows.height

    def finish(self) -> tuple[RefusedContent, ...]:
        """What is to be published: one, or none when no row was added."""
        key = self._frames.finish()
        if key is None:
            return ()
        content = RefusedContent(
            kind=self._kind,
            rows=self.rows,
            blob=self._frames.name,
            key=key.wrapped,
            key_name=key.key_name,
            expires_at=self._kit.clock() + dt.timedelta(days=self._days),
        )
        return (content,)


def context(kind: RefusedKind, upload_id: str) -> bytes:
    """What binds a blob to its upload and its purpose."""
    return f"{kind}:{upload_id}".encode()


def kept(kit: Kit, partner: Signaalpartner, kind: RefusedKind, *, upload_id: str) -> tuple[Upload, RefusedContent]:
    """An upload of this partner and what is kept of its rows.

    Raises NotFoundError, ConflictError while it is not processed or when there is nothing of this kind, and
    KeyDestroyedError once its days are over.
    """
    with kit.db.read() as conn:
        upload = uploads.find_by_id(conn, id=upload_id, partner=partner.key)
        if upload is None:
            raise NotFoundError("no such upload")
        content = refused.find(conn, upload_no=upload.no).get(kind)
    if upload.state in _UNFINISHED:
        raise ConflictError("Dit bestand is nog niet verwerkt. Vraag het over enkele minuten opnieuw op.")
    if content is not None and content.expires_at > kit.clock():
        return upload, content
    if upload.summary is not None and decode_summary(upload.summary).kept.get(kind.value):
        raise KeyDestroyedError("what was kept of refused rows is destroyed")
    raise ConflictError(_NOTHING[kind])


_NOTHING: Final = {
    RefusedKind.HERSTEL: "Dit bestand heeft geen geweigerde regels die u kunt herstellen.",
    RefusedKind.AANBIEDING: "Van dit bestand is geen regel geweigerd om de overeenkomst, de aansluiting of de drempel.",
}


def available(kit: Kit, conn: Connection, upload: Upload) -> tuple[Bijlage | None, Bijlage | None]:
    """The repair file and the proofs that the partner can still fetch of an upload; where, is the web's to add."""
    found = refused.find(conn, upload_no=upload.no)
    mend, offered = (_attached(kit, found.get(kind)) for kind in (RefusedKind.HERSTEL, RefusedKind.AANBIEDING))
    return mend, offered


def _attached(kit: Kit, content: RefusedContent | None) -> Bijlage | None:
    if content is None or content.expires_at <= kit.clock():
        return None
    return Bijlage(regels=content.rows, beschikbaar_tot=content.expires_at)


def frames_of(kit: Kit, upload: Upload, content: RefusedContent) -> Iterator[pl.DataFrame]:
    """The frames in order, as they were added; raises KeyDestroyedError, IntegrityError."""
    return read_frames(
        kit,
        name=content.blob,
        context=context(content.kind, upload.id),
        wrapped_key=content.key,
        key_name=content.key_name,
    )
