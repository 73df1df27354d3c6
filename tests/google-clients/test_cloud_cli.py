"""`bq` and `gcloud` of the Cloud CLI, where it is installed."""

import json
import os
import shutil
import subprocess

import pytest
from conftest import fresh

pytestmark = pytest.mark.skipif(
    not (shutil.which("gcloud") and shutil.which("bq")), reason="the Cloud CLI (gcloud, bq) is not installed"
)


@pytest.fixture
def cli(tmp_path):
    """Runs a command with an empty configuration."""
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(tmp_path / "configuration"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }

    def run(*arguments):
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARNING" not in done.stderr, done.stderr
        return done.stdout

    return run


def test_bq_makes_loads_queries_and_extracts(cli, bucket, tmp_path):
    bq = lambda *arguments: cli("bq", "--quiet", "--headless", *arguments)  # noqa: E731
    file = tmp_path / "rows.csv"
    file.write_text("id,zone\n1,JFK\n2,LGA\n")
    dataset = fresh("cli")
    bq("mk", "--dataset", dataset)
    bq("load", "--autodetect", "--skip_leading_rows=1", f"{dataset}.zones", str(file))
    assert json.loads(bq("--format=json", "head", f"{dataset}.zones"))[0] == {"id": "1", "zone": "JFK"}
    shown = json.loads(bq("--format=json", "show", f"{dataset}.zones"))
    assert [field["type"] for field in shown["schema"]["fields"]] == ["INTEGER", "STRING"]
    query = ["--format=json", "query", "--use_legacy_sql=false", "--parameter=id:INT64:2"]
    rows = bq(*query, f"SELECT zone FROM {dataset}.zones WHERE id = @id")
    assert json.loads(rows.strip().splitlines()[-1]) == [{"zone": "LGA"}]
    assert "zones" in bq("ls", dataset) and dataset in bq("ls")
    bq("extract", f"{dataset}.zones", f"gs://{bucket.name}/out.csv")
    assert bucket.blob("out.csv").download_as_text().splitlines()[0] == "id,zone"
    assert json.loads(bq("--format=json", "ls", "--jobs"))
    bq("cp", f"{dataset}.zones", f"{dataset}.copied")
    bq("rm", "--table", "--force", f"{dataset}.copied")
    bq("rm", "--recursive", "--force", dataset)


def test_gcloud_storage_copies_lists_and_removes(cli, tmp_path):
    name = fresh("cli").replace("_", "-")
    file = tmp_path / "file.csv"
    file.write_text("a,b\n1,2\n")
    cli("gcloud", "storage", "buckets", "create", f"gs://{name}")
    cli("gcloud", "storage", "cp", str(file), f"gs://{name}/data/file.csv")
    assert cli("gcloud", "storage", "ls", f"gs://{name}/data/").strip() == f"gs://{name}/data/file.csv"
    assert cli("gcloud", "storage", "cat", f"gs://{name}/data/file.csv") == "a,b\n1,2\n"
    cli("gcloud", "storage", "mv", f"gs://{name}/data/file.csv", f"gs://{name}/moved.csv")
    cli("gcloud", "storage", "cp", f"gs://{name}/moved.csv", str(tmp_path / "back.csv"))
    assert (tmp_path / "back.csv").read_text() == "a,b\n1,2\n"
    described = cli("gcloud", "storage", "objects", "describe", f"gs://{name}/moved.csv", "--format=value(size)")
    assert described.strip() == "8"
    cli("gcloud", "storage", "rm", "--recursive", f"gs://{name}")


def test_gcloud_publishes_pulls_and_reads_secrets(cli):
    topic = fresh("cli")
    cli("gcloud", "pubsub", "topics", "create", topic)
    cli("gcloud", "pubsub", "subscriptions", "create", f"{topic}-s", "--topic", topic, "--ack-deadline=20")
    cli("gcloud", "pubsub", "topics", "publish", topic, "--message=hello", "--attribute=a=b")
    pulled = json.loads(cli("gcloud", "pubsub", "subscriptions", "pull", f"{topic}-s", "--auto-ack", "--format=json"))
    assert pulled[0]["message"]["attributes"] == {"a": "b"}
    assert topic in cli("gcloud", "pubsub", "topics", "list", "--format=value(name)")
    cli("gcloud", "pubsub", "subscriptions", "delete", f"{topic}-s")
    cli("gcloud", "pubsub", "topics", "delete", topic)
    accessed = cli("gcloud", "secrets", "versions", "access", "latest", "--secret=CLIENT_TEST")
    assert accessed == "a secret of the server"
    assert "CLIENT_TEST" in cli("gcloud", "secrets", "list", "--format=value(name)")
