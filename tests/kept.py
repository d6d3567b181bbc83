"""An upload with everything that is kept of it, sealed by the real code, and what of that can still be opened."""

import enum
import os
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import polars as pl
import sqlalchemy as sa

from contracts.signaal import Signaal
from gateway.errors import GatewayError, KeyDestroyedError, NotFoundError
from gateway.flow.duplicates import hash_block, hash_key_name, period_of, run_writer
from gateway.flow.earlier import open_run
from gateway.flow.erase import rewrap_settled
from gateway.flow.file_names import open_file_name, seal_file_name
from gateway.flow.findings import findings_writer, read_findings
from gateway.flow.kit import Kit
from gateway.flow.parcels import ParcelWriter, read_links, read_rows
from gateway.flow.raw_upload import raw_sealer, read_raw_upload
from gateway.flow.refused_rows import RefusedWriter, frames_of
from gateway.ids import upload_id
from gateway.lifecycle import DeliveryState, UploadState
from gateway.stages import canonical
from gateway.stages.frames import FINDINGS, SIGNAAL_FIELDS
from gateway.store import refused, uploads
from gateway.store.blobs import FileBlobs
from gateway.store.parcels import HashRun, get_content, put_contents, put_hash_run
from gateway.store.refused import RefusedContent, RefusedKind
from gateway.store.schema import delivery, hash_run, processing_attempt, upload
from tests.builders import a_signaal

PARTNER: Final = "woonstad"
FILE_NAME: Final = "achterstanden-voorbeeldstraat-12.csv"
ACHTERNAAM: Final = "Herkenbaar"
EVERYTHING: Final = frozenset({"rows", "links", "findings", "hashes", "name", "raw", "herstel", "aanbieding"})


@dataclass(frozen=True)
class Kept:
    """Where it all is. `roots`: the delivery ids of its parcels, in order."""

    upload_no: int
    upload_id: uuid.UUID
    attempt_no: int
    roots: tuple[int, ...]


def keep_upload(kit: Kit, *, parcels: int = 1, rows: int = 2, state: UploadState = UploadState.PROCESSED) -> Kept:
    """Publish an upload of `parcels` parcels of `rows` rows, with all else that is kept of one."""
    before = set(kit.blobs.names())
    id_ = upload_id(kit.clock(), kit.dice(7))
    upload_no, attempt_no, pack = _begin(kit, id_, state)
    frame = _rows(parcels * rows)
    identity, rest = canonical.texts(frame)
    frame = frame.with_columns(canonical.records(frame, identity, rest, upload=id_))
    with ParcelWriter(kit, attempt_no=attempt_no, blob=pack, limits={}, default_limit=rows) as writer:
        writer.add(frame)
        records = writer.finish()
    findings = _keep_findings(kit, id_)
    run = _keep_hashes(kit, frame, attempt_no=attempt_no, upload_no=upload_no)
    contents = [content for kind in RefusedKind for content in _keep_refused(kit, id_, kind)]
    with kit.db.write() as conn:
        refused.put(conn, upload_no=upload_no, contents=contents)
        roots = [_enqueue(kit, conn, upload_no, attempt_no, r.parcel_no, r.row_count) for r in records]
        put_contents(conn, dict(zip(roots, (r.content for r in records), strict=True)))
        put_hash_run(conn, run, created_at=kit.clock())
        conn.execute(sa.update(upload).where(upload.c.no == upload_no).values(attempt_no=attempt_no, **findings))
    date_blobs(kit, set(kit.blobs.names()) - before)
    return Kept(upload_no, id_, attempt_no, tuple(roots))


def settle(kit: Kit, root: int, state: DeliveryState, *, refused: int = 0, position_from: int | None = None) -> None:
    """Give the leaf of a root (its child from a position, if named) its final state, as the deliver flow does."""
    t = delivery.c
    leaf = (t.root_id == root) & (t.parent_id.is_(None) if position_from is None else t.position_from == position_from)
    if position_from is not None:
        leaf &= t.parent_id.is_not(None)
    with kit.db.write() as conn:
        change = {"state": int(state), "refused_count": refused, "settled_at": kit.clock()}
        assert conn.execute(sa.update(delivery).where(leaf).values(change)).rowcount == 1
        rewrap_settled(conn, kit, [root])


def split(kit: Kit, root: int, at: int) -> None:
    """Close a root as split, with children [0, at) and [at, end)."""
    with kit.db.write() as conn:
        parent = conn.execute(sa.select(delivery).where(delivery.c.id == root)).mappings().one()
        conn.execute(sa.update(delivery).where(delivery.c.id == root).values(state=int(DeliveryState.SPLIT)))
        for start, end in ((0, at), (at, parent["row_count"])):
            child = {**parent, "parent_id": root, "position_from": start, "position_to": end, "row_count": end - start}
            del child["id"]
            conn.execute(sa.insert(delivery).values({**child, "idempotency_key": str(uuid.uuid4())}))


