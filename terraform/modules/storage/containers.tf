# The account that containers run as. A container runs whatever a flow names, so the account may use files, and nothing
# else.

resource "google_service_account" "containers" {
  project      = var.project
  account_id   = "${var.prefix}-containers"
  display_name = "Segue: runs containers of flows"
}

resource "google_storage_bucket_iam_member" "containers" {
  bucket = google_storage_bucket.internal.name
  role   = "roles/storage.objectUser"
  member = google_service_account.containers.member
}
