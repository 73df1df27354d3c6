"""Google's clients for Node.js: node/clients.mjs, with the packages in the folder NODE_CLIENTS."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif("NODE_CLIENTS" not in os.environ, reason="the clients for Node.js are not installed")


@pytest.mark.parametrize("client", ["storage", "bigquery", "pubsub"])
def test_the_client_works(client):
    folder = Path(os.environ["NODE_CLIENTS"])
    # Node.js looks for packages beside the program.
    program = shutil.copy(Path(__file__).parent / "node" / "clients.mjs", folder)
    # These clients ask only Google for tokens of a key. Without a key, they ask the metadata server.
    environment = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
    done = subprocess.run(["node", program, client], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr
