# shellcheck shell=bash
# Functions for the scripts in this folder and in tests/bench. SERVER is the program of the sample server.

say() { printf '== %s\n' "$*"; }
fail() { printf '!! %s\n' "$*" >&2; exit 1; }

# Starts the sample server with the given arguments and sets SERVER_URL to its address. It stops when the script ends.
start_server() {
  server_log=$(mktemp)
  "$SERVER" "$@" >"$server_log" &
  server_id=$!
  trap stop_server EXIT
  trap 'exit 130' INT TERM
  local tries
  for tries in $(seq 100); do
    SERVER_URL=$(head -n 1 "$server_log")
    if [ -n "$SERVER_URL" ]; then return; fi
    kill -0 "$server_id" 2>/dev/null || break
    sleep 0.1
  done
  fail "the sample server did not start (after $tries tries)"
}

stop_server() {
  kill "$server_id" 2>/dev/null || true
  wait "$server_id" 2>/dev/null || true
  rm -f "$server_log"
}
