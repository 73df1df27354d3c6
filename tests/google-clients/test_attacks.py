"""What the endpoints refuse: pages of browsers, foreign tokens, names out of a bucket, broken uploads."""

import concurrent.futures
import http.client
import json
import os
import socket
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

HERE = urllib.parse.urlsplit(os.environ["STORAGE_EMULATOR_HOST"])
DATA = Path(os.environ["SEGUE_TEST_DATA"])


def ask(method, path, headers=None, body=None):
    connection = http.client.HTTPConnection(HERE.hostname, HERE.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_foreign_token_opens_nothing(bucket):
    for path in ["/storage/v1/b", "/bigquery/v2/projects/p/datasets", f"/storage/v1/b/{bucket.name}/o", "/computeMetadata/v1/project/project-id"]:
        for wrong in ["Bearer x", "Bearer ya29.segue-0000", "Bearer a.b.c", "Basic YTpi", "x"]:
            status, body = ask("GET", path, {"Authorization": wrong, "Metadata-Flavor": "Google"})
            assert status == 401, (path, wrong, body)
    status, _ = ask("POST", "/token", {"Content-Type": "application/x-www-form-urlencoded"}, "grant_type=password&username=a")
    assert status == 400


def test_the_key_of_another_server_gives_no_token(segue, tmp_path):
    from google.auth import exceptions
    from google.auth.transport.requests import Request
    from google.oauth2 import service_account

    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    own = json.loads(segue("credentials", "own"))
    credentials = service_account.Credentials.from_service_account_info(own, scopes=scopes)
    credentials.refresh(Request())
    assert credentials.token
    foreign = {**own, "private_key": json.loads(segue("credentials", "other"))["private_key"]}
    credentials = service_account.Credentials.from_service_account_info(foreign, scopes=scopes)
    with pytest.raises(exceptions.RefreshError):
        credentials.refresh(Request())


def test_pages_of_a_browser_are_refused(bucket):
    for headers in [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]:
        assert ask("POST", "/storage/v1/b", {**headers, "Content-Type": "text/plain"}, '{"name": "evil-bucket"}')[0] == 403
        assert ask("GET", f"/storage/v1/b/{bucket.name}", headers)[0] == 403
    for host in ["evil.example", "rebind.evil.example:80", "169.254.169.254"]:
        assert ask("GET", "/storage/v1/b", {"Host": host})[0] == 421
    assert ask("GET", "/computeMetadata/v1/instance/service-accounts/default/token")[0] == 403, "without Metadata-Flavor"


def test_no_name_leads_out_of_a_bucket(bucket):
    secret = DATA / "secret.key"
    before = {path for path in DATA.rglob("*") if "google" not in path.parts}
    for name in ["../../secret.key", "..", "a/../../x", "/etc/passwd", "a//b", "%2e%2e/x", "..%2f..%2fx", "a\x00b"]:
        encoded = urllib.parse.quote(name, safe="")
        status, _ = ask("POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name={encoded}", body=b"evil")
        read, body = ask("GET", f"/storage/v1/b/{bucket.name}/o/{encoded}?alt=media")
        assert read in (200, 400, 404), (name, read)
        assert not secret.exists() or secret.read_bytes() not in body
        if status == 200:
            assert (DATA / "objects" / bucket.name).joinpath(name).resolve().is_relative_to(DATA / "objects" / bucket.name)
    after = {path for path in DATA.rglob("*") if "google" not in path.parts and bucket.name not in str(path)}
    assert not {path for path in after - before if path.is_file() and path.read_bytes() == b"evil"}
    for inner in ["segue-internal", ".meta", ".tmp", ".."]:
        for path in [f"/storage/v1/b/{inner}", f"/storage/v1/b/{inner}/o", f"/{inner}/x", f"/download/storage/v1/b/{inner}/o/x"]:
            assert ask("GET", path)[0] in (400, 403, 404), path
        target = f"/storage/v1/b/{bucket.name}/o/x/copyTo/b/{inner}/o/x"
        assert ask("POST", target, {"Content-Type": "application/json"}, "{}")[0] in (400, 403, 404)


def test_an_upload_that_is_cut_leaves_no_object_and_no_bytes(bucket):
    def cut(path, headers):
        with socket.create_connection((HERE.hostname, HERE.port)) as line:
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
            for _ in range(20):
                line.sendall(b"x" * 1024 * 1024)

    ten_gigabytes = str(10 * 1024**3)
    path = f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=cut"
    cut(path, {"Content-Length": ten_gigabytes, "Content-Type": "text/plain"})
    work = DATA / "google" / "work"
    deadline = time.monotonic() + 20
    while any(file.name.startswith("upload-") for file in work.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(file.name.startswith("upload-") for file in work.iterdir()), "the bytes are freed"
    assert bucket.get_blob("cut") is None


def test_two_hundred_clients_at_once(bigquery, dataset, bucket):
    bigquery.query(f"CREATE TABLE {dataset}.t AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n").result()
    ready = threading.Barrier(200)
    query = json.dumps({"query": f"SELECT SUM(n) AS s FROM {dataset}.t", "useLegacySql": False, "timeoutMs": 100000})
    project = bigquery.project

    def client(number):
        ready.wait()
        if number % 2:
            headers = {"Content-Type": "application/json"}
            status, body = ask("POST", f"/bigquery/v2/projects/{project}/queries", headers, query)
            return status == 200 and json.loads(body)["rows"] == [{"f": [{"v": "500500"}]}]
        name = f"many/{number}"
        status, _ = ask("POST", f"/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name={name}", {}, str(number))
        read, body = ask("GET", f"/{bucket.name}/{name}")
        return status == 200 and read == 200 and body == str(number).encode()

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        outcomes = list(pool.map(client, range(200)))
    assert all(outcomes), f"{outcomes.count(False)} of 200 failed"


def test_the_metadata_server_gives_tokens(monkeypatch):
    from google.auth import compute_engine
    from google.auth.transport.requests import Request

    status, body = ask("GET", "/computeMetadata/v1/project/project-id", {"Metadata-Flavor": "Google"})
    assert (status, body.decode()) == (200, os.environ["GOOGLE_CLOUD_PROJECT"])
    credentials = compute_engine.Credentials()
    credentials.refresh(Request())
    status, _ = ask("GET", "/storage/v1/b", {"Authorization": f"Bearer {credentials.token}"})
    assert status == 200
