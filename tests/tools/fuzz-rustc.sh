#!/usr/bin/env bash
# Calls rustc for the fuzz targets: the SQL parser is compiled without the instrumentation of libFuzzer.
#
# The parser has 300,000 lines. With instrumentation, rustc needs 10 GB of memory and half an hour for it.
set -euo pipefail

if [[ " $* " == *" --crate-name polyglot_sql "* ]]; then
  kept=()
  for argument in "$@"; do
    case $argument in
      -Cpasses=sancov-module | -Cllvm-args=*) ;;
      *) kept+=("$argument") ;;
    esac
  done
  set -- "${kept[@]}"
fi
exec "$@"
