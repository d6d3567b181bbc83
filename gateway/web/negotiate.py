"""Content negotiation (RFC 9110 §12): which form of answer the caller takes, and what it says it sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Final

from gateway.errors import SenderError, UnsupportedMediaError

JSON: Final = "application/json"
CSV: Final = "text/csv"
HTML: Final = "text/html"
JOSE: Final = "application/jose"


class NotAcceptableError(SenderError):
    """No form that we have is one that the caller takes (406)."""


def best(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type that `accept` likes best, the first one on a tie; raises NotAcceptableError."""
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    quality = {media: _quality(media, ranges) for media in offered}
    chosen = max(offered, key=lambda media: quality[media])
    if quality[chosen] <= 0:
        raise NotAcceptableError(f"Dit pad antwoordt met {' of '.join(offered)}.")
    return chosen


def _media_range(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            return media.lower(), _weight(value.strip())
    return media.lower(), 1.0


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that names `media`; 0 when none does."""
    for pattern in (media, media.partition("/")[0] + "/*", "*/*"):
        for text, weight in ranges:
            if text == pattern:
                return weight
    return 0.0


@dataclass(frozen=True, kw_only=True)
class ContentType:
    """A parsed Content-Type: the media type in lower case ("" when absent) and its boundary."""

    media: str
    boundary: str | None = None


def content_type(header: str | None) -> ContentType:
    """Read a Content-Type as leniently as senders write it."""
    if header is None or not header.strip():
        return ContentType(media="")
    message = Message()
    message["content-type"] = header
    boundary = message.get_param("boundary")
    return ContentType(
        media=header.partition(";")[0].strip().lower(), boundary=boundary if isinstance(boundary, str) else None
    )


def require_json(header: str | None) -> None:
    """Raise UnsupportedMediaError unless the Content-Type is application/json."""
    if content_type(header).media != JSON:
        raise UnsupportedMediaError("Stuur de inhoud als application/json en noem dat in Content-Type.")


def require_identity(content_encoding: str | None) -> None:
    """Raise UnsupportedMediaError for a compressed body: what is signed for must be what was sent."""
    if content_encoding is not None and content_encoding.strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaError("Stuur de inhoud zonder Content-Encoding.")
