# The topics between the functions. Their subscriptions belong to the functions.

resource "google_pubsub_topic" "this" {
  for_each = var.topics

  project = var.project
  name    = "${var.prefix}-${each.key}"

  # A subscription that was deleted by mistake can be made again, and finds the messages of the last day.
  message_retention_duration = "86400s"
}

# Pub/Sub itself moves messages to the dead letters. Without this role it drops them.
resource "google_pubsub_topic_iam_member" "dead_letters" {
  project = var.project
  topic   = google_pubsub_topic.this["dead-letters"].name
  role    = "roles/pubsub.publisher"
  member  = local.agent
}
