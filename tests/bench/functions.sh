#!/usr/bin/env bash
# Measures size, start time and idle memory of each function in its deployed form. BIN is the folder of the programs.
# Run the script with the variables of the emulators (on-emulators.sh), because each function connects to Firestore when
# it starts.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
key=$(head -c 32 /dev/zero | base64)
port=${PORT:-18080}

# Prints the milliseconds from the start of a program until its first answer, for one start.
started() {
  local from to
  from=$(date +%s%N)
  env -i PATH="$PATH" PORT="$port" RUST_LOG=error SEGUE_PLATFORM=gcp SEGUE_PROJECT=demo SEGUE_ENCRYPTION_KEY="$key" \
    FIRESTORE_EMULATOR_HOST="$FIRESTORE_EMULATOR_HOST" PUBSUB_EMULATOR_HOST=127.0.0.1:9 STORAGE_EMULATOR_HOST=127.0.0.1:9 \
    BIGQUERY_EMULATOR_HOST=127.0.0.1:9 CLOUD_TASKS_EMULATOR_HOST=127.0.0.1:9 SECRET_MANAGER_EMULATOR_HOST=127.0.0.1:9 \
    "$1" &
  id=$!
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$id" 2>/dev/null || { echo "$1 ended" >&2; exit 1; }
  done
  to=$(date +%s%N)
  took=$(((to - from) / 1000000))
}

printf '| function | size, MB | ready, ms (best and worst of 5) | memory at rest, MiB |\n|---|---|---|---|\n'
for folder in "$root"/functions/*/; do
  name=$(basename "$folder")
  program=$BIN/segue-fn-$name
  best=1000000 worst=0
  for _ in 1 2 3 4 5; do
    started "$program"
    memory=$(awk '/^VmRSS:/ { printf "%.0f", $2 / 1024 }' "/proc/$id/status")
    kill -9 "$id"
    wait "$id" 2>/dev/null || true
    [ "$took" -lt "$best" ] && best=$took
    [ "$took" -gt "$worst" ] && worst=$took
  done
  size=$(awk -v bytes="$(stat -c %s "$program")" 'BEGIN { printf "%.1f", bytes / 1000000 }')
  # shellcheck disable=SC2016 # The backticks are those of Markdown.
  printf '| `%s` | %s | %s – %s | %s |\n' "$name" "$size" "$best" "$worst" "$memory"
done
