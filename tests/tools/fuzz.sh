#!/usr/bin/env bash
# Runs each fuzz target for SECONDS seconds, on a copy of its corpus. Fails if a target finds a problem. The report of
# the problem is printed and stays in the build folder. The number of targets that run at once is the number of cores.
#
#   fuzz.sh SECONDS [TARGET...]
#
# cargo-fuzz is installed into the user's cache if it is missing. The targets run with the toolchain of the repository:
# libFuzzer needs no sanitizer to find panics, endless loops and memory without bound.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=$1
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(flow expression sql push)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/segue/tools
version=0.13.2
PATH=$tools/bin:$PATH
if ! cargo fuzz --version 2>/dev/null | grep -qF " $version"; then
  # Unoptimized: the program is compiled once and only starts others.
  cargo install --locked --debug --quiet --root "$tools" --version "$version" cargo-fuzz
fi
build=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
found=$build/found
mkdir -p "$found"
# Programs of another workspace do not store the path of DuckDB's library.
duckdb=$(realpath "$DUCKDB_LIB_DIR")
RUSTC_WRAPPER=$PWD/tests/tools/fuzz-rustc.sh
export RUSTC_WRAPPER DUCKDB_LIB_DIR=$duckdb LD_LIBRARY_PATH=$duckdb${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} RUST_BACKTRACE=1
for target in "${targets[@]}"; do
  cargo fuzz build --fuzz-dir tests/fuzz --target-dir "$build" --sanitizer none --release --codegen-units 16 \
    --no-trace-compares "$target"
done
programs=$build/$(rustc -vV | sed -n 's/^host: //p')/release

# Runs one target. An input that takes longer than 10 s is a problem: a render stops after a number of steps, and the
# time of the other targets is linear in the input.
run() {
  local target=$1 corpus inputs
  corpus=$(mktemp -d)
  cp -r "tests/fuzz/corpus/$target/." "$corpus"
  if ! "$programs/$target" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
    -artifact_prefix="$found/$target-" -print_final_stats=1 >"$build/$target.log" 2>&1; then
    tail -n 60 "$build/$target.log"
    echo "the fuzz target $target found something; see $found"
    rm -rf "$corpus"
    return 1
  fi
  rm -rf "$corpus"
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")
  echo "$target: $inputs inputs in $seconds s, nothing found"
}
export -f run
export programs build found seconds
# shellcheck disable=SC2016 # the shell that runs a target expands its name
printf '%s\0' "${targets[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -euo pipefail -c 'run "$1"' run
