#!/usr/bin/env bash
# Builds the image of every function with Docker, or with buildah where no Docker daemon runs.
#
#   REPOSITORY  the repository of the images: the output `repository` of Terraform; default: segue, which cannot be pushed
#   TAG         their tag; default: the commit
#   PUSH=1      push the images, and write terraform/images.auto.tfvars.json with their digests
#
# The script fails if the image of a function without packages is larger than LIMIT bytes compressed, and that of duckdb
# than LIMIT_WITH_DUCKDB.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/tools/lib.sh
. tests/tools/lib.sh
repository=${REPOSITORY:-segue}
tag=${TAG:-$(git rev-parse --short=12 HEAD)}
readonly LIMIT=25000000
# DuckDB's library is larger than all programs together.
readonly LIMIT_WITH_DUCKDB=60000000

# Each builder has three functions: build IMAGE TARGET FUNCTION; compressed IMAGE prints the bytes of the layers;
# push IMAGE prints the digest.
if docker info >/dev/null 2>&1; then
  builder=Docker
  export DOCKER_BUILDKIT=1
  build() { docker build --quiet --target "$2" --build-arg "FUNCTION=$3" --tag "$1" . >/dev/null; }
  compressed() { docker save "$1" | gzip -6 | wc -c; }
  push() {
    docker push --quiet "$1" >/dev/null
    docker image inspect --format '{{join .RepoDigests "\n"}}' "$1" | grep -F "${1%:*}@" | head -n 1 | sed 's/.*@//'
  }
elif command -v buildah >/dev/null; then
  builder=buildah
  # Without a daemon each stage is a command in a chroot, which needs no rights over the machine.
  export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
  build() {
    buildah build --quiet --layers --target "$2" --build-arg "FUNCTION=$3" --ignorefile .dockerignore --tag "$1" . \
      >/dev/null
  }
  compressed() {
    local archive
    archive=$(mktemp -u)
    buildah push --quiet "$1" "oci-archive:$archive"
    wc -c <"$archive"
    rm -f "$archive"
  }
  push() {
    local digest
    digest=$(mktemp)
    buildah push --quiet --digestfile "$digest" "$1" "docker://$1"
    cat "$digest"
    rm -f "$digest"
  }
else
  fail "no Docker daemon runs here and buildah is not installed; start Docker, or: apt-get install buildah"
fi

digests=()
for folder in functions/*/; do
  name=$(basename "$folder")
  image=$repository/$name:$tag
  target=plain
  [ ! -f "${folder}packages.txt" ] || target=with-packages
  say "$image ($target, $builder)"
  build "$image" "$target" "$name"
  size=$(compressed "$image")
  awk -v size="$size" 'BEGIN { printf "   %.1f MB compressed\n", size / 1e6 }'
  limit=$LIMIT
  [ "$name" != duckdb ] || limit=$LIMIT_WITH_DUCKDB
  [ "$target" != plain ] || [ "$size" -le "$limit" ] || fail "$image is larger than $((limit / 1000000)) MB compressed"
  if [ "${PUSH:-}" = 1 ]; then
    digests+=("    \"$name\": \"$repository/$name@$(push "$image")\"")
  fi
done

if [ "${PUSH:-}" = 1 ]; then
  {
    printf '{\n  "images": {\n'
    (IFS=$'\n'; sed '$!s/$/,/' <<<"${digests[*]}")
    printf '  }\n}\n'
  } >terraform/images.auto.tfvars.json
  say "terraform/images.auto.tfvars.json has the digests"
fi
