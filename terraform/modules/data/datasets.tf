# Datasets that flows name.

resource "google_bigquery_dataset" "this" {
  for_each = var.datasets

  project    = var.project
  dataset_id = each.key
  location   = var.region

  delete_contents_on_destroy = !var.deletion_protection
}
