"""Files over real HTTPS, as real clients send them."""

import base64
import hashlib
import json
import logging
import resource
import socket
import ssl
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from contracts.aanlevering import Ontvangstbewijs
from gateway import log
from gateway.crypto.signing import verify
from gateway.flow.raw_upload import read_raw_upload
from gateway.lifecycle import UploadState
from gateway.store import uploads
from gateway.store.database import Database
from gateway.store.uploads import Upload
from tests.builders import a_csv
from tests.integration.serving import Api, running_api

CSV = a_csv()
PATH = "/v1/aanleveringen"


@pytest.fixture
def api(sqlite_database: Database, tmp_path: Path) -> Iterator[Api]:
    with running_api(sqlite_database, tmp_path) as running:
        yield running


def stored(api: Api, upload_id: str) -> Upload:
    with api.kit.db.read() as conn:
        found = uploads.find_by_id(conn, id=upload_id)
    assert found is not None
    return found


def received_bytes(api: Api, upload_id: str) -> bytes:
    upload = stored(api, upload_id)
    assert upload.state is UploadState.RECEIVED
    assert upload.blob is not None
    return b"".join(read_raw_upload(api.kit, upload_id=upload_id, blob=upload.blob))


def digest(content: bytes, algorithm: str = "sha-256") -> str:
    hashed = hashlib.new(algorithm.replace("-", ""), content).digest()
    return f"{algorithm}=:{base64.b64encode(hashed).decode()}:"


def eventually_clean(api: Api) -> None:
    """A cut connection is noticed a moment later."""
    deadline = time.monotonic() + 10
    while api.leftovers() != ([], []) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert api.leftovers() == ([], [])


def eventually_logged(caplog: pytest.LogCaptureFixture, event: str) -> list[logging.LogRecord]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = [record for record in caplog.records if record.message == event]
        if lines:
            return lines
        time.sleep(0.02)
    return []


def test_the_receipt_says_which_bytes_arrived_when_and_verifies_with_the_published_key(api: Api) -> None:
    with api.partner() as client:
        answer = client.post(PATH, content=CSV, headers={"Content-Disposition": 'attachment; filename="mei.csv"'})
        keys = client.get("/v1/sleutels")
        receipt = client.get(answer.headers["Location"] + "/ontvangstbewijs")
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{body['aanleveringId']}"
    assert receipt.text == body["ontvangstbewijs"]
    assert receipt.headers["Content-Type"] == "application/jose"
    proven = msgspec.json.decode(verify(receipt.text, keys.content), type=Ontvangstbewijs)
    assert proven == Ontvangstbewijs(
        aanlevering_id=body["aanleveringId"],
        ontvangen_op=api.kit.clock(),
        grootte=len(CSV),
        sha256=hashlib.sha256(CSV).hexdigest(),
        bestandsnaam_sha256=hashlib.sha256(b"mei.csv").hexdigest(),
    )
    assert body["bestandsnaam"] == "mei.csv"
    assert received_bytes(api, body["aanleveringId"]) == CSV


def test_bytes_and_name_are_nowhere_on_disk_as_they_came(api: Api, tmp_path: Path) -> None:
    content, name = b"needle-in-the-body;" * 200, "needle-in-the-name.csv"
    with api.partner() as client:
        client.post(PATH, content=content, headers={"Content-Disposition": f'attachment; filename="{name}"'})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.stat().st_size > len(content) for path in files)
    assert not [path for path in files if b"needle-in-the" in path.read_bytes()]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/csv",
        "text/csv; charset=windows-1252",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        None,
    ],
)
def test_any_content_type_is_a_raw_body(api: Api, content_type: str | None) -> None:
    with api.partner() as client:
        request = client.build_request("POST", PATH, content=CSV)
        if content_type is not None:
            request.headers["Content-Type"] = content_type
        answer = client.send(request)
    assert received_bytes(api, answer.json()["aanleveringId"]) == CSV


