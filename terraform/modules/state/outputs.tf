output "database" {
  description = "The name of the database."
  value       = google_firestore_database.this.name
  depends_on  = [google_firestore_field.body, google_firestore_index.this]
}
