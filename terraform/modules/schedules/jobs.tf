# The jobs of Cloud Scheduler. A message names no time: the state of the trigger says which fire times are due.

# Finds lost work: timers that are overdue, fire times that are due, executions that nothing continues.
resource "google_cloud_scheduler_job" "sweep" {
  project     = var.project
  region      = var.region
  name        = "${var.prefix}-sweep"
  description = "Segue: finds lost work"
  schedule    = "7 * * * *"
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = "projects/${var.project}/topics/${var.topic}"
    data       = base64encode(jsonencode({ kind = "sweep" }))
  }
}

resource "google_cloud_scheduler_job" "tick" {
  for_each = var.schedules

  project     = var.project
  region      = var.region
  name        = "${var.prefix}-${each.key}"
  description = "Segue: ${each.value.namespace}.${each.value.flow}, trigger ${each.value.trigger}"
  schedule    = each.value.cron
  time_zone   = each.value.timezone

  pubsub_target {
    topic_name = "projects/${var.project}/topics/${var.topic}"
    data = base64encode(jsonencode({
      flowId    = each.value.flow
      namespace = each.value.namespace
      triggerId = each.value.trigger
    }))
  }
}
