"""Headers that every response carries, errors and files included (ADR /core/version-header, security headers)."""

import base64
import hashlib
from typing import Final

API_VERSION: Final = "1.0.0"
"""Semantic version of the interface, not of the program (ADR /core/semver)."""

HSTS_SECONDS: Final = 63_072_000
"""Two years; the norm asks for at least one."""

NO_CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"

SECURITY_HEADERS: Final[dict[str, str]] = {
    "API-Version": API_VERSION,
    "Cache-Control": "no-store",
    "Content-Security-Policy": NO_CONTENT_POLICY,
    "Strict-Transport-Security": f"max-age={HSTS_SECONDS}; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}

RawHeaders = list[tuple[bytes, bytes]]


def completed(headers: RawHeaders) -> RawHeaders:
    """`headers` plus every header of `SECURITY_HEADERS` that it does not set itself; API-Version always ours."""
    present = {name.lower() for name, _ in headers}
    missing = ((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
    return [*headers, *((name, value) for name, value in missing if name not in present)]


def page_policy(stylesheet: str) -> str:
    """The Content-Security-Policy of a page whose only extra is this inline stylesheet, allowed by its hash."""
    digest = base64.b64encode(hashlib.sha256(stylesheet.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


SERVED_STYLE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For pages whose stylesheet is served beside them."""
