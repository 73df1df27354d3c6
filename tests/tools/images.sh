#!/usr/bin/env bash
# Builds the image of every function with Docker, and writes a list of the images for Terraform.
#
#   REPOSITORY  the repository of the images: Terraform's output `repository`; default: segue, which cannot be pushed
#   TAG         the tag of the images; default: the commit
#   PUSH=1      push the images, and write terraform/images.auto.tfvars.json with their digests
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/tools/lib.sh
. tests/tools/lib.sh
repository=${REPOSITORY:-segue}
tag=${TAG:-$(git rev-parse --short=12 HEAD)}
docker info >/dev/null 2>&1 || fail "Docker does not run here"
export DOCKER_BUILDKIT=1

digests=()
for folder in functions/*/; do
  name=$(basename "$folder")
  image=$repository/$name:$tag
  target=plain
  [ ! -f "${folder}packages.txt" ] || target=with-packages
  say "$image ($target)"
  docker build --quiet --target "$target" --build-arg "FUNCTION=$name" --tag "$image" . >/dev/null
  printf '   %s MB\n' "$(docker image inspect --format '{{.Size}}' "$image" | awk '{ printf "%.1f", $1 / 1e6 }')"
  if [ "${PUSH:-}" = 1 ]; then
    docker push --quiet "$image" >/dev/null
    digest=$(docker image inspect --format '{{join .RepoDigests "\n"}}' "$image" | grep -F "$repository/$name@" | head -n 1)
    digests+=("    \"$name\": \"$digest\"")
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
