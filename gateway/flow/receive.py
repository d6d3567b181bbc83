"""Receiving: bytes become ours. The receipt is committed before it is given; anything less leaves nothing behind.

Announced or at once, over HTTPS or another way in, it is the same `Reception`: bytes are hashed and sealed as they
arrive, and one small transaction at the end decides (new, the same again, or a conflict) and keeps.
"""

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self, assert_never

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from contracts.aanlevering import Ontvangstbewijs
from contracts.overeenkomst import Signaalpartner
from gateway import ids, log
from gateway.errors import (
    ConflictError,
    DigestMismatchError,
    DiskFullError,
    IncompleteBodyError,
    NotFoundError,
    OurError,
    Problem,
    UnknownProfileError,
)
from gateway.flow.digests import RunningDigests
from gateway.flow.file_names import hash_file_name, seal_file_name
from gateway.flow.kit import Kit
from gateway.flow.limits import check_size
from gateway.flow.raw_upload import raw_sealer
from gateway.lifecycle import UploadState
from gateway.stages.intake import Conflict, EarlierUpload, New, Replay, same_upload
from gateway.store import confirmations, uploads
from gateway.store.rows import counts_of_many
from gateway.store.uploads import UPLOADS_CHANNEL, Announcement, KeyTakenError, Receipt, Upload


class Claims(Struct, frozen=True, kw_only=True):
    """What the sender says before its bytes. `digests`: of `gateway.flow.digests.ALGORITHMS` only; `size` in bytes.

    `profiel`: the name of the profile that the file is to be read by.
    """

    file_name: str | None = None
    size: int | None = None
    digests: dict[str, bytes] = {}
    idempotency_key: str | None = None
    content_type: str | None = None
    profiel: str | None = None


class Received(Struct, frozen=True, kw_only=True):
    """A committed upload. `again`: these bytes were ours already, and this is the upload of their first receipt."""

    upload: Upload
    again: bool = False


def announce(kit: Kit, partner: Signaalpartner, *, channel: str, claims: Claims) -> Upload:
    """Keep the announcement of a file whose bytes come later; raises TooLargeError, ConflictError, UnknownProfileError.

    The same Idempotency-Key with the same announcement gives the first one back.
    """
    check_size(partner, claims.size or 0)
    require_profile(kit, partner, claims.profiel)
    wanted = _announcement(kit, partner, _new_id(kit), channel=channel, claims=claims)
    try:
        return _announce(kit, partner, wanted)
    except KeyTakenError:
        return _announce(kit, partner, wanted)


def _announce(kit: Kit, partner: Signaalpartner, wanted: Announcement) -> Upload:
    with kit.db.write() as conn:
        uploads.one_at_a_time(conn, partner=partner.key)
        earlier = _by_key(conn, partner, wanted.idempotency_key)
        if earlier is None:
            uploads.insert_announced(conn, wanted)
            return _must(uploads.find_by_id(conn, id=wanted.id))
    if any(getattr(earlier, told) != getattr(wanted, told) for told in _TOLD):
        raise _other_bytes()
    return earlier


_TOLD: Final = ("declared_size", "declared_type", "name_sha256", "profiel")
"""What makes two announcements the same."""


def require_profile(kit: Kit, partner: Signaalpartner, name: str | None, *, place: str = "/profiel") -> None:
    """Raises UnknownProfileError, which lists the names that there are, when `partner` has no such profile.

    `place`: where the name was given.
    """
    if name is None:
        return
    with kit.db.read() as conn:
        names = [one.profiel.naam for one in kit.directories.load(conn).profielen.get(partner.key, ())]
    if name not in names:
        there_are = f"U hebt {', '.join(names)}." if names else "U hebt nog geen profielen; laat profiel weg."
        raise UnknownProfileError("U hebt geen profiel met deze naam.", [Problem(location=place, detail=there_are)])


