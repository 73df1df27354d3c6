locals {
  _api      = local.people == null ? null : module.function[local.people].url
  _registry = "${var.region}-docker.pkg.dev/${var.project}"
  _secret   = "gcloud secrets versions access latest --project=${var.project} --secret="
  _user     = var.api.auth == "basic" ? "${var.api.username}:$(${local._secret}${module.secrets.password})" : null
  _message = jsonencode({
    namespace = "NAMESPACE", flowId = "FLOW", triggerId = "TRIGGER", start = "2024-01-01", end = "2024-12-31"
  })
}

output "api" {
  description = "The address of the API."
  value       = local._api
}

output "backfill" {
  description = "The command that starts a backfill. Replace what is in upper case."
  value       = "gcloud pubsub topics publish ${module.messaging.topics["backfills"]} --project=${var.project} --message='${local._message}'"
}

output "backfills_topic" {
  description = "The topic to which requests for backfills are published."
  value       = "projects/${var.project}/topics/${module.messaging.topics["backfills"]}"
}

output "deploy_flows" {
  description = "The command that saves the folder `flows`; with Identity-Aware Proxy, by the API of `server`. Null: no folder."
  value = var.flows == null ? null : (
    var.api.auth == "basic"
    ? "SEGUE_AUTH=\"${local._user}\" segue flow import ${var.flows} --server ${local._api}"
    : "segue flow import ${var.flows} --server http://127.0.0.1:8080"
  )
}

output "images" {
  description = "The images that were given by digest. `make deploy` goes back to them."
  value       = var.images
}

output "mirrors" {
  description = "What containers of flows name instead of a registry that Cloud Run does not know: the mirror ghcr for ghcr.io."
  value       = { for name, repository in module.images.mirrors : name => "${local._registry}/${repository}" }
}

output "password" {
  description = "The command that prints the password of the API. Null: Identity-Aware Proxy asks for none."
  value       = module.secrets.password == null ? null : "${local._secret}${module.secrets.password}"
}

output "repository" {
  description = "Where the images of the functions are pushed to."
  value       = module.images.repository
}

output "schedules" {
  description = "The jobs of Cloud Scheduler, with their crons."
  value       = { for name, one in local.schedules : name => one.cron }
}

output "server" {
  description = "The command that starts one more API for this deployment on the machine of a person with the roles."
  value = join(" ", [
    "SEGUE_BUCKET=${module.storage.bucket}",
    "SEGUE_DATABASE=${module.state.database}",
    "SEGUE_ENCRYPTION_KEY=\"$(${local._secret}${module.secrets.encryption_key})\"",
    "SEGUE_PREFIX=${var.prefix}",
    "SEGUE_PROJECT=${var.project}",
    "SEGUE_REGION=${var.region}",
    "SEGUE_TASKS_ACCOUNT=${module.delays.account.email}",
    "segue server --platform gcp",
  ])
}

output "services" {
  description = "The names of the services, by function."
  value       = { for name, function in module.function : name => function.service }
}

output "webhooks" {
  description = "The address that answers webhooks only, without a proxy or a password. Null: `public_webhooks` is false."
  value       = try(module.function["webhooks"].url, null)
}
