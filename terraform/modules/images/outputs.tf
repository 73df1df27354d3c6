output "mirror" {
  description = "How the names of all mirrors begin: REGION-docker.pkg.dev/PROJECT/PREFIX."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${var.prefix}"
}

output "mirrors" {
  description = "The names of the mirrors, by what they mirror."
  value = merge(
    { docker = google_artifact_registry_repository.docker_hub.repository_id },
    { for key, mirror in google_artifact_registry_repository.mirror : key => mirror.repository_id },
  )
}

output "repository" {
  description = "Where the images of the functions are: REGION-docker.pkg.dev/PROJECT/NAME."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.functions.repository_id}"
}
