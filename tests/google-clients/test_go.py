"""Google's clients for Go: go/main.go, built as the program GO_CLIENTS."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.skipif("GO_CLIENTS" not in os.environ, reason="the clients for Go are not built")


@pytest.mark.parametrize("client", ["storage", "bigquery", "pubsub"])
def test_the_client_works(client):
    done = subprocess.run([os.environ["GO_CLIENTS"], client], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr
