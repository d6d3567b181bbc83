"""Client certificates: whose they are (OIN) and whether they were revoked.

The TLS handshake has checked the chain and the dates. Revocation is checked here instead of there, since an outdated
list in the handshake would refuse every valid client (RFC 5280, section 5).
"""

import datetime as dt
import enum
import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from gateway import log
from gateway.errors import IntegrityError, NotAllowedError, NotAuthenticatedError, SettingsError

_OIN: Final = re.compile(r"000000(0[1-9]|10|99)\d{12}")
_PEM_CRL: Final = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_HOUR: Final = dt.timedelta(hours=1)
_ALERT_EVERY: Final = _HOUR
"""Often enough to be seen, seldom enough not to fill the log."""
_KNOWN_CRITICAL: Final = frozenset({x509.IssuingDistributionPoint.oid})
"""A list with another critical extension must not be used (RFC 5280, 5.2): it means something else than it seems."""


class Standing(enum.StrEnum):
    """What the lists say of a certificate; everything but GOOD refuses it."""

    GOOD = "good"
    REVOKED = "revoked"
    OUTDATED = "outdated"
    """The list of its issuer is too old to be believed."""
    UNCOVERED = "uncovered"
    """Lists are configured, but none of its issuer."""


def oin_of(der: bytes) -> str:
    """The OIN in Subject.serialNumber of a DER certificate (Logius OIN, 20 positions).

    Raises NotAllowedError when there is none or more than one, NotAuthenticatedError for what is not X.509.
    """
    attributes = _certificate(der).subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    values = [str(attribute.value) for attribute in attributes]
    if len(values) != 1 or _OIN.fullmatch(values[0]) is None:
        raise NotAllowedError("the client certificate must hold exactly one OIN, in Subject.serialNumber")
    return values[0]


@dataclass(frozen=True)
class _Crl:
    issuer: bytes
    issued: dt.datetime
    next_update: dt.datetime
    revoked: frozenset[int]


class RevocationLists:
    """The lists in `paths` (PEM, one or more, or DER), each signed by a certificate in `authorities` (PEM files).

    Files are read again when they change. A list that is unreadable, wrongly signed or older than the one in use is
    not taken: the one in use stays, and grows old. Past its own nextUpdate a list alerts (event crl_stale), past that
    plus `max_age` its issuer's certificates are refused. Without any paths nothing is checked and all are good.
    Raises SettingsError when the first reading fails.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        authorities: Sequence[Path],
        max_age: dt.timedelta,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._paths = tuple(paths)
        self._authorities = tuple(authorities)
        self._max_age = max_age
        self._clock = clock
        self._alerted: dict[bytes, dt.datetime] = {}
        self._lists: dict[bytes, _Crl] = {}
        self._seen = self._identities()
        if self._paths:
            self._take(_read_authorities(self._authorities), strict=True)

    def is_revoked(self, der: bytes) -> bool:
        """Whether this certificate must be refused: everything but a standing of GOOD."""
        return self.standing(der) is not Standing.GOOD

    def standing(self, der: bytes) -> Standing:
        """What the lists say now; raises NotAuthenticatedError for what is not an X.509 certificate."""
        if not self._paths:
            return Standing.GOOD
        certificate = _certificate(der)
        self._reload()
        crl = self._lists.get(certificate.issuer.public_bytes())
        if crl is None:
            return Standing.UNCOVERED
        if certificate.serial_number in crl.revoked:
            return Standing.REVOKED
        return Standing.OUTDATED if self._age(crl) > self._max_age else Standing.GOOD

    def _age(self, crl: _Crl) -> dt.timedelta:
        """Time past nextUpdate (negative before it); alerts when it is past."""
        now = self._clock()
        age = now - crl.next_update
        alerted = self._alerted.get(crl.issuer)
        if age > dt.timedelta() and (alerted is None or now - alerted >= _ALERT_EVERY):
            self._alerted[crl.issuer] = now
            issuer = hashlib.sha256(crl.issuer).hexdigest()
            log.emit(log.CRL_STALE, level=logging.WARNING, issuer_sha256=issuer, hours=round(age / _HOUR, 1))
        return age

    def _reload(self) -> None:
        identities = self._identities()
        if identities == self._seen:
            return
        self._seen = identities
        try:
            self._take(_read_authorities(self._authorities), strict=False)
        except SettingsError:
            log.emit(log.CRL_UNUSABLE, level=logging.ERROR, reason="authorities")

    def _take(self, authorities: Sequence[x509.Certificate], *, strict: bool) -> None:
        for path in self._paths:
            try:
                for crl in _read_lists(path, authorities):
                    in_use = self._lists.get(crl.issuer)
                    if in_use is None or crl.issued >= in_use.issued:
                        self._lists[crl.issuer] = crl
            except (OSError, ValueError, UnsupportedAlgorithm, IntegrityError) as error:
                if strict:
                    raise SettingsError(f"https.crl: {path} is not usable ({type(error).__name__})") from None
                log.emit(log.CRL_UNUSABLE, level=logging.ERROR, reason=type(error).__name__)

    def _identities(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_identity(path) for path in (*self._paths, *self._authorities))


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise NotAuthenticatedError("the client certificate is not X.509") from None


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read_authorities(paths: Iterable[Path]) -> list[x509.Certificate]:
    authorities: list[x509.Certificate] = []
    for path in paths:
        try:
            authorities.extend(x509.load_pem_x509_certificates(path.read_bytes()))
        except (OSError, ValueError):
            raise SettingsError(f"https.client_ca: {path} holds no PEM certificates") from None
    return authorities


def _read_lists(path: Path, authorities: Sequence[x509.Certificate]) -> Iterator[_Crl]:
    data = path.read_bytes()
    pems = _PEM_CRL.findall(data)
    lists = [x509.load_pem_x509_crl(pem) for pem in pems] if pems else [x509.load_der_x509_crl(data)]
    for crl in lists:
        _ensure_usable(crl, authorities)
        yield _Crl(
            issuer=crl.issuer.public_bytes(),
            issued=crl.last_update_utc,
            next_update=crl.next_update_utc or crl.last_update_utc,
            revoked=frozenset(entry.serial_number for entry in crl),
        )


def _ensure_usable(crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]) -> None:
    """Raise IntegrityError unless an authority of its name signed it, for all clients and all reasons."""
    for extension in crl.extensions:
        if extension.critical and extension.oid not in _KNOWN_CRITICAL:
            raise IntegrityError("a revocation list of a kind that is not known")
        scope = extension.value
        if isinstance(scope, x509.IssuingDistributionPoint) and (
            scope.indirect_crl
            or scope.only_some_reasons
            or scope.only_contains_ca_certs
            or scope.only_contains_attribute_certs
        ):
            raise IntegrityError("a revocation list that does not cover all client certificates")
    if not any(_signed(crl, authority) for authority in authorities):
        raise IntegrityError("a revocation list that no authority signed")


def _signed(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    if authority.subject != crl.issuer:
        return False
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.crl_sign:
        return False
    return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # raises TypeError for a key that signs nothing
