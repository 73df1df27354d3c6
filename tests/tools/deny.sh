#!/usr/bin/env bash
# Checks the dependencies with cargo-deny: licences, sources, banned crates and known vulnerabilities. deny.toml has the
# rules.
#
# cargo-deny is installed into the user's cache if it is missing. The check for vulnerabilities needs the database of
# advisories, which is a git repository on the internet. Without the internet, this check is skipped.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=${XDG_CACHE_HOME:-$HOME/.cache}/segue/tools
version=0.20.2
PATH=$tools/bin:$PATH
if ! cargo deny --version 2>/dev/null | grep -qF " $version"; then
  # Unoptimized: the program is compiled once and runs for seconds.
  cargo install --locked --debug --quiet --root "$tools" --version "$version" cargo-deny
fi
for manifest in Cargo.toml tests/fuzz/Cargo.toml; do
  cargo deny --log-level error --manifest-path "$manifest" --config deny.toml check bans licenses sources
done
if reason=$(cargo deny fetch db 2>&1); then
  cargo deny check advisories
else
  echo "known vulnerabilities: skipped, because the database of advisories cannot be fetched:"
  tail -n 1 <<<"$reason"
fi
