"""What a partner reads of its uploads: the Aanlevering, the list of them, the verwerkingsverslag.

Everything is put together at the moment it is asked, from the intake summary, the findings and the deliveries.
"""

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

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
from gateway.flow.advice import SYSTEEM_GEWEIGERD, advice, known_rule, of_ended, worded
from gateway.flow.confirm import bevestiging_of
from gateway.flow.file_names import open_file_name
from gateway.flow.findings import read_findings
from gateway.flow.kit import Kit
from gateway.flow.refused_rows import available
from gateway.flow.summary import FIRST_ROWS, IntakeSummary, decode_summary
from gateway.lifecycle import UploadState
from gateway.stages.rules import rule as rule_of
from gateway.store import confirmations, refused, uploads
from gateway.store.confirmations import Confirmation
from gateway.store.refused import RepairLinks
from gateway.store.report import EndedRow, counts_per_gemeente, ended_counts, ended_rows, late_threatening_rows
from gateway.store.rows import counts, counts_of_many
from gateway.store.uploads import Upload

_ROWS_AT_ONCE: Final = 20_000
"""Rows of a file that are looked through at once for those refused later: some MB when it is all of them."""

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
        asked = confirmations.of_upload(conn, upload.no)
        return aanlevering_of(kit, upload, counts(conn, upload), asked, _links(conn, upload))


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
        asked = confirmations.of_uploads(conn, [upload.no for upload in shown])
        linked = refused.links(conn, [upload.no for upload in shown])
    return Page(
        aanleveringen=tuple(
            aanlevering_of(
                kit, upload, numbers.get(upload.no), asked.get(upload.no), linked.get(upload.no, refused.NO_LINKS)
            )
            for upload in shown
        ),
        next_after=shown[-1].id if len(found) > limit else None,
    )


