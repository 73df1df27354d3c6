output "api" {
  description = "The address of the API."
  value       = local._api
}

output "backfill" {
  description = "The command that starts a backfill. Replace what is in upper case."
  value = join("", [
    "gcloud pubsub topics publish ${module.messaging.topics["backfills"]} --project=${var.project} --message=",
    "'{\"namespace\": \"NAMESPACE\", \"flowId\": \"FLOW\", \"triggerId\": \"TRIGGER\", \"start\": \"2024-01-01\", \"end\": \"2024-12-31\"}'",
  ])
}

output "backfills_topic" {
  description = "The topic to which requests for backfills are published."
  value       = "projects/${var.project}/topics/${module.messaging.topics["backfills"]}"
}

output "deploy_flows" {
  description = "The command that saves the flows of the folder `flows`. With Identity-Aware Proxy it talks to an API on this machine: see `server`. Null: no folder was given."
  value = var.flows == null ? null : (
    var.api.auth == "basic"
    ? "SEGUE_AUTH=\"${var.api.username}:$(gcloud secrets versions access latest --project=${var.project} --secret=${module.secrets.password})\" segue flow import ${var.flows} --server ${local._api}"
    : "segue flow import ${var.flows} --server http://127.0.0.1:8080"
  )
}

output "images" {
  description = "The images that were given by digest. `make deploy` goes back to them."
  value       = var.images
}

output "mirrors" {
  description = "The mirrors of registries, for images that containers of flows name: instead of ghcr.io/NAME, the mirror ghcr and /NAME."
  value       = { for name, repository in module.images.mirrors : name => "${var.region}-docker.pkg.dev/${var.project}/${repository}" }
}

output "password" {
  description = "The command that prints the password of the API. Null: Identity-Aware Proxy asks for none."
  value       = module.secrets.password == null ? null : "gcloud secrets versions access latest --project=${var.project} --secret=${module.secrets.password}"
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
  description = "The command that starts one more API for this deployment, on the machine of a person who may read and write its data."
  value = join(" ", [
    "SEGUE_BUCKET=${module.storage.bucket}",
    "SEGUE_DATABASE=${module.state.database}",
    "SEGUE_ENCRYPTION_KEY=\"$(gcloud secrets versions access latest --project=${var.project} --secret=${module.secrets.encryption_key})\"",
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

locals {
  _api = one([for name, function in module.function : function.url if try(local.functions[name].ingress, "") == "all"])
}
