"""Whose a client certificate is, and whether it was revoked."""

import datetime as dt
import logging
import os
import shutil
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from gateway.crypto.certificates import RevocationLists, Standing, oin_of
from gateway.errors import NotAllowedError, NotAuthenticatedError, SettingsError
from tests.certificates import OTHER_OIN, TEST_OIN, CertificateAuthority, Pair

MAX_AGE = dt.timedelta(hours=48)


def real_now() -> dt.datetime:
    """The clock by which tests.certificates issues."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - certificates are dated by the machine's clock


class Later:
    """The machine's clock, moved."""

    def __init__(self) -> None:
        self.by = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return real_now() + self.by


@pytest.fixture
def ca(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


@pytest.fixture
def later() -> Later:
    return Later()


def lists(*crls: Path, ca: CertificateAuthority, later: Later | None = None) -> RevocationLists:
    return RevocationLists(crls, authorities=[ca.file], max_age=MAX_AGE, clock=later or Later())


def touch(path: Path) -> None:
    """Make the change visible even where a file system's clock is coarse."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000))


def test_the_oin_is_the_serial_number_of_the_subject(ca: CertificateAuthority) -> None:
    assert oin_of(ca.client(TEST_OIN).der) == TEST_OIN


@pytest.mark.parametrize("oin", [None, "", "12345678901234567890", TEST_OIN + "0", TEST_OIN[:-1], " " + TEST_OIN])
def test_a_certificate_without_an_oin_is_nobody(ca: CertificateAuthority, oin: str | None) -> None:
    with pytest.raises(NotAllowedError) as refused:
        oin_of(ca.client(oin).der)
    assert not oin or oin not in str(refused.value)


def test_a_certificate_with_two_oins_is_nobody(ca: CertificateAuthority) -> None:
    one = ca.client().certificate
    number = x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, OTHER_OIN)
    subject = x509.Name([*one.subject, number])
    two = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=one.issuer, public_key=one.public_key())
        .serial_number(7)
        .not_valid_before(one.not_valid_before_utc)
        .not_valid_after(one.not_valid_after_utc)
        .sign(ca.pair.key, hashes.SHA256())
    )

    with pytest.raises(NotAllowedError):
        oin_of(two.public_bytes(serialization.Encoding.DER))


def test_what_is_not_a_certificate_authenticates_nobody() -> None:
    with pytest.raises(NotAuthenticatedError):
        oin_of(b"not a certificate")


def test_without_lists_every_certificate_is_good(ca: CertificateAuthority) -> None:
    assert lists(ca=ca).standing(ca.client().der) is Standing.GOOD


def test_a_revoked_certificate_is_refused_and_another_is_not(ca: CertificateAuthority) -> None:
    revoked, good = ca.client(name="a"), ca.client(name="b")
    current = lists(ca.crl([revoked]), ca=ca)

    assert current.standing(revoked.der) is Standing.REVOKED
    assert current.standing(good.der) is Standing.GOOD
    assert current.is_revoked(revoked.der)
    assert not current.is_revoked(good.der)


def test_a_certificate_that_no_list_covers_is_refused(ca: CertificateAuthority, tmp_path: Path) -> None:
    stranger = CertificateAuthority(tmp_path / "other", "Another CA")

    assert lists(ca.crl(), ca=ca).standing(stranger.client().der) is Standing.UNCOVERED
    assert lists(ca.crl(), ca=ca).is_revoked(stranger.client().der)


def test_a_list_past_its_next_update_alerts_and_then_refuses(
    ca: CertificateAuthority, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    client = ca.client().der
    current = lists(ca.crl(hours=24), ca=ca, later=later)
    with caplog.at_level(logging.WARNING, logger="signaalpoort"):
        later.by = dt.timedelta(hours=23)
        assert current.standing(client) is Standing.GOOD
        assert caplog.messages == []

        later.by = dt.timedelta(hours=25)
        assert [current.standing(client) for _ in range(3)] == [Standing.GOOD] * 3
        assert caplog.messages == ["crl_stale"], "once an hour, not once a request"

        later.by = dt.timedelta(hours=24 + 48, minutes=1)
        assert current.standing(client) is Standing.OUTDATED
        assert caplog.messages == ["crl_stale"] * 2
    fields = caplog.records[-1].fields  # type: ignore[attr-defined]  # `emit` puts it there
    assert fields["hours"] == 48.0
    assert len(fields["issuer_sha256"]) == 64


def test_a_revoked_certificate_stays_revoked_on_an_outdated_list(ca: CertificateAuthority, later: Later) -> None:
    revoked = ca.client()
    current = lists(ca.crl([revoked]), ca=ca, later=later)
    later.by = dt.timedelta(days=400)

    assert current.standing(revoked.der) is Standing.REVOKED


def test_a_changed_list_counts_without_a_restart(ca: CertificateAuthority) -> None:
    client = ca.client()
    crl = ca.crl()
    current = lists(crl, ca=ca)
    assert current.standing(client.der) is Standing.GOOD

    touch(ca.crl([client], issued_hours_ago=0.5))

    assert current.standing(client.der) is Standing.REVOKED


def forged(folder: Path, _revoked: Pair) -> Path:
    """A list in the name of the CA, by another key."""
    return CertificateAuthority(folder / "forger", "Test CA").crl(issued_hours_ago=0)


def garbage(folder: Path, _revoked: Pair) -> Path:
    path = folder / "garbage"
    path.write_bytes(b"<html>503</html>")
    return path


@pytest.mark.parametrize("make", [forged, garbage])
def test_a_list_that_is_forged_or_garbage_never_replaces_the_one_in_use(
    ca: CertificateAuthority, tmp_path: Path, caplog: pytest.LogCaptureFixture, make: object
) -> None:
    revoked = ca.client()
    crl = ca.crl([revoked])
    current = lists(crl, ca=ca)

    assert callable(make)
    shutil.copyfile(make(tmp_path, revoked), crl)
    touch(crl)

    with caplog.at_level(logging.ERROR, logger="signaalpoort"):
        assert current.standing(revoked.der) is Standing.REVOKED
    assert caplog.messages == ["crl_unusable"]


def test_an_older_list_never_replaces_the_one_in_use(ca: CertificateAuthority) -> None:
    revoked = ca.client()
    crl = ca.crl([revoked], issued_hours_ago=1)
    current = lists(crl, ca=ca)

    touch(ca.crl([], issued_hours_ago=20))

    assert current.standing(revoked.der) is Standing.REVOKED


def test_a_list_that_vanishes_stays_in_use(ca: CertificateAuthority) -> None:
    revoked = ca.client()
    crl = ca.crl([revoked])
    current = lists(crl, ca=ca)
    crl.unlink()

    assert current.standing(revoked.der) is Standing.REVOKED


@pytest.mark.parametrize("make", [forged, garbage, lambda folder, _: folder / "absent"])
def test_the_gateway_does_not_start_on_a_list_it_cannot_believe(
    ca: CertificateAuthority, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    with pytest.raises(SettingsError, match=r"https\.crl"):
        lists(make(tmp_path, ca.client()), ca=ca)


def test_a_list_in_der_and_several_lists_in_one_file_are_read(ca: CertificateAuthority, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other", "Another CA")
    here, there = ca.client(), other.client()
    one, two = ca.crl([here]), other.crl([there])
    both = tmp_path / "both.pem"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    der = tmp_path / "one.der"
    crl = x509.load_pem_x509_crl(one.read_bytes())
    der.write_bytes(crl.public_bytes(serialization.Encoding.DER))

    together = RevocationLists([both], authorities=[ca.file, other.file], max_age=MAX_AGE, clock=real_now)
    assert together.standing(here.der) is together.standing(there.der) is Standing.REVOKED
    assert lists(der, ca=ca).standing(here.der) is Standing.REVOKED


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
        x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
        x509.IssuingDistributionPoint(
            None, None, False, False, frozenset({x509.ReasonFlags.key_compromise}), False, False
        ),
    ],
)
def test_a_list_that_covers_only_a_part_is_not_taken(
    ca: CertificateAuthority, tmp_path: Path, extension: x509.ExtensionType
) -> None:
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.pair.certificate.subject)
        .last_update(real_now())
        .next_update(real_now() + dt.timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(ca.pair.key, hashes.SHA256())
    )
    path = tmp_path / "part.crl"
    path.write_bytes(crl.public_bytes(serialization.Encoding.PEM))

    with pytest.raises(SettingsError):
        lists(path, ca=ca)
