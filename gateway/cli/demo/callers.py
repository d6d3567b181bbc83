"""Who calls the gateway in the demo, over the wire as anybody would: two partners, and we who steer the simulators."""

import ssl
import time
from pathlib import Path
from typing import Any, Final, Self

import httpx
import msgspec

from contracts.aanlevering import Aanlevering, Verwerkingsverslag
from gateway.errors import ReceiverError

_ASK_SECONDS: Final = 60.0
_START_SECONDS: Final = 60.0


def _context(ca: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca))


class Partner:
    """One signaalpartner at its own desk. It shows `token`, or the client certificate in `certificate`."""

    def __init__(
        self, url: str, ca: Path, *, token: str | None = None, certificate: tuple[Path, Path] | None = None
    ) -> None:
        context = _context(ca)
        if certificate is not None:
            context.load_cert_chain(*certificate)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(
            base_url=url, verify=context, headers=headers, timeout=_ASK_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.close()

    def push(self, file: Path) -> Aanlevering:
        """POST the file; raises ReceiverError with the title of the problem."""
        answer = self._client.post(
            "/v1/aanleveringen",
            content=file.read_bytes(),
            headers={"Content-Type": "text/csv", "Content-Disposition": f'attachment; filename="{file.name}"'},
        )
        return msgspec.json.decode(_checked(answer).content, type=Aanlevering)

    def status(self, aanlevering_id: str) -> Aanlevering:
        """GET it: state and counts."""
        return msgspec.json.decode(self._get(f"/v1/aanleveringen/{aanlevering_id}"), type=Aanlevering)

    def report(self, aanlevering_id: str) -> Verwerkingsverslag:
        """The report as data."""
        return msgspec.json.decode(self.report_as(aanlevering_id, "application/json"), type=Verwerkingsverslag)

    def report_as(self, aanlevering_id: str, media_type: str) -> bytes:
        """The report in another form: text/html or text/csv."""
        return self._get(f"/v1/aanleveringen/{aanlevering_id}/verwerkingsverslag", accept=media_type)

    def terugkoppelingen(self) -> int:
        """How many events it can hear."""
        heard, after = 0, 0
        while True:
            page: dict[str, Any] = msgspec.json.decode(self._get(f"/v1/terugkoppelingen?na={after}"))
            if not page["terugkoppelingen"]:
                return heard
            heard, after = heard + len(page["terugkoppelingen"]), page["na"]

    def _get(self, path: str, *, accept: str = "application/json") -> bytes:
        return _checked(self._client.get(path, headers={"Accept": accept})).content


def await_gateway(url: str, ca: Path) -> None:
    """Return when it serves; raises ReceiverError when it does not within a minute."""
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(verify=_context(ca), timeout=5, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                if client.get(f"{url}/v1/status").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
    raise ReceiverError("the gateway did not start within a minute; see the logs in the demo's folder")


class Admin:
    """The admin paths of the simulators."""

    def __init__(self, ca: Path) -> None:
        self._client = httpx.Client(verify=_context(ca), timeout=300, trust_env=False)

    def make_results(self, url: str, *, share: float, push: bool, limit: int = 1_000_000) -> int:
        """Let a simulated system come to a result for a share of its first `limit` signalen without; how many."""
        wanted = {"share": share, "push": push, "limit": limit}
        answer = self._client.post(f"{url}/_admin/results", json=wanted)
        made: dict[str, Any] = msgspec.json.decode(_checked(answer).content)
        return int(made["made"])

    def counts(self, url: str) -> dict[str, int]:
        """What the simulator saw, in numbers."""
        seen: dict[str, Any] = msgspec.json.decode(_checked(self._client.get(f"{url}/_admin/counts")).content)
        return {name: value for name, value in seen.items() if isinstance(value, int)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise ReceiverError(f"HTTP {answer.status_code} on {answer.request.method} {answer.request.url.path}")