def curl(api: Api, *arguments: str) -> subprocess.CompletedProcess[str]:
    pair = api.partner_certificate
    identity = ["--cert", str(pair.certificate_file), "--key", str(pair.key_file), "--cacert", str(api.ca.file)]
    return subprocess.run(
        ["curl", "-sS", *identity, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--data-binary", "@{file}"),
        ("--data-binary", "@{file}", "-H", "Content-Type:"),
        ("--data-binary", "@{file}", "-H", "Transfer-Encoding: chunked"),
        ("--data-binary", "@{file}", "-H", "Expect: 100-continue"),
        ("-T", "{file}", "-X", "POST"),
        ("-F", "bestand=@{file}"),
        ("-F", "soort=huur", "-F", "bestand=@{file};type=text/csv", "-F", "opmerking=x"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_curl(api: Api, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = tmp_path / "signalen mei.csv"
    content = CSV * 2000
    file.write_bytes(content)
    done = curl(api, *(argument.format(file=file) for argument in arguments), api.url + PATH)
    body = json.loads(done.stdout)
    assert received_bytes(api, body["aanleveringId"]) == content
    assert body["bestandsnaam"] == ("signalen mei.csv" if "-F" in arguments else None)


def test_wget(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "signalen.csv"
    file.write_bytes(CSV)
    pair = api.partner_certificate
    done = subprocess.run(
        [
            "wget",
            "-q",
            "-O-",
            f"--post-file={file}",
            f"--certificate={pair.certificate_file}",
            f"--private-key={pair.key_file}",
            f"--ca-certificate={api.ca.file}",
            api.url + PATH,
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert received_bytes(api, json.loads(done.stdout)["aanleveringId"]) == CSV


def test_curl_that_waits_for_100_continue_sends_no_byte_of_a_refused_body(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "big.csv"
    file.write_bytes(b"x" * 2_000_000)
    api.configure(max_bytes=1_000_000)
    done = curl(
        api, "-w", "\n%{http_code} %{size_upload}", "-H", "Expect: 100-continue", "--expect100-timeout", "30",
        "--data-binary", f"@{file}", api.url + PATH,
    )  # fmt: skip
    problem, _, figures = done.stdout.rpartition("\n")
    assert figures == "413 0"
    assert json.loads(problem)["limit"] == 1_000_000
    assert api.leftovers() == ([], [])


def test_a_client_that_sends_all_before_it_reads_still_gets_its_early_refusal(api: Api) -> None:
    """Closing at once would reset the connection, and the answer would be lost."""
    content = b"x" * 20_000_000
    with connected(api, api.ca.client_context()) as sock:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
        sock.sendall(head.encode() + content)
        assert sock.recv(12) == b"HTTP/1.1 401"


def test_chunked_without_a_length(api: Api) -> None:
    def chunks() -> Iterator[bytes]:
        for start in range(0, len(CSV), 7):
            yield CSV[start : start + 7]

    with api.partner() as client:
        answer = client.post(PATH, content=chunks())
    assert received_bytes(api, answer.json()["aanleveringId"]) == CSV


def test_thousands_of_chunks_in_one_packet(api: Api) -> None:
    content = CSV * 50
    chunks = b"".join(b"1\r\n" + content[at : at + 1] + b"\r\n" for at in range(len(content)))
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with connected(api, api.partner_certificate.client_context(api.ca)) as sock:
        sock.sendall(head.encode() + chunks + b"0\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert received_bytes(api, json.loads(answer.partition(b"\r\n\r\n")[2])["aanleveringId"]) == content


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_500_000])
def test_sizes_around_a_segment(api: Api, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    with api.partner() as client:
        answer = client.post(PATH, content=content[:size])
    assert answer.json()["grootte"] == size
    assert received_bytes(api, answer.json()["aanleveringId"]) == content[:size]


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_a_content_digest_that_matches(api: Api, algorithm: str) -> None:
    with api.partner() as client:
        answer = client.post(PATH, content=CSV, headers={"Content-Digest": digest(CSV, algorithm)})
    assert answer.status_code == 202


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_a_content_digest_that_does_not_match_means_nothing_received(api: Api, algorithm: str) -> None:
    with api.partner() as client:
        answer = client.post(PATH, content=CSV, headers={"Content-Digest": digest(CSV + b"!", algorithm)})
        listed = client.get(PATH).json()
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("inhoud-wijkt-af")
    assert listed["aanleveringen"] == []
    assert api.leftovers() == ([], [])


@pytest.mark.parametrize("value", ["sha-256=abc", "md5=:YWJj:", "", "sha-256=:YWJj"])
def test_a_content_digest_that_cannot_be_checked_is_refused(api: Api, value: str) -> None:
    with api.partner() as client:
        answer = client.post(PATH, content=CSV, headers={"Content-Digest": value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["in"] == "header"


def test_the_content_digest_of_a_multipart_body_is_of_the_whole_body(api: Api) -> None:
    with api.partner() as client:
        request = client.build_request("POST", PATH, files={"bestand": ("mei.csv", CSV, "text/csv")})
        body = request.read()
        request.headers["Content-Digest"] = digest(body)
        good = client.send(request)
        request.headers["Content-Digest"] = digest(CSV)
        wrong = client.send(request)
    assert good.json()["sha256"] == hashlib.sha256(CSV).hexdigest()
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nhuur\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (
            b"".join(
                b'--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n1\r\n' % (name, name)
                for name in (b"a", b"b")
            )
            + b"--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n1\r\n',
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\n", "multipart/form-data"),
        (b"no multipart at all", "multipart/form-data; boundary=b"),
    ],
    ids=["no file", "two files", "no end", "no boundary", "garbage"],
)
def test_a_multipart_body_that_is_not_one_file_leaves_nothing(api: Api, body: bytes, content_type: str) -> None:
    with api.partner() as client:
        answer = client.post(PATH, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 400, answer.text
    assert api.leftovers() == ([], [])


def announced(client: httpx.Client, content: bytes = CSV, **headers: str) -> httpx.Response:
    body = {"fileName": "mei.csv", "contentType": "text/csv", "size": len(content)}
    return client.post(PATH, json=body, headers=headers)


def test_a_file_announced_and_put(api: Api) -> None:
    with api.partner() as client:
        metadata = announced(client)
        body = metadata.json()
        done = client.put(body["contentUri"], content=CSV, headers={"Content-Digest": digest(CSV)})
        receipt = client.get(done.headers["Location"])
        shown = client.get(metadata.headers["Location"]).json()
    assert (metadata.status_code, body["status"], body["grootte"]) == (201, "aangekondigd", len(CSV))
    assert (done.status_code, done.content) == (204, b"")
    assert receipt.status_code == 200
    assert (shown["status"], shown["bestandsnaam"]) == ("ontvangen", "mei.csv")
    assert received_bytes(api, body["aanleveringId"]) == CSV


def test_put_again_replaces_an_unfinished_attempt_and_repeats_a_finished_one(api: Api) -> None:
    with api.partner() as client:
        uri = announced(client).json()["contentUri"]
        headers = {"Content-Digest": digest(CSV)}
        short = client.put(uri, content=CSV[:-1], headers={"Content-Digest": digest(CSV[:-1])})
        wrong = client.put(uri, content=CSV[:-1] + b"!", headers=headers)
        assert api.leftovers()[0] == []
        first = client.put(uri, content=CSV, headers=headers)
        again = client.put(uri, content=CSV, headers=headers)
        other = client.put(uri, content=b"!" * len(CSV), headers={"Content-Digest": digest(b"!" * len(CSV))})
    assert (short.status_code, wrong.status_code) == (400, 400)
    assert (first.status_code, again.status_code) == (204, 204)
    assert first.headers["Location"] == again.headers["Location"]
    assert other.status_code == 409


def test_put_needs_a_digest_and_an_announcement_of_ones_own(api: Api) -> None:
    with api.partner() as client, api.client(api.other_certificate) as stranger:
        uri = announced(client).json()["contentUri"]
        headers = {"Content-Digest": digest(CSV)}
        assert client.put(uri, content=CSV).status_code == 400
        assert stranger.put(uri, content=CSV, headers=headers).status_code == 404
        assert client.put(f"{PATH}/{uuid.uuid4()}/inhoud", content=CSV, headers=headers).status_code == 404


def test_an_announcement_repeated_under_its_key_is_the_same_one(api: Api) -> None:
    key = str(uuid.uuid4())
    with api.partner() as client:
        first = announced(client, **{"Idempotency-Key": key})
        again = announced(client, **{"Idempotency-Key": key})
        other = announced(client, CSV + b"!", **{"Idempotency-Key": key})
    assert first.json() == again.json()
    assert other.status_code == 409


def test_an_announcement_lists_all_that_is_wrong(api: Api) -> None:
    with api.partner() as client:
        answer = client.post(PATH, json={"fileName": "", "size": "veel"})
    assert answer.status_code == 400
    assert {error["location"] for error in answer.json()["errors"]} == {"/fileName", "/size"}


def test_the_same_bytes_again_replay_the_first_receipt(api: Api) -> None:
    with api.partner() as client, api.client(api.other_certificate) as stranger:
        first = client.post(PATH, content=CSV)
        again = client.post(PATH, content=CSV)
        listed = client.get(PATH).json()["aanleveringen"]
        elsewhere = stranger.post(PATH, content=CSV)
    assert first.json() == again.json()
    assert (first.headers["Location"], again.status_code) == (again.headers["Location"], 202)
    assert len(listed) == 1
    assert elsewhere.json()["aanleveringId"] != first.json()["aanleveringId"]
    blobs, keys = api.leftovers()
    assert (len(blobs), len(keys)) == (2, 2)


def test_an_idempotency_key_is_bound_to_its_bytes(api: Api) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    with api.partner() as client:
        first = client.post(PATH, content=CSV, headers=headers)
        again = client.post(PATH, content=CSV, headers=headers)
        other = client.post(PATH, content=CSV + b"!", headers=headers)
        no_uuid = client.post(PATH, content=CSV, headers={"Idempotency-Key": "mei"})
    assert first.json() == again.json()
    assert other.status_code == 409
    assert no_uuid.status_code == 400
    blobs, keys = api.leftovers()
    assert (len(blobs), len(keys)) == (1, 1)


@pytest.mark.parametrize("chunked", [False, True], ids=["by its length", "while it streams"])
def test_a_body_over_the_partners_limit_leaves_nothing(api: Api, *, chunked: bool) -> None:
    api.configure(max_bytes=len(CSV) - 1)
    with api.partner() as client:
        answer = client.post(PATH, content=iter([CSV]) if chunked else CSV)
    assert answer.status_code == 413
    assert answer.json()["limit"] == len(CSV) - 1
    assert api.leftovers() == ([], [])


def test_a_compressed_body_is_refused(api: Api) -> None:
    with api.partner() as client:
        answer = client.post(PATH, content=CSV, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def connected(api: Api, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", api.port), timeout=30)
    return context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("framing", ["Content-Length: 9000000", "Transfer-Encoding: chunked"])
def test_a_cut_connection_leaves_nothing_but_a_line_in_the_log(
    api: Api, framing: str, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n".encode()
    part = b"x" * 3_000_000
    with caplog.at_level("INFO", logger="signaalpoort"):
        with connected(api, api.partner_certificate.client_context(api.ca)) as sock:
            sock.sendall(head + (b"2dc6c0\r\n" if "chunked" in framing else b"") + part)
            while not api.leftovers()[0]:
                time.sleep(0.01)
        eventually_clean(api)
        lines = eventually_logged(caplog, log.UPLOAD_CUT)
    with api.partner() as client:
        assert client.get(PATH).json()["aanleveringen"] == []
    assert [line.fields["partner"] for line in lines] == ["woonstad"]  # type: ignore[attr-defined]


def test_more_than_the_rate_waits(api: Api) -> None:
    api.configure(max_per_minuut=2)
    with api.partner() as client:
        statuses = [client.post(PATH, content=CSV).status_code for _ in range(3)]
        refused = client.post(PATH, content=CSV)
        api.kit.clock.advance(seconds=int(refused.headers["Retry-After"]))  # type: ignore[attr-defined]
        later = client.post(PATH, content=CSV)
    assert statuses == [202, 202, 429]
    assert later.status_code == 202


def test_more_at_once_than_allowed_waits(api: Api) -> None:
    api.configure(max_gelijktijdig=1)
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n".encode()
    with connected(api, api.partner_certificate.client_context(api.ca)) as slow, api.partner() as client:
        slow.sendall(head + b"12345")
        while not api.leftovers()[1]:
            time.sleep(0.01)
        refused = client.post(PATH, content=CSV)
        slow.sendall(b"67890")
        assert slow.recv(12) == b"HTTP/1.1 202"
        allowed = client.post(PATH, content=CSV)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert allowed.status_code == 202


def test_below_the_watermark_nothing_is_taken_in(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api.kit.blobs, "free_bytes", lambda: (1 << 20) + len(CSV) - 1)
    with api.partner() as client:
        refused = client.post(PATH, content=CSV)
    assert refused.status_code == 507
    told = [r.fields for r in caplog.records if r.getMessage() == "request_refused"]  # type: ignore[attr-defined]  # ours
    assert [fields["error_type"] for fields in told] == ["DiskFullError"]
    assert int(refused.headers["Retry-After"]) >= 1
    assert api.leftovers() == ([], [])


def test_a_paused_partner_may_read_but_not_send(api: Api) -> None:
    api.configure(gepauzeerd=True)
    with api.partner() as client:
        assert client.post(PATH, content=CSV).status_code == 403
        assert client.get(PATH).status_code == 200


def test_many_partners_files_at_once(api: Api) -> None:
    """Each thread its own file; every one is received whole."""
    answers: dict[int, bytes] = {}
    api.configure(max_gelijktijdig=8)

    def send(number: int) -> None:
        content = f"{number};".encode() * 300_000
        with api.partner() as client:
            upload_id = client.post(PATH, content=content).json()["aanleveringId"]
        answers[number] = b"" if received_bytes(api, upload_id) != content else b"same"

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == dict.fromkeys(range(8), b"same")


def test_memory_stays_flat(api: Api) -> None:
    block = bytes(1 << 20)
    with api.partner() as client:
        client.post(PATH, content=iter([block] * 8))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = client.post(PATH, content=iter([block] * 160))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert answer.json()["grootte"] == 160 << 20
    assert after - before < 24 * 1024, "160 MB may cost no 24 MiB, client included"