def openable(kit: Kit, kept: Kept, *, roots: Iterable[int] | None = None) -> set[str]:
    """What of EVERYTHING opens for all of `roots` (all of them by default)."""
    wanted = kept.roots if roots is None else tuple(roots)
    attempts = {
        "rows": lambda: [_open_rows(kit, kept, root) for root in wanted],
        "links": lambda: [_open_links(kit, kept, root) for root in wanted],
        "findings": lambda: _open_findings(kit, kept),
        "hashes": lambda: _open_hashes(kit, kept),
        "name": lambda: _open_name(kit, kept),
        "herstel": lambda: _open_refused(kit, kept, RefusedKind.HERSTEL),
        "aanbieding": lambda: _open_refused(kit, kept, RefusedKind.AANBIEDING),
        "raw": lambda: _open_raw(kit, kept),
    }
    return {what for what, attempt in attempts.items() if _opens(attempt)}


def date_blobs(kit: Kit, names: Iterable[str]) -> None:
    """Date these blobs by the injected clock: files bear the machine's."""
    assert isinstance(kit.blobs, FileBlobs)
    moment = kit.clock().timestamp()
    for name in names:
        os.utime(kit.blobs._file(name), (moment, moment))


def _opens(attempt: Any) -> bool:
    try:
        attempt()
    except (KeyDestroyedError, NotFoundError):
        return False
    except GatewayError as other:  # damaged instead of forgotten: a defect
        raise AssertionError(type(other).__name__) from other
    return True


def _open_rows(kit: Kit, kept: Kept, root: int) -> None:
    with kit.db.read() as conn:
        content = get_content(conn, root)
        parcel_no = conn.scalar(sa.select(delivery.c.parcel_no).where(delivery.c.id == root))
    assert content is not None
    found = read_rows(
        kit, content, attempt_no=kept.attempt_no, parcel_no=parcel_no, position_from=0, position_to=10_000
    )
    assert found
    assert all(signaal.achternaam == ACHTERNAAM for signaal in found)


def _open_links(kit: Kit, kept: Kept, root: int) -> None:
    with kit.db.read() as conn:
        content = get_content(conn, root)
        parcel_no = conn.scalar(sa.select(delivery.c.parcel_no).where(delivery.c.id == root))
    assert content is not None
    found = read_links(kit, content, attempt_no=kept.attempt_no, parcel_no=parcel_no)
    assert found
    assert all(link.kenmerk.startswith("K-") for link in found)


def _upload(kit: Kit, kept: Kept) -> Any:
    with kit.db.read() as conn:
        return conn.execute(sa.select(upload).where(upload.c.no == kept.upload_no)).one()


def _open_findings(kit: Kit, kept: Kept) -> None:
    row = _upload(kit, kept)
    if row.findings_key is None:
        raise KeyDestroyedError
    frames = read_findings(
        kit,
        upload_id=str(kept.upload_id),
        blob=row.findings_blob,
        wrapped_key=row.findings_key,
        key_name=row.findings_key_name,
    )
    assert pl.concat(list(frames))["code"].to_list() == ["postcode_vorm"]


def _open_hashes(kit: Kit, kept: Kept) -> None:
    columns = [hash_run.c[name] for name in HashRun.__struct_fields__]
    with kit.db.read() as conn:
        query = sa.select(*columns).where(hash_run.c.attempt_no == kept.attempt_no)
        row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise KeyDestroyedError
    open_run(kit, HashRun(**row))


def _open_name(kit: Kit, kept: Kept) -> None:
    name = open_file_name(kit, _upload(kit, kept).name_sealed, upload_id=str(kept.upload_id))
    if name is None:
        raise KeyDestroyedError
    assert name == FILE_NAME


def _open_refused(kit: Kit, kept: Kept, kind: RefusedKind) -> None:
    with kit.db.read() as conn:
        source = uploads.find_by_no(conn, kept.upload_no)
        content = refused.find(conn, upload_no=kept.upload_no).get(kind)
    if source is None or content is None:
        raise KeyDestroyedError
    assert pl.concat(list(frames_of(kit, source, content)))["0"].to_list() == [ACHTERNAAM]


def _open_raw(kit: Kit, kept: Kept) -> None:
    blob = f"upload/{kept.upload_id}"
    assert b"".join(read_raw_upload(kit, upload_id=str(kept.upload_id), blob=blob)) == ACHTERNAAM.encode()


