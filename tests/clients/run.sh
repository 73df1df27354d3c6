#!/usr/bin/env bash
# Drives `segue server` with Kestra's official Python clients. SEGUE is the program to test.
set -euo pipefail
cd "$(dirname "$0")"
segue=${SEGUE:?set SEGUE to the program to test}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/segue/clients

skip() {
  echo "clients of Kestra: not tested, because $1"
  exit 0
}

command -v python3 >/dev/null || skip "python3 is not installed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || skip "python3 is older than 3.9"

pythons=()
# Each virtual environment is made once. The file `ready` says that it is complete.
for sdk in 1 2; do
  env=$cache/$(head -1 "sdk$sdk.txt" | tr '=' '-')
  if [ ! -f "$env/ready" ]; then
    rm -rf "$env"
    mkdir -p "$cache"
    if command -v uv >/dev/null; then
      uv venv --quiet "$env" || skip "uv cannot make virtual environments"
      uv pip install --quiet --python "$env/bin/python" -r "sdk$sdk.txt" || skip "PyPI cannot be reached"
    else
      python3 -m venv "$env" || skip "python3 cannot make virtual environments"
      "$env/bin/pip" install --quiet --disable-pip-version-check -r "sdk$sdk.txt" || skip "PyPI cannot be reached"
    fi
    touch "$env/ready"
  fi
  pythons+=("$env/bin/python")
done

work=$(mktemp -d)
server=
# shellcheck disable=SC2317,SC2329 # `trap` calls it.
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SEGUE_AUTH=ada@example.com:clients-pass-1
SECRET_CLIENTS=aHVudGVyMg== "$segue" server --data-dir "$work/data" --port "$port" >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  if python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/health')" 2>/dev/null; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then cat "$work/server.log"; exit 1; fi
  sleep 0.1
done

code=0
"${pythons[0]}" checks.py "http://127.0.0.1:$port" 1 >"$work/1" || code=1
"${pythons[1]}" checks.py "http://127.0.0.1:$port" 2 >"$work/2" || code=1
cat "$work/1" "$work/2"
awk '$1 == "ok" {p++} $1 == "FAILED" {f++} $1 == "skipped" {s++} END {printf "%d passed, %d failed, %d skipped\n", p, f, s}' \
  "$work/1" "$work/2"
exit "$code"
