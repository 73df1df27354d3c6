# The queue of delayed messages: a task is a request to Pub/Sub, or to Cloud Tasks itself if the delay is over 29 days.

resource "google_cloud_tasks_queue" "this" {
  project  = var.project
  location = var.region
  name     = "${var.prefix}-delays"

  # Google's most.
  rate_limits {
    max_concurrent_dispatches = 1000
    max_dispatches_per_second = 500
  }

  # A message must not be lost because Pub/Sub was away for a while.
  retry_config {
    max_attempts  = -1
    max_backoff   = "600s"
    max_doublings = 10
    min_backoff   = "1s"
  }
}
