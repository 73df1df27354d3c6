output "bucket" {
  description = "The name of the bucket of internal storage."
  value       = google_storage_bucket.internal.name
}

output "containers_account" {
  description = "The account that containers run as: email, and the name that grants on it need."
  value = {
    email = google_service_account.containers.email
    name  = "projects/${var.project}/serviceAccounts/${google_service_account.containers.email}"
  }
  depends_on = [google_project_iam_member.builds, google_storage_bucket_iam_member.containers]
}
