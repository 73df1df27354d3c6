# The function's own account. Nobody else acts as it, and it has no key.

resource "google_service_account" "this" {
  project      = var.project
  account_id   = local.service
  display_name = "Segue: ${var.name}"
}

# Cloud Tasks and Cloud Run act as other accounts on behalf of the function, and ask whether the function may use them.
resource "google_service_account_iam_member" "act_as" {
  for_each = toset(var.facts.act_as)

  service_account_id = var.accounts[each.key]
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.this.member
}

# Its environment refers to these secrets.
resource "google_secret_manager_secret_iam_member" "platform" {
  for_each = var.secrets

  project   = var.project
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}
