"""What a partner reads of its uploads: the Aanlevering, the list of them, the verwerkingsverslag.

Everything is put together at the moment it is asked, from the intake summary, the findings and the deliveries.
"""

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from contracts.aanlevering import (
    Aanlevering,
    AanleveringStatus,
    AantallenNaarStatus,
    Bevinding,
    BevindingGroep,
    Ernst,
    RegelStatus,
    Verwerkingsverslag,
)
from contracts.overeenkomst import Signaalpartner
from contracts.row_states import ROW_STATES, Counts, RowState, count
from gateway import ids
from gateway.errors import ConflictError, KeyDestroyedError, NotFoundError
from gateway.flow.advice import advice, worded
from gateway.flow.file_names import open_file_name
from gateway.flow.findings import read_findings
from gateway.flow.kit import Kit
from gateway.flow.summary import IntakeSummary, decode_summary
from gateway.lifecycle import UploadState
from gateway.stages.rules import rule as rule_of
from gateway.store import uploads
from gateway.store.report import EndedRow, counts_per_gemeente, ended_rows, late_threatening_rows
from gateway.store.rows import counts, counts_of_many
from gateway.store.uploads import Upload

T = TypeVar("T")

STATUS: Final[dict[UploadState, AanleveringStatus]] = {
    UploadState.ANNOUNCED: AanleveringStatus.AANGEKONDIGD,
    UploadState.RECEIVED: AanleveringStatus.ONTVANGEN,
    UploadState.PROCESSING: AanleveringStatus.IN_VERWERKING,
    UploadState.PROCESSED: AanleveringStatus.VERWERKT,
    UploadState.REJECTED: AanleveringStatus.AFGEKEURD,
}


class Page(Struct, frozen=True, kw_only=True):
    """One page, newest first; `next_after` is the id to go on from, None at the end."""

    aanleveringen: tuple[Aanlevering, ...]
    next_after: str | None


class ReportLine(Struct, frozen=True, kw_only=True):
    """One line of the whole report: a finding at a row, or a row refused after it went on."""

    regel: int
    code: str | None
    ernst: Ernst
    veld: str | None
    vorm: str | None
    melding: str
    wat_te_doen: str
    status: str | None = None
    signaal_id: str | None = None


