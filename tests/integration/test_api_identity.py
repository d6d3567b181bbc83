"""Who may do what: certificates, tokens, and the matrix of both kinds of caller against every path."""

import datetime as dt
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from gateway.store.credentials import list_credentials, revoke
from gateway.store.database import Database
from tests.builders import a_csv, a_resultaat
from tests.certificates import TEST_OIN, CertificateAuthority, Pair
from tests.integration.serving import SYSTEM, Api, running_api

ANY_ID = str(uuid.uuid4())
FOR_PARTNERS = (
    ("POST", "/v1/aanleveringen"),
    ("GET", "/v1/aanleveringen"),
    ("GET", f"/v1/aanleveringen/{ANY_ID}"),
    ("PUT", f"/v1/aanleveringen/{ANY_ID}/inhoud"),
    ("GET", f"/v1/aanleveringen/{ANY_ID}/ontvangstbewijs"),
    ("GET", f"/v1/aanleveringen/{ANY_ID}/verwerkingsverslag"),
    ("GET", "/v1/terugkoppelingen"),
)
FOR_SYSTEMS = (("POST", "/v1/resultaten"),)
FOR_ALL = (
    ("GET", "/v1/openapi.json"),
    ("GET", "/v1/sleutels"),
    ("GET", "/v1/status"),
    ("GET", "/.well-known/security.txt"),
)
REFUSED = {401, 403}


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


def statuses(client: httpx.Client) -> dict[tuple[str, str], int]:
    """Each operation's status; bodies are valid, so that only the caller decides."""
    body = msgspec.json.encode({"resultaten": [a_resultaat()]})
    found = {}
    for method, path in (*FOR_PARTNERS, *FOR_SYSTEMS, *FOR_ALL):
        kind = "application/json" if path.endswith("resultaten") else "text/csv"
        content = None if method == "GET" else body if path.endswith("resultaten") else a_csv()
        found[method, path] = client.request(method, path, content=content, headers={"Content-Type": kind}).status_code
    return found


