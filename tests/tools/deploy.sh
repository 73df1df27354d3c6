#!/usr/bin/env bash
# Applies the Terraform configuration with the images of terraform/images.auto.tfvars.json, and checks that the API
# answers. If Terraform or the API fails, the script applies the previous images again.
#
#   STATE_BUCKET  the bucket of Terraform's state; default: the state is a file in terraform/
#   PREFIX        the folder of the state in that bucket; default: segue
# Terraform reads its own variables from files or from TF_VAR_project and so on.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../terraform"
# shellcheck source=tests/tools/lib.sh
. ../tests/tools/lib.sh
export TF_IN_AUTOMATION=1 TF_INPUT=0
images=images.auto.tfvars.json
[ -f "$images" ] || fail "terraform/$images is missing: PUSH=1 make images writes it"

if [ -n "${STATE_BUCKET:-}" ]; then
  printf 'terraform {\n  backend "gcs" {}\n}\n' >backend.tf
  terraform init -backend-config="bucket=$STATE_BUCKET" -backend-config="prefix=${PREFIX:-segue}"
else
  terraform init
fi

# The images that run now. Empty at the first deployment.
before=$(terraform output -json images 2>/dev/null || true)

# Waits up to a minute for an answer of the API without a server error. An answer that requires a login is enough.
healthy() {
  local url status
  url=$(terraform output -raw api)
  for _ in $(seq 12); do
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 30 "$url/health" || true)
    case $status in 2?? | 3?? | 401 | 403) return 0 ;; esac
    sleep 5
  done
  printf '%s/health answers %s\n' "$url" "$status" >&2
  return 1
}

if terraform apply -auto-approve && healthy; then
  say "deployed: $(terraform output -raw api)"
  exit 0
fi
case $before in
  '{'*@sha256:*) ;;
  *) fail "the deployment failed, and there are no previous images to go back to" ;;
esac
say "the deployment failed: the previous images are applied again"
mv "$images" failed-images.json
printf '{"images": %s}\n' "$before" >"$images"
terraform apply -auto-approve
fail "the deployment failed; the previous images are deployed again, and terraform/failed-images.json has the new ones"
