#!/usr/bin/env bash
# Runs the first block of README.md's "Try a flow" as it is written, in an empty folder with the repository's files.
# The command is built already.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
mkdir -p "$folder"
block=$(sed -n '/^## Try a flow/,/^## /p' "$root/README.md" | sed -n '/^```sh$/,/^```$/p' | sed '/^```sh$/d; /^```$/q' | sed '$d')
[ -n "$block" ] || { echo "README.md has no block of commands under Try a flow" >&2; exit 1; }
cd "$folder"
# `make build` is run where the Makefile is, and the command is found where it was put.
block=${block/make build/make -C $root build}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
printf '%s\n' "$block"
bash -euo pipefail -c "$block"
