#!/usr/bin/env bash
# Compares the taxi flow for a full month of yellow trips with gunzip and the same statements written by hand.
# BIN is the folder of the programs. RUNS is the number of runs of each. ROWS makes a shorter month, for a trial.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tools/lib.sh
source "$root/tests/tools/lib.sh"

runs=${RUNS:-3}
rows=${ROWS:-7667792}
limit=1.3
work=${WORK:-$root/.bench}
month=$work/data/yellow_tripdata_2019-01.csv.gz
SERVER=$BIN/sample-server

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }
median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

mkdir -p "$work/data"
if [ ! -f "$month" ]; then
  say "making $rows trips, once"
  "$BIN/generate-month" --rows "$rows" "$month"
fi

start_server --dir "$work/data"

by_hand() {
  rm -rf "$work/hand" && mkdir -p "$work/hand"
  local began found
  began=$(now)
  gunzip -c "$month" >"$work/hand/month.csv"
  found=$("$BIN/reference-load" --database "$work/hand/hand.duckdb" --csv "$work/hand/month.csv" \
    --sql "$root/tests/bench/reference.sql" --count yellow_tripdata)
  hand_seconds=$(since "$began")
  [ "$found" = "$rows" ] || fail "the script loaded $found rows"
  rm -rf "$work/hand"
}

by_flow() {
  rm -rf "$work/segue"
  local began found id peak
  segue() { "$BIN/segue" --data-dir "$work/segue" "$@"; }
  segue run "$root/flows/zoomcamp/01_gcp_kv.yaml" -i "taxi_url=$SERVER_URL/taxi" >/dev/null
  segue run "$root/flows/zoomcamp/02_gcp_setup.yaml" >/dev/null
  began=$(now)
  "$BIN/segue" --data-dir "$work/segue" run "$root/flows/zoomcamp/03_gcp_taxi.yaml" \
    -i taxi=yellow -i year=2019 -i month=01 >"$work/run.log" 2>&1 &
  id=$!
  # The kernel stores the highest value. So the last value before the end is the highest of the run.
  while kill -0 "$id" 2>/dev/null; do
    peak=$(awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$id/status" 2>/dev/null || true)
    [ -z "$peak" ] || flow_peak=$peak
    sleep 0.05
  done
  wait "$id" || { cat "$work/run.log" >&2; fail "the taxi flow failed"; }
  flow_seconds=$(since "$began")
  found=$(segue query --output json "SELECT COUNT(*) AS n FROM zoomcamp.yellow_tripdata" | grep -o '[0-9]\+' | tail -n 1)
  [ "$found" = "$rows" ] || fail "the flow loaded $found rows"
  rm -rf "$work/segue"
}

flow_peak="not measured"
hands=() flows=() ratios=()
for run in $(seq "$runs"); do
  by_hand
  by_flow
  # The two follow one another at once, so their ratio stays when the disk gets slower from run to run.
  ratio=$(awk -v f="$flow_seconds" -v h="$hand_seconds" 'BEGIN { printf "%.2f", f / h }')
  hands+=("$hand_seconds") flows+=("$flow_seconds") ratios+=("$ratio")
  say "run $run of $runs: script $hand_seconds s, flow $flow_seconds s, ratio $ratio, peak $flow_peak MB"
done

hand=$(median "${hands[@]}") flow=$(median "${flows[@]}") ratio=$(median "${ratios[@]}")
say "median: script $hand s, flow $flow s, ratio $ratio (at most $limit), peak memory of segue $flow_peak MB"
awk -v r="$ratio" -v l="$limit" 'BEGIN { exit !(r <= l) }' || fail "the flow is slower than it should be"
