# The account that containers and builds of images run as. Both run whatever a flow names, so the account may use files,
# push to the repositories that the deployment names, write logs, and nothing else.

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

# Cloud Build writes the log of a build with the account of the build.
resource "google_project_iam_member" "builds" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.containers.member
}

resource "google_artifact_registry_repository_iam_member" "builds" {
  for_each = var.image_repositories

  project    = var.project
  location   = var.region
  repository = each.key
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.containers.member
}
