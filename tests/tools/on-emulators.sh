#!/usr/bin/env bash
# Runs a command with the emulators of Google Cloud's services: on those that run already when all of them do
# (make emulators), else on some of its own, which end with it. In the command, a test that finds no emulator fails
# instead of being skipped.
#
#   on-emulators.sh COMMAND [ARGUMENT…]
set -euo pipefail

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! "$tools/emulators.sh" status 2>/dev/null; then
  SEGUE_EMULATORS=$(mktemp -d)
  export SEGUE_EMULATORS
  trap '"$tools/emulators.sh" stop; rm -rf "$SEGUE_EMULATORS"' EXIT
  trap 'exit 130' INT TERM
  "$tools/emulators.sh" start >/dev/null
fi
variables=$("$tools/emulators.sh" env)
eval "$variables"
SEGUE_TEST_EMULATORS=required "$@"
