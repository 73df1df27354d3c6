# The bucket of internal storage.

resource "google_storage_bucket" "internal" {
  project  = var.project
  name     = "${var.project}-${var.prefix}"
  location = var.region

  force_destroy               = !var.deletion_protection
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  # Files of tasks are temporary, and those of containers hold rendered secrets. Deleted means deleted.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = false
  }

  # Files that crashes left of containers and of builds. No container runs for more than 7 days.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 8
      matches_prefix = ["_segue/builds/", "_segue/containers/"]
    }
  }

  # Parts of uploads that were cut off.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  # Delayed messages that are too large for a task of Cloud Tasks. They are due within minutes.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 30
      matches_prefix = ["_segue/delayed-messages/"]
    }
  }
}
