# The service itself.

locals {
  service = "${var.prefix}-${var.name}"

  # Cloud Run gives a service this address before the service exists, so that the service can be told its own address.
  url = "https://${local.service}-${var.project_number}.${var.region}.run.app"

  by_people = var.api != null
  by_iap    = try(var.api.auth, "") == "iap"

  environment = merge(
    var.environment,
    {
      SEGUE_PUSH_ACCOUNT  = var.push_account.email
      SEGUE_PUSH_AUDIENCE = local.url
    },
    local.by_people ? { SEGUE_URL = local.url } : {},
    try(var.api.auth, "") == "basic" ? { SEGUE_USERNAME = var.api.username } : {},
    try(var.api.auth, "") == "webhooks" ? { SEGUE_API_AUTH = "webhooks" } : {},
    local.by_iap ? {
      SEGUE_API_AUTH     = "iap"
      SEGUE_IAP_AUDIENCE = "/projects/${var.project_number}/locations/${var.region}/services/${local.service}"
    } : {},
  )

  disk = try(var.facts.disk, null)

  # The instances of Cloud SQL with a socket below /cloudsql.
  instances = length(local._on.cloud_sql) > 0 ? sort(keys(var.targets.cloud_sql)) : []
}

resource "google_cloud_run_v2_service" "this" {
  project  = var.project
  location = var.region
  name     = local.service

  # It holds nothing: a folder that is removed from functions/ removes its service.
  deletion_protection = false

  iap_enabled = local.by_iap
  ingress     = local.by_people ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_ONLY"

  # With basic authentication the API checks its callers itself: their header is the one that Google would look at.
  # Webhooks have their key.
  invoker_iam_disabled = local.by_people && !local.by_iap

  # Disks are a preview of Cloud Run's, and Identity-Aware Proxy was one until lately.
  launch_stage = local.disk != null || local.by_iap ? "BETA" : "GA"

  template {
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = var.facts.concurrency
    service_account                  = google_service_account.this.email
    timeout                          = "${var.facts.timeout_s}s"

    scaling {
      max_instance_count = var.facts.max_instances
      min_instance_count = 0
    }

    containers {
      image = var.image

      # Cloud Run passes requests and answers above 32 MiB on over HTTP/2 alone.
      dynamic "ports" {
        for_each = local.by_people ? ["h2c"] : []
        content {
          name           = ports.value
          container_port = 8080
        }
      }

      resources {
        # Billed by requests: an instance that answers nobody costs nothing.
        cpu_idle = true
        limits = {
          cpu    = tostring(var.facts.cpu)
          memory = var.facts.memory
        }
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.environment
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }

      dynamic "volume_mounts" {
        for_each = local.disk[*]
        content {
          name       = "work"
          mount_path = "/tmp/segue-work"
        }
      }

      dynamic "volume_mounts" {
        for_each = length(local.instances) > 0 ? ["cloudsql"] : []
        content {
          name       = volume_mounts.value
          mount_path = "/cloudsql"
        }
      }
    }

    dynamic "volumes" {
      for_each = local.disk[*]
      content {
        name = "work"
        empty_dir {
          medium     = "DISK"
          size_limit = volumes.value
        }
      }
    }

    dynamic "volumes" {
      for_each = length(local.instances) > 0 ? ["cloudsql"] : []
      content {
        name = volumes.value
        cloud_sql_instance {
          instances = local.instances
        }
      }
    }
  }

  lifecycle {
    # Google answers with the stage that the features have by now.
    ignore_changes = [launch_stage]
  }

  # Without its grants a first instance would not start.
  depends_on = [
    google_project_iam_member.cloud_sql,
    google_project_iam_member.this,
    google_secret_manager_secret_iam_member.platform,
    google_service_account_iam_member.act_as,
    google_storage_bucket_iam_member.internal,
  ]
}