def show(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> Aanlevering:
    """One upload of this partner; raises NotFoundError."""
    with kit.db.read() as conn:
        upload = _own(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
        return aanlevering_of(kit, upload, counts(conn, upload))


def page(kit: Kit, partner: Signaalpartner, *, after: str | None, limit: int) -> Page:
    """Received uploads of this partner, newest first, from the one after `after` on; raises NotFoundError."""
    with kit.db.read() as conn:
        before = None
        if after is not None:
            last = _own(uploads.find_by_id(conn, id=after, partner=partner.key))
            before = (last.received_at, last.no) if last.received_at is not None else None
        found = uploads.page(conn, partner=partner.key, limit=limit + 1, before=before)
        shown = found[:limit]
        numbers = counts_of_many(conn, shown)
    return Page(
        aanleveringen=tuple(aanlevering_of(kit, upload, numbers.get(upload.no)) for upload in shown),
        next_after=shown[-1].id if len(found) > limit else None,
    )


def receipt(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> str:
    """The signed receipt (compact JWS); raises NotFoundError, also while nothing was received."""
    with kit.db.read() as conn:
        upload = _own(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
    if upload.receipt is None:
        raise NotFoundError("no receipt yet")
    return upload.receipt


def aanlevering_of(kit: Kit, upload: Upload, numbers: Counts | None) -> Aanlevering:
    """The upload as its partner sees it; links are the web's to add."""
    return Aanlevering(
        aanlevering_id=upload.id,
        status=STATUS[upload.state],
        ontvangen_op=upload.received_at,
        grootte=upload.size if upload.size is not None else upload.declared_size,
        sha256=upload.sha256,
        bestandsnaam=open_file_name(kit, upload.name_sealed, upload_id=upload.id),
        verwerkt_op=upload.settled_at,
        aantallen=None if numbers is None else _told(numbers),
        ontvangstbewijs=upload.receipt,
    )


def report(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> Verwerkingsverslag:
    """The report as of now; raises NotFoundError, ConflictError while nothing was received."""
    with kit.db.read() as conn:
        upload = _reportable(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
        numbers = counts(conn, upload) or count(0, {})
        per_gemeente = counts_per_gemeente(conn, upload_no=upload.no)
        limit = kit.settings.intake.report_rows
        ended = _first(_ended(conn, upload), limit)
        late = late_threatening_rows(conn, upload_no=upload.no, before=_late_before(kit))
    summary = _summary(upload)
    findings, cut = _first_findings(kit, upload, limit)
    return Verwerkingsverslag(
        aanlevering_id=upload.id,
        status=STATUS[upload.state],
        gelezen_als=summary.read_as,
        wat_nu=advice(upload.state, numbers, summary, late_threatening=late),
        aantallen=_told(numbers),
        bevindingen=_groups(summary),
        regels=findings,
        regels_afgekapt=cut,
        per_gemeente={code: _told_states(states) for code, states in sorted(per_gemeente.items())},
        systeemweigeringen=tuple(_row_status(upload, row) for row in ended),
    )


def report_lines(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> Iterator[ReportLine]:
    """Every finding, then every row refused after it went on; raises as `report`, at the call.

    The database is read at the call; the findings stream from their blob as the lines are taken.
    """
    with kit.db.read() as conn:
        upload = _reportable(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
        ended = list(_ended(conn, upload))
    return _lines(kit, upload, ended)


def _lines(kit: Kit, upload: Upload, ended: list[EndedRow]) -> Iterator[ReportLine]:
    for row_no, code, vorm in _findings(kit, upload):
        rule = rule_of(code)
        yield ReportLine(
            regel=row_no,
            code=code,
            ernst=rule.ernst,
            veld=rule.veld,
            vorm=vorm,
            melding=rule.melding,
            wat_te_doen=rule.wat_te_doen,
        )
    for row in ended:
        status = ROW_STATES[row.state]
        yield ReportLine(
            regel=row.row_no,
            code=row.code,
            ernst=Ernst.ERROR,
            veld=None,
            vorm=None,
            melding=status.meaning,
            wat_te_doen="",
            status=status.name,
            signaal_id=_signaal_id(upload, row),
        )


def _findings(kit: Kit, upload: Upload) -> Iterator[tuple[int, str, str | None]]:
    try:
        frames = read_findings(
            kit,
            upload_id=upload.id,
            blob=upload.findings_blob,
            wrapped_key=upload.findings_key,
            key_name=upload.findings_key_name,
        )
        for frame in frames:
            yield from frame.select("row_no", "code", "vorm").iter_rows()
    except KeyDestroyedError:
        return  # the report's term is over: counts stay, findings per row are gone


def _first_findings(kit: Kit, upload: Upload, limit: int) -> tuple[tuple[Bevinding, ...], bool]:
    """The first `limit` findings, and whether there are more."""
    found = _first(_findings(kit, upload), limit + 1)
    told = tuple(
        Bevinding(regel=row_no, code=code, ernst=rule_of(code).ernst, veld=rule_of(code).veld, vorm=vorm)
        for row_no, code, vorm in found[:limit]
    )
    return told, len(found) > limit


def _groups(summary: IntakeSummary) -> tuple[BevindingGroep, ...]:
    """About the file first, then what refuses rows, then what is only remarked; each by how often."""
    about_file = (
        _group(f.code, number=1, first_rows=() if f.regel is None else (f.regel,), about=f.vorm)
        for f in summary.file_findings
    )
    about_rows = (_group(f.code, number=f.aantal, first_rows=f.eerste_regels) for f in summary.findings)
    return (*about_file, *sorted(about_rows, key=lambda group: _GRAVITY.index(group.ernst)))


_GRAVITY: Final = (Ernst.FATAL, Ernst.ERROR, Ernst.WARNING)


def _group(code: str, *, number: int, first_rows: tuple[int, ...], about: str | None = None) -> BevindingGroep:
    rule = rule_of(code)
    return BevindingGroep(
        code=code,
        ernst=rule.ernst,
        veld=rule.veld,
        melding=worded(rule, about),
        wat_te_doen=rule.wat_te_doen,
        aantal=number,
        eerste_regels=first_rows,
    )


def _row_status(upload: Upload, row: EndedRow) -> RegelStatus:
    return RegelStatus(
        regel=row.row_no,
        status=ROW_STATES[row.state].name,
        signaal_id=_signaal_id(upload, row),
        systeemcode=row.code if row.state is RowState.SYSTEEM_GEWEIGERD else None,
    )


def _signaal_id(upload: Upload, row: EndedRow) -> str:
    return str(ids.signaal_id(uuid.UUID(upload.id), row.row_no))


def _ended(conn: Connection, upload: Upload) -> Iterator[EndedRow]:
    if upload.attempt_no is None:
        return iter(())
    return ended_rows(conn, upload_no=upload.no, attempt_no=upload.attempt_no)


def _first(items: Iterable[T], limit: int) -> list[T]:
    return list(itertools.islice(items, limit))


def _told(numbers: Counts) -> AantallenNaarStatus:
    return AantallenNaarStatus(
        regels=numbers.rows,
        geweigerd=numbers.refused,
        afgeleverd=numbers.delivered,
        wachtend=numbers.waiting,
        per_status=numbers.states,
    )


def _told_states(states: Counter[RowState]) -> AantallenNaarStatus:
    return _told(count(states.total(), dict(states)))


def _summary(upload: Upload) -> IntakeSummary:
    return decode_summary(upload.summary) if upload.summary else IntakeSummary(read_as="", rows=0)


def _late_before(kit: Kit) -> dt.datetime:
    return kit.clock() - dt.timedelta(hours=kit.settings.work.threatening_alert_hours)


def _own(upload: Upload | None) -> Upload:
    if upload is None:
        raise NotFoundError("no such upload")
    return upload


def _reportable(upload: Upload | None) -> Upload:
    if _own(upload).state is UploadState.ANNOUNCED:
        raise ConflictError("Het bestand is aangekondigd maar nog niet ontvangen; er is nog geen verslag.")
    return _own(upload)
