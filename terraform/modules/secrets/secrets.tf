# The platform's own secrets. Terraform makes their values on their way to Google: they are in no state and no plan.
#
# The names of the secrets that flows read begin with the prefix and a dash. These two begin with the prefix and an
# underscore, so no flow can name them, and no function but those with a grant can read them.

locals {
  secrets = merge(
    { encryption_key = var.deletion_protection },
    var.with_password ? { api_password = false } : {},
  )
}

resource "google_secret_manager_secret" "this" {
  for_each = local.secrets

  project             = var.project
  secret_id           = "${var.prefix}_${each.key}"
  deletion_protection = each.value

  # In one region: an organisation may forbid others.
  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

# 32 random bytes in base64. The value is another one at every run, and is sent only when a version is made. A new
# encryption key would make stored SECRET values unreadable, so `secret_data_wo_version` never changes.
resource "google_secret_manager_secret_version" "this" {
  for_each = local.secrets

  secret                 = google_secret_manager_secret.this[each.key].id
  secret_data_wo         = base64sha256("${uuid()}${uuid()}${uuid()}")
  secret_data_wo_version = 1
}
