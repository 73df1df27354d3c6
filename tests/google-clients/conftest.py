"""What all tests share: clients, datasets and buckets of their own."""

import os
import subprocess
import uuid

import pytest

if "BIGQUERY_EMULATOR_HOST" not in os.environ:
    pytest.exit("run the tests with tests/tools/google-clients.sh, which starts a server and sets the variables", 2)


def fresh(name):
    return f"{name}_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def bigquery():
    from google.cloud import bigquery

    with bigquery.Client() as client:
        yield client


@pytest.fixture
def dataset(bigquery):
    name = fresh("d")
    bigquery.create_dataset(name)
    yield name
    bigquery.delete_dataset(name, delete_contents=True)


@pytest.fixture
def storage():
    from google.cloud import storage

    return storage.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"])


@pytest.fixture
def bucket(storage):
    bucket = storage.create_bucket(fresh("b").replace("_", "-"))
    yield bucket
    for blob in storage.list_blobs(bucket):
        blob.delete()
    bucket.delete()


@pytest.fixture
def segue():
    """Runs a command of segue."""

    def run(*arguments, check=True):
        command = [os.environ["SEGUE"], "--data-dir", os.environ["SEGUE_TEST_DATA"], *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout

    return run