def allowed(found: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    return {operation for operation, status in found.items() if status not in REFUSED}


@pytest.mark.parametrize("by", ["certificate", "token"])
def test_the_matrix(api: Api, by: str) -> None:
    if by == "certificate":
        partner, system = api.client(api.partner_certificate), api.client(api.system_certificate)
    else:
        partner = api.client(token=api.token())
        system = api.client(token=api.token(audience="toegang", subject=SYSTEM.key))
    with partner, system, api.client() as nobody:
        assert allowed(statuses(partner)) == {*FOR_PARTNERS, *FOR_ALL}
        assert allowed(statuses(system)) == {*FOR_SYSTEMS, *FOR_ALL}
        without = statuses(nobody)
    assert allowed(without) == set(FOR_ALL)
    assert {status for operation, status in without.items() if operation not in FOR_ALL} == {401}


def test_a_wrong_kind_of_caller_is_403_and_no_caller_401_with_the_scheme(api: Api) -> None:
    with api.client(api.system_certificate) as system, api.client() as nobody:
        assert system.post("/v1/aanleveringen", content=b"x").status_code == 403
        answer = nobody.post("/v1/aanleveringen", content=b"x")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_partner_sees_its_own_alone(api: Api) -> None:
    with api.partner() as mine, api.client(api.other_certificate) as stranger:
        path = mine.post("/v1/aanleveringen", content=a_csv()).headers["Location"]
        for end in ("", "/ontvangstbewijs", "/verwerkingsverslag"):
            assert mine.get(path + end).status_code == 200
            assert stranger.get(path + end).status_code == 404
        assert stranger.get("/v1/aanleveringen").json()["aanleveringen"] == []
        cursor = path.rpartition("/")[2]
        assert stranger.get(f"/v1/aanleveringen?na={cursor}").status_code == 400


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer", "Basic dTpw", "sp_abc"])
def test_what_is_no_token_of_ours_is_401_even_beside_a_good_certificate(api: Api, authorization: str) -> None:
    with api.partner() as client:
        answer = client.get("/v1/aanleveringen", headers={"Authorization": authorization})
    assert answer.status_code == 401


def test_a_token_ends_at_its_expiry_and_at_its_revocation(api: Api) -> None:
    expiring, revoked = api.token(days=1), api.token(days=30)
    with api.client(token=expiring) as first, api.client(token=revoked) as second:
        assert first.get("/v1/aanleveringen").status_code == 200
        assert second.get("/v1/aanleveringen").status_code == 200
        api.kit.clock.advance(days=1)  # type: ignore[attr-defined]
        assert first.get("/v1/aanleveringen").status_code == 401
        with api.kit.db.write() as conn:
            for credential in list_credentials(conn):
                revoke(conn, id=credential.id, moment=api.kit.clock())
        assert second.get("/v1/aanleveringen").status_code == 401


def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    with api.client() as client:
        headers = {"Authorization": f"bearer {api.token()}"}
        assert client.get("/v1/aanleveringen", headers=headers).status_code == 200


def test_a_token_of_one_who_is_no_longer_configured_is_403(api: Api) -> None:
    with api.client(token=api.token(subject="verdwenen")) as client:
        assert client.get("/v1/aanleveringen").status_code == 403


def test_a_token_in_the_query_is_no_token(api: Api) -> None:
    with api.client() as client:
        assert client.get(f"/v1/aanleveringen?access_token={api.token()}").status_code == 401


@pytest.mark.parametrize("oin", ["00000099000000009000", "no-oin", None], ids=["unknown", "no OIN", "none"])
def test_a_certificate_that_names_nobody_here_is_403(api: Api, oin: str | None) -> None:
    with api.client(api.ca.client(oin, name="nobody")) as client:
        assert client.get("/v1/aanleveringen").status_code == 403


def handshake_fails(api: Api, pair: Pair) -> bool:
    with api.client(pair) as client:
        try:
            client.get("/v1/status")
        except (httpx.TransportError, ssl.SSLError):
            return True
    return False


def test_a_certificate_of_another_ca_or_past_its_time_does_not_get_in(api: Api, tmp_path: Path) -> None:
    stranger = CertificateAuthority(tmp_path / "stranger", "Stranger CA")
    assert handshake_fails(api, stranger.client(TEST_OIN))
    assert handshake_fails(api, api.ca.client(TEST_OIN, name="old", days=-1))
    assert not handshake_fails(api, api.partner_certificate)


def test_a_client_certificate_in_a_header_is_not_believed(api: Api) -> None:
    pem = api.partner_certificate.certificate_file.read_text().replace("\n", "%0A")
    names = ("X-Client-Cert", "X-SSL-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert", "X-ARR-ClientCert")
    with api.client() as client:
        assert client.get("/v1/aanleveringen", headers=dict.fromkeys(names, pem)).status_code == 401


def test_a_revoked_certificate_is_403_and_others_pass(sqlite_database: Database, tmp_path: Path) -> None:
    ca = CertificateAuthority(tmp_path / "ca")
    revoked, good = ca.client(TEST_OIN, name="revoked"), ca.client(TEST_OIN, name="good")
    crl = ca.crl([revoked])
    with running_api(sqlite_database, tmp_path, ca=ca, crl=(crl,)) as api:
        with api.client(revoked) as client:
            assert client.get("/v1/aanleveringen").status_code == 403
        with api.client(good) as client:
            assert client.get("/v1/aanleveringen").status_code == 200
            ca.crl([revoked, good])
            assert client.get("/v1/aanleveringen").status_code == 403, "a new list counts without a restart"


def test_a_toegang_outside_its_dates_is_403(api: Api) -> None:
    ended = msgspec.structs.replace(SYSTEM, tot_en_met=api.kit.today() - dt.timedelta(days=1))
    api.configure_toegang(ended)
    with api.client(api.system_certificate) as system:
        answer = system.post("/v1/resultaten", json={"resultaten": []})
    assert answer.status_code == 403
