output "buckets" {
  description = "The names of the buckets."
  value       = { for key, bucket in google_storage_bucket.this : key => bucket.name }
}

output "datasets" {
  description = "The names of the datasets."
  value       = { for key, dataset in google_bigquery_dataset.this : key => dataset.dataset_id }
}
