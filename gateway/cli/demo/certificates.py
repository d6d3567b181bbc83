"""A local authority and its certificates, made on the spot for one demo."""

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_FOR: Final = dt.timedelta(days=90)


class Authority:
    """Signs for one folder: `ca.pem` there is what to trust, `crl.pem` its revocation list, in which nothing stands.

    `moment`: aware; certificates and the list hold from an hour before.
    """

    def __init__(self, folder: Path, moment: dt.datetime) -> None:
        self._folder = folder
        self._moment = moment
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Signaalpoort demo CA", None)
        builder = self._builder(self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(ca=True), critical=True)
        self.file = self._write("ca", builder.sign(self._key, hashes.SHA256()), None)
        self._write_revocations()

    def server(self, name: str) -> tuple[Path, Path]:
        """(certificate, key) of a server on localhost and 127.0.0.1."""
        alternative = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        return self._issue(name, _name("localhost", None), ExtendedKeyUsageOID.SERVER_AUTH, alternative)

    def client(self, name: str, *, oin: str) -> tuple[Path, Path]:
        """(certificate, key) of a client with its OIN in Subject.serialNumber."""
        return self._issue(name, _name(name, oin), ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self, name: str, subject: x509.Name, purpose: x509.ObjectIdentifier, *more: x509.ExtensionType
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(ca=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        certificate = self._write(name, builder.sign(self._key, hashes.SHA256()), key)
        return certificate, self._folder / f"{name}.key"

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(self._moment - dt.timedelta(hours=1))
        builder = builder.not_valid_after(self._moment + _VALID_FOR)
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)

    def _write_revocations(self) -> None:
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(self._moment - dt.timedelta(hours=1)).next_update(self._moment + _VALID_FOR)
        pem = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (self._folder / "crl.pem").write_bytes(pem)

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None) -> Path:
        file = self._folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        if key is not None:
            form = serialization.PrivateFormat.PKCS8
            pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            secret = self._folder / f"{name}.key"
            secret.touch(mode=0o600)
            secret.write_bytes(pem)
        return file


def _name(common_name: str, oin: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if oin is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, oin))
    return x509.Name(attributes)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
