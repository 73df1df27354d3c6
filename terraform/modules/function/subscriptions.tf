# The subscriptions that push messages to the service.

locals {
  subscriptions = { for one in var.facts.subscriptions : one.topic => one }
}

resource "google_pubsub_subscription" "this" {
  for_each = local.subscriptions

  project = var.project
  name    = "${local.service}-${each.key}"
  topic   = var.targets.topics[each.key]

  ack_deadline_seconds       = each.value.ack_deadline_s
  message_retention_duration = "604800s"

  # Never. Google's own answer is 31 days without a message, and a flow may run once a month.
  expiration_policy {
    ttl = ""
  }

  push_config {
    push_endpoint = "${local.url}${each.value.path}"

    oidc_token {
      audience              = local.url
      service_account_email = var.push_account.email
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.minimum_backoff_s}s"
    maximum_backoff = "${each.value.maximum_backoff_s}s"
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.max_delivery_attempts[*]
    content {
      dead_letter_topic     = "projects/${var.project}/topics/${var.targets.topics["dead-letters"]}"
      max_delivery_attempts = dead_letter_policy.value
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.caller]
}

# Pub/Sub itself takes a dead letter off the subscription. Without this role the message stays.
resource "google_pubsub_subscription_iam_member" "dead_letters" {
  for_each = { for topic, one in local.subscriptions : topic => one if one.max_delivery_attempts != null }

  project      = var.project
  subscription = google_pubsub_subscription.this[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
