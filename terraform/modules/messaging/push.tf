# The account that pushes messages to the functions. It may call them and do nothing else.

locals {
  # Google's own account that Pub/Sub works as in this project.
  agent = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_service_account" "push" {
  project      = var.project
  account_id   = "${var.prefix}-push"
  display_name = "Segue: pushes messages to the functions"
}

# In projects that are older than April 2021, Pub/Sub needs this role to sign the push account's tokens.
resource "google_service_account_iam_member" "push_tokens" {
  service_account_id = "projects/${var.project}/serviceAccounts/${google_service_account.push.email}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.agent
}
