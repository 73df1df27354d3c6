output "service" {
  description = "The name of the service."
  value       = google_cloud_run_v2_service.this.name
}

output "subscriptions" {
  description = "The names of the subscriptions, by their topics without the prefix."
  value       = { for topic, one in google_pubsub_subscription.this : topic => one.name }
}

output "url" {
  description = "The address of the service."
  value       = local.url
  depends_on  = [google_cloud_run_v2_service.this, google_cloud_run_v2_service_iam_member.caller]
}
