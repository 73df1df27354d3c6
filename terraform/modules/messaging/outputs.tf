output "push_account" {
  description = "The account that pushes messages: email and member."
  value = {
    email  = google_service_account.push.email
    member = google_service_account.push.member
  }
  depends_on = [google_service_account_iam_member.push_tokens]
}

output "topics" {
  description = "The names of the topics, by their names without the prefix."
  value       = { for key, topic in google_pubsub_topic.this : key => topic.name }
}
