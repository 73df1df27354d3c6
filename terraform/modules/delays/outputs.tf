output "account" {
  description = "The account that publishes delayed messages: email, and the name that grants on it need."
  value = {
    email = google_service_account.tasks.email
    name  = "projects/${var.project}/serviceAccounts/${google_service_account.tasks.email}"
  }
  depends_on = [
    google_cloud_tasks_queue_iam_member.tasks, google_pubsub_topic_iam_member.tasks,
    google_service_account_iam_member.tasks_as_itself,
  ]
}

output "queue" {
  description = "The name of the queue."
  value       = google_cloud_tasks_queue.this.name
}
