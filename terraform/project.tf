# The project: its number, and the services of Google that the deployment uses.

locals {
  project_number = coalesce(var.project_number, one(data.google_project.this[*].number))

  services = toset(concat([
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    ],
    var.api.auth == "iap" ? ["iap.googleapis.com"] : [],
    length(var.cloud_sql_instances) > 0 ? ["sqladmin.googleapis.com"] : [],
    var.budget == null ? [] : ["billingbudgets.googleapis.com"],
  ))
}

data "google_project" "this" {
  count      = var.project_number == null ? 1 : 0
  project_id = var.project

  lifecycle {
    postcondition {
      condition     = can(regex("^[0-9]+$", self.number))
      error_message = "There is no project ${var.project}, or you may not see it. Check the id with `gcloud projects list`."
    }
  }
}

resource "google_project_service" "this" {
  for_each = local.services

  project = var.project
  service = each.key

  # Other parts of the project may use the service too.
  disable_on_destroy = false
}
