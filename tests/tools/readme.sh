#!/usr/bin/env bash
# Runs the first blocks of README.md's "Try a flow" and "Talk to a server" as they are written, in an empty folder.
# The command is built already, with the profile PROFILE (release unless set).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
mkdir -p "$folder"
# The first block of commands under a heading.
block() {
  local found
  found=$(sed -n "/^## $1/,/^## /p" "$root/README.md" | sed -n '/^```sh$/,/^```$/p' | sed '/^```sh$/d; /^```$/q' | sed '$d')
  [ -n "$found" ] || { echo "README.md has no block of commands under $1" >&2; exit 1; }
  printf '%s\n' "$found"
}

cd "$folder"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
built=${PROFILE:-release}
[ "$built" != dev ] || built=debug
export PATH="$CARGO_TARGET_DIR/$built:$PATH"
for heading in "Try a flow" "Talk to a server"; do
  commands=$(block "$heading")
  # `make build` is run where the Makefile is, and the command is found where it was put.
  commands=${commands/make build/make -C $root build}
  commands=${commands//\/release:/\/$built:}
  printf '%s\n' "$commands"
  bash -euo pipefail -c "$commands"
done
