# One dashboard: what comes in, what waits, what fails, what runs.

locals {
  _topics = "resource.type=\"pubsub_topic\" AND resource.labels.topic_id=starts_with(\"${var.prefix}-\")"
  _queue  = "resource.type=\"cloud_tasks_queue\" AND resource.labels.queue_id=\"${var.prefix}-delays\""

  _tiles = [
    {
      title    = "Messages published, by topic"
      filter   = "metric.type=\"pubsub.googleapis.com/topic/send_request_count\" AND ${local._topics}"
      aligner  = "ALIGN_RATE"
      group_by = "resource.label.topic_id"
    },
    {
      title    = "Age of the oldest message in seconds, by subscription"
      filter   = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND ${local._subscriptions}"
      aligner  = "ALIGN_MAX"
      group_by = "resource.label.subscription_id"
    },
    {
      title    = "Requests, by answer"
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND ${local._services}"
      aligner  = "ALIGN_RATE"
      group_by = "metric.label.response_code_class"
    },
    {
      title    = "Instances, by function"
      filter   = "metric.type=\"run.googleapis.com/container/instance_count\" AND ${local._services}"
      aligner  = "ALIGN_MAX"
      group_by = "resource.label.service_name"
    },
    {
      title    = "Dead letters, by subscription"
      filter   = "metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" AND ${local._subscriptions}"
      aligner  = "ALIGN_DELTA"
      group_by = "resource.label.subscription_id"
    },
    {
      title    = "Delayed messages that wait"
      filter   = "metric.type=\"cloudtasks.googleapis.com/queue/depth\" AND ${local._queue}"
      aligner  = "ALIGN_MAX"
      group_by = "resource.label.queue_id"
    },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project

  dashboard_json = jsonencode({
    displayName = "Segue (${var.prefix})"
    mosaicLayout = {
      columns = 12
      tiles = [
        for at, tile in local._tiles : {
          height = 4
          width  = 6
          xPos   = at % 2 * 6
          yPos   = floor(at / 2) * 4
          widget = {
            title = tile.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = tile.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      crossSeriesReducer = "REDUCE_SUM"
                      groupByFields      = [tile.group_by]
                      perSeriesAligner   = tile.aligner
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })
}
