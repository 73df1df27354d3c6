#!/usr/bin/env bash
# Puts DuckDB's prebuilt shared library into .deps/duckdb, where the build looks for it. Does nothing if the library is
# already there, or if DUCKDB_LIB_DIR names another folder that contains it.
#
# The first source is the npm package with DuckDB's own build; its checksum is compared with the sums below. If npm is
# missing or fails, the second source is DuckDB's releases, through the build script of the duckdb crate. If neither can
# be reached, `make BUNDLED=1 demo` compiles DuckDB from the crate's sources, which takes a quarter of an hour.
set -euo pipefail

package_version=1.5.5-r.5

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$root/.deps/duckdb
say() { printf 'duckdb: %s\n' "$*" >&2; }

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    platform=linux-x64 library=libduckdb.so
    sum=fc23f12e376c47be520f75221288281906e7942e8fd6f6ce4849198ba60d0405 ;;
  Linux-aarch64 | Linux-arm64)
    platform=linux-arm64 library=libduckdb.so
    sum=d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e ;;
  Darwin-arm64)
    platform=darwin-arm64 library=libduckdb.dylib
    sum=b9027d18ef3e8d960568f77e946a83ca68009cb22d71cf7f94de842afdd094d8 ;;
  *)
    say "there is no prebuilt library for $(uname -s) on $(uname -m)."
    say "Set DUCKDB_LIB_DIR to a folder that has DuckDB 1.5.5, or build with: make BUNDLED=1 demo"
    exit 1 ;;
esac

if [ -n "${DUCKDB_LIB_DIR:-}" ] && [ "$DUCKDB_LIB_DIR" != "$folder" ]; then
  if [ -f "$DUCKDB_LIB_DIR/$library" ]; then
    say "using $DUCKDB_LIB_DIR (DUCKDB_LIB_DIR)"
    exit 0
  fi
  say "DUCKDB_LIB_DIR is $DUCKDB_LIB_DIR, but that folder has no $library. Unset the variable to fetch the library."
  exit 1
fi

[ -f "$folder/$library" ] && exit 0
mkdir -p "$folder"

sha256() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

work=$(mktemp -d "$root/.deps/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

from_npm() {
  command -v npm >/dev/null || { say "npm is not installed"; return 1; }
  say "fetching the npm package @duckdb/node-bindings-$platform $package_version"
  (cd "$work" && npm pack --silent "@duckdb/node-bindings-$platform@$package_version" >/dev/null) || return 1
  tar -xzf "$work"/*.tgz -C "$work" "package/$library" || return 1
  local found
  found=$(sha256 "$work/package/$library")
  if [ "$found" != "$sum" ]; then
    say "the library's SHA-256 is $found instead of $sum, so the library is not used"
    return 1
  fi
  mv "$work/package/$library" "$folder/$library"
}

# The crate downloads the library if DUCKDB_LIB_DIR is not set. .cargo/config.toml sets the variable for every build
# below the root, so this build runs in another folder.
from_release() {
  say "fetching from DuckDB's releases, through the duckdb crate (DUCKDB_DOWNLOAD_LIB=1)"
  local toolchain found
  toolchain=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$root/rust-toolchain.toml")
  (
    cd "$work"
    unset DUCKDB_LIB_DIR
    DUCKDB_DOWNLOAD_LIB=1 RUSTUP_TOOLCHAIN=$toolchain CARGO_TARGET_DIR=$work/target \
      cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package libduckdb-sys
  ) || return 1
  found=$(find "$work/target/duckdb-download" -name "$library" | head -n 1)
  [ -n "$found" ] && mv "$found" "$folder/$library"
}

if from_npm || from_release; then
  say "$folder/$library is there"
else
  say "the library could not be fetched from npm or from DuckDB's releases. Install npm, or set DUCKDB_LIB_DIR to a"
  say "folder with $library of DuckDB 1.5.5, or compile it (about 16 minutes on 2 cores): make BUNDLED=1 demo"
  exit 1
fi
