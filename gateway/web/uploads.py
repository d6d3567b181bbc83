"""POST and PUT of files: who, may it, then the bytes straight into a Reception. Every refusal comes before the body."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import http_sf
from anyio import to_thread
from litestar import Response, post, put
from litestar.params import FromPath
from msgspec.structs import replace

from contracts.overeenkomst import Signaalpartner
from gateway.errors import InvalidInputError, NotAllowedError, NotFoundError, Problem
from gateway.flow import receive
from gateway.flow.digests import ALGORITHMS, RunningDigests
from gateway.flow.limits import check_room, check_size
from gateway.flow.receive import Claims, Received, Reception
from gateway.flow.report import aanlevering_of
from gateway.store.uploads import Upload
from gateway.web import links
from gateway.web.answers import JSON_ONLY, json_answer
from gateway.web.bodies import MultipartFile, body_chunks, clean_file_name, file_name_of, pump, small_body
from gateway.web.forms import Aankondiging
from gateway.web.identity import AnyRequest, parts_of, signed_in_partner
from gateway.web.negotiate import JSON, ContentType, best, content_type, require_identity
from gateway.web.schema import decode_json

CHANNEL: Final = "https"
ANNOUNCEMENT_BYTES: Final = 64 * 1024
"""An announcement is three fields; this is generous."""
MULTIPART_OVERHEAD: Final = 64 * 1024
"""What boundaries, part headers and small fields may add to a file of the largest size."""


@post(links.AANLEVERINGEN, status_code=202)
async def post_aanlevering(request: AnyRequest) -> Response[Any]:
    """A file at once (raw or multipart: 202 with its receipt), or the announcement of one (JSON: 201)."""
    partner = await _sender(request)
    kind = content_type(request.headers.get("content-type"))
    claims = Claims(
        idempotency_key=_idempotency_key(request),
        content_type=kind.media or None,
        profiel=request.query_params.get("profiel") or None,
    )
    await to_thread.run_sync(_require_profile, request, partner, claims.profiel)
    if kind.media == JSON:
        return await _announce(request, partner, claims)
    _admit(request, partner, kind)
    claims = _with_digests(request, claims)
    received = await _receive(request, partner, kind, claims)
    shown = await to_thread.run_sync(_shown, request, received.upload)
    return json_answer(request, shown, status=202, headers={"Location": links.aanlevering(shown.aanlevering_id)})


@put(links.AANLEVERINGEN + "/{upload_id:str}/inhoud", status_code=204)
async def put_inhoud(request: AnyRequest, upload_id: FromPath[str]) -> Response[None]:
    """The bytes of an announced file. Sent again they are answered the same; other bytes after that conflict."""
    partner = await _sender(request)
    announced = await to_thread.run_sync(_announced, request, partner, upload_id)
    kind = ContentType(media="")
    _admit(request, partner, kind)
    claims = _with_digests(request, Claims())
    if not claims.digests:
        raise InvalidInputError(
            "Content-Digest ontbreekt.",
            [Problem(location="header:Content-Digest", detail="Verplicht: sha-256=:<base64>: van de inhoud.")],
        )
    received = await _receive(request, partner, kind, claims, announced=announced)
    return Response(None, status_code=204, headers={"Location": links.ontvangstbewijs(received.upload.id)})


async def _sender(request: AnyRequest) -> Signaalpartner:
    partner = await signed_in_partner(request)
    if partner.gepauzeerd:
        raise NotAllowedError("Aanleveren is voor uw organisatie door beheer stilgezet.")
    best(request.headers.get("accept"), JSON_ONLY)
    require_identity(request.headers.get("content-encoding"))
    parts_of(request).limits.spend(partner)
    return partner


def _admit(request: AnyRequest, partner: Signaalpartner, kind: ContentType) -> None:
    """Size and room, by what the headers say."""
    kit = parts_of(request).kit
    length = request.headers.get("content-length", "")
    expected = int(length) if length.isdecimal() else 0
    check_size(partner, expected - (MULTIPART_OVERHEAD if kind.boundary else 0))
    check_room(kit.blobs, watermark_mib=kit.settings.storage.watermark_mib, expected=expected)


async def _announce(request: AnyRequest, partner: Signaalpartner, claims: Claims) -> Response[Any]:
    body = decode_json(await small_body(request.receive, limit=ANNOUNCEMENT_BYTES), Aankondiging)
    claims = replace(
        claims,
        file_name=clean_file_name(body.file_name),
        size=body.size,
        content_type=body.content_type,
        profiel=body.profiel or claims.profiel,
    )
    shown = await to_thread.run_sync(_announced_now, request, partner, claims)
    return json_answer(request, shown, status=201, headers={"Location": links.aanlevering(shown.aanlevering_id)})


async def _receive(
    request: AnyRequest, partner: Signaalpartner, kind: ContentType, claims: Claims, announced: Upload | None = None
) -> Received:
    parts = parts_of(request)
    with parts.limits.place(partner):
        if kind.media == "multipart/form-data":
            return await _receive_multipart(request, partner, kind, claims)
        claims = replace(claims, file_name=file_name_of(_raw_header(request, b"content-disposition")))
        reception = Reception(parts.kit, partner, channel=CHANNEL, claims=claims, announced=announced)
        async with _in_threads(reception):
            await pump(body_chunks(request.receive), reception.write)
            return await to_thread.run_sync(reception.finish)


async def _receive_multipart(
    request: AnyRequest, partner: Signaalpartner, kind: ContentType, claims: Claims
) -> Received:
    """Content-Digest is of the whole body (RFC 9530), the receipt of the file in it."""
    body_digests = RunningDigests(claims.digests)
    reception = Reception(parts_of(request).kit, partner, channel=CHANNEL, claims=replace(claims, digests={}))
    file = MultipartFile(kind.boundary, reception.write)

    def write(data: memoryview) -> None:
        body_digests.update(data)
        file.write(data)

    def finish() -> Received:
        file.finish()
        body_digests.verify()
        return reception.finish(file_name=file.file_name, profiel=file.profiel)

    async with _in_threads(reception):
        await pump(body_chunks(request.receive), write)
        return await to_thread.run_sync(finish)


@contextlib.asynccontextmanager
async def _in_threads(reception: Reception) -> AsyncIterator[None]:
    """Enter and leave the reception off the event loop: both touch the disk."""
    await to_thread.run_sync(reception.__enter__)
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(Exception):  # the first error is the one to tell
            await to_thread.run_sync(reception.__exit__, type(error), error, error.__traceback__)
        raise
    await to_thread.run_sync(reception.__exit__, None, None, None)


def _require_profile(request: AnyRequest, partner: Signaalpartner, name: str | None) -> None:
    receive.require_profile(parts_of(request).kit, partner, name, place="query:profiel")


def _announced_now(request: AnyRequest, partner: Signaalpartner, claims: Claims) -> Any:
    kit = parts_of(request).kit
    return links.with_links(aanlevering_of(kit, receive.announce(kit, partner, channel=CHANNEL, claims=claims), None))


def _announced(request: AnyRequest, partner: Signaalpartner, upload_id: str) -> Upload:
    return receive.announced_upload(parts_of(request).kit, partner, upload_id=_uuid(upload_id))


def _shown(request: AnyRequest, upload: Upload) -> Any:
    return links.with_links(aanlevering_of(parts_of(request).kit, upload, None))


def _uuid(text: str) -> str:
    """A UUID as we write them; raises NotFoundError: what is no UUID cannot be an upload."""
    try:
        return str(UUID(text))
    except ValueError:
        raise NotFoundError("not an id") from None


def _idempotency_key(request: AnyRequest) -> str | None:
    """The key, a UUID (quoted as the draft RFC does, or bare); raises InvalidInputError."""
    value = request.headers.get("idempotency-key")
    if value is None:
        return None
    try:
        return str(UUID(value.strip().strip('"')))
    except ValueError:
        raise InvalidInputError(
            "Idempotency-Key is geen UUID.", [Problem(location="header:Idempotency-Key", detail="Verwacht: een UUID.")]
        ) from None


def _with_digests(request: AnyRequest, claims: Claims) -> Claims:
    value = _raw_header(request, b"content-digest")
    return claims if value is None else replace(claims, digests=parse_content_digest(value))


def parse_content_digest(value: bytes) -> dict[str, bytes]:
    """The digests of a Content-Digest header that can be checked; raises InvalidInputError when there is none."""
    try:
        members: Any = http_sf.parse(value, tltype="dictionary")
    except http_sf.StructuredFieldError:
        members = {}
    digests = {name: item[0] for name, item in members.items() if name in ALGORITHMS and isinstance(item[0], bytes)}
    if not digests:
        raise InvalidInputError(
            "Content-Digest is niet te lezen.",
            [Problem(location="header:Content-Digest", detail="Verwacht: sha-256=:<base64>: (RFC 9530), of sha-512.")],
        )
    return digests


def _raw_header(request: AnyRequest, name: bytes) -> bytes | None:
    values = [value for key, value in request.scope["headers"] if key == name]
    return b", ".join(values) if values else None
