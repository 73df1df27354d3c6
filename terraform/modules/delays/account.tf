# The account that Cloud Tasks publishes as.

resource "google_service_account" "tasks" {
  project      = var.project
  account_id   = "${var.prefix}-tasks"
  display_name = "Segue: publishes delayed messages"
}

resource "google_pubsub_topic_iam_member" "tasks" {
  for_each = var.topics

  project = var.project
  topic   = each.value
  role    = "roles/pubsub.publisher"
  member  = google_service_account.tasks.member
}

# A delay of more than 29 days is a task that makes the next one, in its own name.
resource "google_cloud_tasks_queue_iam_member" "tasks" {
  project  = var.project
  location = var.region
  name     = google_cloud_tasks_queue.this.name
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.tasks.member
}

resource "google_service_account_iam_member" "tasks_as_itself" {
  service_account_id = "projects/${var.project}/serviceAccounts/${google_service_account.tasks.email}"
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.tasks.member
}
