#!/usr/bin/env bash
# Runs the taxi and county pipelines on this machine, from sample files on a loopback server to rows in tables.
# SEGUE and SERVER are the programs. FRESH=1 starts with an empty data directory. Fails if a number of rows is wrong.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tools/lib.sh
source "$root/tests/tools/lib.sh"

data=${DATA:-$root/.demo}
began=$SECONDS
if [ -n "${FRESH:-}" ]; then rm -rf "$data"; fi

segue() { "$SEGUE" --data-dir "$data" "$@"; }
flow() {
  local file=$1
  shift
  say "${file%.yaml}"
  segue run "$root/flows/$file" "$@"
}
rows() { segue query --output json "SELECT COUNT(*) AS n FROM $1" | grep -o '[0-9]\+' | tail -n 1; }

# shellcheck disable=SC2119 # The sample server needs no arguments here, and not those of this script.
start_server
say "sample files at $SERVER_URL"

flow zoomcamp/01_gcp_kv.yaml -i "taxi_url=$SERVER_URL/taxi"
flow bay-wheels/01_gcp_kv.yaml -i "county_url=$SERVER_URL/bay_area_county_polygons.csv"
flow zoomcamp/02_gcp_setup.yaml
flow bay-wheels/02_gcp_load_bay_area_county.yaml
flow zoomcamp/03_gcp_taxi.yaml -i taxi=yellow -i year=2021 -i month=01

say "tables"
segue tables
trips=$(rows zoomcamp.yellow_tripdata)
counties=$(rows bay_wheels.bay_area_county_ext)

say "the same month again"
flow zoomcamp/03_gcp_taxi.yaml -i taxi=yellow -i year=2021 -i month=01
added=$(($(rows zoomcamp.yellow_tripdata) - trips))

say "result after $((SECONDS - began)) s"
printf '   trips     %s\n   counties  %s\n   taxi flow again: adds %s rows\n' "$trips" "$counties" "$added"
[ "$trips" = 780 ] || fail "there should be 780 trips"
[ "$counties" = 9 ] || fail "there should be 9 counties"
[ "$added" = 0 ] || fail "the second run of the taxi flow should add no rows"

say "look at it"
echo "   ${SEGUE/#$PWD\//} --data-dir ${data/#$PWD\//} server --open"
echo "   http://127.0.0.1:8080/ui/"
