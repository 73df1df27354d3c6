#!/usr/bin/env bash
# Runs a command with the emulators of Google Cloud's services. If all emulators run already (make emulators), the
# command uses them. Otherwise the script starts its own emulators and stops them at the end. A test in the
# command fails if an emulator does not answer.
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
