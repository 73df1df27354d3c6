# One dashboard: what comes in, what waits, what fails, what runs.

locals {
  _tiles = [
    {
      title    = "Messages published, by topic"
      filter   = "metric.type=\"pubsub.googleapis.com/topic/send_request_count\" resource.type=\"pubsub_topic\" resource.labels.topic_id=starts_with(\"${var.prefix}-\")"
      aligner  = "ALIGN_RATE"
      group_by = "resource.label.topic_id"
    },
    {
      title    = "Age of the oldest message in seconds, by subscription"
      filter   = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" ${replace(local._subscriptions, " AND ", " ")}"
      aligner  = "ALIGN_MAX"
      group_by = "resource.label.subscription_id"
    },
    {
      title    = "Requests, by answer"
      filter   = "metric.type=\"run.googleapis.com/request_count\" ${replace(local._services, " AND ", " ")}"
      aligner  = "ALIGN_RATE"
      group_by = "metric.label.response_code_class"
    },
    {
      title    = "Instances, by function"
      filter   = "metric.type=\"run.googleapis.com/container/instance_count\" ${replace(local._services, " AND ", " ")}"
      aligner  = "ALIGN_MAX"
      group_by = "resource.label.service_name"
    },
    {
      title    = "Dead letters, by subscription"
      filter   = "metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" ${replace(local._subscriptions, " AND ", " ")}"
      aligner  = "ALIGN_DELTA"
      group_by = "resource.label.subscription_id"
    },
    {
      title    = "Delayed messages that wait"
      filter   = "metric.type=\"cloudtasks.googleapis.com/queue/depth\" resource.type=\"cloud_tasks_queue\" resource.label.queue_id=\"${var.prefix}-delays\""
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