def receipt(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> str:
    """The signed receipt (compact JWS); raises NotFoundError, also while nothing was received."""
    with kit.db.read() as conn:
        upload = _own(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
    if upload.receipt is None:
        raise NotFoundError("no receipt yet")
    return upload.receipt


def aanlevering_of(
    kit: Kit,
    upload: Upload,
    numbers: Counts | None,
    asked: Confirmation | None = None,
    links: RepairLinks = refused.NO_LINKS,
) -> Aanlevering:
    """The upload as its partner sees it; links are the web's to add. `asked`: of one that was held."""
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
        bevestiging=bevestiging_of(asked),
        herstel_van=links.of,
        hersteld_door=links.by,
    )


def report(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> Verwerkingsverslag:
    """The report as of now; raises NotFoundError, ConflictError while nothing was received."""
    with kit.db.read() as conn:
        upload = _reportable(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
        numbers = counts(conn, upload) or count(0, {})
        per_gemeente = counts_per_gemeente(conn, upload_no=upload.no)
        limit = kit.settings.intake.report_rows
        ended_by_cause = ended_counts(conn, upload_no=upload.no)
        ended = _first_ended(conn, upload, limit=limit, number=sum(ended_by_cause.values()))
        asked = bevestiging_of(confirmations.of_upload(conn, upload.no))
        late = late_threatening_rows(conn, upload_no=upload.no, before=_late_before(kit))
        mend, offered = available(kit, conn, upload)
        links = _links(conn, upload)
    summary = _summary(upload)
    findings, cut = _first_findings(kit, upload, limit)
    return Verwerkingsverslag(
        aanlevering_id=upload.id,
        status=STATUS[upload.state],
        gelezen_als=summary.read_as,
        wat_nu=advice(upload.state, numbers, summary, late_threatening=late, asked=asked, repair_file=mend is not None),
        aantallen=_told(numbers),
        bevindingen=_groups(summary),
        regels=findings,
        regels_afgekapt=cut,
        per_gemeente={code: _told_states(states) for code, states in sorted(per_gemeente.items())},
        systeemweigeringen=tuple(_row_status(upload, row) for row in ended),
        systeemweigeringen_afgekapt=sum(ended_by_cause.values()) > len(ended),
        weigeringen_na_aanname=_ended_groups(ended_by_cause, ended),
        bevestiging=asked,
        gelezen=summary.explained,
        kopregel=summary.header_line,
        herstelbestand=mend,
        bewijzen_van_aanbieding=offered,
        herstel_van=links.of,
        hersteld_door=links.by,
    )


def report_lines(kit: Kit, partner: Signaalpartner, *, upload_id: str) -> Iterator[ReportLine]:
    """Every finding, then every row refused after it went on; raises as `report`, at the call.

    The rest is read as the lines are taken: the findings from their blob, the rows some thousands at a time.
    """
    with kit.db.read() as conn:
        upload = _reportable(uploads.find_by_id(conn, id=upload_id, partner=partner.key))
    return _lines(kit, upload)


def _lines(kit: Kit, upload: Upload) -> Iterator[ReportLine]:
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
    for row in _all_ended(kit, upload):
        what_happened, what_to_do = of_ended(row.state, row.code)
        yield ReportLine(
            regel=row.row_no,
            code=row.code,
            ernst=Ernst.ERROR,
            veld=None,
            vorm=None,
            melding=what_happened,
            wat_te_doen=what_to_do,
            status=ROW_STATES[row.state].name,
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
    found = list(itertools.islice(_findings(kit, upload), limit + 1))
    told = tuple(
        Bevinding(regel=row_no, code=code, ernst=rule_of(code).ernst, veld=rule_of(code).veld, vorm=vorm)
        for row_no, code, vorm in found[:limit]
    )
    return told, len(found) > limit


def _groups(summary: IntakeSummary) -> tuple[BevindingGroep, ...]:
    """What is wrong with the whole file, then what refuses rows, then what is only remarked; each by how often."""
    about_file = (
        _group(f.code, number=1, first_rows=() if f.regel is None else (f.regel,), about=f.vorm)
        for f in summary.file_findings
    )
    about_rows = (_group(f.code, number=f.aantal, first_rows=f.eerste_regels) for f in summary.findings)
    return tuple(sorted((*about_file, *about_rows), key=_urgency))


def _urgency(group: BevindingGroep) -> int:
    """What is wrong with the file as a whole explains the rest, so it comes before what refuses rows."""
    if group.ernst is Ernst.WARNING:
        return 0 if group.code.startswith(_WHOLE_FILE) else 2
    return 0 if group.ernst is Ernst.FATAL else 1


_WHOLE_FILE: Final = "bestand_"
"""How codes begin that are about the file as a whole."""


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
        reden=row.code if row.state in {RowState.GESTOPT, RowState.NIET_BEVESTIGD} else None,
    )


def _ended_groups(
    numbers: Mapping[tuple[RowState, str | None], int], rows: Sequence[EndedRow]
) -> tuple[BevindingGroep, ...]:
    """One group per cause, most rows first; a system's codes are one cause: they stand at the rows."""
    groups = []
    for (state, reason), number in sorted(numbers.items(), key=lambda item: -item[1]):
        rule = known_rule(SYSTEEM_GEWEIGERD if state is RowState.SYSTEEM_GEWEIGERD else reason)
        what_happened, what_to_do = of_ended(state, reason)
        these = (row.row_no for row in rows if row.state is state and (reason is None or row.code == reason))
        group = BevindingGroep(
            code=ROW_STATES[state].name if rule is None else rule.code,
            ernst=Ernst.ERROR,
            veld=None if rule is None else rule.veld,
            melding=what_happened,
            wat_te_doen=what_to_do,
            aantal=number,
            eerste_regels=tuple(itertools.islice(these, FIRST_ROWS)),
        )
        groups.append(group)
    return tuple(groups)


def _signaal_id(upload: Upload, row: EndedRow) -> str:
    return str(ids.signaal_id(uuid.UUID(upload.id), row.row_no))


def _first_ended(conn: Connection, upload: Upload, *, limit: int, number: int) -> list[EndedRow]:
    """The first `limit` of the `number` rows refused after they went on; looks no further than the last of them."""
    found: list[EndedRow] = []
    for start in range(0, upload.rows or 0, _ROWS_AT_ONCE):
        if len(found) >= min(limit, number):
            break
        found += _ended(conn, upload, start)
    return found[:limit]


def _all_ended(kit: Kit, upload: Upload) -> Iterator[EndedRow]:
    """Every row refused after it went on, as of when it is reached; no transaction lasts while the lines are sent."""
    with kit.db.read() as conn:
        left = sum(ended_counts(conn, upload_no=upload.no).values())
    for start in range(0, upload.rows or 0, _ROWS_AT_ONCE):
        if left <= 0:
            return
        with kit.db.read() as conn:
            found = _ended(conn, upload, start)
        left -= len(found)
        yield from found


def _ended(conn: Connection, upload: Upload, start: int) -> list[EndedRow]:
    if upload.attempt_no is None:
        return []
    return ended_rows(conn, upload_no=upload.no, attempt_no=upload.attempt_no, after=start, up_to=start + _ROWS_AT_ONCE)


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


def _links(conn: Connection, upload: Upload) -> RepairLinks:
    return refused.links(conn, [upload.no]).get(upload.no, refused.NO_LINKS)


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