def _begin(kit: Kit, id_: uuid.UUID, state: UploadState) -> tuple[int, int, str]:
    raw = f"upload/{id_}"
    sealer = raw_sealer(kit, upload_id=str(id_))
    with kit.blobs.create(raw) as writer:
        for frame in (*sealer.write(ACHTERNAAM.encode()), *sealer.finish()):
            writer.write(frame)
        writer.commit()
    now = kit.clock()
    done = state in {UploadState.PROCESSED, UploadState.REJECTED}
    values = {
        "id": str(id_),
        "partner": PARTNER,
        "channel": "https",
        "state": int(state),
        "created_at": now,
        "received_at": now,
        "settled_at": now if done else None,
        "blob": None if done else raw,
        "attempts": 1,
        "name_sealed": seal_file_name(kit, FILE_NAME, upload_id=str(id_)),
    }
    pack = f"attempt/{id_}"
    with kit.db.write() as conn:
        no = conn.execute(sa.insert(upload).values(values).returning(upload.c.no)).scalar_one()
        attempt = sa.insert(processing_attempt).values(upload_no=no, started_at=now, blob=pack)
        return no, conn.execute(attempt.returning(processing_attempt.c.no)).scalar_one(), pack


def _rows(count: int) -> pl.DataFrame:
    signalen = [_plain(a_signaal(kenmerk=f"K-{n}", achternaam=ACHTERNAAM)) for n in range(1, count + 1)]
    verdict = {"overeenkomst": "ov-1", "version": 1, "systeem": "vps", "threatening": False}
    return pl.DataFrame(signalen, schema=SIGNAAL_FIELDS).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("row_no"),
        *(pl.lit(value).alias(name) for name, value in verdict.items()),
    )


def _plain(signaal: Signaal) -> dict[str, Any]:
    values = msgspec.structs.asdict(signaal)
    return {
        name: str(value) if isinstance(value, enum.Enum) else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name in SIGNAAL_FIELDS
    }


def _keep_findings(kit: Kit, id_: uuid.UUID) -> dict[str, Any]:
    with findings_writer(kit, upload_id=str(id_)) as writer:
        writer.add(pl.DataFrame([{"row_no": 1, "code": "postcode_vorm", "vorm": None}], schema=FINDINGS))
        key = writer.finish()
    assert key is not None
    return {"findings_blob": writer.name, "findings_key": key.wrapped, "findings_key_name": key.key_name}


def _keep_refused(kit: Kit, id_: uuid.UUID, kind: RefusedKind) -> tuple[RefusedContent, ...]:
    with RefusedWriter(kit, kind, upload_id=str(id_)) as writer:
        writer.add(pl.DataFrame({"row_no": [1], "0": [ACHTERNAAM]}))
        return writer.finish()


def _keep_hashes(kit: Kit, frame: pl.DataFrame, *, attempt_no: int, upload_no: int) -> HashRun:
    period = period_of(kit.today())
    key = kit.keys.named_key(hash_key_name(PARTNER, period))
    hashes = hash_block(frame["row_no"], *canonical.texts(frame), key)
    with run_writer(kit, attempt_no=attempt_no) as writer:
        writer.add(hashes)
        sealed = writer.finish()
    assert sealed is not None
    return HashRun(
        attempt_no=attempt_no,
        period=period,
        partner=PARTNER,
        upload_no=upload_no,
        rows=hashes.height,
        blob=writer.name,
        key=sealed.wrapped,
        key_name=sealed.key_name,
    )


def _enqueue(kit: Kit, conn: sa.Connection, upload_no: int, attempt_no: int, parcel_no: int, rows: int) -> int:
    values = {
        "idempotency_key": str(uuid.uuid4()),
        "kind": "signalen",
        "destination": "vps",
        "state": int(DeliveryState.QUEUED),
        "partner": PARTNER,
        "upload_no": upload_no,
        "attempt_no": attempt_no,
        "parcel_no": parcel_no,
        "position_from": 0,
        "position_to": rows,
        "row_count": rows,
        "created_at": kit.clock(),
        "due_at": kit.clock(),
    }
    id_ = int(conn.execute(sa.insert(delivery).values(values).returning(delivery.c.id)).scalar_one())
    conn.execute(sa.update(delivery).where(delivery.c.id == id_).values(root_id=id_))
    return id_


def class_keys(kit: Kit) -> Collection[str]:
    """Names of the wrapping keys that exist."""
    return {name for name in kit.keys.names() if name.count("/") == 1 and not name.startswith("upload/")}
