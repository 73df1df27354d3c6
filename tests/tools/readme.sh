#!/usr/bin/env bash
# Runs the first code blocks of "Try a flow" and "Talk to a server" in README.md, exactly as written, in an empty
# folder. The command must be built already, with the profile PROFILE (default: release).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
mkdir -p "$folder"
# Prints the first code block under a heading.
block() {
  local found
  # shellcheck disable=SC2016 # The backticks are those of Markdown.
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
  # `make build` runs in the Makefile's folder, and PATH uses the folder of the build.
  commands=${commands/make build/make -C $root build}
  commands=${commands//\/release:/\/$built:}
  printf '%s\n' "$commands"
  bash -euo pipefail -c "$commands"
done
