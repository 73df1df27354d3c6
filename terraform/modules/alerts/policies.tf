# The alerts, if somebody reads them: Google bills each condition. Each says what to do.

locals {
  _subscriptions = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=starts_with(\"${var.prefix}-\")"
  _services      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=starts_with(\"${var.prefix}-\")"

  # Each fires when the value stays on the wrong side of the limit for as long as `for` says.
  alerts = {
    "dead letters" = {
      filter  = "metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" AND ${local._subscriptions}"
      aligner = "ALIGN_DELTA"
      window  = "300s"
      over    = 0
      for     = "0s"
      advice  = "Messages were given up after max_delivery_attempts deliveries. Their task runs fail with the reason. The subscription names the function. Look at the logs of the function from before this time."
    }
    "messages wait" = {
      filter  = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND ${local._subscriptions}"
      aligner = "ALIGN_MAX"
      window  = "300s"
      over    = 1800
      for     = "600s"
      advice  = "A message has waited for more than half an hour. Its function answers errors or is overloaded: look at its logs, and at max_instances in its function.yaml."
    }
    "too few instances" = {
      filter  = "metric.type=\"run.googleapis.com/request_count\" AND ${local._services} AND metric.labels.response_code=\"429\""
      aligner = "ALIGN_DELTA"
      window  = "300s"
      over    = 0
      for     = "600s"
      advice  = "Cloud Run has turned requests away for ten minutes, because all instances were busy. The messages are delivered again later. Raise max_instances or concurrency in function.yaml if this happens often."
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  count = var.email == null ? 0 : 1

  project      = var.project
  display_name = "Segue (${var.prefix})"
  type         = "email"
  labels       = { email_address = var.email }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = var.email == null ? {} : local.alerts

  project               = var.project
  display_name          = "Segue (${var.prefix}): ${each.key}"
  combiner              = "OR"
  notification_channels = google_monitoring_notification_channel.email[*].name

  conditions {
    display_name = each.key

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      duration        = each.value.for
      threshold_value = each.value.over

      aggregations {
        alignment_period   = each.value.window
        per_series_aligner = each.value.aligner
      }
    }
  }

  documentation {
    content   = each.value.advice
    mime_type = "text/markdown"
  }
}
