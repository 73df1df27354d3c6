#!/usr/bin/env bash
# Tests Google's own clients on a server of this machine: tests/google-clients.
#
#   google-clients.sh [OPTION…]   runs the tests; the options are those of pytest
#   google-clients.sh --bench     measures: tests/bench/google_clients.py
#
#   SEGUE          the command `segue`; default: the one of the last build
#   SEGUE_CLIENTS  the folder for the Python environments; default: segue/google-clients in the user's cache
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tests=$root/tests/google-clients
segue=${SEGUE:-${CARGO_TARGET_DIR:-$root/target}/release/segue}
cache=${SEGUE_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/segue/google-clients}
skip() { printf 'google-clients: skipped: %s\n' "$*"; exit 0; }

[ -x "$segue" ] || { printf 'google-clients: %s does not exist; run make build, or set SEGUE\n' "$segue" >&2; exit 3; }
python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null \
  || skip "python3 3.10 or later with venv is missing"

# Prints the folder of the environment with the packages of a file. The checksum of the file is part of its name.
environment() {
  local file=$1 folder
  folder=$cache/$(cksum <"$file" | cut -d ' ' -f 1)
  if [ ! -f "$folder/complete" ]; then
    printf 'google-clients: installing the packages of %s into %s\n' "$(basename "$file")" "$folder" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    python3 -m venv "$folder" >&2 || return 1
    if ! "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$file" >"$folder/install.log" 2>&1; then
      tail -n 5 "$folder/install.log" >&2
      return 1
    fi
    touch "$folder/complete"
  fi
  printf '%s\n' "$folder"
}
python=$(environment "$tests/requirements.txt") || skip "the packages cannot be installed from PyPI"
if dbt=$(environment "$tests/requirements-dbt.txt"); then
  export DBT=$dbt/bin/dbt
else
  printf 'google-clients: dbt cannot be installed, so its tests are skipped\n'
fi
# The clients for Node.js, in a folder of their own.
node_clients() {
  local file=$tests/node/package.json folder
  folder=$cache/node-$(cksum <"$file" | cut -d ' ' -f 1)
  if [ ! -f "$folder/complete" ]; then
    printf 'google-clients: installing the packages for Node.js into %s\n' "$folder" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$file" "$folder"
    (cd "$folder" && npm install --silent --no-audit --no-fund --no-package-lock) >"$folder/install.log" 2>&1 || return 1
    touch "$folder/complete"
  fi
  printf '%s\n' "$folder"
}
if command -v npm >/dev/null && NODE_CLIENTS=$(node_clients); then
  export NODE_CLIENTS
else
  unset NODE_CLIENTS
  printf 'google-clients: the clients for Node.js cannot be installed, so their tests are skipped\n'
fi

# The clients for Go, as one program.
go_clients() {
  local source=$tests/go program
  program=$cache/go-$(cat "$source"/* | cksum | cut -d ' ' -f 1)
  if [ ! -x "$program" ]; then
    printf 'google-clients: building the clients for Go into %s\n' "$program" >&2
    (cd "$source" && go build -mod=readonly -o "$program" .) >&2 || return 1
  fi
  printf '%s\n' "$program"
}
if command -v go >/dev/null && GO_CLIENTS=$(go_clients); then
  export GO_CLIENTS
else
  unset GO_CLIENTS
  printf 'google-clients: the clients for Go cannot be built, so their tests are skipped\n'
fi

data=$(mktemp -d)
log=$data/server.log
SECRET_CLIENT_TEST=$(printf 'a secret of the server' | base64)
export SECRET_CLIENT_TEST
env -u SEGUE_PROJECT -u GOOGLE_CLOUD_PROJECT "$segue" --data-dir "$data/segue" server --port 0 --google-port 0 \
  >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in $(seq 300); do
  [ -f "$data/segue/server.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.1
done
variables=$("$segue" --data-dir "$data/segue" env)
eval "$variables"
export SEGUE=$segue SEGUE_TEST_DATA=$data/segue
# Requests to this machine must not go through a proxy.
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
if [ "${1:-}" = --bench ]; then
  "$python/bin/python" "$root/tests/bench/google_clients.py"
  exit
fi
status=0
"$python/bin/python" -m pytest -q -p no:cacheprovider -W ignore "$@" "$tests" || status=$?
[ "$status" = 0 ] || { printf 'google-clients: the last lines of the server:\n'; tail -n 20 "$log"; }
exit "$status"
