# The sweep finds lost work every hour. This alert fires when no sweep has ended for two hours.

resource "google_logging_metric" "sweep" {
  count = var.email == null ? 0 : 1

  project     = var.project
  name        = "${var.prefix}-sweep"
  description = "Sweeps of Segue that ended"
  filter = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=\"${var.scheduler}\"",
    "jsonPayload.message=\"the sweep is done\"",
  ])

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

resource "google_monitoring_alert_policy" "sweep" {
  count = var.email == null ? 0 : 1

  project               = var.project
  display_name          = "Segue (${var.prefix}): no sweep"
  combiner              = "OR"
  notification_channels = google_monitoring_notification_channel.email[*].name

  conditions {
    display_name = "no sweep for two hours"

    condition_threshold {
      filter = join(" AND ", [
        "metric.type=\"logging.googleapis.com/user/${google_logging_metric.sweep[0].name}\"",
        "resource.type=\"cloud_run_revision\"",
      ])
      comparison              = "COMPARISON_LT"
      duration                = "300s"
      threshold_value         = 1
      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"

      aggregations {
        alignment_period     = "7200s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "Lost work is found late, and executions may stand still. Look at the job ${var.prefix}-sweep in Cloud Scheduler, and at the logs of ${var.scheduler}."
    mime_type = "text/markdown"
  }
}
