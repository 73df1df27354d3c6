# The images of the functions, and mirrors of registries that Cloud Run does not take images from.

locals {
  mirrors = {
    ghcr = "https://ghcr.io"
    mcr  = "https://mcr.microsoft.com"
    quay = "https://quay.io"
  }
}

resource "google_artifact_registry_repository" "functions" {
  project       = var.project
  location      = var.region
  repository_id = var.prefix
  description   = "Images of Segue's functions"
  format        = "DOCKER"

  # Every deployed image has a tag. The rest is what builds left behind.
  cleanup_policies {
    id     = "untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s"
    }
  }
}

resource "google_artifact_registry_repository" "mirror" {
  for_each = local.mirrors

  project       = var.project
  location      = var.region
  repository_id = "${var.prefix}-${each.key}"
  description   = "Mirror of ${each.value} for containers of flows"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"

  remote_repository_config {
    common_repository {
      uri = each.value
    }
  }
}

# Docker Hub, too: its limits count for all of Google's customers together.
resource "google_artifact_registry_repository" "docker_hub" {
  project       = var.project
  location      = var.region
  repository_id = "${var.prefix}-docker"
  description   = "Mirror of Docker Hub for containers of flows"
  format        = "DOCKER"
  mode          = "REMOTE_REPOSITORY"

  remote_repository_config {
    docker_repository {
      public_repository = "DOCKER_HUB"
    }
  }
}
