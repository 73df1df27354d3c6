#!/usr/bin/env bash
# Builds, serves or tests the web pages. Without npm, `build` prints this and succeeds. Then the programs contain only a
# page that explains how to build the web pages. With SEGUE_WEB=require, `build` fails without npm.
# SEGUE is the program that `test` and `volumes` start. `volumes` measures the pages with large amounts of everything.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root/shared/web/app"

# Whether npm and a Node.js that Vite supports are installed.
is_usable() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}
if ! is_usable; then
  echo "the web pages are not built: that needs npm and Node.js 20.19 or later" >&2
  [ "$1" = build ] && [ "${SEGUE_WEB:-}" != require ]
  exit
fi

# Installs the packages in package-lock.json, if the installed packages are older than the file.
install() {
  [ node_modules/.package-lock.json -nt package-lock.json ] || nice -n 5 npm ci --no-audit --no-fund
}

case $1 in
  build)
    # Nothing to do if no source is newer than the last build.
    if [ -f ../dist/index.html ] && [ -f build/.built ]; then
      newer=$(find src public scripts ./*.* -newer build/.built -print -quit)
      if [ -z "$newer" ]; then exit; fi
    fi
    install
    nice -n 5 npm run --silent build
    touch build/.built
    ;;
  dev)
    install
    exec npm run dev
    ;;
  test)
    install
    npm run --silent check
    npm run --silent unit
    SEGUE=$(realpath "$SEGUE") npm run --silent browser
    ;;
  volumes)
    install
    SEGUE=$(realpath "$SEGUE") npm run --silent volumes
    ;;
  *)
    echo "usage: web.sh build|dev|test|volumes" >&2
    exit 2
    ;;
esac
