"""Certificates for tests, made on the spot: a CA, server certificates for loopback, client certificates with an OIN."""

import datetime as dt
import ipaddress
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TEST_OIN: Final = "00000099000000001000"
OTHER_OIN: Final = "00000099000000002000"
SYSTEM_OIN: Final = "00000099000000003000"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as objects and as PEM files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    certificate_file: Path
    key_file: Path

    @property
    def der(self) -> bytes:
        """The certificate in DER, as a TLS connection hands it over."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def client_context(self, ca: "CertificateAuthority") -> ssl.SSLContext:
        """A client context that trusts `ca` and shows this certificate."""
        context = ca.client_context()
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context


class CertificateAuthority:
    """One CA in `folder`; a second one with another name is a stranger to the first."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._slug = name.lower().replace(" ", "-")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(subject, subject, key, days=3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(ca=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.pair = self._store("ca", certificate, key)

    @property
    def file(self) -> Path:
        """The CA's certificate as a PEM file."""
        return self.pair.certificate_file

    def server(self, name: str = "localhost") -> Pair:
        """A server certificate for `name`, localhost, 127.0.0.1 and ::1."""
        names = x509.SubjectAlternativeName(
            [
                *(x509.DNSName(host) for host in sorted({name, "localhost"})),
                x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                x509.IPAddress(ipaddress.ip_address("::1")),
            ]
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._issue(f"server-{name}", subject, (names,), ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, oin: str | None = TEST_OIN, *, name: str = "client", days: int = 30) -> Pair:
        """A client certificate with `oin` in Subject.serialNumber (None: without one)."""
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if oin is not None:
            attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, oin))
        subject = x509.Name(attributes)
        return self._issue(f"client-{name}-{oin}", subject, (), ExtendedKeyUsageOID.CLIENT_AUTH, days=days)

    def crl(self, revoked: Iterable[Pair] = (), *, hours: float = 24.0, issued_hours_ago: float = 1.0) -> Path:
        """A PEM CRL that names `revoked`; its nextUpdate lies `hours` from now (negative: it is past)."""
        now = _now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.pair.certificate.subject)
            .last_update(now - dt.timedelta(hours=issued_hours_ago + max(0.0, -hours)))
            .next_update(now + dt.timedelta(hours=hours))
        )
        for pair in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(pair.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - dt.timedelta(minutes=5)).build())
        file = self._folder / f"{self._slug}.crl"
        crl = builder.sign(self.pair.key, hashes.SHA256())
        file.write_bytes(crl.public_bytes(serialization.Encoding.PEM))
        return file

    def client_context(self) -> ssl.SSLContext:
        """A client context that trusts this CA alone and shows no certificate."""
        return ssl.create_default_context(cafile=str(self.file))

    def _issue(
        self,
        slug: str,
        subject: x509.Name,
        extensions: tuple[x509.ExtensionType, ...],
        usage: x509.ObjectIdentifier,
        *,
        days: int = 30,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self.pair.certificate.subject, key, days=days)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.pair.key.public_key())
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self.pair.key, hashes.SHA256())
        )
        return self._store(slug, certificate, key)

    def _store(self, slug: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
        certificate_file = self._folder / f"{self._slug}-{slug}.pem"
        key_file = self._folder / f"{self._slug}-{slug}.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.touch(mode=0o600)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Pair(certificate, key, certificate_file, key_file)


def _now() -> dt.datetime:
    return dt.datetime.fromtimestamp(int(time.time()), dt.UTC)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    now = _now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=max(1, 1 - days)))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
