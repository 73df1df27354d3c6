#!/usr/bin/env bash
# Runs the configuration in terraform/ through Terraform, and checks its plans. Nothing is deployed.
#
# Terraform fetches the provider hashicorp/google. If this fails, the script builds a stand-in with the same schema
# (tests/terraform). With the stand-in, the script also applies and destroys the configuration.
#
#   PROVIDER=real      fail if the real provider cannot be fetched
#   PROVIDER=stand-in  use the stand-in
#   UPDATE=1           write the table of roles in docs/roles.md
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/tools/lib.sh
. tests/tools/lib.sh
repository=$PWD
version=7.45.0
command -v terraform >/dev/null || fail "terraform is not installed: https://developer.hashicorp.com/terraform/install"
command -v go >/dev/null || fail "go is not installed: https://go.dev/doc/install"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1 TF_DATA_DIR=$work/data
export TF_CLI_ARGS=-no-color
# The script works on a copy, so that no state and no lock file stays in terraform/.
cp -r terraform functions flows "$work"
rm -rf "$work/terraform/.terraform" "$work"/terraform/*.tfstate* "$work"/terraform/*tfvars* "$work/terraform/.terraform.lock.hcl"

# Prints the errors in the output of the last command, without the plan before them.
complain() { sed -n '/Error/,$p' "$work/output"; }
quiet() {
  "$@" >"$work/output" 2>&1 || { complain; fail "$* failed"; }
}

# Builds the stand-in in a folder where Terraform looks for providers.
stand_in() {
  local folder platform
  platform=$(go env GOOS)_$(go env GOARCH)
  folder=$work/mirror/registry.terraform.io/hashicorp/google/$version/$platform
  mkdir -p "$folder"
  (cd "$repository/tests/terraform" && nice -n 10 go build -o "$folder/terraform-provider-google_v$version" ./provider)
  printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$work/mirror" >"$work/terraformrc"
  export TF_CLI_CONFIG_FILE=$work/terraformrc
}

say "format"
terraform fmt -check -diff -recursive terraform
cd "$work/terraform"

provider=stand-in
if [ "${PROVIDER:-}" != stand-in ] && timeout 60 terraform init -backend=false >"$work/output" 2>&1; then
  provider=real
  say "the real provider: $(terraform version | sed -n 's/^+ provider //p')"
elif [ "${PROVIDER:-}" = real ]; then
  cat "$work/output"
  fail "the real provider cannot be fetched"
else
  say "the stand-in for the provider, with the schema of $version"
  rm -rf .terraform.lock.hcl "$TF_DATA_DIR"
  stand_in
  quiet terraform init
fi

say "validate"
quiet terraform validate
say "terraform test"
terraform test | grep -v 'in progress\|tearing down' || fail "terraform test failed"

# project.auto.tfvars is part of every plan. demo.tfvars switches on everything that variables can switch on.
printf 'project = "demo-project"\nproject_number = "123456789012"\n' >project.auto.tfvars
cat >"$work/demo.tfvars" <<'EOF'
alert_email = "data@example.com"
budget      = { amount = 20, billing_account = "012345-6789AB-CDEF01" }
buckets     = ["demo-trips"]
cloud_sql_instances = ["demo-project:europe-west1:trips"]
datasets    = ["trips"]
flows       = "../flows"
image_repositories = ["flows"]
EOF
demo=(-var-file "$work/demo.tfvars")
if [ $provider = real ]; then
  # A plan for an empty project sends no request to Google. The provider requires credentials nevertheless.
  export GOOGLE_OAUTH_ACCESS_TOKEN=${GOOGLE_OAUTH_ACCESS_TOKEN:-none}
fi
plans=$work/plans
mkdir "$plans"
# Plans with the arguments, and prints the plan as JSON to a file in `plans`.
plan() {
  local name=$1
  shift
  quiet terraform plan -out "$plans/$name.plan" "$@"
  terraform show -json "$plans/$name.plan" >"$plans/$name.json"
}
say "plan"
plan minimal
plan plan "${demo[@]}"
plan iap "${demo[@]}" -var 'api={ auth = "iap", members = ["group:data@example.com"] }' -var public_webhooks=true
# Creates a new folder in functions/, as a developer would.
add_function() {
  mkdir ../functions/example
  sed 's/task-http/task-example/' ../functions/http/function.yaml >../functions/example/function.yaml
}

if [ $provider = real ]; then
  say "apply, a second plan and destroy: only with the stand-in, because they would make real things"
  add_function
  plan new-folder "${demo[@]}"
else
  say "apply"
  quiet terraform apply "$plans/plan.plan"
  say "the second plan is empty"
  quiet terraform plan -detailed-exitcode "${demo[@]}"
  add_function
  plan new-folder "${demo[@]}"
  rm -r ../functions/example
  say "destroy, refused as long as data is protected"
  if terraform destroy -auto-approve "${demo[@]}" >"$work/output" 2>&1; then fail "protected data was destroyed"; fi
  grep -q DELETE_PROTECTION_ENABLED "$work/output" || { complain; fail "destroy failed"; }
  quiet terraform apply -auto-approve "${demo[@]}" -var deletion_protection=false
  quiet terraform destroy -auto-approve "${demo[@]}" -var deletion_protection=false
  [ -z "$(terraform state list)" ] || fail "destroy left $(terraform state list)"
fi

# Deploys like `make deploy`, with the given status as the API's answer. Fails if the deployment fails.
deploy_with_answer() {
  printf '#!/bin/sh\nprintf %s\n' "$1" >"$work/bin/curl"
  (cd "$work" && PATH=$work/bin:$PATH tests/tools/deploy.sh) >"$work/output" 2>&1
}
# Writes images of the functions, with the given digit in all digests.
images() {
  printf '{"images": {"http": "europe-west1-docker.pkg.dev/demo-project/segue/http@sha256:%064d"}}\n' "$1" \
    >images.auto.tfvars.json
}
if [ $provider = stand-in ]; then
  say "a deployment that answers errors goes back to the previous images"
  mkdir -p "$work/bin" "$work/tests"
  cp -r "$repository/tests/tools" "$work/tests"
  printf '#!/bin/sh\n' >"$work/bin/sleep"
  chmod +x "$work/bin/sleep"
  touch "$work/bin/curl"
  chmod +x "$work/bin/curl"
  images 1
  deploy_with_answer 200 || { complain; fail "the first deployment failed"; }
  images 2
  if deploy_with_answer 503; then fail "a deployment that answers errors succeeded"; fi
  grep -q 'the previous images are deployed again' "$work/output" || { complain; fail "nothing was deployed again"; }
  terraform output -json images | grep -q "sha256:$(printf %064d 1)" || fail "the previous images do not run"
fi

say "checks of the plans"
cd "$repository/tests/terraform"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "not formatted by gofmt: $unformatted"
nice -n 10 go vet ./...
# The cache is off, because Go does not notice new plans.
SEGUE_PLANS=$plans nice -n 10 go test -count=1 ./...
say "terraform: done, with the $provider provider"
