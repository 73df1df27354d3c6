output "push_account" {
  description = "The account that pushes messages: email, member and name."
  value = {
    email  = google_service_account.push.email
    member = google_service_account.push.member
    name   = "projects/${var.project}/serviceAccounts/${google_service_account.push.email}"
  }
  depends_on = [google_service_account_iam_member.push_tokens]
}

output "topics" {
  description = "The names of the topics, by their names without the prefix."
  value       = { for key, topic in google_pubsub_topic.this : key => topic.name }
}
