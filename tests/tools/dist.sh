#!/usr/bin/env bash
# Installs Segue into a folder, or makes an archive and a Debian package that run on machines without the sources.
#
#   dist.sh install PREFIX   the command, DuckDB's library and the completion scripts below PREFIX
#   dist.sh archive DIR      DIR/segue-VERSION-SYSTEM.tar.gz, and DIR/segue_VERSION_ARCH.deb if dpkg-deb is there
#
# SEGUE is the program, and DUCKDB_LIB_DIR the folder with the library. DESTDIR is put before PREFIX, for packagers.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tools/lib.sh
source "$root/tests/tools/lib.sh"

case $(uname -s) in
  Darwin) library=libduckdb.dylib ;;
  *) library=libduckdb.so ;;
esac
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
system=$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)

# The files of an installation below a folder. The program searches the library next to itself and in ../lib.
lay_out() {
  local to=$1 bin=$2 lib=$3
  install -d "$to/$bin" "$to/$lib" "$to/share/doc/segue"
  install -m 755 "$SEGUE" "$to/$bin/segue"
  # Symbols are for developers. A program without them is a third of the size.
  if command -v strip >/dev/null; then strip "$to/$bin/segue"; fi
  # With BUNDLED=1 the library is a part of the program.
  if [ -z "${BUNDLED:-}" ]; then install -m 644 "$DUCKDB_LIB_DIR/$library" "$to/$lib/$library"; fi
  install -m 644 "$root/LICENSE" "$to/share/doc/segue/LICENSE"
  completions "$to"
}

completions() {
  local to=$1 shell file
  while read -r shell file; do
    install -d "$to/$(dirname "$file")"
    "$to/${bin:-bin}/segue" completion "$shell" >"$to/$file"
  done <<'END'
bash share/bash-completion/completions/segue
zsh share/zsh/site-functions/_segue
fish share/fish/vendor_completions.d/segue.fish
END
}

# Runs the program of a folder without the environment of this shell: no tools for building, no variables.
try() {
  local program=$1 work
  work=$(mktemp -d)
  (
    cd "$work"
    run() { env -i HOME="$work" PATH=/usr/bin:/bin TMPDIR="$work" "$program" "$@"; }
    run --version
    run init my-flows >/dev/null
    run run my-flows/flows/hello.yaml --quiet
    run test my-flows/flows
    run init flows --template etl >/dev/null
    run validate flows/flows >/dev/null
    run run flows/flows/sales.yaml --quiet
    test -z "$(find . -maxdepth 1 -name 'segue-run-*')"
  ) || fail "the program in $(dirname "$program") does not run"
  rm -rf "$work"
}

install_to() {
  local prefix=${DESTDIR:-}$1
  # In lib/segue, the program finds its library without another copy of DuckDB in the way.
  bin=lib/segue lay_out "$prefix" lib/segue lib/segue
  install -d "$prefix/bin"
  ln -sf ../lib/segue/segue "$prefix/bin/segue"
  try "$prefix/bin/segue"
  say "installed $prefix/bin/segue"
  case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) echo "   add $prefix/bin to PATH" ;;
  esac
}

archive_to() {
  local dir=$1 name
  install -d "$dir"
  dir=$(cd "$dir" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  name=segue-$version-$system
  lay_out "$work/$name" bin lib
  cat >"$work/$name/README.md" <<END
# Segue $version

\`bin/segue\` runs from here, from any folder. To install it for everybody:

    sudo cp -r bin lib share /usr/local/

First steps:

    bin/segue init my-flows
    bin/segue run my-flows/flows/hello.yaml
    bin/segue test my-flows/flows
    bin/segue server --flows my-flows/flows --open
END
  tar -C "$work" --owner=0 --group=0 -czf "$dir/$name.tar.gz" "$name"
  # What is tried is what was packed, in another folder.
  mkdir "$work/unpacked"
  tar -C "$work/unpacked" -xzf "$dir/$name.tar.gz"
  try "$work/unpacked/$name/bin/segue"
  say "$dir/$name.tar.gz, $(du -h "$dir/$name.tar.gz" | cut -f1)"
  if command -v dpkg-deb >/dev/null; then package_to "$dir"; fi
}

package_to() {
  local dir=$1 arch
  arch=$(dpkg --print-architecture)
  bin=lib/segue lay_out "$work/deb/usr" lib/segue lib/segue
  install -d "$work/deb/usr/bin" "$work/deb/DEBIAN"
  ln -s ../lib/segue/segue "$work/deb/usr/bin/segue"
  # The libraries that the program and DuckDB load.
  cat >"$work/deb/DEBIAN/control" <<END
Package: segue
Version: $version
Architecture: $arch
Maintainer: The authors of Segue
Depends: libc6, libgcc-s1, libstdc++6
Recommends: ca-certificates
Section: utils
Priority: optional
Description: Runs flows written in Kestra's YAML, without a server that is always on
END
  # gzip takes seconds. xz would save a third of the size, and take minutes.
  dpkg-deb --root-owner-group -Zgzip --build "$work/deb" "$dir/segue_${version}_$arch.deb" >/dev/null
  mkdir "$work/from-deb"
  dpkg-deb -x "$dir/segue_${version}_$arch.deb" "$work/from-deb"
  try "$work/from-deb/usr/bin/segue"
  say "$dir/segue_${version}_$arch.deb, $(du -h "$dir/segue_${version}_$arch.deb" | cut -f1)"
}

case ${1:-} in
  install) install_to "${2:?usage: dist.sh install PREFIX}" ;;
  archive) archive_to "${2:?usage: dist.sh archive DIR}" ;;
  *) fail "usage: dist.sh install PREFIX | archive DIR" ;;
esac