def announced_upload(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> Upload:
    """An upload of this partner, to send its bytes to; raises NotFoundError."""
    with kit.db.read() as conn:
        return _must(uploads.find_by_id(conn, id=upload_id, partner=partner.key))


class Reception:
    """One file on its way in. Use it in a `with`, by one thread at a time, off the event loop: it blocks.

    Leaving without `finish` leaves nothing behind. Raises StoreUnavailableError, DiskFullError.
    """

    def __init__(
        self, kit: Kit, partner: Signaalpartner, *, channel: str, claims: Claims, announced: Upload | None = None
    ) -> None:
        self._kit = kit
        self._partner = partner
        self._channel = channel
        self._claims = claims
        self._announced = announced
        self._id = _new_id(kit) if announced is None else announced.id
        self._blob = f"upload/{self._id}-{kit.dice(4).hex()}"
        self._digests = RunningDigests(claims.digests)
        self._stack = ExitStack()
        self._perhaps_ours = False
        self.size = 0

    def __enter__(self) -> Self:
        self._sealer = raw_sealer(self._kit, upload_id=self._id)
        self._writer = self._stack.enter_context(self._kit.blobs.create(self._blob))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if not self._perhaps_ours:
            self._leave_nothing()
        if isinstance(error, IncompleteBodyError):
            log.emit(log.UPLOAD_CUT, partner=self._partner.key, size=self.size)
        elif kind is not None:
            log.emit(log.UPLOAD_REFUSED, partner=self._partner.key, reason=kind.__name__)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes; raises TooLargeError beyond the partner's limit."""
        check_size(self._partner, self.size + len(data))
        self._digests.update(data)
        for frame in self._sealer.write(data):
            self._writer.write(frame)
        self.size += len(data)

    def finish(self, *, file_name: str | None = None, profiel: str | None = None) -> Received:
        """Check what was claimed, decide, commit. `file_name`, `profiel`: when they came with the bytes.

        Raises DigestMismatchError, ConflictError or UnknownProfileError; then nothing was received.
        """
        self._check_claims()
        self._claims = msgspec.structs.replace(
            self._claims, file_name=file_name or self._claims.file_name, profiel=profiel or self._claims.profiel
        )
        require_profile(self._kit, self._partner, self._claims.profiel)
        with self._kit.db.read() as conn:
            known = self._known(conn)
        return known or self._keep()

    def _check_claims(self) -> None:
        claimed = self._announced.declared_size if self._announced is not None else self._claims.size
        if claimed is not None and claimed != self.size:
            raise DigestMismatchError(f"Opgegeven zijn {claimed} bytes, aangekomen {self.size}; er is niets ontvangen.")
        self._digests.verify()

    def _keep(self) -> Received:
        for frame in self._sealer.finish():
            self._writer.write(frame)
        self._writer.commit()
        try:
            self._perhaps_ours = True  # a lost commit answer leaves it open: then a sweep decides, by the row
            received = self._decide()
        except DiskFullError:
            self._perhaps_ours = False  # the database said itself that it did not commit
            raise
        except OurError:
            raise
        except BaseException:
            self._perhaps_ours = False
            raise
        if received.again:
            self._perhaps_ours = False
        return received

    def _decide(self) -> Received:
        try:
            return self._commit()
        except KeyTakenError:  # by a process that does not wait for others: then its upload can be read now
            return self._commit()

    def _commit(self) -> Received:
        with self._kit.db.write() as conn:
            uploads.one_at_a_time(conn, partner=self._partner.key)
            known = self._known(conn)
            if known is not None:
                return known
            self._insert(conn)
            upload = _must(uploads.find_by_id(conn, id=self._id))
            self._kit.db.notify(conn, UPLOADS_CHANNEL)
        log.emit(log.UPLOAD_RECEIVED, upload_id=self._id, partner=self._partner.key, size=self.size)
        return Received(upload=upload)

    def _insert(self, conn: Connection) -> None:
        moment = self._kit.clock()
        if self._announced is not None:
            receipt = self._receipt(moment, self._announced.name_sha256)
            if not uploads.receive(conn, no=self._announced.no, receipt=receipt):
                raise _other_bytes()  # another attempt was first, a moment ago; sent again, it is answered as the same
            return
        announcement = _announcement(self._kit, self._partner, self._id, channel=self._channel, claims=self._claims)
        uploads.insert_received(conn, announcement, self._receipt(moment, announcement.name_sha256))

    def _receipt(self, moment: dt.datetime, name_sha256: str | None) -> Receipt:
        sha256 = self._digests.sha256
        payload = Ontvangstbewijs(
            aanlevering_id=self._id,
            ontvangen_op=moment,
            grootte=self.size,
            sha256=sha256,
            bestandsnaam_sha256=name_sha256,
        )
        signed = self._kit.signer.sign(msgspec.json.encode(payload))
        return Receipt(received_at=moment, size=self.size, sha256=sha256, blob=self._blob, receipt=signed)

    def _known(self, conn: Connection) -> Received | None:
        """The upload whose receipt answers these bytes; None when they are new. Raises ConflictError."""
        sha256 = self._digests.sha256
        with_key = None
        if self._announced is None:
            with_key = _by_key(conn, self._partner, self._claims.idempotency_key)
        else:
            current = _must(uploads.find_by_id(conn, id=self._announced.id))
            if current.state is not UploadState.ANNOUNCED:
                return _again(current, sha256)
        profiel = self._claims.profiel if self._announced is None else self._announced.profiel
        return _decided(self._kit, conn, self._partner, sha256=sha256, with_key=with_key, profiel=profiel)

    def _leave_nothing(self) -> None:
        """The bytes go; the key of an announced upload stays, since another attempt may be under way."""
        self._kit.blobs.delete(self._blob)
        if self._announced is None:
            self._kit.keys.destroy_upload_key(self._id)


def _decided(
    kit: Kit, conn: Connection, partner: Signaalpartner, *, sha256: str, with_key: Upload | None, profiel: str | None
) -> Received | None:
    replay = dt.timedelta(hours=kit.settings.intake.replay_hours)
    found = uploads.find_by_content(conn, partner=partner.key, sha256=sha256, since=kit.clock() - replay)
    same = [upload for upload in found if upload.profiel == profiel]  # by another profile it says other things
    decision = same_upload(
        sha256=sha256,
        with_key=None if with_key is None else _facts(conn, [with_key])[0],
        same_bytes=_facts(conn, same),
        now=kit.clock(),
        replay=replay,
    )
    match decision:
        case New():
            return None
        case Conflict():
            raise _other_bytes()
        case Replay(upload_id):
            return _again(_must(uploads.find_by_id(conn, id=upload_id)), sha256)
        case _:
            assert_never(decision)


def _facts(conn: Connection, found: Sequence[Upload]) -> list[EarlierUpload]:
    counts = counts_of_many(conn, found)
    asked = confirmations.of_uploads(conn, [upload.no for upload in found])
    return [
        EarlierUpload(
            upload_id=upload.id,
            state=upload.state,
            sha256=upload.sha256,
            received_at=upload.received_at,
            nothing_refused=upload.no in counts and counts[upload.no].refused == 0,
            held=upload.no in asked and asked[upload.no].decision is None,
        )
        for upload in found
    ]


def _again(upload: Upload, sha256: str) -> Received:
    if upload.sha256 != sha256:
        raise _other_bytes()
    return Received(upload=upload, again=True)


def _by_key(conn: Connection, partner: Signaalpartner, key: str | None) -> Upload | None:
    return None if key is None else uploads.find_by_idempotency_key(conn, partner=partner.key, key=key)


def _announcement(kit: Kit, partner: Signaalpartner, upload_id: str, *, channel: str, claims: Claims) -> Announcement:
    return Announcement(
        id=upload_id,
        partner=partner.key,
        channel=channel,
        created_at=kit.clock(),
        declared_size=claims.size,
        declared_type=claims.content_type,
        name_sha256=hash_file_name(claims.file_name),
        name_sealed=seal_file_name(kit, claims.file_name, upload_id=upload_id),
        idempotency_key=claims.idempotency_key,
        profiel=claims.profiel,
    )


def _new_id(kit: Kit) -> str:
    return str(ids.upload_id(kit.clock(), kit.dice(7)))


def _must(upload: Upload | None) -> Upload:
    if upload is None:
        raise NotFoundError("no such upload")
    return upload


def _other_bytes() -> ConflictError:
    return ConflictError(
        "Onder deze sleutel of dit id is al een ander bestand ontvangen of aangekondigd. "
        "Gebruik voor een ander bestand een nieuwe sleutel of een nieuwe aankondiging."
    )
