#!/usr/bin/env bash
# Google's own emulators of Firestore and Pub/Sub, for the tests of shared/gcp and for a server on emulators.
#
#   emulators.sh start    starts those that do not run yet, waits until they answer, prints their environment
#   emulators.sh stop     ends those that were started here
#   emulators.sh status   says which of them answer; 1 when one does not
#   emulators.sh env      prints the environment: eval "$(tests/tools/emulators.sh env)"
#
#   SEGUE_EMULATORS   the folder for their logs and process ids; .emulators unless set
#   FIRESTORE_PORT    8086 unless set
#   PUBSUB_PORT       8085 unless set
#   SEGUE_PROJECT     the project they pretend to be; demo unless set
#
# A port that is taken by another program is passed over for the next that is free. What the emulators keep is in
# memory and gone when they end.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${SEGUE_EMULATORS:-$root/.emulators}
project=${SEGUE_PROJECT:-demo}
say() { printf 'emulators: %s\n' "$*" >&2; }

default_port() { case "$1" in firestore) echo "${FIRESTORE_PORT:-8086}" ;; pubsub) echo "${PUBSUB_PORT:-8085}" ;; esac; }
port_of() { cat "$folder/$1.port" 2>/dev/null || true; }

# Whether our own emulator answers on its port.
answers() {
  local port
  port=$(port_of "$1")
  [ -n "$port" ] && [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" = 200 ]
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port=$1
  while taken "$port"; do port=$((port + 10)); done
  echo "$port"
}

check_tools() {
  local missing=0
  if ! command -v gcloud >/dev/null; then
    say "gcloud is missing: install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install), or on Debian"
    say "with Google's repository: apt-get install google-cloud-cli google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator"
    missing=1
  fi
  if ! command -v java >/dev/null; then
    say "java is missing: the emulators need Java 11 or later, on Debian: apt-get install default-jre-headless"
    missing=1
  fi
  command -v curl >/dev/null || { say "curl is missing: apt-get install curl"; missing=1; }
  [ "$missing" = 0 ] || exit 3
}

start_one() {
  local name=$1 port tries more=()
  if answers "$name"; then return; fi
  stop_one "$name"
  port=$(free_port "$(default_port "$name")")
  [ "$name" = pubsub ] && more=(--data-dir="$folder/pubsub")
  say "starting $name on 127.0.0.1:$port"
  # A group of its own: gcloud starts java, and both are to end together.
  set -m
  CLOUDSDK_CORE_DISABLE_PROMPTS=1 gcloud beta emulators "$name" start --quiet --project="$project" \
    --host-port="127.0.0.1:$port" "${more[@]}" >"$folder/$name.log" 2>&1 </dev/null &
  echo $! >"$folder/$name.pid"
  set +m
  echo "$port" >"$folder/$name.port"
  for tries in $(seq 120); do
    if answers "$name"; then return; fi
    kill -0 "$(cat "$folder/$name.pid")" 2>/dev/null || break
    sleep 0.5
  done
  say "$name did not start (after $tries tries); its log says:"
  tail -n 20 "$folder/$name.log" >&2
  if grep -q 'gcloud components install\|not installed\|You do not currently have this command group' "$folder/$name.log"; then
    say "install it with: gcloud components install beta cloud-firestore-emulator pubsub-emulator"
    say "or on Debian: apt-get install google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator"
    stop_one "$name"
    exit 3
  fi
  stop_one "$name"
  exit 1
}

stop_one() {
  local id tries
  id=$(cat "$folder/$1.pid" 2>/dev/null || true)
  rm -f "$folder/$1.pid" "$folder/$1.port"
  [ -n "$id" ] || return 0
  kill -- "-$id" 2>/dev/null || return 0
  for tries in $(seq 50); do
    kill -0 -- "-$id" 2>/dev/null || return 0
    sleep 0.1
  done
  say "$1 did not end in time (after $tries tries) and is killed"
  kill -9 -- "-$id" 2>/dev/null || true
}

print_env() {
  echo "export FIRESTORE_EMULATOR_HOST=127.0.0.1:$(port_of firestore)"
  echo "export PUBSUB_EMULATOR_HOST=127.0.0.1:$(port_of pubsub)"
  echo "export SEGUE_PROJECT=$project"
}

case "${1:-}" in
  start)
    check_tools
    mkdir -p "$folder/pubsub"
    start_one firestore
    start_one pubsub
    print_env ;;
  stop)
    stop_one firestore
    stop_one pubsub ;;
  status)
    state=0
    for name in firestore pubsub; do
      if answers "$name"; then say "$name answers on 127.0.0.1:$(port_of "$name")"; else say "$name does not run"; state=1; fi
    done
    exit "$state" ;;
  env)
    if ! answers firestore || ! answers pubsub; then
      say "they do not run: make emulators"
      exit 1
    fi
    print_env ;;
  *)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2 ;;
esac
