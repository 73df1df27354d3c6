# Buckets that flows name.

resource "google_storage_bucket" "this" {
  for_each = var.buckets

  project  = var.project
  name     = each.key
  location = var.region

  force_destroy               = !var.deletion_protection
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true
}
