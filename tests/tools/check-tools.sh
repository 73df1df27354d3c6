#!/usr/bin/env bash
# Reports which tools for building and running Segue are missing on this machine, and how to install them.
set -euo pipefail

missing=0
need() {
  local what=$1 how=$2 tool
  shift 2
  for tool in "$@"; do
    if command -v "$tool" >/dev/null; then return; fi
  done
  printf 'missing: %s. %s\n' "$what" "$how" >&2
  missing=1
}

need "cargo, Rust's build tool" "Install rustup from https://rustup.rs; it brings the version this project names." cargo
need "a C compiler" "Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install." cc gcc clang
need "make" "Debian and Ubuntu: apt-get install make; macOS: xcode-select --install." make
need "curl or wget" "Debian and Ubuntu: apt-get install curl." curl wget
need "gunzip" "Debian and Ubuntu: apt-get install gzip." gunzip
exit "$missing"
